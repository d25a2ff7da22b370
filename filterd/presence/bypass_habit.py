"""One device's habits: what it does at which hour, and how odd its silence is now.

Minutes come in, three make a symbol, a week of symbols is kept. From them the device's rhythm is learned
(bypass_learn.py), and by that rhythm two tales are weighed: "it does as always" and "it is used as always, but what it
asks no longer comes to us" (bypass_rhythm.py). A phone in use that stops asking speaks for the second within minutes; one
asleep, a printer, a television in standby or an afternoon of games are silent by habit, and speak for neither. No model
is a device: how far its own silences went that meant nothing says where the bar lies (bypass_bar.py).

Nothing here knows names, systems or confidence: bypass.py does.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from math import inf
from typing import Any

from filterd.presence.bypass_bar import Bar
from filterd.presence.bypass_learn import block_of, learn
from filterd.presence.bypass_rhythm import A_DAY, MINUTES, UNSEEN, Rhythm, Telling, symbol

WINDOW = 30  # minutes over which `quiet` counts
LEARN_S = 86_400.0  # of life before silence means anything: a whole day and night
DAYS = 7  # that are kept, so that each has its weekday
PERSONAL, UNKNOWN, CONSOLE = 5.5, 8.5, 14.0  # nats below which such a device is never odd
THING = inf  # a television in use asks nothing for hours, a printer for days: their silence means nothing
MOST = 4.0  # nats above the bar: a silence of hours is not surer than that, so that it can end
LEAST = 3  # minutes heard, and
LEAST_SILENT = 8 * MINUTES  # minutes since it asked last: less is never odd
YOUNG = 2.0  # nats above the bar, for one that is hardly known or is judged by how others of the house are
FEW = 3  # questions for new sites alone are no use: a page asks for more, and for sites that are known
HARDLY, MATURE = 40, 100  # symbols in which it was there before it is judged by its own rhythm, and by that alone
_DAILY = 5  # days after which it is learned every other day
_ALL = (1 << WINDOW) - 1
_SYMBOL_S = MINUTES * 60
_UNLEARNED = 64  # added to a symbol of a silence that was told


class Habit:
    """The habits of one device."""

    __slots__ = (
        "_asked", "_bar", "_blind", "_days", "_first", "_heard", "_minutes", "_rhythm", "_seen", "_silent", "_since", "_strange",
        "_symbols", "_telling", "alarmed", "asked", "base", "began", "bits", "heard", "spell", "strange", "there",
    )  # fmt: skip

    def __init__(self, began: float) -> None:
        self.began = began  # when it was seen first
        self.base = THING  # nats below which it is never odd; bypass.py knows better
        self.heard = self.asked = 0  # how often, in this minute
        self.strange = 0  # how often it asked for sites that it never asked for before
        self.bits = 0  # minutes in which it was heard since it asked last, the newest lowest
        self.spell = began  # when it asked last
        self.alarmed = False  # this silence was told; it is no habit, and is not learned
        self.there = 0  # symbols in which it was heard or asked
        self._first = int(began // _SYMBOL_S)  # number of the oldest symbol that is kept
        self._symbols = bytearray()
        self._seen = self._asked = self._strange = self._minutes = 0  # in the symbol that is open
        self._blind = False
        self._heard = 0  # minutes, since the spell began
        self._since = 0  # symbols, since then
        self._silent = 0  # symbols, since it asked last
        self._days = 0  # that were learned or left out
        self._rhythm: Rhythm | None = None
        self._telling: Telling | None = None
        self._bar = Bar()

    @property
    def quiet(self) -> int:
        """The minutes, of the last WINDOW, in which the device was heard since it asked."""
        return self.bits.bit_count()

    @property
    def bar(self) -> float:
        """The nats by which its silence becomes odd."""
        bar = max(self.base, self._bar.nats)
        return bar if self._rhythm is not None and self.there >= MATURE else bar + YOUNG

    @property
    def nats(self) -> float:
        """How much its silence of now speaks for a way round."""
        return self._telling.nats if self._telling is not None else 0.0

    @property
    def rhythm(self) -> Rhythm | None:
        """How it is, once that was learned and it was there for long enough."""
        return self._rhythm if self.there >= MATURE else None

    @property
    def wants_rhythm(self) -> bool:
        """Whether there is nothing by which it could be judged."""
        return self._telling is None

    def borrow(self, rhythms: Sequence[Rhythm]) -> None:
        """Judge it by how others of the house are, until its own rhythm is learned."""
        self._telling = Telling(rhythms)

    @property
    def is_due(self) -> bool:
        """Whether there is something to learn."""
        return self.base < THING and len(self._symbols) >= A_DAY and self._day_of_life > self._days

    @property
    def _day_of_life(self) -> int:
        return (self._first + len(self._symbols)) // A_DAY - int(self.began // _SYMBOL_S) // A_DAY

    def close(self, at: float, *, blind: bool) -> bool:
        """End the minute that began at `at`; return whether its silence became odd with it.

        `blind`: nobody asks though many should: then it says nothing.
        """
        heard, asked = self.heard, self.asked
        self._strange += self.strange
        self.heard = self.asked = self.strange = 0
        if blind:
            self._blind = True
        elif asked:
            self.bits, self.spell = 0, at + 60
        else:
            self.bits = (self.bits << 1 | (heard > 0)) & _ALL
        self._seen += heard
        self._asked += asked
        self._minutes += heard > 0
        if int(at // 60) % MINUTES != MINUTES - 1:
            return False
        return self._take(int(at // _SYMBOL_S))

    def learn(self) -> None:
        """Learn from what is kept."""
        self._days = self._day_of_life
        known = [UNSEEN if s >= _UNLEARNED else s for s in self._symbols]
        self._rhythm = learn(self._rhythm, known, self._first)
        self._begin()

    def is_grown(self, at: float) -> bool:
        """Return whether it was seen for so long that its habits are known."""
        return at - self.began >= LEARN_S

    def forgive(self) -> None:
        """This silence is nothing: a person says so. It is a habit from now on."""
        self._symbols = bytearray(s % _UNLEARNED for s in self._symbols)
        self._bar.take(self.nats)
        self._rest()

    def document(self) -> dict[str, Any]:
        """Return what was learned, as plain values; the silence of now is left out."""
        found: dict[str, Any] = {
            "began": self.began, "first": self._first, "there": self.there, "days": self._days, "bar": self._bar.document(),
            "symbols": base64.b64encode(zlib.compress(bytes(self._symbols))).decode(),
        }  # fmt: skip
        return found if self._rhythm is None else {**found, "rhythm": self._rhythm.document()}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Habit:
        """Return the habit of what `document` returned. KeyError, TypeError, ValueError: it is none."""
        found = cls(float(document["began"]))
        found._first, found.there, found._days = (int(document[key]) for key in ("first", "there", "days"))
        found._bar = Bar.of(document["bar"])
        symbols = _unpacked(str(document["symbols"]))
        if any(s % _UNLEARNED > UNSEEN or s >= 2 * _UNLEARNED for s in symbols):
            raise ValueError("symbols out of bounds")
        found._symbols = bytearray(symbols)
        if "rhythm" in document:
            found._rhythm = Rhythm.of(str(document["rhythm"]))
            found._begin()
        return found

    def _take(self, number: int) -> bool:
        """End the symbol with this number since 1970; return whether the silence became odd."""
        if self._asked or self._strange > FEW:  # what goes round asks for its own server and for nothing else
            self._asked += self._strange
        self.there += self._seen > 0 or self._asked > 0
        new = UNSEEN if self._blind else symbol(self._seen, self._asked)
        heard = 0 if self._blind else self._minutes
        self._silent = 0 if self._asked else self._silent + 1
        self._seen = self._asked = self._strange = self._minutes = 0
        self._blind = False
        self._keep(number, new)
        telling = self._telling
        if telling is None or self.base == THING:
            return False
        bar = self.bar
        nats = telling.take(new, block_of(number), bar + MOST)
        if nats <= 0:
            self._rest()
            return False
        self._since += 1
        self._heard += heard
        if self.alarmed:
            self._symbols[-1] = new + _UNLEARNED
            return False
        if self._silent * MINUTES < LEAST_SILENT:
            return False
        is_known = self._rhythm is None or self.there >= HARDLY
        if nats <= bar or not heard or self._heard < LEAST or not is_known:
            self._bar.see(nats)
            return False
        self.alarmed = True
        for place in range(-min(self._since, len(self._symbols)), 0):
            self._symbols[place] = self._symbols[place] % _UNLEARNED + _UNLEARNED
        return True

    def _keep(self, number: int, new: int) -> None:
        missing = number - self._first - len(self._symbols)
        if not 0 <= missing < DAYS * A_DAY:  # nothing was recorded for long, or the clock was set
            self._symbols.clear()
            self._first, missing = number, 0
        self._symbols += bytes([UNSEEN]) * missing + bytes([new])
        if (beyond := len(self._symbols) - DAYS * A_DAY) > 0:
            del self._symbols[:beyond]
            self._first += beyond
        if number % A_DAY == A_DAY - 1:
            days = self._day_of_life
            self._bar.day()
            if days > _DAILY and days % 2:
                self._days = days  # learned tomorrow

    def _begin(self) -> None:
        if self._rhythm is not None:
            self._telling = Telling([self._rhythm])
        self._rest()

    def _rest(self) -> None:
        self._bar.end(told=self.alarmed)
        if self._telling is not None:
            self._telling.rest()
        self.alarmed = False
        self._since = self._heard = 0


def _unpacked(text: str) -> bytes:
    """Return the symbols of a document. ValueError: these are none."""
    try:
        unpack = zlib.decompressobj()
        found = unpack.decompress(base64.b64decode(text, validate=True), DAYS * A_DAY + 1)
    except (binascii.Error, zlib.error) as exc:
        raise ValueError(f"symbols: {exc}") from None
    if len(found) > DAYS * A_DAY or not unpack.eof:
        raise ValueError(f"symbols: expected at most {DAYS * A_DAY}, whole")
    return found
