"""The quality report: shares, overlaps, and well-known names with what people decided about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from filterd.cli.lists import lists
from filterd.control.lists import add_list
from filterd.control.lists_report import popular_names, report
from filterd.errors import ConfigError, StoreError
from filterd.wire.name import to_wire

REVIEWED = """
reviews:
- {category: piracy, reviewed: 2026-11-24, right: [pirates.example.org], wrong: {www.library.example.org: a library}}
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "one.txt").write_text("pirates.example.org\nlibrary.example.org\nwww.pirates.example.org\n")
    (tmp_path / "two.txt").write_text("pirates.example.org\nother.example.net\n")
    add_list(tmp_path / "state", "one", str(tmp_path / "one.txt"), category="piracy", format="domains", build=False)
    add_list(tmp_path / "state", "two", str(tmp_path / "two.txt"), category="piracy", format="domains")
    (tmp_path / "reviewed.yaml").write_text(REVIEWED)
    (tmp_path / "popular.csv").write_text(
        "1,good.example.com\n2,www.library.example.org\n3,pirates.example.org\n4,other.example.net\n"
    )
    return tmp_path / "state"


def test_what_each_list_adds_and_what_well_known_names_meet(state: Path, tmp_path: Path) -> None:
    found = report(state, popular=tmp_path / "popular.csv", reviewed=tmp_path / "reviewed.yaml")
    one, two = (next(part for part in found.lists if part.id == ident) for ident in ("one", "two"))
    assert (one.entries, one.repeated, one.names, one.alone) == (3, 1, 2, 1)
    assert (two.entries, two.repeated, two.names, two.alone) == (2, 0, 2, 1)
    assert [(o.a, o.b, o.names) for o in found.overlaps if {o.a, o.b} == {"one", "two"}] == [("one", "two", 1)]
    assert found.popular is not None
    assert [(n.rank, n.name, n.verdict, n.lists) for n in found.popular.names] == [
        (2, "www.library.example.org", "wrong", ("one",)),  # its parent is listed: only the list can mend that
        (3, "pirates.example.org", "right", ("one", "two")),
        (4, "other.example.net", "", ("two",)),
    ]
    assert (found.popular.asked, found.popular.outside, found.popular.undecided) == (4, 1, 1)
    assert found.popular.outside_share == 0.25


def test_the_command_says_the_same(state: Path, tmp_path: Path) -> None:
    options = [
        "report",
        "--state",
        str(state),
        "--popular",
        str(tmp_path / "popular.csv"),
        "--reviewed",
        str(tmp_path / "reviewed.yaml"),
    ]
    said = CliRunner().invoke(lists, options)
    assert said.exit_code == 0, said.output
    assert (
        "of the 4 most asked names 3 are on a list; outside their category: 1 (25.00%), not decided: 1" in said.output
    )
    assert (
        "www.library.example.org  WRONG: a library  (one)" in said.output
        and "pirates.example.org  right" not in said.output
    )
    document = json.loads(CliRunner().invoke(lists, [*options, "--json"]).output)
    assert document["popular"]["outside"] == 1 and len(document["popular"]["names"]) == 3
    assert "not looked at" in CliRunner().invoke(lists, ["report", "--state", str(state)]).output


def test_names_are_read_from_both_forms_once_and_in_order(tmp_path: Path) -> None:
    file = tmp_path / "top"
    file.write_text('# comment\nexample.com\n2,EXAMPLE.com\n3,"example.net"\nno name\n192.0.2.1\nexample.org # why\n')
    assert list(popular_names(file)) == [to_wire(n) for n in ("example.com", "example.net", "example.org")]
    assert len(list(popular_names(file, 2))) == 2
    file.write_text("nothing that is a name, at all\n")
    with pytest.raises(ConfigError, match="expected names, one a line"):
        list(popular_names(file))
    with pytest.raises(ConfigError, match="cannot be read"):
        list(popular_names(tmp_path / "absent"))


def test_without_a_bundle_there_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no bundle in force yet"):
        report(tmp_path)
