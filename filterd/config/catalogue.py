"""The catalogue: what the package itself knows, read from the folder blocklists/ once and checked as a whole.

Categories, age presets, services, safe-search engines, lifelines, canaries, names that no list may block and the
starter lists come out as frozen values (catalogue_values.py) with wire names, ready for listbuild/ and policy/. A
mistake in a file stops the start and is named by file and entry; no name is ever dropped in silence. What a list from
outside may do is judged in listbuild/; whether a shipped name is well chosen is judged by tests/unit/blocklists.

    catalogue = load()
    catalogue.services["tiktok"].core      # wire names: each covers itself and everything below it
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from filterd.config.catalogue_entry import CONFIDENCES, Entry, read_name
from filterd.config.catalogue_starter import read_starter
from filterd.config.catalogue_values import (
    YOUTUBE_LEVELS,
    Age,
    Catalogue,
    Category,
    Preset,
    SafeSearchEngine,
    Service,
    StarterList,
    StarterName,
)
from filterd.errors import ConfigError

__all__ = [
    "CONFIDENCES",
    "YOUTUBE_LEVELS",
    "Age",
    "Catalogue",
    "Category",
    "Preset",
    "SafeSearchEngine",
    "Service",
    "StarterList",
    "StarterName",
    "load",
]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one when PyYAML was built with libyaml
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MAKER_VI = "Nhà cung cấp quy định người dùng từ {} tuổi trở lên."
_MAKER_EN = "Its maker asks for users of {} or older."


@lru_cache(maxsize=4)
def load(folder: Path | None = None) -> Catalogue:
    """Return the catalogue in `folder` (default: the one in the package). ConfigError names file and entry."""
    return _Reader(folder if folder is not None else resources.files("blocklists")).catalogue()


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
        starter = self.starter(categories)
        return Catalogue(
            categories=categories,
            presets=presets,
            services=self.services(),
            engines=engines,
            safe_hosts={host: engine.id for engine in engines.values() for host in engine.hosts},
            lifelines=self.grouped("lifelines.yaml", "lifelines"),
            canaries={
                read_name(e.file, e.label, e.text("name")): (e.text("switches"), e.flag("exact"))
                for e in self.entries("canaries.yaml", "canaries", key="name")
                if e.sourced()
            },
            never_block=tuple(self.grouped("never_block.yaml", "never_block")),
            starter={category: tuple(n.name for n in found.names) for category, found in starter.items()},
            starter_lists=starter,
            digest=self.hash.hexdigest(),
        )

    def categories(self) -> tuple[dict[str, Category], dict[str, list[str]]]:
        """Return the categories, and which of them each preset blocks."""
        found: dict[str, Category] = {}
        blocked_for: dict[str, list[str]] = {}
        for entry in self.entries("categories.yaml", "categories"):
            found[entry.label] = Category(
                entry.label,
                *entry.both("name"),
                *entry.both("about"),
                entry.flag("harm"),
                entry.icon(),
                entry.flag("child_may_see_names"),
            )
            for preset in entry.texts("blocked_for"):
                blocked_for.setdefault(preset, []).append(entry.label)
        return found, blocked_for

    def services(self) -> dict[str, Service]:
        found: dict[str, Service] = {}
        for file in self.list("services", ".yaml"):
            top = Entry(file, "file", self.document(file))
            group, icon, law = top.text("group"), top.icon(), _ages(top)
            for entry in self.entries(file, "services"):
                if entry.label in found:
                    raise entry.error("this service stands in two files")
                found[entry.label] = Service(
                    entry.label,
                    *entry.both("name"),
                    group,
                    entry.icon(icon),
                    *(entry.both("tip") if "tip" in entry.values else ("", "")),
                    (*_ages(entry), *law),
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

    def starter(self, categories: Mapping[str, Category]) -> dict[str, StarterList]:
        """Return the starter lists by category; the names of bypass.yaml join theirs."""
        found: dict[str, StarterList] = {}
        for file in self.list("starter", ".txt"):
            category = file.rpartition("/")[2].removesuffix(".txt")
            if category not in categories:
                raise ConfigError(f"{file}: no category {category} in categories.yaml")
            found[category] = read_starter(file, category, self.text(file))
        for entry in self.entries("bypass.yaml", "names"):
            entry.sourced()
            more = tuple(
                StarterName(name, *entry.both("reason"), entry.texts("source"))
                for name in entry.names("hosts", needed=True)
            )
            if "bypass" not in found:
                raise ConfigError("starter/bypass.txt: expected beside bypass.yaml")
            found["bypass"] = replace(found["bypass"], names=found["bypass"].names + more)
        for category, starter in found.items():
            names = [entry.name for entry in starter.names]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ConfigError(f"starter list {category}: {twice!r} stands there twice")
        return found

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

    def entries(self, file: str, top: str, *, key: str = "id", again: bool = False) -> Iterator[Entry]:
        """Yield the entries of the list `top`, labelled by their `key`."""
        entries = self.document(file).get(top)
        if not isinstance(entries, list) or not entries:
            raise ConfigError(f"{file}: {top}: expected a list of entries")
        seen: set[str] = set()
        for number, values in enumerate(entries):
            label = Entry(file, f"{top}[{number}]", values).text(key)
            if key == "id" and not _ID.fullmatch(label):
                raise ConfigError(f"{file}: {top}[{number}]: {label!r} is no id (small letters, digits, hyphens)")
            if label in seen and not again:
                raise ConfigError(f"{file}: {label}: stands there twice")
            seen.add(label)
            yield Entry(file, label, values)

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


def _preset(entry: Entry, blocked_for: Mapping[str, list[str]], engines: Mapping[str, SafeSearchEngine]) -> Preset:
    wanted = entry.values.get("safe_search")
    if not isinstance(wanted, dict):
        raise entry.error("safe_search: expected a mapping of engines")
    safe: dict[str, str] = {}
    for engine, value in wanted.items():
        if engine not in engines:
            raise entry.error(f"safe_search: no engine {engine} in safesearch.yaml")
        if engine == "youtube":
            safe[engine] = entry.inner("safe_search").choice(engine, YOUTUBE_LEVELS)
        elif isinstance(value, bool):
            safe[engine] = "on" if value else "off"
        else:
            raise entry.error(f"safe_search: {engine}: expected true or false, got {value!r}")
    return Preset(entry.label, *entry.both("name"), tuple(blocked_for.get(entry.label, ())), safe)


def _engine(entry: Entry) -> SafeSearchEngine:
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
        {level: read_name(entry.file, f"{entry.label}.targets", host) for level, host in targets.items()},
        address,
        entry.sourced(),
    )


def _ages(entry: Entry) -> tuple[Age, ...]:
    """Return what stands under `age`: of a service what its maker says, of a file what the law says of its group."""
    if "age" not in entry.values:
        return ()
    age = entry.inner("age")
    least = age.years("from")
    vi, en = age.text("vi", ""), age.text("en", "")
    if not vi and not en and least:
        vi, en = _MAKER_VI.format(least), _MAKER_EN.format(least)
    elif not vi or not en:
        raise age.error("expected a sentence in both languages, vi and en")
    return (Age(least, vi, en, age.texts("source"), age.sourced()),)
