"""`filterd profile`: every subcommand, in words and as JSON, and what it refuses."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
import yaml

from filterd.cli import profile as module
from filterd.cli.profile import profile
from filterd.control.change import history, revert
from filterd.control.household import load
from filterd.control.moves import off
from filterd.control.profiles import patch
from filterd.errors import ConfigError, StoreError
from filterd.model.household import DayException, Effect, Rule, Window
from filterd.wire.name import to_wire
from tests.unit.cli.told import document, result, run, state
from tests.unit.control.family import ANNA, DAD, MUM, content
from tests.unit.control.family import profile as kept

__all__ = ["state"]  # a fixture


def test_a_list_of_all(state: Path) -> None:
    assert run(state, profile, "list").splitlines() == [
        "anna  Anna, preset none; devices phone, pad, six",
        "ben  Ben, preset none; new devices get it",
    ]
    off(state, MUM, ANNA)
    assert run(state, profile, "list").splitlines()[0].endswith("; Internet OFF")
    told = document(state, profile, "list")
    assert told["revision"] == 2
    assert told["profiles"][0] == {
        "id": "anna", "name": "Anna", "preset": "none", "default": False, "devices": ["phone", "pad", "six"], "off": True,
    }  # fmt: skip


def test_one_is_shown_as_the_file_has_it(state: Path) -> None:
    said = run(state, profile, "show", "Anna")
    assert said.endswith("# devices: phone, pad, six\n")
    shown = yaml.safe_load(said)
    told = document(state, profile, "show", "anna")
    assert told["profile"] == shown and told["revision"] == 1 and told["devices"] == ["phone", "pad", "six"]
    assert shown["windows"][0]["from"] == "21:30"


def test_what_is_shown_moves_no_cursor(state: Path) -> None:
    patch(state, MUM, "anna", {"name": "A\u200e\u200bnna \u061c"})  # the file's reader lets these through
    for words in (["list"], ["show", "anna"]):
        assert "\\u200e" in run(state, profile, *words)
        assert all(line.isprintable() for line in run(state, profile, *words).splitlines())


def test_added_renamed_and_removed(state: Path) -> None:
    assert run(state, profile, "add", "Bé Na", "--preset", "age-7-9").splitlines()[0] == (
        "profile be-na added: Bé Na, preset age-7-9"
    )
    assert document(state, profile, "add", "Bé Na", "--preset", "none", "--id", "na")["id"] == "na"
    assert run(state, profile, "rename", "na", "Na").startswith("profile na is called Na\n")
    assert run(state, profile, "default", "na").startswith("new devices get profile na\n")
    assert load(state).default_profile == "na"
    with pytest.raises(ConfigError, match="anna has devices"):
        run(state, profile, "remove", "anna")
    said = run(state, profile, "remove", "anna", "--devices-to", "Ben").splitlines()[0]
    assert said == "profile anna removed; phone, pad, six now ben"
    assert [p.id for p in load(state).profiles] == ["ben", "be-na", "na"]


def test_set_replaces_keys_in_the_form_of_the_file(state: Path) -> None:
    run(
        state,
        profile,
        "set",
        "anna",
        "preset=age-14-17",
        "parent_sees=categories",
        "windows=",
        "services={tiktok: allow}",
    )
    found = kept(state, "anna")
    assert (found.preset, found.parent_sees, found.windows) == ("age-14-17", "categories", None)
    assert found.services == {"tiktok": Rule.ALLOW} and len(history(state)) == 2
    run(
        state,
        profile,
        "set",
        "anna",
        'windows=[{from: 21:30, to: 6:00, effect: offline, days: [mon, "tue"]}]',
        "switchable=true",
    )
    assert kept(state, "anna").windows == (Window("offline", Effect.OFFLINE, 1290, 1800, frozenset({0, 1})),)
    assert kept(state, "anna").switchable is True


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["preset"], "expected KEY=VALUE"),
        (["=x"], "expected KEY=VALUE"),
        (["name=a", "name=b"], "name: given twice"),
        (["windows=[{"], "windows: not YAML"),
        (["windows=&a [*a]"], "windows: expected a value without aliases"),
        (["name=[a"], "not YAML"),
        (["nmae=x"], "did you mean name"),
        (["id=x"], "keeps its id"),
        (["name=a\x1b[2Jb"], "name: not YAML"),
        (["x\x1b\u202e=1"], "unknown key"),
        (["name=" + "x" * 10_000], "at most 80"),
        (["windows=" + "[" * 5000], "YAML"),
    ],
)
def test_what_cannot_be_set(state: Path, pairs: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        run(state, profile, "set", "anna", *pairs)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 1000
    assert len(history(state)) == 1


def test_categories_and_services(state: Path) -> None:
    assert run(state, profile, "category", "anna", "games", "allow").startswith("profile anna: games allowed\n")
    assert run(state, profile, "service", "anna", "tiktok", "default").startswith(
        "profile anna: tiktok as its preset says\n"
    )
    assert run(state, profile, "service", "ben", "youtube", "block").startswith("profile ben: youtube blocked\n")
    assert kept(state, "anna").categories == {"games": Rule.ALLOW} and kept(state, "anna").services == {}
    assert run(state, profile, "service", "ben", "youtube", "block") == "nothing to change: it is like that already\n"
    with pytest.raises(ConfigError, match="did you mean tiktok"):
        run(state, profile, "service", "anna", "tiktokk", "block")
    with pytest.raises(click.UsageError):
        run(state, profile, "service", "anna", "tiktok", "sometimes")


def test_names(state: Path) -> None:
    assert run(state, profile, "name", "anna", "add", "allow", "own.example").startswith(
        "profile anna: own.example now under allow\n"
    )
    assert kept(state, "anna").names.block == ()
    run(state, profile, "name", "anna", "remove", "always", "school.example")
    assert kept(state, "anna").names.always == ()
    with pytest.raises(ConfigError, match="is not among"):
        run(state, profile, "name", "anna", "remove", "always", "school.example")
    with pytest.raises(ConfigError, match="is no site's name"):
        run(state, profile, "name", "anna", "add", "block", "http://x")


def test_windows(state: Path) -> None:
    words = ["--from", "14:00", "--to", "17:00", "--effect", "permit"]
    said = run(
        state, profile, "window", "ben", "add", "Game", "--days", "sat,Sun", *words, "--services", "roblox, youtube"
    )
    assert said.startswith("profile ben: window Game sat,Sun 14:00 to 17:00, permit\n")
    run(state, profile, "window", "ben", "add", "Night", "--from", "21:30", "--to", "6:00", "--effect", "offline")
    run(state, profile, "window", "ben", "add", "Study", "--days", "fri-mon", "--from", "08:00", "--to", "24:00",
        "--effect", "only", "--names", "vnedu.vn", "--categories", "games")  # fmt: skip
    assert kept(state, "ben").windows == (
        Window("Game", Effect.PERMIT, 840, 1020, frozenset({5, 6}), services=("roblox", "youtube")),
        Window("Night", Effect.OFFLINE, 1290, 1800),
        Window("Study", Effect.ONLY, 480, 1440, frozenset({4, 5, 6, 0}), (to_wire("vnedu.vn"),), categories=("games",)),
    )
    assert run(state, profile, "window", "ben", "remove", "Night").startswith("profile ben: window Night removed\n")
    assert [w.name for w in kept(state, "ben").windows or ()] == ["Game", "Study"]
    with pytest.raises(ConfigError, match=r"ben has none called 'Night' \(known: Game, Study\)"):
        run(state, profile, "window", "ben", "remove", "Night")
    with pytest.raises(ConfigError, match=r"\(known: Bedtime\)"):
        run(state, profile, "window", "anna", "remove", "x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--days", "someday"], "unknown day"),
        (["--days", "mon-funday"], "unknown day"),
        (["--from", "25:00"], "a time from 00:00"),
        (["--services", "roblox"], "takes no names, services or categories"),
    ],
)
def test_windows_that_cannot_be(state: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        run(
            state,
            profile,
            "window",
            "ben",
            "add",
            "X",
            "--from",
            "21:00",
            "--to",
            "22:00",
            "--effect",
            "offline",
            *words,
        )
    with pytest.raises(click.UsageError, match="needs --from, --to and --effect"):
        run(state, profile, "window", "ben", "add", "X", "--from", "21:00")


def test_what_is_made_from_the_old_never_overwrites_a_change_in_between(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = module._read

    def slow(*given: object) -> object:
        found = read(*given)  # type: ignore[arg-type]
        patch(state, DAD, "anna", {"safe_search": {"bing": True}})  # somebody is quicker
        return found

    monkeypatch.setattr(module, "_read", slow)
    for words in (["safe-search", "anna", "google", "off"], ["window", "anna", "remove", "Bedtime"]):
        patch(state, MUM, "anna", {"safe_search": {}})
        done = result(state, profile, *words)
        assert done.exit_code == 3 and "(profile changed by bố, cli)" in done.stderr
    assert kept(state, "anna").safe_search == {"bing": "on"}


def test_safe_search(state: Path) -> None:
    run(state, profile, "safe-search", "anna", "bing", "on")
    run(state, profile, "safe-search", "anna", "google", "off")
    run(state, profile, "safe-search", "anna", "youtube", "moderate")
    assert kept(state, "anna").safe_search == {"bing": "on", "google": "off", "youtube": "moderate"}
    run(state, profile, "safe-search", "anna", "google", "default")
    assert kept(state, "anna").safe_search == {"bing": "on", "youtube": "moderate"}
    for engine, level in (("askjeeves", "on"), ("youtube", "on"), ("bing", "strict")):
        with pytest.raises(ConfigError):
            run(state, profile, "safe-search", "anna", engine, level)


def test_free_days(state: Path) -> None:
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    before = content(state)
    tomorrow = today + timedelta(days=1)
    assert run(state, profile, "free-day", "anna").startswith(f"profile anna: no windows start on {tomorrow}\n")
    run(state, profile, "free-day", "anna", "2026-12-24")
    run(state, profile, "free-day", "anna", "today")
    assert [e.on for e in kept(state, "anna").exceptions] == [today, date(2026, 12, 24), tomorrow]
    for day in ("today", "tomorrow", "2026-12-24"):
        assert "hold again" in run(state, profile, "free-day", "anna", day, "--cancel")
    assert content(state) == before
    with pytest.raises(ConfigError, match="2026-12-24 is none of anna"):
        run(state, profile, "free-day", "anna", "2026-12-24", "--cancel")
    with pytest.raises(ConfigError, match="date: expected today, tomorrow or 2026-12-24, got 'some day'"):
        run(state, profile, "free-day", "anna", "some day")


def test_a_day_with_windows_of_its_own_is_no_free_day(state: Path) -> None:
    own = [{"date": "2026-12-24", "windows": [{"from": "23:00", "to": "24:00", "effect": "offline"}]}]
    patch(state, MUM, "anna", {"exceptions": own})
    with pytest.raises(ConfigError, match="is none of anna"):
        run(state, profile, "free-day", "anna", "2026-12-24", "--cancel")
    run(state, profile, "free-day", "anna", "2026-12-24")
    assert kept(state, "anna").exceptions == (DayException((), on=date(2026, 12, 24)),)
    revert(state, MUM, 3)
    assert len(kept(state, "anna").exceptions[0].windows) == 1


COMMANDS = [
    ["show", "X"], ["remove", "X"], ["rename", "X", "n"], ["default", "X"], ["set", "X", "name=n"],
    ["category", "X", "games", "block"], ["service", "X", "tiktok", "block"], ["name", "X", "add", "block", "a.example"],
    ["window", "X", "remove", "w"], ["safe-search", "X", "bing", "on"], ["free-day", "X"],
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_nobody_is_said_by_every_command(state: Path, words: list[str]) -> None:
    for ident in ("nobody", "a\x1b[2J'\"", "x" * 10_000):
        with pytest.raises(ConfigError, match=r"profile: there is no .*\(known: anna, ben\)") as refused:
            run(state, profile, *(ident if w == "X" else w for w in words))
        assert str(refused.value).isprintable() and len(str(refused.value)) < 300
    with pytest.raises(StoreError, match="no household yet"):
        run(state.parent / "typo", profile, *words)
    assert not (state.parent / "typo").exists()


CHANGES = [
    ["add", "Na", "--preset", "none"], ["remove", "anna", "--devices-to", "ben"], ["rename", "anna", "n"],
    ["default", "anna"], ["set", "anna", "name=n"], ["category", "anna", "games", "allow"],
    ["service", "anna", "tiktok", "allow"], ["name", "anna", "add", "block", "a.example"],
    ["window", "anna", "remove", "Bedtime"], ["safe-search", "anna", "bing", "on"], ["free-day", "anna"],
]  # fmt: skip


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: words[0])
def test_every_change_is_told_as_json_and_can_be_taken_back(state: Path, words: list[str]) -> None:
    before = content(state)
    told = document(state, profile, *words, "--by", "bố")
    assert told["change"]["by"] == "bố" and told["revision"] == 2 and told["in_force"] is False
    assert (told["published"]["workers"], told["problem"]) == (0, "")
    revert(state, MUM, 2)
    assert content(state) == before
    if words[0] not in ("add", "default"):
        done = result(state, profile, *words, "--if-revision", "1", "--json")
        assert done.exit_code == 3 and [c["number"] for c in json.loads(done.stdout)["conflict"]] == [2, 3]
