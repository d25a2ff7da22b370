"""What the province tells people, and what people tell it: advisories, cards, reports and their outcomes.

Values only. config/notices.py reads them from the feed's files and from blocklists/; control/notices.py, reports.py and
feed_inbox.py use them.

    key_of("0123456789abcdef0123456789abcdef", 7)   # how an outcome names a report, without telling whose it is
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from filterd.model.feed import Words

MAX_AGE = 18
NO_WORDS = Words()


@dataclass(frozen=True, slots=True)
class Advisory:
    """A warning of the province: short, dated, with what to do. Dates are ISO days; `until` "": no end is said."""

    id: str
    date: str
    title: Words
    text: Words
    act: tuple[Words, ...] = ()
    talk: Words | None = None  # how to speak of it with a child
    until: str = ""
    source: Words | None = None


class Audience(StrEnum):
    """Whom a card speaks to."""

    CHILD = "child"
    PARENT = "parent"
    TEACHER = "teacher"


@dataclass(frozen=True, slots=True)
class Card:
    """Material: a question, a few sentences, what to do. `ages`: of the child that it is about, both included."""

    id: str
    audience: Audience
    ages: tuple[int, int]
    title: Words
    text: Words
    steps: tuple[Words, ...]
    source: Words

    def is_for(self, audience: Audience, first: int = 0, last: int = MAX_AGE) -> bool:
        """Return whether it speaks to `audience` about somebody of `first` to `last` years."""
        return self.audience is audience and self.ages[0] <= last and first <= self.ages[1]


class ReportKind(StrEnum):
    """What is wrong."""

    MISTAKE = "mistake"  # a site is blocked and should not be
    MISSED = "missed"  # a site is open and should not be


class Verdict(StrEnum):
    """What the office decided."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of reports. `key`: see key_of; `date`: ISO day; `note`: the office's word."""

    key: str
    verdict: Verdict
    date: str
    note: Words = NO_WORDS


@dataclass(frozen=True, slots=True)
class Report:
    """One report as this box keeps it. What leaves is `said()`, and nothing else.

    `state`: waiting, sent, refused (the office does not take it; `problem` says why). `site`: a random number of this
    box, made for reports alone; `sequence`: counts them.
    """

    site: str
    sequence: int
    kind: ReportKind
    name: str
    category: str
    reason: str
    feed: str
    at: float
    state: str = "waiting"
    sent_at: float | None = None
    problem: str = ""

    @property
    def key(self) -> str:
        """How its outcome names it."""
        return key_of(self.site, self.sequence)

    def said(self) -> dict[str, str | int]:
        """Return what is sent to the office."""
        return {
            "layout": 1, "site": self.site, "sequence": self.sequence, "kind": self.kind.value,
            "name": self.name, "category": self.category, "reason": self.reason,
        }  # fmt: skip


def key_of(site: str, sequence: int) -> str:
    """Return the name of a report in public: who reads the feed cannot report in that box's place, nor join its reports."""
    return hashlib.sha256(f"filterd report {site}:{sequence}".encode()).hexdigest()[:32]
