"""The office's working folder: where everything in it lies, and its two files of settings, read and checked.

The folder is a plain tree that git keeps well. What is published is built from it into build/, which can be made anew
from the rest; private keys are never in it (keys.py). Entries are entries.py, mirrored lists mirrors.py.

    office = Office.open(Path("lai-chau"))
    office.policy.categories["gambling"].level      # "recommended"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from filterd.config.document import Mapping, Value
from filterd.errors import ConfigError, FeedError
from filterd.host.files import read_bounded
from filterd.model.feed import MAX_PARTS, MAX_UPSTREAMS, FeedLinks, FeedUpstream, Level, Words

LAYOUT = 1
MAX_FILE_BYTES = 1 << 20
MAX_ID = 19  # with the feed's 20 and a hyphen: the 40 of a list's id on a box
MAX_LIST_ID = MAX_ID - len("-x")  # the list of exact names is called so
MAX_CATEGORIES = 30  # each may become two lists, and mirrored lists come on top
ROLES = ("root", "targets", "snapshot", "timestamp")
EXPIRY_DAYS = {"root": 365, "targets": 90, "snapshot": 7, "timestamp": 3}
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RESERVED = frozenset({*ROLES, "online"})


@dataclass(frozen=True, slots=True)
class FeedFile:
    """feed.yaml: who publishes. `days`: how long each role's signature is good; a delegated role takes that of targets."""

    id: str
    name: Words
    host: str
    links: FeedLinks
    upstreams: tuple[FeedUpstream, ...]
    days: dict[str, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """What the policy says of one category: the list that its entries go to, and how much boxes must do with it."""

    category: str
    list_id: str
    level: Level


@dataclass(frozen=True, slots=True)
class Policy:
    """policy.yaml: how the office curates. `popular`: a file of the most asked names, None when there is none."""

    categories: dict[str, Rule]
    review_months: int
    dropped_after_days: int
    popular: Path | None
    popular_top: int
    licence: str


@dataclass(frozen=True, slots=True)
class Part:
    """A delegated role (a district, a school): its own entries, its own key, below the office's."""

    role: str
    name: Words


@dataclass(frozen=True, slots=True)
class Office:
    """A working folder, opened."""

    folder: Path
    feed: FeedFile
    policy: Policy
    parts: tuple[Part, ...]

    @classmethod
    def open(cls, folder: Path) -> Office:
        """Return the folder's settings. Raises ConfigError with path and line, FeedError when it is no such folder."""
        if not (folder / "feed.yaml").is_file():
            raise FeedError(f"{folder}: no feed.yaml here; `filterd feed init` makes an office's folder")
        feed = _feed(_load(folder / "feed.yaml", ["layout", "id", "name", "host", "links", "upstreams", "expiry_days"]))
        policy = _policy(
            folder,
            _load(
                folder / "policy.yaml",
                ["layout", "categories", "review_months", "dropped_after_days", "popular", "licence"],
            ),
        )
        return cls(folder, feed, policy, tuple(_parts(folder)))

    def entries(self, part: str = "") -> Path:
        """Return the folder of the office's entries, or of a part's. Raises FeedError for an unknown part."""
        return self.root(part) / "entries"

    def root(self, part: str = "") -> Path:
        """Return the folder that has entries/: the office's, or a part's."""
        if not part:
            return self.folder
        if part not in {found.role for found in self.parts}:
            known = ", ".join(found.role for found in self.parts) or "none yet"
            raise FeedError(f"expected a part of this feed ({known}), got {part!r}")
        return self.folder / "parts" / part

    @property
    def repository(self) -> Path:
        """The published static tree."""
        return self.folder / "build" / "repository"

    @property
    def history(self) -> Path:
        """The last result of each list, from which the next delta is made."""
        return self.folder / "build" / "history"


def slug(text: str, what: str, longest: int = 40) -> str:
    """Return `text` when it is a short id; FeedError else."""
    if not _ID.fullmatch(text) or len(text) > longest:
        raise FeedError(f"expected {what} of 1 to {longest} letters a-z, digits and single hyphens, got {text[:60]!r}")
    return text


def part_name(text: str) -> str:
    """Return `text` when it may be the name of a delegated role; FeedError else."""
    if text in _RESERVED:
        raise FeedError(f"a part cannot be called {text}: that is one of the feed's own roles")
    return slug(text, "a part's name", MAX_ID)


def both(value: Value | None, max_len: int = 200, *, empty: bool = False) -> Words:
    """Return the text in both languages under a value; problems are noted."""
    if value is None:
        return Words()
    found = value.mapping(("vi", "en"))
    texts = [found.get(key) if empty else found.need(key) for key in ("vi", "en")]
    return Words(*(text.text(max_len=max_len) if text is not None else "" for text in texts))


def _load(path: Path, keys: list[str]) -> Mapping:
    top = Mapping.load(read_bounded(path, MAX_FILE_BYTES), path.name, keys)
    layout = top.need("layout")
    if layout is not None and layout.integer(0, 10**6, LAYOUT) != LAYOUT:
        raise ConfigError(f"{path.name}: expected layout {LAYOUT}")
    return top


def _text(top: Mapping, key: str, max_len: int = 200) -> str:
    value = top.get(key)
    return value.text(max_len=max_len) if value is not None else ""


def _feed(top: Mapping) -> FeedFile:
    ident = top.need("id")
    links = top.get("links")
    found = links.mapping(("hotline", "report", "handbook", "inbox")) if links is not None else None
    days = dict(EXPIRY_DAYS)
    given = top.get("expiry_days")
    if given is not None:
        for role, value in given.mapping(ROLES).entries.items():
            days[role] = value.integer(1, 3650, days[role])
    upstreams = []
    for row in top.rows("upstreams", max_items=MAX_UPSTREAMS):
        one = row.mapping(("url", "why"))
        url = one.need("url")
        upstreams.append(FeedUpstream(url.text() if url is not None else "", both(one.need("why"), 400)))
    feed = FeedFile(
        id=ident.convert(lambda text: slug(text, "an id", 20), "the feed's id", "x") if ident is not None else "",
        name=both(top.need("name"), 80),
        host=_text(top, "host"),
        links=FeedLinks(
            _text(found, "hotline", 40),
            _text(found, "report", 300),
            both(found.get("handbook"), 300, empty=True),
            _text(found, "inbox", 300),
        )
        if found is not None
        else FeedLinks(),
        upstreams=tuple(upstreams),
        days=days,
    )
    top.problems.raise_if_any()
    return feed


def _policy(folder: Path, top: Mapping) -> Policy:
    rules: dict[str, Rule] = {}
    lists: set[str] = set()
    for row in top.rows("categories", max_items=MAX_CATEGORIES):
        one = row.mapping(("id", "list", "level"))
        ident, level, into = one.need("id"), one.need("level"), one.get("list")
        if ident is None or level is None:
            continue
        category = ident.convert(lambda text: slug(text, "a category"), "a category", "")
        list_id = (
            category
            if into is None
            else into.convert(lambda text: slug(text, "a list id", MAX_LIST_ID), "a list id", "")
        )
        if category in rules or list_id in lists:
            ident.fail("this category or list stands here twice")
        chosen = Level(level.one_of([known.value for known in Level], "level", Level.OPTIONAL.value))
        rules[category] = Rule(category, list_id, chosen)
        lists.add(list_id)
    if not rules:
        top.fail("expected at least one category")
    popular = top.get("popular")
    named = popular.mapping(("file", "top")) if popular is not None else None
    file = _text(named, "file", 400) if named is not None else ""
    top_value = named.get("top") if named is not None else None
    policy = Policy(
        categories=rules,
        review_months=_whole(top, "review_months", 1, 36, 12),
        dropped_after_days=_whole(top, "dropped_after_days", 0, 365, 30),
        popular=folder / file if file else None,
        popular_top=top_value.integer(1, 1_000_000, 1000) if top_value is not None else 1000,
        licence=_text(top, "licence", 80) or "CC0-1.0",
    )
    top.problems.raise_if_any()
    return policy


def _whole(top: Mapping, key: str, low: int, high: int, default: int) -> int:
    value = top.get(key)
    return value.integer(low, high, default) if value is not None else default


def _parts(folder: Path) -> list[Part]:
    found: list[Part] = []
    for path in sorted((folder / "parts").glob("*/part.yaml")):
        top = Mapping.load(
            read_bounded(path, MAX_FILE_BYTES), f"parts/{path.parent.name}/part.yaml", ("layout", "name")
        )
        found.append(Part(part_name(path.parent.name), both(top.need("name"), 80)))
        top.problems.raise_if_any()
    if len(found) > MAX_PARTS:
        raise FeedError(f"expected at most {MAX_PARTS} parts, got {len(found)}")
    return found
