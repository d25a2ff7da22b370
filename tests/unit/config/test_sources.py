"""Reading sources.yaml: every mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.config.sources import FORMATS, load, read
from filterd.errors import ConfigError
from filterd.listbuild.body import MAX_BODY_BYTES
from filterd.listbuild.read import FORMATS as PARSED

GOOD = """\
licences:
- {id: MIT, mirror: true, mirror_why: may, ship: false, ship_why: may not}
sources:
- id: one
  name: {vi: Một, en: One}
  url: https://lists.example.org/one.txt
  homepage: https://lists.example.org/
  format: hosts
  category: ads
  licence: MIT
  every_h: 24
  shrink: 0.2
  grow: 1
  max_mib: 2
  names: 500
  recommended: true
  checked: never
  known_from: its README
"""


def problems(text: str, **more: bool) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text, categories={"ads", "adult"}, **more)
    return "\n".join(caught.value.problems)


def test_a_good_file() -> None:
    source = read(GOOD, categories={"ads"})["one"]
    assert (source.name_vi, source.max_bytes, source.shrink, source.checked, source.note) == (
        "Một",
        2 << 20,
        0.2,
        "",
        "",
    )
    assert source.licence.mirror and not source.licence.ship
    assert read(GOOD.replace("never", "2026-11-24"))["one"].checked == "2026-11-24"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: one", "id: One", "sources[0].id: expected an id of 1 to 40"),
        ("https://lists.example.org/one.txt", "http://lists.example.org/one.txt", "begins with https://"),
        ("https://lists.example.org/one.txt", "https://me:pw@lists.example.org/one.txt", "begins with https://"),
        ("format: hosts", "format: host", "did you mean hosts?"),
        ("category: ads", "category: adds", "did you mean ads?"),
        ("licence: MIT", "licence: mit", "unknown licence 'mit'"),
        ("  licence: MIT\n", "", "licence is missing"),
        ("every_h: 24", "every_h: 5", "from 6 to 168"),
        ("every_h: 24", "every_h: 169", "from 6 to 168"),
        ("shrink: 0.2", "shrink: 1.1", "a number from 0 to 1"),
        ("grow: 1", "grow: -1", "a number from 0 to 20"),
        ("max_mib: 2", "max_mib: 65", "from 1 to 64"),
        ("max_mib: 2", "max_mib: 0", "from 1 to 64"),
        ("recommended: true", "recommended: maybe", "expected true or false"),
        ("checked: never", "checked: soon", "or never"),
        ("{vi: Một, en: One}", "{en: One}", "vi is missing"),
        ("  name: {vi: Một, en: One}\n", "", "name is missing"),
        ("mirror_why: may, ", "", "mirror_why is missing"),
        ("known_from: its", "known: its", "unknown key"),
    ],
)
def test_every_mistake_is_named(old: str, new: str, message: str) -> None:
    assert old in GOOD
    said = problems(GOOD.replace(old, new))
    assert message in said and "(sources.yaml:" in said


def test_what_stands_there_twice_is_named() -> None:
    entry = GOOD[GOOD.index("- id: one") :]
    said = problems(GOOD + entry)
    assert "one stands there twice" in said and "one.txt stands there twice" in said
    licence = "- {id: MIT, mirror: true, mirror_why: may, ship: false, ship_why: may not}\n"
    assert "MIT stands there twice" in problems(GOOD.replace(licence, licence * 2))


def test_a_file_of_ones_own_may_say_http(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD.replace("https:", "http:"))
    assert load(tmp_path / "mine.yaml")["one"].url.startswith("http://")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.yaml")


def test_formats_and_bounds_are_those_of_the_parsers() -> None:
    assert set(FORMATS) - {"auto"} == set(PARSED)
    assert read(GOOD.replace("max_mib: 2", "max_mib: 64"))["one"].max_bytes == MAX_BODY_BYTES
