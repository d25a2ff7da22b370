"""`filterd profile`: every subcommand, in words and as JSON, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from filterd.cli import profile_change, profile_hours, profile_rules
from filterd.cli.profile import profile
from filterd.control.change import history, revert
from filterd.control.household import load
from filterd.control.moves import off
from filterd.control.profiles import patch
from filterd.errors import ConfigError, StoreError
from filterd.model.household import Effect, Rule, Window
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


def test_what_is_made_from_the_old_never_overwrites_a_change_in_between(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = profile_change.read

    def slow(*given: object) -> object:
        found = read(*given)  # type: ignore[arg-type]
        patch(state, DAD, "anna", {"safe_search": {"bing": True}})  # somebody is quicker
        return found

    for module in (profile_rules, profile_hours):
        monkeypatch.setattr(module, "read", slow)
    for words in (["safe-search", "anna", "google", "off"], ["window", "anna", "remove", "Bedtime"]):
        patch(state, MUM, "anna", {"safe_search": {}})
        done = result(state, profile, *words)
        assert done.exit_code == 3 and "(profile changed by bố, cli)" in done.stderr
    assert kept(state, "anna").safe_search == {"bing": "on"}


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
