"""The public sources of lists that the package knows, read from blocklists/sources.yaml and checked as a whole.

A mistake stops the reading with every problem, each with its line. Where a list really comes from, and whether it is
switched on, is the household's (listbuild/registry.py); fetching is listbuild/fetch.py.

    source = load()["hostsvn-adult"]
    source.url, source.category, source.licence.id
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from filterd.config.document import Mapping, Value, to_date
from filterd.errors import ConfigError

FORMATS = ("auto", "hosts", "domains", "wildcard", "adblock", "dnsmasq", "unbound", "rpz")
MAX_MIB = 64  # as listbuild/body.py
MIN_EVERY_H, MAX_EVERY_H = 6, 168  # hours between two looks: polite to the source, and no staler than a week
MAX_NAMES = 5_000_000
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}").fullmatch
_LICENCE_KEYS = ("id", "mirror", "mirror_why", "ship", "ship_why")
_KEYS = (
    "id", "name", "url", "homepage", "format", "category", "licence", "every_h", "shrink", "grow", "max_mib", "names",
    "recommended", "checked", "known_from", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence lets us do with a list beyond fetching it for one's own use, and why."""

    id: str  # as SPDX writes it, or `unclear`
    mirror: bool
    mirror_why: str
    ship: bool
    ship_why: str


@dataclass(frozen=True, slots=True)
class Source:
    """A public list, as sources.yaml says."""

    id: str
    name_vi: str
    name_en: str
    url: str
    homepage: str
    format: str  # one of FORMATS
    category: str
    licence: Licence
    every_h: int
    shrink: float  # shares of the last good size, see listbuild/gate.py
    grow: float
    max_bytes: int
    names: int  # about how many entries it has; 0: not known
    recommended: bool
    checked: str  # the day it was fetched from this address, '' for never
    known_from: str
    note: str


@lru_cache(maxsize=4)
def load(file: Path | None = None) -> dict[str, Source]:
    """Return the sources of `file` (default: the one in the package), in its order. ConfigError has every problem."""
    try:
        data = file.read_bytes() if file else resources.files("blocklists").joinpath("sources.yaml").read_bytes()
    except OSError as exc:
        raise ConfigError(f"{file or 'sources.yaml'}: cannot be read: {exc.strerror or exc}") from exc
    return read(data, str(file) if file else "sources.yaml", local=file is not None)


def read(
    text: str | bytes, file: str = "sources.yaml", categories: Collection[str] | None = None, *, local: bool = False
) -> dict[str, Source]:
    """Return the sources in `text` by id.

    `categories`: those that there are (None: not checked). `local`: http is allowed beside https, for a file of one's
    own with servers of one's own.
    """
    top = Mapping.load(text, file, ("licences", "sources"))
    licences: dict[str, Licence] = {}
    for row in top.rows("licences"):
        licence = _licence(row.mapping(_LICENCE_KEYS))
        if licence.id in licences:
            row.fail(f"{licence.id} stands there twice")
        licences[licence.id] = licence
    found: dict[str, Source] = {}
    addresses: set[str] = set()
    for row in top.rows("sources"):
        source = _source(row.mapping(_KEYS), licences, categories, ("https", "http") if local else ("https",))
        if source.id in found:
            row.fail(f"{source.id} stands there twice")
        if source.url and source.url in addresses:
            row.fail(f"{source.url} stands there twice")
        addresses.add(source.url)
        found[source.id] = source
    top.problems.raise_if_any()
    return found


def _licence(row: Mapping) -> Licence:
    rights = (_flag(row, "mirror"), _text(row, "mirror_why"), _flag(row, "ship"), _text(row, "ship_why"))
    return Licence(_text(row, "id"), *rights)


def _source(
    row: Mapping, licences: dict[str, Licence], categories: Collection[str] | None, schemes: tuple[str, ...]
) -> Source:
    name = row.need("name")
    names = (name or row).mapping(("vi", "en") if name else None)
    licence_id = _choice(row, "licence", licences, "licence")
    category = _text(row, "category") if categories is None else _choice(row, "category", categories, "category")
    return Source(
        id=_convert(row, "id", _slug, "an id of 1 to 40 letters a-z, digits and hyphens"),
        name_vi=_text(names, "vi") if name else "",
        name_en=_text(names, "en") if name else "",
        url=_convert(row, "url", lambda text: _address(text, schemes), f"an address that begins with {schemes[0]}://"),
        homepage=_convert(row, "homepage", lambda text: _address(text, schemes), f"an address with {schemes[0]}://"),
        format=_choice(row, "format", FORMATS, "format"),
        category=category,
        licence=licences.get(licence_id, Licence("", False, "", False, "")),
        every_h=_number(row, "every_h", MIN_EVERY_H, MAX_EVERY_H),
        shrink=_share(row, "shrink", 1.0),
        grow=_share(row, "grow", 20.0),
        max_bytes=_number(row, "max_mib", 1, MAX_MIB) << 20,
        names=_number(row, "names", 0, MAX_NAMES),
        recommended=_flag(row, "recommended"),
        checked=_convert(row, "checked", _day, "a day such as 2026-11-24, or never"),
        known_from=_text(row, "known_from"),
        note=_text(row, "note") if row.get("note") else "",
    )


def _text(row: Mapping, key: str) -> str:
    value = row.need(key)
    return "" if value is None else value.text()


def _flag(row: Mapping, key: str) -> bool:
    value = row.need(key)
    return False if value is None else value.boolean(False)


def _number(row: Mapping, key: str, low: int, high: int) -> int:
    value = row.need(key)
    return low if value is None else value.integer(low, high, low)


def _choice(row: Mapping, key: str, choices: Collection[str], what: str) -> str:
    value = row.need(key)
    return "" if value is None else value.one_of(choices, what)


def _convert(row: Mapping, key: str, convert: object, expected: str) -> str:
    value: Value | None = row.need(key)
    assert callable(convert)
    return "" if value is None else value.convert(convert, expected, "")


def _share(row: Mapping, key: str, most: float) -> float:
    def convert(text: str) -> float:
        if not re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,4})?", text) or not 0 <= float(text) <= most:
            raise ValueError
        return float(text)

    value = row.need(key)
    return 0.0 if value is None else value.convert(convert, f"a number from 0 to {most:g}", 0.0)


def _slug(text: str) -> str:
    if not _ID(text):
        raise ValueError
    return text


def _address(text: str, schemes: tuple[str, ...]) -> str:
    split = urlsplit(text)
    if split.scheme not in schemes or not split.hostname or "@" in split.netloc or re.search(r"[\s<>\"]", text):
        raise ValueError
    return text


def _day(text: str) -> str:
    return "" if text == "never" else to_date(text).isoformat()
