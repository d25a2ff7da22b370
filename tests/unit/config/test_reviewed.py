"""The file of decisions about well-known names: what it may hold, and what is said when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.config import reviewed as use
from filterd.config.catalogue import load as load_catalogue
from filterd.config.reviewed import RIGHT, WRONG, load
from filterd.errors import ConfigError
from filterd.wire.name import to_wire

GOOD = """
reviews:
- category: piracy
  reviewed: 2026-11-24
  by: somebody
  right: [thepiratebay.org]
  wrong: {nasa.gov: a public office, bücher.example: a library}
- {category: ads, reviewed: 2026-11-25, wrong: {nasa.gov: no advertising}}
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "reviewed.yaml"
    file.write_text(text)
    return file


def test_decisions_are_of_a_name_in_a_category(tmp_path: Path) -> None:
    found = load(written(tmp_path, GOOD))
    assert found.verdict(to_wire("thepiratebay.org"), "piracy") == RIGHT
    assert found.verdict(to_wire("nasa.gov"), "piracy") == found.verdict(to_wire("nasa.gov"), "ads") == WRONG
    assert found.verdict(to_wire("nasa.gov"), "adult") == ""
    assert found.wrong("piracy") == {to_wire("nasa.gov"), to_wire("xn--bcher-kva.example")}
    assert found.verdicts[to_wire("nasa.gov"), "ads"].reviewed == "2026-11-25"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x: 1", "expected a list `reviews`"),
        ("reviews: [1]", "expected category, reviewed, by"),
        ("reviews: [{category: ads}]", "expected category, reviewed, by"),
        ("reviews: [{category: ads, reviewed: 2026-01-01, wring: {}}]", "expected category, reviewed, by"),
        ("reviews: [{category: ads, reviewed: 2026-01-01, wrong: [nasa.gov]}]", "expected names with a reason each"),
        ("reviews: [{category: ads, reviewed: 2026-01-01, wrong: {nasa.gov: ''}}]", "nasa.gov: expected a reason"),
        ("reviews: [{category: ads, reviewed: 2026-01-01, right: ['http://x.org/']}]", "write the name alone"),
        ("reviews: [{category: ads, reviewed: 2026-01-01, right: [a.org, a.org]}]", "stands there twice"),
        ("reviews: [", "not YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        load(written(tmp_path, text))


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "MAX_NAMES", 3)
    with pytest.raises(ConfigError, match="expected at most 3 names"):
        load(written(tmp_path, GOOD))
    monkeypatch.setattr(use, "MAX_BYTES", 10)
    with pytest.raises(ConfigError, match="expected at most 10 bytes"):
        load(written(tmp_path, GOOD + " "))
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "absent.yaml")


def test_the_shipped_decisions_are_of_known_categories_and_contradict_no_shipped_list() -> None:
    catalogue = load_catalogue()
    for (name, category), verdict in load().verdicts.items():
        assert category in catalogue.categories
        assert verdict.verdict == RIGHT or name not in catalogue.starter[category], name
    assert len(load().verdicts) > 1000
