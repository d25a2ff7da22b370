"""How good the lists in force are: what each adds, how they overlap, and which well-known names they would block.

found = report(state, popular=Path("top.csv"))
found.popular.outside      # names that a list blocks though they are not of its category: decided by a person
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import ConfigError, FilterdError, StoreError

if TYPE_CHECKING:
    from filterd.config.reviewed import Reviewed
    from filterd.lists.bundle import Bundle

TOP = 10_000
MAX_POPULAR_BYTES = 64 * 1024 * 1024
MAX_PAIRS = 100  # of lists, those with most names in common


@dataclass(frozen=True, slots=True)
class ListShare:
    """One list. `entries`, `repeated`: of its last good body (0 for shipped ones); `names`, `alone`: of the bundle."""

    id: str
    category: str
    entries: int
    repeated: int
    names: int
    alone: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many listed names two lists block both."""

    a: str
    b: str
    names: int


@dataclass(frozen=True, slots=True)
class PopularName:
    """A well-known name that lists block. `rank`: 1 is the most asked; `verdict`: right, wrong or ""."""

    name: str
    rank: int
    category: str
    lists: tuple[str, ...]
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Popular:
    """What the lists would block among the most asked names."""

    asked: int
    names: tuple[PopularName, ...]

    @property
    def outside(self) -> int:
        """How many well-known names are blocked outside their category's meaning, as decided."""
        return len({n.name for n in self.names if n.verdict == "wrong"})

    @property
    def undecided(self) -> int:
        """How many nobody has looked at."""
        return len({n.name for n in self.names if not n.verdict})

    @property
    def outside_share(self) -> float:
        """`outside` as a share of all that were looked up, 0 to 1."""
        return self.outside / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Quality:
    """The report. `popular`: None when no file of popular names was given."""

    bundle: str
    names: int
    lists: tuple[ListShare, ...]
    overlaps: tuple[Overlap, ...]
    popular: Popular | None


def report(state: Path, *, popular: Path | None = None, top: int = TOP, reviewed: Path | None = None) -> Quality:
    """Judge the bundle in force. Raises StoreError without one, ConfigError for a file that cannot be read.

    `popular`: names, most asked first, one a line, or `rank,name`; `reviewed`: decisions in place of the shipped ones.
    """
    from filterd.config.reviewed import load as load_reviewed
    from filterd.control.lists import bundles_on_disk
    from filterd.listbuild.overlap import shares
    from filterd.lists.bundle import Bundle

    decided = load_reviewed(reviewed)
    wanted = list(popular_names(popular, top)) if popular is not None else []
    kept = bundles_on_disk(state)
    if not kept:
        raise StoreError("no bundle in force yet; `filterd up` makes one")
    with contextlib.closing(Bundle.open(kept[0])) as bundle:
        parts, both = shares(bundle)
        bodies = dict(_bodies(state))
        lists = tuple(
            ListShare(part.id, part.category, *bodies.get(part.id, (0, 0)), part.names, part.alone)
            for part in sorted(parts.values(), key=lambda part: (-part.names, part.id))
        )
        pairs = tuple(Overlap(a, b, n) for (a, b), n in both.most_common(MAX_PAIRS))
        found = Popular(len(wanted), tuple(_judge(bundle, wanted, decided))) if popular is not None else None
        return Quality(kept[0].name, bundle.names, lists, pairs, found)


def popular_names(path: Path, top: int = TOP) -> Iterator[bytes]:
    """Yield the first `top` names of a file as wire names; lines that are no names are passed over."""
    from filterd.config.sitename import site_name

    try:
        with path.open("rb") as file:
            data = file.read(MAX_POPULAR_BYTES + 1)
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    if len(data) > MAX_POPULAR_BYTES:
        raise ConfigError(f"{path}: expected at most {MAX_POPULAR_BYTES} bytes")
    seen: set[bytes] = set()
    for line in data.decode("utf-8", "replace").splitlines():
        text = line.partition("#")[0].strip()
        if "," in text:  # rank,name as Tranco and Umbrella have it
            text = text.split(",")[1].strip().strip('"')
        try:
            name = site_name(text)
        except ValueError:
            continue
        if name not in seen:
            seen.add(name)
            yield name
        if len(seen) >= top:
            return
    if not seen:
        raise ConfigError(f"{path}: expected names, one a line, most asked first; found none")


def _judge(bundle: Bundle, names: list[bytes], decided: Reviewed) -> Iterator[PopularName]:
    from filterd.model.tags import TagKind
    from filterd.wire.name import to_text

    for rank, name in enumerate(names, 1):
        tags = bundle.tagsets[bundle.lookup(name)]
        for category in tags.categories:
            lists = tuple(t.id for t in tags.tags if t.kind is TagKind.LIST and t.category == category)
            found = decided.verdicts.get((name, category))
            yield PopularName(
                to_text(name), rank, category, lists, found.verdict if found else "", found.reason if found else ""
            )


def _bodies(state: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield (list id, (entries, those of them that others of the same list cover)); a body that is damaged has 0."""
    from filterd.listbuild.body import prepare
    from filterd.listbuild.overlap import repeated
    from filterd.listbuild.read import Report, read_claims
    from filterd.listbuild.registry import load, read_body

    for listed in load(state).values():
        if listed.enabled and listed.digest:
            try:
                yield listed.id, repeated(read_claims(prepare(read_body(state, listed)), listed.format, Report()))
            except FilterdError:
                continue
