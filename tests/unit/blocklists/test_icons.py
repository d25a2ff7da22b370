"""Icons: every one that is named is there, drawn by us, harmless to put into a page, and none lies about unused."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from filterd.config.catalogue import load

FOLDER = Path(__file__).resolve().parents[3] / "blocklists" / "icons"
ICONS = sorted(path.stem for path in FOLDER.iterdir())
MAX_BYTES = 1023
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"path", "circle", "rect"}
ATTRIBUTES = {"d", "cx", "cy", "r", "x", "y", "width", "height", "rx"}
ROOT = {
    "width": "24",
    "height": "24",
    "viewBox": "0 0 24 24",
    "fill": "none",
    "stroke": "currentColor",
    "stroke-width": "1.8",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
}
NUMBERS = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9 .,\-]+")


def test_every_icon_that_is_named_is_there_and_every_one_there_is_named() -> None:
    catalogue = load()
    named = {c.icon for c in catalogue.categories.values()} | {s.icon for s in catalogue.services.values()}
    assert named == set(ICONS)


def test_nothing_but_pictures_lies_there() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} == {".svg"}


@pytest.mark.parametrize("icon", ICONS)
def test_it_is_a_small_line_drawing_in_the_colour_of_the_text(icon: str) -> None:
    data = (FOLDER / f"{icon}.svg").read_bytes()
    assert len(data) <= MAX_BYTES
    assert data.isascii() and b"<!" not in data and b"<?" not in data, "no doctype, no entity, no instruction"
    root = ElementTree.fromstring(data)
    assert root.tag == f"{SVG}svg"
    assert root.attrib == ROOT, "no style, no handler, no reference"
    assert 1 <= len(root) <= 6
    for shape in root:
        assert shape.tag.removeprefix(SVG) in SHAPES
        assert set(shape.attrib) <= ATTRIBUTES
        assert all(NUMBERS.fullmatch(value) for value in shape.attrib.values()), (
            "numbers alone, so no script or address"
        )
        assert not len(shape) and not (shape.text or "").strip()


@pytest.mark.parametrize("icon", ICONS)
def test_it_stays_inside_its_square(icon: str) -> None:
    """Absolute points alone are looked at: most shapes begin with one."""
    for shape in ElementTree.fromstring((FOLDER / f"{icon}.svg").read_bytes()):
        if "cx" in shape.attrib:
            x, y, r = (float(shape.attrib[key]) for key in ("cx", "cy", "r"))
            assert min(x, y) - r >= 1 and max(x, y) + r <= 23
        for x, y in re.findall(r"[ML]\s*(-?[\d.]+)[ ,](-?[\d.]+)", shape.attrib.get("d", "")):
            assert 1 <= float(x) <= 23 and 1 <= float(y) <= 23
