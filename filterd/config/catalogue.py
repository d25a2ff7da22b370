"""The catalogue: what the package itself knows, read from the folder blocklists/ once and checked as a whole.

Categories, age presets, services, safe-search engines, lifelines, canaries, names that no list may block and the
starter lists come out as frozen values with wire names, ready for listbuild/ and policy/. A mistake in a file stops the
start and is named by file and entry; no name is ever dropped in silence. What a list from outside may do is judged in
listbuild/; whether a shipped name is well chosen is judged by tests/unit/blocklists.

    catalogue = load()
    catalogue.services["tiktok"].core      # wire names: each covers itself and everything below it
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from filterd.config.sitename import site_name
from filterd.errors import ConfigError, ParseError
from filterd.wire.name import label_count

CONFIDENCES = ("high", "medium", "low")
YOUTUBE_LEVELS = ("none", "moderate", "strict")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one when PyYAML was built with libyaml
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ICON = re.compile(r"[a-z][a-z-]{0,29}")


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of harm, or of pastime, that lists and households name."""

    id: str
    name_vi: str
    name_en: str
    about_vi: str  # one sentence for parents
    about_en: str
    harm: bool  # opened by no permit window and no `time` grant while the clock is not trusted
    icon: str
    child_may_see_names: bool


@dataclass(frozen=True, slots=True)
class Preset:
    """What an age says before the parents do."""

    id: str
    name_vi: str
    name_en: str
    blocked: tuple[str, ...]  # categories, in the catalogue's order
    safe_search: Mapping[str, str]  # engine -> "on" or "off"; youtube -> one of YOUTUBE_LEVELS


@dataclass(frozen=True, slots=True)
class Service:
    """An app or site that a family switches by itself. Core and suffix names cover what is below, exact ones do not."""

    id: str
    name_vi: str
    name_en: str
    group: str
    core: tuple[bytes, ...]  # what it cannot work without
    suffix: tuple[bytes, ...]
    exact: tuple[bytes, ...]
    chatter: tuple[bytes, ...]  # background traffic: blocked with it, but no budget counts it
    shared: tuple[bytes, ...]  # used by others too: never blocked with it
    source: tuple[str, ...]
    confidence: str  # one of CONFIDENCES
    note: str


@dataclass(frozen=True, slots=True)
class SafeSearchEngine:
    """A search engine whose safe mode DNS can choose."""

    id: str
    hosts: tuple[bytes, ...]  # exact
    targets: Mapping[str, bytes]  # level ("on"; youtube: "moderate", "strict") -> safe host
    fallback_a: bytes  # four address bytes for when the safe host does not resolve, or b""
    confidence: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything the package knows. The mappings are shared: read them only."""

    categories: dict[str, Category]
    presets: dict[str, Preset]
    services: dict[str, Service]
    engines: dict[str, SafeSearchEngine]
    safe_hosts: dict[bytes, str]  # host -> engine
    lifelines: dict[bytes, str]  # exact host -> group (hotline, connectivity, time)
    canaries: dict[bytes, tuple[str, bool]]  # name -> (what it switches, True when names below it are not meant)
    never_block: tuple[bytes, ...]
    starter: dict[str, tuple[bytes, ...]]  # category -> names, each covering what is below; bypass.yaml included
    digest: str  # SHA-256 over all files in hex


@lru_cache(maxsize=4)
def load(folder: Path | None = None) -> Catalogue:
    """Return the catalogue in `folder` (default: the one in the package). ConfigError names file and entry."""
    return _Reader(folder if folder is not None else resources.files("blocklists")).catalogue()


class _Entry:
    """One mapping of a file: reads typed values and knows where it stands."""

    def __init__(self, file: str, label: str, values: Any) -> None:
        self.file = file
        self.label = label
        self.values: dict[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            raise self.error(f"expected a mapping, got {values!r}")

    def error(self, message: str) -> ConfigError:
        """Return the error to raise for a problem of this entry."""
        return ConfigError(f"{self.file}: {self.label}: {message}")

    def text(self, key: str, default: str | None = None) -> str:
        """Return non-empty text; without a default the key must be there."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self.error(f"{key}: expected text, got {value!r}")
        return value.strip()

    def both(self, key: str) -> tuple[str, str]:
        """Return the Vietnamese and the English text of `key`."""
        languages = _Entry(self.file, f"{self.label}.{key}", self.values.get(key))
        return languages.text("vi"), languages.text("en")

    def flag(self, key: str) -> bool:
        """Return true or false; the key must be there."""
        value = self.values.get(key)
        if not isinstance(value, bool):
            raise self.error(f"{key}: expected true or false, got {value!r}")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """Return one of `choices`."""
        value = self.text(key)
        if value not in choices:
            raise self.error(f"{key}: expected one of {', '.join(choices)}, got {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; a missing key is the empty list."""
        value = self.values.get(key) or []
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"{key}: expected a list of texts, got {value!r}")
        return tuple(value)

    def names(self, key: str, *, needed: bool = False) -> tuple[bytes, ...]:
        """Return the wire names of a list, in its order; a name that stands there twice is an error."""
        found = tuple(_name(self.file, self.label, text) for text in self.texts(key))
        if needed and not found:
            raise self.error(f"{key}: expected at least one name")
        if len(set(found)) != len(found):
            raise self.error(f"{key}: a name stands there twice")
        return found

    def sourced(self) -> str:
        """Return the confidence, having made sure that a source is named."""
        if not self.texts("source"):
            raise self.error("source: expected where this is known from")
        return self.choice("confidence", CONFIDENCES)


