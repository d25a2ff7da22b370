"""The catalogue: what the package itself knows, read from blocklists/*.yaml once and checked as a whole.

Categories, age presets, services, safe-search engines, lifelines, canaries, names that must never be blocked and the
starter lists. Values come out as wire names, ready for lists/ and policy/. A mistake in a file stops the start with
file and entry named; it never silently drops a name.

    catalogue = load()
    catalogue.services["tiktok"].core      # wire names: each covers itself and everything below it
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from filterd.config.sitename import site_name
from filterd.errors import ConfigError, FilterdError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of harm, or of pastime, that lists and households name."""

    id: str
    name_vi: str
    name_en: str
    about_vi: str
    about_en: str
    harm: bool  # opened by no permit window while the clock is not trusted
    icon: str
    child_may_see_names: bool


@dataclass(frozen=True, slots=True)
class Preset:
    """What an age says before the parents do."""

    id: str
    name_vi: str
    name_en: str
    blocked: tuple[str, ...]  # categories
    safe_search: dict[str, str]  # engine -> "on", or youtube's level


@dataclass(frozen=True, slots=True)
class Service:
    """An app or site that can be switched by itself. Core and suffix names cover what is below, exact ones do not."""

    id: str
    name_vi: str
    name_en: str
    group: str
    core: tuple[bytes, ...]
    suffix: tuple[bytes, ...]
    exact: tuple[bytes, ...]
    chatter: tuple[bytes, ...]  # background traffic: does not count for budgets
    shared: tuple[bytes, ...]  # never blocked with it
    confidence: str
    note: str


@dataclass(frozen=True, slots=True)
class SafeSearchEngine:
    """A search engine whose safe mode DNS can choose. `targets`: level -> safe host."""

    id: str
    hosts: tuple[bytes, ...]
    targets: dict[str, bytes]
    fallback_a: bytes  # four address bytes for when the safe host does not resolve, or b""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything the package knows. `digest` changes when any file does."""

    categories: dict[str, Category]
    presets: dict[str, Preset]
    services: dict[str, Service]
    engines: dict[str, SafeSearchEngine]
    safe_hosts: dict[bytes, str]  # host -> engine
    lifelines: dict[bytes, str]  # exact host -> group
    canaries: dict[bytes, tuple[str, bool]]  # name -> (what it switches, exact?)
    never_block: tuple[bytes, ...]
    starter: dict[str, tuple[bytes, ...]]  # category -> names; each covers what is below it
    digest: str


@lru_cache(maxsize=2)
def load(folder: Path | None = None) -> Catalogue:
    """Return the catalogue in `folder` (default: the package's own). ConfigError names file and entry."""
    return _Files(folder).catalogue()


