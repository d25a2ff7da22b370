"""The words of a province's feed: what its index says, why a sync was refused, and what a box knows of its feed.

Reading and writing them is feed/index.py's and control/feed_status.py's business, verifying feed/trust.py's.

    FeedList("adult", "adult", Level.MANDATORY, seq=7, count=3, sha256="ab...", size=31, base=5, deltas=((5, 6), (6, 7)))
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

MAX_LISTS = 64  # of an index
MAX_PARTS = 32
MAX_DELTAS = 30  # of one list
MAX_UPSTREAMS = 16
MAX_NAMES = 5_000_000  # of one list
MAX_FEEDS = 4  # that a box follows; the first is the province's


class Level(enum.StrEnum):
    """How far a list of the feed binds a home."""

    MANDATORY = "mandatory"  # on every device, and nobody at home switches it off (precedence row 3)
    RECOMMENDED = "recommended"  # on; whom it concerns is what the profiles' categories say
    OPTIONAL = "optional"  # offered, off until somebody switches it on


class Refusal(enum.StrEnum):
    """Why a sync took nothing. What was in force before stays so in every case."""

    OFFLINE = "offline"  # the feed could not be reached
    ROLLBACK = "rollback"  # older than what was verified before
    FROZEN = "frozen"  # the publisher's word is too old: somebody may be holding the new one back
    MIXED = "mixed"  # parts of different publications (mix-and-match)
    FAST_FORWARD = "fast_forward"  # version numbers that leap so far that no later publication could follow
    ENDLESS = "endless"  # it does not end in time, or is longer than it may be
    TRUNCATED = "truncated"  # it broke off in the middle
    TAMPERED = "tampered"  # the content is not what was signed
    WRONG_KEY = "wrong_key"  # signed with keys that are not, or no longer, trusted
    FEW_SIGNATURES = "few_signatures"  # signed by some of the right keys, but by too few
    FOREIGN_ROOT = "foreign_root"  # the keys of another feed
    BOMB = "bomb"  # metadata too large, too deep, or that unpacks out of all proportion
    OUTSIDE_PATHS = "outside_paths"  # a delegated role signed what is not its business
    BAD_INDEX = "bad_index"  # signed, but its index is not what this version understands
    BAD_LIST = "bad_list"  # signed, but a list is not what its index says
    GATE = "gate"  # a list did not pass the gate that all lists pass
    CLOCK_AHEAD = "clock_ahead"  # everything looks expired because this box's clock is ahead
    DISK = "disk"  # it could not be written
    CONFIG = "config"  # this box is not set up for it


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    vi: str = ""
    en: str = ""

    def of(self, language: str) -> str:
        """Return the text in `vi`, else in English; the other language's when one is missing."""
        return (self.vi or self.en) if language == "vi" else (self.en or self.vi)


@dataclass(frozen=True, slots=True)
class FeedList:
    """A list as an index has it. `sha256` (hex) and `size` are those of the uncompressed text at `seq`; `base`: the
    sequence number of the whole file; `deltas`: (from, to), oldest first, each going on where the one before ended, the
    last one to `seq`.
    """

    id: str
    category: str
    level: Level
    seq: int
    count: int
    sha256: str
    size: int
    base: int
    deltas: tuple[tuple[int, int], ...] = ()
    exact: bool = False  # its entries match themselves alone, not what is below them
    name: Words = field(default_factory=Words)
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class FeedPart:
    """A delegated role (a district, a school) that has an index of its own."""

    role: str
    name: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True)
class FeedLinks:
    """Where to call, report and read. Empty: the feed says nothing about it."""

    hotline: str = ""
    report: str = ""
    handbook: Words = field(default_factory=Words)
    inbox: str = ""  # where a box sends reports of mistakes; "": /report beside the feed


@dataclass(frozen=True, slots=True)
class FeedUpstream:
    """An upstream that the feed recommends, and why."""

    url: str
    why: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True)
class FeedIndex:
    """What a feed, or one of its parts (`lists` only), consists of. `issued`: RFC 3339 in UTC."""

    feed: str
    seq: int
    issued: str
    name: Words = field(default_factory=Words)
    host: str = ""
    lists: tuple[FeedList, ...] = ()
    parts: tuple[FeedPart, ...] = ()
    advisories: bool = False
    materials: bool = False
    outcomes: bool = False
    links: FeedLinks = field(default_factory=FeedLinks)
    upstreams: tuple[FeedUpstream, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A sync that took nothing: the code, the sentence in English for people who know feeds, and when (seconds)."""

    code: Refusal
    sentence: str
    at: float


@dataclass(frozen=True, slots=True)
class ListSeen:
    """A list of the feed as this box last verified it. `role`: whose it is, '' for the feed's own."""

    id: str
    seq: int
    sha256: str
    count: int
    category: str = ""
    level: Level = Level.OPTIONAL
    role: str = ""
    name: Words = field(default_factory=Words)


@dataclass(frozen=True, slots=True)
class FeedSeen:
    """What a box knows of a feed that it follows. Times are POSIX seconds, 0.0 for never.

    `checked_at`: when it last looked; `verified_at`: when that last ended well (the floor of the clock); `expires`: until
    when the publisher's word holds; `signed_at`: when the index in use was issued; `version`: of the timestamp.
    """

    feed: str
    url: str
    fingerprint: str = ""
    name: Words = field(default_factory=Words)
    seq: int = 0
    checked_at: float = 0.0
    verified_at: float = 0.0
    expires: float = 0.0
    signed_at: float = 0.0
    version: int = 0
    refusal: Refused | None = None
    warnings: tuple[Refused, ...] = ()  # what was left out of a sync that took the rest
    failures: int = 0
    next_at: float = 0.0
    host: str = ""
    lists: tuple[ListSeen, ...] = ()

    @property
    def is_verified(self) -> bool:
        """True when a sync of it ever ended well."""
        return self.verified_at > 0

    def is_stale(self, now: float) -> bool:
        """True when the publisher's word does not hold any more at `now`."""
        return self.is_verified and self.expires < now