class _Reader:
    def __init__(self, root: Traversable) -> None:
        self.root = root
        self.hash = hashlib.sha256()

    def catalogue(self) -> Catalogue:
        categories, blocked_for = self.categories()
        engines = {entry.label: _engine(entry) for entry in self.entries("safesearch.yaml", "engines")}
        presets = {e.label: _preset(e, blocked_for, engines) for e in self.entries("presets.yaml", "presets")}
        for preset in blocked_for:
            if preset not in presets:
                raise ConfigError(f"categories.yaml: blocked_for: no preset {preset} in presets.yaml")
        return Catalogue(
            categories=categories,
            presets=presets,
            services=self.services(),
            engines=engines,
            safe_hosts={host: engine.id for engine in engines.values() for host in engine.hosts},
            lifelines=self.grouped("lifelines.yaml", "lifelines"),
            canaries={
                _name(e.file, e.label, e.text("name")): (e.text("switches"), e.flag("exact"))
                for e in self.entries("canaries.yaml", "canaries", key="name")
                if e.sourced()
            },
            never_block=tuple(self.grouped("never_block.yaml", "never_block")),
            starter=self.starter(categories),
            digest=self.hash.hexdigest(),
        )

    def categories(self) -> tuple[dict[str, Category], dict[str, list[str]]]:
        """Return the categories, and which of them each preset blocks."""
        found: dict[str, Category] = {}
        blocked_for: dict[str, list[str]] = {}
        for entry in self.entries("categories.yaml", "categories"):
            icon = entry.text("icon")
            if not _ICON.fullmatch(icon):
                raise entry.error(f"icon: expected a name of small letters, got {icon!r}")
            found[entry.label] = Category(
                entry.label,
                *entry.both("name"),
                *entry.both("about"),
                entry.flag("harm"),
                icon,
                entry.flag("child_may_see_names"),
            )
            for preset in entry.texts("blocked_for"):
                blocked_for.setdefault(preset, []).append(entry.label)
        return found, blocked_for

    def services(self) -> dict[str, Service]:
        found: dict[str, Service] = {}
        for file in self.list("services", ".yaml"):
            group = _Entry(file, "file", self.document(file)).text("group")
            for entry in self.entries(file, "services"):
                if entry.label in found:
                    raise entry.error("this service stands in two files")
                found[entry.label] = Service(
                    entry.label,
                    *entry.both("name"),
                    group,
                    entry.names("core", needed=True),
                    entry.names("suffix"),
                    entry.names("exact"),
                    entry.names("chatter"),
                    entry.names("shared"),
                    entry.texts("source"),
                    entry.sourced(),
                    entry.text("note", ""),
                )
        return dict(sorted(found.items()))

    def starter(self, categories: Mapping[str, Category]) -> dict[str, tuple[bytes, ...]]:
        """Return the names of starter/*.txt and bypass.yaml by category."""
        found: dict[str, list[bytes]] = {}
        for file in self.list("starter", ".txt"):
            category = file.rpartition("/")[2].removesuffix(".txt")
            if category not in categories:
                raise ConfigError(f"{file}: no category {category} in categories.yaml")
            found[category] = [_name(file, f"line {n}", text) for n, text in _lines(self.text(file))]
        for entry in self.entries("bypass.yaml", "names"):
            entry.sourced()
            found.setdefault("bypass", []).extend(entry.names("hosts", needed=True))
        for category, names in found.items():
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ConfigError(f"starter list {category}: {twice!r} stands there twice")
        return {category: tuple(names) for category, names in sorted(found.items())}

    def grouped(self, file: str, key: str) -> dict[bytes, str]:
        """Return host -> group of a file whose groups hold `hosts`; a group may come again with another source."""
        found: dict[bytes, str] = {}
        for entry in self.entries(file, key, again=True):
            entry.sourced()
            for host in entry.names("hosts", needed=True):
                if host in found:
                    raise entry.error(f"{host!r} stands there twice")
                found[host] = entry.label
        return found

    def entries(self, file: str, top: str, *, key: str = "id", again: bool = False) -> Iterator[_Entry]:
        """Yield the entries of the list `top`, labelled by their `key`."""
        entries = self.document(file).get(top)
        if not isinstance(entries, list) or not entries:
            raise ConfigError(f"{file}: {top}: expected a list of entries")
        seen: set[str] = set()
        for number, values in enumerate(entries):
            label = _Entry(file, f"{top}[{number}]", values).text(key)
            if key == "id" and not _ID.fullmatch(label):
                raise ConfigError(f"{file}: {top}[{number}]: {label!r} is no id (small letters, digits, hyphens)")
            if label in seen and not again:
                raise ConfigError(f"{file}: {label}: stands there twice")
            seen.add(label)
            yield _Entry(file, label, values)

    def document(self, file: str) -> dict[str, Any]:
        try:
            document = yaml.load(self.text(file), Loader=_Loader)  # one of the two safe loaders
        except yaml.YAMLError as exc:
            raise ConfigError(f"{file}: not YAML: {exc}") from exc
        if not isinstance(document, dict):
            raise ConfigError(f"{file}: expected a mapping at the top")
        return document

    def text(self, file: str) -> str:
        try:
            data = self.root.joinpath(*file.split("/")).read_bytes()
            text = data.decode()
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(f"{file}: cannot be read: {exc}") from exc
        self.hash.update(file.encode() + b"\0" + len(data).to_bytes(8) + data)
        return text

    def list(self, folder: str, suffix: str) -> list[str]:
        try:
            names = [entry.name for entry in self.root.joinpath(folder).iterdir()]
        except OSError as exc:
            raise ConfigError(f"{folder}: cannot be read: {exc}") from exc
        return [f"{folder}/{name}" for name in sorted(names) if name.endswith(suffix)]


