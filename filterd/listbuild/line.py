"""What a parser says about one line of a list: the vocabulary of all formats, and how an entry becomes a claim's mask.

A line is shown in exactly these terms by `filterd lists parse`. Reasons are short and stable; what follows a colon is
detail, so that counting goes by what stands before it (`kind_of`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from filterd.errors import ListRejected
from filterd.listbuild.claims import HOLE, mask_of

MAX_LINE_BYTES = 64 * 1024  # the longest real line is a $domain= option of some 10 kB
MAX_TEXT = 1000  # characters of a line that are kept for showing

BLANK = "blank"
COMMENT = "comment"
IP_LITERAL = "ip literal"
LOCAL_NAME = "local name"
URL = "url"
PATTERN = "pattern"
REGEX = "regular expression"
DIRECTIVE = "directive"
NOT_A_BLOCK = "not a block"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name that a line blocks or allows. `name`: lower-case wire form.

    `exact`: only the name itself; `below_only`: only the names below it; neither: both. `important`: beats exceptions.
    `hole`: among the allowed ones, a name that the line itself leaves out ($denyallow); no other line's block yields to
    it.
    """

    name: bytes
    exact: bool = False
    below_only: bool = False
    important: bool = False
    hole: bool = False

    def mask(self, *, allow: bool) -> int:
        """Return the claim's mask of this entry as a blocked or an allowed one."""
        if self.hole:
            return HOLE << 6 if self.important else HOLE
        return mask_of(exact=self.exact, below_only=self.below_only, allow=allow, important=self.important)


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """One line of a list, understood. `line` counts from 1.

    `ignored`: why the line has no effect, on purpose; `error`: what is wrong with it. A line of several names may have
    entries and an error.
    """

    line: int
    text: str
    blocked: tuple[Entry, ...] = ()
    allowed: tuple[Entry, ...] = ()
    ignored: str | None = None
    error: str | None = None

    def claims(self) -> list[tuple[int, bytes]]:
        """Return the entries as (mask, name) for the builder."""
        found = [(entry.mask(allow=False), entry.name) for entry in self.blocked]
        return found + [(entry.mask(allow=True), entry.name) for entry in self.allowed]


class Parser(Protocol):
    """One format's parser for one list, line after line. Only zone files and adblock lists remember anything."""

    @property
    def simple(self) -> bool:
        """False while the fast path's regular expression must not be trusted."""
        ...

    def parse(self, line: int, text: str) -> ParsedLine:
        """Return what the line `text` (no line break) means. Never raises."""
        ...


class Skipped(ListRejected):
    """A name or a line that is left out on purpose; the message is the reason."""


class Malformed(ListRejected):
    """A name or a line that is wrong; the message is the reason."""


def skipped(line: int, text: str, reason: str) -> ParsedLine:
    """Return a line without effect."""
    return ParsedLine(line, text, ignored=reason)


def wrong(line: int, text: str, reason: str) -> ParsedLine:
    """Return a line that is wrong."""
    return ParsedLine(line, text, error=reason)


def kind_of(reason: str) -> str:
    """Return the countable part of a reason."""
    return reason.partition(":")[0]
