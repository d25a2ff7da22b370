"""The loopholes of a state and of a file, by the lists in force; the command that shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from filterd.cli.check_household import check_household as command
from filterd.config.catalogue import load as load_catalogue
from filterd.control.check_household import check_file, check_household, document, facts_of
from filterd.control.household import DEMONSTRATION
from filterd.errors import ConfigError, StoreError
from filterd.wire.name import to_wire
from tests.unit.control.family import state as state
from tests.unit.control.policy_state import HOUSEHOLD, NOW, set_up

SLEEPY = """\
version: 1
language: en
profiles:
  - id: anna
    name: Anna
    preset: age-10-13
    names: {allow: [%s]}
    windows: [{name: Bedtime, from: "21:30", to: "06:00", effect: offline}]
devices: [{id: pad, name: Pad, profile: anna, mac: 02:00:00:00:00:01}]
"""


def test_a_state_is_judged_by_its_household(state: Path) -> None:
    found = {f.kind for f in check_household(state, NOW)}
    # Anna has no age: nothing harmful is blocked for her; Ben has no rules at all and gets every unknown device
    assert found == {"default-adult", "bypass-open", "harm-open", "safe-search-off-teen", "unfiltered"}


def test_the_lists_in_force_say_what_is_harmful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path))
    state = set_up(tmp_path / "state", HOUSEHOLD)
    text = (SLEEPY % "www.bad.example").encode()  # policy_state's bundle has bad.example as adult
    assert [f.id for f in check_file(text, state, "h", NOW)[1]] == ["allow-harm/anna/allow: www.bad.example"]
    assert check_file(text, None, "h", NOW)[1] == []
    assert check_file((SLEEPY % "good.example").encode(), state, "h", NOW)[1] == []


def test_a_lost_bundle_hides_no_other_loophole(state: Path) -> None:
    for file in (state / "bundles").iterdir():
        file.unlink()
    assert "bypass-open" in {f.kind for f in check_household(state, NOW)}


def test_without_a_household_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no household yet"):
        check_household(tmp_path)


def test_a_wrong_file_names_its_mistakes() -> None:
    with pytest.raises(ConfigError, match="preset"):
        check_file(b"version: 1\nprofiles: [{id: a, name: A, preset: age-99}]\n", None, "h.yaml")


def test_the_package_knows_which_services_count_and_what_is_harmful() -> None:
    facts = facts_of(load_catalogue())
    assert (
        "youtube" in facts.counting and facts.is_suffix(to_wire("com.vn")) and not facts.is_suffix(to_wire("vnedu.vn"))
    )
    name = next(n for n in load_catalogue().starter["gambling"])
    assert "gambling" in facts.listed(name) and "gambling" in facts.listed(b"\x03www" + name)
    assert not facts.listed(to_wire("example.org"))


def test_the_command_speaks_the_households_language(tmp_path: Path) -> None:
    file = tmp_path / "h.yaml"
    file.write_text(DEMONSTRATION)
    shown = CliRunner().invoke(command, [str(file), "--state", str(tmp_path / "none")])
    assert shown.exit_code == 0
    assert "CẢNH BÁO: “Tuấn” chưa có giờ ngủ: mạng mở suốt đêm trước ngày đi học." in shown.output
    assert "filterd profile window tuan add" in shown.output
    file.write_text(SLEEPY % "com")
    shown = CliRunner().invoke(command, [str(file), "--state", str(tmp_path / "none")])
    assert shown.output.startswith("DANGER: The allowed name com of “Anna” is a public suffix")
    file.write_text(SLEEPY % "vnedu.vn")
    assert CliRunner().invoke(command, [str(file), "--state", str(tmp_path)]).output == "No loopholes found.\n"


def test_the_command_gives_one_json_document(state: Path) -> None:
    shown = CliRunner().invoke(command, ["--state", str(state), "--json"])
    found = json.loads(shown.output)["findings"]
    assert found == [document(f) for f in check_household(state)]
    assert {"id", "kind", "severity", "profile", "device", "what", "text", "fix", "command"} == set(found[0])
    assert [f["severity"] for f in found] == sorted(
        (f["severity"] for f in found), key=["danger", "warning", "note"].index
    )
