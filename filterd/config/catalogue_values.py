"""What the shipped catalogue consists of: frozen values with wire names. Read from blocklists/ by catalogue.py.

service = catalogue.services["tiktok"]
service.core, service.ages[0].least      # wire names; the age from which its maker allows it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

YOUTUBE_LEVELS = ("none", "moderate", "strict")  # of its safe search; the others have on and off


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of harm, or of pastime, that lists and households name."""

    id: str
    name_vi: str
    name_en: str
    about_vi: str  # one sentence for parents
    about_en: str
    harm: bool  # opened by no permit window and no `time` grant while the clock is not trusted
    icon: str  # icons/<icon>.svg
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
class Age:
    """What the maker of a service, or the law, says about children who use it."""

    least: int  # years; 0 where it is no minimum but a condition or a daily bound
    vi: str  # one sentence for parents
    en: str
    source: tuple[str, ...]
    confidence: str  # one of CONFIDENCES


@dataclass(frozen=True, slots=True)
class Service:
    """An app or site that a family switches by itself. Core and suffix names cover what is below, exact ones do not."""

    id: str
    name_vi: str
    name_en: str
    group: str
    icon: str  # icons/<icon>.svg: drawn for this project, never a brand's sign
    tip_vi: str  # what a parent should know before switching it, or ""
    tip_en: str
    ages: tuple[Age, ...]  # the maker's first, then the law's; empty where no source was found
    core: tuple[bytes, ...]  # what it cannot work without
    suffix: tuple[bytes, ...]
    exact: tuple[bytes, ...]
    chatter: tuple[bytes, ...]  # background traffic: blocked with it, but no budget counts it
    shared: tuple[bytes, ...]  # used by others too: never blocked with it
    source: tuple[str, ...]
    confidence: str  # one of CONFIDENCES
    note: str  # for those who keep the list


@dataclass(frozen=True, slots=True)
class SafeSearchEngine:
    """A search engine whose safe mode DNS can choose."""

    id: str
    hosts: tuple[bytes, ...]  # exact
    targets: Mapping[str, bytes]  # level ("on"; youtube: "moderate", "strict") -> safe host
    fallback_a: bytes  # four address bytes for when the safe host does not resolve, or b""
    confidence: str


@dataclass(frozen=True, slots=True)
class StarterName:
    """One name of a starter list, and why it is there."""

    name: bytes
    reason_vi: str
    reason_en: str
    source: tuple[str, ...]  # the public lists that held it when it was reviewed


@dataclass(frozen=True, slots=True)
class StarterList:
    """The names of one category that protect the first evening."""

    category: str
    criteria: str
    reviewed: str  # ISO date
    gap: str  # what is known to be missing, or ""
    names: tuple[StarterName, ...]


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
    starter_lists: dict[str, StarterList]  # the same with their reasons
    digest: str  # SHA-256 over all files in hex