def _preset(entry: _Entry, blocked_for: Mapping[str, list[str]], engines: Mapping[str, SafeSearchEngine]) -> Preset:
    wanted = entry.values.get("safe_search")
    if not isinstance(wanted, dict):
        raise entry.error("safe_search: expected a mapping of engines")
    safe: dict[str, str] = {}
    for engine, value in wanted.items():
        if engine not in engines:
            raise entry.error(f"safe_search: no engine {engine} in safesearch.yaml")
        if engine == "youtube":
            safe[engine] = _Entry(entry.file, f"{entry.label}.safe_search", wanted).choice(engine, YOUTUBE_LEVELS)
        elif isinstance(value, bool):
            safe[engine] = "on" if value else "off"
        else:
            raise entry.error(f"safe_search: {engine}: expected true or false, got {value!r}")
    return Preset(entry.label, *entry.both("name"), tuple(blocked_for.get(entry.label, ())), safe)


def _engine(entry: _Entry) -> SafeSearchEngine:
    targets = entry.values.get("targets")
    levels = set(YOUTUBE_LEVELS[1:]) if entry.label == "youtube" else {"on"}
    if not isinstance(targets, dict) or set(targets) != levels:
        raise entry.error(f"targets: expected the levels {', '.join(sorted(levels))}, got {targets!r}")
    fallback = entry.text("fallback_a", "")
    try:
        address = ipaddress.IPv4Address(fallback).packed if fallback else b""
    except ValueError as exc:
        raise entry.error(f"fallback_a: {exc}") from exc
    return SafeSearchEngine(
        entry.label,
        entry.names("hosts", needed=True),
        {level: _name(entry.file, f"{entry.label}.targets", host) for level, host in targets.items()},
        address,
        entry.sourced(),
    )


def _name(file: str, label: str, text: object) -> bytes:
    if not isinstance(text, str) or not text.isascii():
        raise ConfigError(f"{file}: {label}: expected a name in A-label form, got {text!r}")
    try:
        name = site_name(text)
    except (ValueError, ParseError) as exc:
        raise ConfigError(f"{file}: {label}: {text!r}: {exc}") from exc
    if label_count(name) < 2:
        raise ConfigError(f"{file}: {label}: {text!r}: expected a name of at least two labels")
    return name


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, name) of a domains file: `#` begins a comment, also after a name."""
    for number, line in enumerate(text.splitlines(), 1):
        name = line.partition("#")[0].strip()
        if name:
            yield number, name
