"""Why something of a feed was not taken: an error with a code that the page has a sentence for.

raise FeedRefused(Refusal.BAD_INDEX, "index.json: expected layout 1, got 2")
"""

from __future__ import annotations

from filterd.errors import FeedError
from filterd.model.feed import Refusal


class FeedRefused(FeedError):
    """A feed, or something in it, is refused; what is in force stays so."""

    def __init__(self, code: Refusal, message: str) -> None:
        super().__init__(message)
        self.code = code
