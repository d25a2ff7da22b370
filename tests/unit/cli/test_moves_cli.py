"""`filterd grant`, `off`, `on`, `pause`, `bonus`: for whom, how long, and how it is told."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import click
import pytest

from filterd.cli.moves import bonus, grant, off, on, pause
from filterd.control import moves
from filterd.control.change import history
from filterd.control.devices import change_device
from filterd.control.household import load
from filterd.control.profiles import add_profile, patch
from filterd.errors import ConfigError, StoreError
from tests.unit.cli.told import document, result, run, served, state
from tests.unit.control.family import EVERYONE, MUM, PAD, PHONE

__all__ = ["state"]  # a fixture


def test_off_is_told_in_sentences(state: Path) -> None:
    said = run(state, off, "anna", "--minutes", "60", "--reason", "dinner").splitlines()
    assert re.fullmatch(
        r"Internet off: profile anna \(Anna\) since \d\d:\d\d until (tomorrow )?\d\d:\d\d, by mẹ: dinner", said[0]
    )
    assert re.fullmatch(r"  change 2: saved as revision \d+, in force when filterd runs", said[1])
    (one,) = load(state).internet_off
    assert (one.profile, one.by, one.reason, one.id) == ("anna", "mẹ", "dinner", "o2")
    assert one.until is not None and one.start is not None and one.until - one.start == 3600


def test_with_workers_it_says_where_it_is_in_force(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch)
    said = run(state, off, "everyone")
    assert "until switched on, by mẹ" in said
    assert said.splitlines()[1] == "  change 2: in force as revision 7, acknowledged by 2 of 2 workers"


def test_a_worker_that_is_late_is_said_and_told_by_the_exit_code(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch, late=1)
    done = result(state, off, "everyone")
    assert done.exit_code == 4 and "acknowledged by 1 of 2 workers" in done.stdout
    assert done.stderr == "filterd: saved, not active everywhere yet: worker-0 did not answer within 2 s\n"
    done = result(state, off, "everyone", "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 4 and told["in_force"] is False and "worker-0" in told["problem"]


def test_off_as_json(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch)
    told = document(state, off, "--device", "pad", "--minutes", "5")
    assert told["revision"] == told["change"]["number"] == 2
    assert (told["in_force"], told["problem"]) == (True, "")
    assert told["published"] == {"revision": 7, "acknowledged": 2, "workers": 2, "late": []}
    assert told["change"]["verb"] == "off" and told["change"]["by"] == "mẹ" and told["change"]["source"] == "cli"
    assert told["change"]["at"].endswith("+01:00")
    assert told["off"]["device"] == "pad" and told["off"] == told["change"]["edits"][0]["after"]


@pytest.mark.parametrize(
    ("words", "whom"),
    [
        (["anna"], ("anna", "", False)),
        (["Anna"], ("anna", "", False)),
        (["pad"], ("", "pad", False)),
        (["PAD"], ("", "pad", False)),
        (["everyone"], ("", "", True)),
        (["all"], ("", "", True)),
        (["--everyone"], ("", "", True)),
        (["--profile", "ben"], ("ben", "", False)),
        (["--device", "Phone"], ("", "phone", False)),
    ],
)
def test_for_whom(state: Path, words: list[str], whom: tuple[str, str, bool]) -> None:
    run(state, off, *words)
    (one,) = load(state).internet_off
    assert (one.profile, one.device, one.everyone) == whom


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody"], r"no profile and no device 'nobody' \(profiles: anna, ben; devices: phone, pad, six\)"),
        (["anna", "--device", "pad"], "say for whom, once"),
        (["--minutes", "5"], "say for whom, once"),
        (["--profile", "pad"], r"profile: there is no 'pad' \(known: anna, ben\)"),
        (["--device", "anna"], "device: there is no 'anna'"),
        (["anna", "--minutes", "0"], "minutes: 0 is not in 1"),
        (["anna", "--minutes", "5", "--until", "21:30"], "got both"),
        (["anna", "--until", "25:00"], "until: expected 21:30"),
        (["anna", "--until", "2020-01-01 00:00"], "a time to come"),
        (["anna", "--reason", "a\nb"], "reason: expected one line"),
        (["anna", "--by", "a\x1bb"], "by: expected"),
        (["a\x1b[2J\u202e"], r"'a\\x1b\[2J\\u202e'"),
        (["x" * 10_000], "no profile and no device 'x{80}'"),
    ],
)
def test_refusals_are_sentences_and_change_nothing(state: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        run(state, off, *words)
    assert str(refused.value).isprintable()
    assert len(history(state)) == 1


def test_a_name_that_several_have_needs_the_id(state: Path) -> None:
    patch(state, MUM, "ben", {"name": "Pad"})
    run(state, off, "Pad")  # the device's id is `pad`; the profile's name is looked at first
    assert load(state).internet_off[0].profile == "ben"
    for ident in ("phone", "six"):
        change_device(state, MUM, ident, name="Tablet")
    with pytest.raises(ConfigError, match="'tablet' is the name of several: phone, six; say the id"):
        run(state, off, "tablet")


def test_a_profile_called_everyone_is_not_everyone(state: Path) -> None:
    add_profile(state, MUM, "All", "none")
    with pytest.raises(ConfigError, match="'all' is a profile too: say --everyone or --profile all"):
        run(state, off, "all")
    run(state, off, "everyone")


def test_off_alone_shows_where_it_is_off(state: Path) -> None:
    assert run(state, off).startswith("the Internet is off for nobody")
    run(state, off, "anna", "--minutes", "60")
    run(state, off, "pad")
    lines = run(state, off).splitlines()
    assert lines[0].startswith("o2  profile anna (Anna) since ") and lines[1].startswith("o3  device pad (Pad) since ")
    told = document(state, off)
    assert [o["id"] for o in told["off"]] == ["o2", "o3"] and told["revision"] == 3
    run(state, on, "pad")
    assert [o["id"] for o in document(state, off)["off"]] == ["o2"]


def test_on_switches_on_again_or_says_why_not(state: Path) -> None:
    assert run(state, on, "ben") == "the Internet is not off for profile ben (Ben)\n"
    run(state, off, "everyone")
    with pytest.raises(ConfigError, match="off for everyone: switch it on for everyone, or give anna a bonus"):
        run(state, on, "anna")
    assert run(state, on, "all").splitlines()[0] == "Internet on again: everyone"
    told = document(state, on, "everyone")
    assert (told["change"], told["in_force"], told["published"], told["revision"]) == (None, None, None, 3)


def test_who_decides_comes_from_the_option_then_the_environment_then_the_login(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(state, off, "anna", "--by", "bố")
    run(state, off, "anna")
    monkeypatch.delenv("FILTERD_BY")
    monkeypatch.setenv("SUDO_USER", "linh")
    run(state, off, "anna")
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setenv("LOGNAME", "hoa")
    run(state, off, "anna")
    monkeypatch.setenv("LOGNAME", "a\x1bb")
    run(state, off, "anna")
    assert [o.by for o in load(state).internet_off] == ["bố", "mẹ", "linh", "hoa", ""]


def test_a_conflict_is_told_and_has_an_exit_code_of_its_own(state: Path) -> None:
    run(state, grant, "add", "anna", "service", "tiktok", "--minutes", "5")
    words = ["revoke", load(state).grants[-1].id, "--if-revision", "1"]
    done = result(state, grant, *words)
    assert done.exit_code == 3
    assert done.stderr == (
        "filterd: somebody else changed the same thing meanwhile: change 2 (grant by mẹ, cli); look at it and try again\n"
    )
    done = result(state, grant, *words, "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 3 and [c["number"] for c in told["conflict"]] == [2] and told["error"]
    run(state, grant, *words[:-1], "2")


# -- grants


def test_a_grant_is_told_with_its_id(state: Path) -> None:
    said = run(state, grant, "add", "anna", "name", "Party.Example", "--minutes", "30", "--reason", "xong bài")
    assert re.match(
        r"granted g2: name party\.example for profile anna \(Anna\), until .*\d\d:\d\d, by mẹ: xong bài\n", said
    )
    told = document(state, grant, "add", "--device", "pad", "service", "tiktok", "--until", "23:59")
    assert told["grant"]["scope"] == "service" and told["grant"]["device"] == "pad" and told["in_force"] is False


def test_grants_are_listed_until_they_are_over(state: Path) -> None:
    assert run(state, grant, "list") == "no grants in force\n"
    run(state, grant, "add", "anna", "category", "games", "--no-end")
    run(state, grant, "add", "pad", "time", "--minutes", "15")
    lines = run(state, grant, "list").splitlines()
    assert lines[0] == "g2  category games for profile anna (Anna), until revoked, by mẹ"
    assert lines[1].startswith("g3  more time for device pad (Pad), until ") and len(lines) == 2
    run(state, off, "anna")
    assert [line[:2] for line in run(state, grant, "list").splitlines()] == ["g2"]
    everything = run(state, grant, "list", "--all").splitlines()
    assert everything[0].startswith("g1  name party.games.example for profile anna (Anna), until ")
    assert "ended by o4 (profile anna (Anna) off), by mẹ (over)" in everything[2]
    told = document(state, grant, "list", "--all")
    assert [g["state"] for g in told["grants"]] == ["over", "in force", "over"] and told["revision"] == 4
    assert run(state, grant, "revoke", "g2").startswith("grant g2 revoked\n")
    assert run(state, grant, "list") == "no grants in force\n"


def test_offs_that_do_not_end_a_grant(state: Path) -> None:
    now = time.time()
    moves.off(state, MUM, EVERYONE, minutes=1, now=now - 600)  # before it
    moves.bonus(state, MUM, PAD, 60, now=now - 300)
    moves.off(state, MUM, PHONE, now=now - 60)  # another device
    assert [g["state"] for g in document(state, grant, "list")["grants"]] == ["in force"]
    moves.bonus(state, MUM, PAD, 60, now=now + 300)
    assert [g["state"] for g in document(state, grant, "list")["grants"]] == ["in force", "waiting"]


@pytest.mark.parametrize(
    "words",
    [
        ["anna", "--minutes", "5"],
        ["anna", "everything", "--minutes", "5"],
        ["anna", "name", "a.example", "b.example", "--minutes", "5"],
        ["anna", "time"],
        ["anna", "time", "--minutes", "5", "--no-end"],
        ["anna", "time", "--minutes", "5", "--until", "21:30"],
        ["--profile", "anna", "anna", "time", "--minutes", "5"],
        [],
    ],
)
def test_grants_that_are_not_understood(state: Path, words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        run(state, grant, "add", *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["everyone", "time"], "exactly one of profile, device"),
        (["anna", "name", "http://x"], "is no site's name"),
        (["anna", "service", "tiktokk"], "did you mean tiktok"),
        (["anna", "time", "x"], "takes no value"),
        (["anna", "name"], "no name"),
    ],
)
def test_grants_that_cannot_be(state: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        run(state, grant, "add", *words, "--minutes", "5")


def test_pause_and_bonus(state: Path) -> None:
    assert run(state, pause, "anna").startswith("granted g2: filter paused for profile anna (Anna), until ")
    assert document(state, pause, "--device", "pad", "--minutes", "5")["grant"]["scope"] == "filter"
    assert run(state, bonus, "anna", "15").startswith("granted g4: more time for profile anna (Anna), until ")
    assert document(state, bonus, "--device", "pad", "30", "--reason", "nice")["grant"]["reason"] == "nice"
    starts = {g.id: (g.until or 0) - (g.start or 0) for g in load(state).grants}
    assert starts["g2"] == 1800 and starts["g3"] == 300 and starts["g4"] == 900 and starts["g5"] == 1800


@pytest.mark.parametrize(
    "words",
    [["15"], ["anna", "x"], ["anna", "-5"], ["anna", "9" * 9], ["anna", "1", "2"], ["--device", "pad", "x", "1"]],
)
def test_a_bonus_that_is_not_understood(state: Path, words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        run(state, bonus, *words)


def test_pauses_and_bonuses_have_bounds(state: Path) -> None:
    with pytest.raises(ConfigError, match="at most a day"):
        run(state, pause, "anna", "--minutes", "1441")
    with pytest.raises(ConfigError, match="is not in 1"):
        run(state, bonus, "anna", "0")
    with pytest.raises(ConfigError, match="exactly one of"):
        run(state, pause, "everyone")


def test_without_a_household_there_is_a_sentence_and_no_folder(tmp_path: Path) -> None:
    for command, words in ((off, ["x"]), (off, []), (on, ["x"]), (grant, ["list"]), (bonus, ["x", "1"])):
        with pytest.raises(StoreError, match="no household yet"):
            run(tmp_path / "typo", command, *words)
    assert not (tmp_path / "typo").exists()
