"""Why a list was not taken: one code for each reason, so that a page can say it in the household's language.

The sentence in the exception is for a log and for people who know lists; control/sync_words.py has one for parents.

    raise Refused(Why.TRUNCATED, "https://lists.example.org/ads.txt: expected 5000 bytes, got 1200")
"""

from __future__ import annotations

import enum

from filterd.errors import ListRejected


class Why(enum.StrEnum):
    """Every reason for which a sync changes nothing. The values are in files and pages: never rename one."""

    NO_CONNECTION = "no-connection"  # no name service, no route, nobody answers
    UNSAFE_CONNECTION = "unsafe-connection"  # the certificate is wrong, or https led to http
    SLOW = "slow"  # not complete within the time for one source
    TOO_LARGE = "too-large"
    BOMB = "bomb"  # compressed out of all proportion
    TRUNCATED = "truncated"
    STATUS = "status"  # the server says no: 404, 500 ...
    REDIRECTS = "redirects"  # too many of them, or one that leads nowhere
    PRIVATE = "private"  # leads into a home or school network, or to this very machine
    ADDRESS = "address"  # not an http(s) address, or one with a password
    NOT_TEXT = "not-text"  # an archive, a program, another encoding
    WEB_PAGE = "web-page"
    FORMAT = "format"
    EMPTY = "empty"
    SHRUNK = "shrunk"  # nearly nothing left of it
    HELD = "held"
    NEVER_BLOCK = "never-block"
    CHECK = "check"  # the bundle with it did not pass the last look
    FILE = "file"  # a file that cannot be read


OFFLINE = frozenset({Why.NO_CONNECTION})  # says something about our connection, nothing about the list


class Refused(ListRejected):
    """A list that was not taken, with the code of the reason."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why


def why_of(error: ListRejected) -> Why:
    """Return the code of any refusal; those without one come from the checks of a finished bundle."""
    return error.why if isinstance(error, Refused) else Why.CHECK
