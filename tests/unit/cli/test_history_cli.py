"""`filterd history` and `filterd undo`: who changed what when, in words and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import click
import pytest

from filterd.cli import history as module
from filterd.cli.history import headline, history, undo
from filterd.control import moves, profiles
from filterd.control.change import apply
from filterd.control.devices import change_device
from filterd.errors import ConfigError, StoreError
from filterd.model.change import Change, Who
from filterd.model.household import Rule
from tests.unit.cli.told import document, result, run, state
from tests.unit.control.family import ANNA, BEN, DAD, MUM, PAD, PAGE, content, profile

__all__ = ["state"]  # a fixture


def test_who_when_and_what_before_and_after(state: Path) -> None:
    profiles.patch(state, DAD, "anna", {"name": "Anna B.", "services": {"tiktok": "allow", "roblox": "block"}})
    profiles.add_name(state, PAGE, "anna", "block", "chat.example")
    lines = run(state, history).splitlines()
    assert re.fullmatch(r"3  \d\d:\d\d  mẹ \(web 192\.0\.2\.9\)  name block", lines[0])
    assert lines[1] == "    profile anna  names.block: +chat.example"
    assert re.fullmatch(r"2  \d\d:\d\d  bố \(cli\)  profile changed", lines[2])
    assert lines[3:6] == [
        "    profile anna  name: Anna -> Anna B.",
        "    profile anna  services.tiktok: block -> allow",
        "    profile anna  services.roblox: (nothing) -> block",
    ]
    assert re.fullmatch(r"1  .* somebody \(cli\)  import", lines[6])


def test_offs_and_removals(state: Path) -> None:
    moves.off(state, MUM, ANNA, minutes=60, now=1_795_600_000.25)
    moves.on(state, MUM, ANNA, now=1_795_600_100)
    profiles.remove_profile(state, MUM, "anna", devices_to="ben")
    said = run(state, history)
    assert "    off o2 added: profile: anna, from: 2026-11-25 " in said
    assert "    off o2  ended: (nothing) -> 2026-11-25 " in said
    assert "    profile anna removed\n" in said and "    device pad  profile: anna -> ben\n" in said


def test_only_what_concerns_one(state: Path) -> None:
    moves.off(state, MUM, ANNA)
    moves.off(state, MUM, BEN)
    moves.bonus(state, MUM, PAD, 15)
    change_device(state, MUM, "pad", profile="ben")

    def numbers(*words: str) -> list[int]:
        return [c["number"] for c in document(state, history, *words)["changes"]]

    assert numbers() == [5, 4, 3, 2, 1]
    assert numbers("--profile", "anna") == [5, 2, 1]
    assert numbers("--profile", "ben") == [5, 3, 1]
    assert numbers("--device", "pad") == [5, 4, 1]
    assert numbers("--kind", "off") == [3, 2]
    assert numbers("--kind", "off", "--profile", "ben") == [3]
    assert numbers("--profile", "a%") == []
    assert run(state, history, "--kind", "setting") == "no changes\n"
    with pytest.raises(click.UsageError):
        run(state, history, "--kind", "x")


def test_pages(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    for _ in range(4):
        moves.bonus(state, MUM, PAD, 15)
    said = run(state, history, "--limit", "2").splitlines()
    assert [line[0] for line in said if line[0].isdigit()] == ["5", "4"]
    assert said[-1] == "older: filterd history --before 4"
    told = document(state, history, "--limit", "2", "--before", "4")
    assert ([c["number"] for c in told["changes"]], told["older"]) == ([3, 2], 2)
    told = document(state, history, "--before", "2")
    assert ([c["number"] for c in told["changes"]], told["older"]) == ([1], None)
    assert document(state, history, "--limit", "5")["older"] is None


def test_a_change_as_json(state: Path) -> None:
    profiles.patch(state, PAGE, "anna", {"name": "Anna B."})
    (told,) = document(state, history, "--limit", "1")["changes"]
    assert {k: told[k] for k in ("number", "by", "source", "address", "verb", "reverts")} == {
        "number": 2, "by": "mẹ", "source": "web", "address": "192.0.2.9", "verb": "profile changed", "reverts": None,
    }  # fmt: skip
    (edit,) = told["edits"]
    assert (edit["kind"], edit["id"], edit["before"]["name"], edit["after"]["name"]) == (
        "profile", "anna", "Anna", "Anna B.",
    )  # fmt: skip


def test_large_and_hostile_changes_stay_short_and_harmless(state: Path) -> None:
    profiles.patch(state, MUM, "anna", {"name": "A\u200enna"})
    profiles.patch(state, MUM, "ben", {"names": {"block": [f"n{i}.example" for i in range(1000)]}})
    apply(
        state,
        MUM,
        "many",
        lambda h: replace(h, devices=tuple(replace(h.devices[1], id=f"d{i}", ip=f"10.0.0.{i}") for i in range(50))),
    )
    said = run(state, history)
    assert "name: Anna -> A\\u200enna" in said
    assert "names.block: +n0.example, +n1.example" in said and ", ...\n" in said
    assert re.search(r"    and \d+ more\n", said)
    assert len(said) < 8000 and all(line.isprintable() for line in said.splitlines())


def test_a_headline_moves_no_cursor() -> None:
    change = Change(1, 0.0, Who("a\x1b[2J\u202eb", "web", "\x07"), "x", ())
    assert headline(change, "UTC", 0.0) == "1  00:00  a\\x1b[2J\\u202eb (web \\x07)  x"


def test_undo_takes_the_newest_back(state: Path) -> None:
    before = content(state)
    moves.off(state, MUM, ANNA)
    said = run(state, undo).splitlines()
    assert said[0] == "change 2 taken back" and said[1].startswith("  change 3: saved as revision ")
    assert said[2] == "    off o2 removed"
    assert content(state) == before
    assert "  revert of 2\n" in run(state, history, "--limit", "1")


def test_undo_by_number(state: Path) -> None:
    profiles.set_rule(state, MUM, "anna", "services", "tiktok", "allow")
    profiles.set_rule(state, MUM, "ben", "services", "tiktok", "block")
    told = document(state, undo, "2", "--by", "bố")
    assert told["change"]["reverts"] == 2 and told["change"]["by"] == "bố" and told["revision"] == 4
    done = result(state, undo, "2", "--json")
    assert done.exit_code == 3
    assert [c["number"] for c in json.loads(done.stdout)["conflict"]] == [4]
    assert "change 4 (revert by bố, cli)" in done.stderr
    run(state, undo, "4")
    assert profile(state, "anna").services == {"tiktok": Rule.ALLOW}


def test_what_cannot_be_undone_is_said(state: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"the newest change is number 1 \(import\) and \d+ s old, expected at most 10"
    ):
        run(state, undo)
    with pytest.raises(StoreError, match="the history has no change 99"):
        run(state, undo, "99")
    with pytest.raises(ConfigError, match="began the household"):
        run(state, undo, "1")
    with pytest.raises(click.UsageError):
        run(state, undo, "0")
    for command in (undo, history):
        with pytest.raises(StoreError, match="no household yet"):
            run(state.parent / "typo", command)


def test_lists_and_a_deleted_log_are_told_with_who_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from filterd.cli import main
    from filterd.control.household import ensure

    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = tmp_path / "state"
    ensure(state)

    def run(*words: str) -> str:
        return str(CliRunner().invoke(main, [*words, "--state", str(state)]).output)

    run("lists", "disable", "hagezi-bypass", "--by", "bố")
    run("activity", "delete", "--profile", "lan", "--yes", "--by", "mẹ")
    said = run("history")
    assert "mẹ (cli)  log deleted" in said and "log lan removed" in said
    assert "bố (cli)  list disabled" in said and "list hagezi-bypass added" in said and "enabled: false" in said
    assert "bố (cli)" in run("history", "--kind", "list") and "mẹ (cli)" not in run("history", "--kind", "list")
    assert "cannot be taken back" in run("undo", "3", "--by", "mẹ")