class _Files:
    def __init__(self, folder: Path | None) -> None:
        self.root: Any = folder if folder is not None else resources.files("blocklists")
        self.hash = hashlib.sha256()

    def catalogue(self) -> Catalogue:
        categories = {i: _category(i, e) for i, e in self.entries("categories.yaml", "categories")}
        presets = {i: _preset(i, e, categories) for i, e in self.entries("presets.yaml", "presets")}
        engines = {i: self.engine(i, e) for i, e in self.entries("safesearch.yaml", "engines")}
        canaries = {
            self.name("canaries.yaml", e["name"]): (str(e.get("switches", e["name"])), bool(e.get("exact", False)))
            for e in self.yaml("canaries.yaml")["canaries"]
        }
        lifelines = {
            self.name("lifelines.yaml", host): str(group["id"])
            for group in self.yaml("lifelines.yaml")["lifelines"]
            for host in group["hosts"]
        }
        never = tuple(
            self.name("never_block.yaml", host)
            for group in self.yaml("never_block.yaml")["never_block"]
            for host in group["hosts"]
        )
        services: dict[str, Service] = {}
        for file in sorted(self.list("services", ".yaml")):
            for ident, entry in self.entries(file, "services"):
                if ident in services:
                    raise ConfigError(f"{file}: service {ident} stands in two files")
                services[ident] = self.service(file, ident, entry)
        starter: dict[str, list[bytes]] = {}
        for file in sorted(self.list("starter", ".txt")):
            category = file.rpartition("/")[2].removesuffix(".txt")
            if category not in categories:
                raise ConfigError(f"{file}: no category {category}")
            starter[category] = [self.name(file, n) for n in _lines(self.text(file))]
        bypass = self.yaml("bypass.yaml")
        for group in bypass["names"]:
            starter.setdefault("bypass", []).extend(self.name("bypass.yaml", h) for h in group["hosts"])
        return Catalogue(
            categories=categories,
            presets=presets,
            services=services,
            engines=engines,
            safe_hosts={h: i for i, e in engines.items() for h in e.hosts},
            lifelines=lifelines,
            canaries=canaries,
            never_block=never,
            starter={c: tuple(dict.fromkeys(n)) for c, n in sorted(starter.items())},
            digest=self.hash.hexdigest(),
        )

    def engine(self, ident: str, entry: dict[str, Any]) -> SafeSearchEngine:
        fallback = entry.get("fallback_a")
        return SafeSearchEngine(
            ident,
            tuple(self.name("safesearch.yaml", h) for h in entry["hosts"]),
            {str(k): self.name("safesearch.yaml", v) for k, v in entry["targets"].items()},
            bytes(int(x) for x in str(fallback).split(".")) if fallback else b"",
        )

    def service(self, file: str, ident: str, entry: dict[str, Any]) -> Service:
        def names(key: str) -> tuple[bytes, ...]:
            return tuple(self.name(file, h) for h in entry.get(key) or ())

        vi = str(entry["name"]["vi"]) if isinstance(entry["name"], dict) else str(entry["name"])
        en = str(entry["name"]["en"]) if isinstance(entry["name"], dict) else str(entry["name"])
        service = Service(
            ident,
            vi,
            en,
            str(entry["group"]),
            names("core"),
            names("suffix"),
            names("exact"),
            names("chatter"),
            names("shared"),
            str(entry.get("confidence", "medium")),
            str(entry.get("note", "")),
        )
        if not service.core and not service.suffix and not service.exact:
            raise ConfigError(f"{file}: service {ident} has no hosts")
        return service

    def entries(self, file: str, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        seen = set()
        for entry in self.yaml(file)[key]:
            ident = str(entry.get("id"))
            if not _ID.fullmatch(ident) or ident in seen:
                raise ConfigError(f"{file}: {ident!r} is no id, or stands there twice")
            seen.add(ident)
            try:
                yield ident, entry
            except (KeyError, TypeError, ValueError) as exc:
                raise ConfigError(f"{file}: {ident}: {exc!r}") from exc

    def name(self, file: str, text: str) -> bytes:
        try:
            return site_name(str(text))
        except (ValueError, FilterdError) as exc:
            raise ConfigError(f"{file}: {text!r}: {exc}") from exc

    def yaml(self, file: str) -> dict[str, Any]:
        try:
            document = yaml.load(self.text(file), Loader=_Loader)  # a safe loader
        except yaml.YAMLError as exc:
            raise ConfigError(f"{file}: not YAML: {exc}") from exc
        if not isinstance(document, dict):
            raise ConfigError(f"{file}: expected a mapping")
        return document

    def text(self, file: str) -> str:
        try:
            data: bytes = self.root.joinpath(*file.split("/")).read_bytes()
        except OSError as exc:
            raise ConfigError(f"{file}: {exc.strerror}") from exc
        self.hash.update(file.encode() + b"\0" + data)
        return data.decode()

    def list(self, folder: str, suffix: str) -> list[str]:
        entries = self.root.joinpath(folder).iterdir()
        return [f"{folder}/{e.name}" for e in entries if e.name.endswith(suffix)]


def _category(ident: str, entry: dict[str, Any]) -> Category:
    return Category(
        ident,
        entry["name"]["vi"],
        entry["name"]["en"],
        entry["about"]["vi"],
        entry["about"]["en"],
        bool(entry["harm"]),
        str(entry["icon"]),
        bool(entry.get("child_may_see_names", True)),
    )


def _preset(ident: str, entry: dict[str, Any], categories: dict[str, Category]) -> Preset:
    blocked = tuple(entry["blocked"])
    for category in blocked:
        if category not in categories:
            raise ConfigError(f"presets.yaml: {ident}: no category {category}")
    safe = {k: ("on" if v else "off") if isinstance(v, bool) else str(v) for k, v in entry["safe_search"].items()}
    return Preset(ident, entry["name"]["vi"], entry["name"]["en"], blocked, safe)


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        name = line.partition("#")[0].strip()
        if name:
            yield name
