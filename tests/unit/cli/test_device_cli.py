"""`filterd device`: every subcommand, in words and as JSON, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.cli.device import device
from filterd.control.change import history, revert
from filterd.control.household import export_household, import_household, load
from filterd.errors import ConfigError, StoreError
from tests.unit.cli.told import document, result, run, state
from tests.unit.control.family import MUM, content
from tests.unit.control.family import device as kept

__all__ = ["state"]  # a fixture

MAC = "02:1a:2b:3c:4d:5e"


def test_a_list_of_all_or_of_one_profile(state: Path) -> None:
    assert run(state, device, "list").splitlines() == [
        "phone  Phone; profile anna; 02:00:00:00:00:01",
        "pad  Pad; profile anna; 192.0.2.20",
        "six  Six; profile anna; 2001:db8::20",
    ]
    assert run(state, device, "list", "--profile", "Ben") == "no devices\n"
    told = document(state, device, "list", "--profile", "anna")
    assert told["revision"] == 1 and len(told["devices"]) == 3
    assert told["devices"][1] == {
        "id": "pad", "name": "Pad", "profile": "anna", "mac": "", "ip": "192.0.2.20", "range": "",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="profile: there is no"):
        run(state, device, "list", "--profile", "x")


def test_added_renamed_assigned_and_removed(state: Path) -> None:
    said = run(state, device, "add", "Điện thoại", "Anna", "--mac", "02-1A-2B-3C-4D-5E")
    assert said.startswith("device dien-thoai added: Điện thoại, profile anna\n")
    assert kept(state, "dien-thoai").mac == MAC
    assert document(state, device, "add", "Class 3", "ben", "--range", "10.3.0.0/24", "--id", "c3")["id"] == "c3"
    assert run(state, device, "rename", "pad", "Máy bảng").startswith("device pad is called Máy bảng\n")
    assert run(state, device, "assign", "Máy bảng", "Ben").startswith("device pad has profile ben\n")
    assert run(state, device, "mac", "pad", "02:00:00:00:00:09").startswith(
        "device pad is known by 02:00:00:00:00:09\n"
    )
    found = kept(state, "pad")
    assert (found.name, found.profile, found.mac, found.ip) == ("Máy bảng", "ben", "02:00:00:00:00:09", "")
    assert run(state, device, "remove", "pad").startswith("device pad removed\n")
    assert "pad" not in {d.id for d in load(state).devices}


CHANGES = [
    ["add", "X", "anna", "--ip", "192.0.2.77"], ["rename", "pad", "n"], ["assign", "pad", "ben"], ["mac", "pad", MAC],
    ["remove", "pad"],
]  # fmt: skip


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: words[0])
def test_every_change_is_told_as_json_and_can_be_taken_back(state: Path, words: list[str]) -> None:
    before = content(state)
    told = document(state, device, *words, "--by", "bố")
    assert told["change"]["by"] == "bố" and told["revision"] == 2
    revert(state, MUM, 2)
    assert content(state) == before
    if words[0] != "add":
        assert result(state, device, *words, "--if-revision", "1").exit_code == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "X", "anna"], "exactly one of mac, ip and range"),
        (["add", "X", "anna", "--mac", MAC, "--ip", "192.0.2.3"], "exactly one of"),
        (["add", "X", "nobody", "--mac", MAC], "profile: there is no 'nobody'"),
        (["add", "X", "anna", "--mac", "hello"], "MAC address"),
        (["add", "X", "anna", "--mac", MAC, "--id", "A b"], "as an id"),
        (["add", "a\x1b[2Jb", "anna", "--mac", MAC], "name: expected one line"),
        (["rename", "pad", "x" * 10_000], "name: expected one line"),
        (["assign", "pad", "nobody"], "profile: there is no 'nobody'"),
        (["mac", "pad", "02:00:00:00:00:01"], "02:00:00:00:00:01"),
        *(([w, "a\x1b'\"", "ben"], r"device: there is no 'a\\x1b") for w in ("rename", "assign", "mac")),
        (["remove", "nothing"], r"device: there is no 'nothing' \(known: phone, pad, six\)"),
    ],
)
def test_refusals_are_sentences_and_change_nothing(state: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        run(state, device, *words)
    assert str(refused.value).isprintable() and len(history(state)) == 1
    with pytest.raises(StoreError, match="no household yet"):
        run(state.parent / "typo", device, *words)


def test_what_is_shown_moves_no_cursor(state: Path) -> None:
    text = export_household(state).decode().replace("Pad", "Pa\u200ed")
    import_household(state, text.encode(), "h.yaml")
    assert "pad  Pa\\u200ed; profile" in run(state, device, "list")
