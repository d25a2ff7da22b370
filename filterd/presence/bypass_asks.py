"""What one device asked of one kind of way round (VPN, proxy, encrypted resolver, relay), and how much that means.

An episode begins with the first question and ends when none came for AGAIN_S. What a program asks by itself, day after
day while the device asks us too, is its make and no way round.

    asks = Asks(at)
    asks.take(at, "api.nordvpn.com", blocked=True, listed=True)
    asks.judge(Kind.VPN, is_silent=False, is_grown=True)          # Confidence.LOW; None: not worth a word
"""

from __future__ import annotations

from filterd.model.bypass import Confidence, Kind

AGAIN_S = 6 * 3600.0  # a way that was not seen for so long is told again
_DAY_S = 86_400.0
_BURST_S = 1800.0
_BURST = 3  # questions within _BURST_S are meant
_HABIT_DAYS = 2  # days before on which it asked so too


class Asks:
    """Questions of one device for names of one kind. Times are POSIX seconds."""

    __slots__ = ("_day", "_days", "_recent", "blocked", "first", "last", "listed", "name", "told")

    def __init__(self, at: float) -> None:
        self.first = self.last = at
        self.name = ""
        self.blocked = True  # all of this episode's were
        self.listed = False  # the catalogue has one of them; else the name itself says so
        self.told: Confidence | None = None  # of this episode
        self._days = 0  # different days before today on which it asked
        self._day = int(at // _DAY_S)
        self._recent: list[float] = []

    def take(self, at: float, name: str, *, blocked: bool, listed: bool) -> None:
        """Take a question."""
        if at - self.last >= AGAIN_S:
            self.first, self.told, self.blocked, self.listed = at, None, True, False
        if (day := int(at // _DAY_S)) != self._day:
            self._days, self._day = self._days + 1, day
        self.last, self.name = at, name
        self.blocked &= blocked
        self.listed |= listed
        self._recent = [t for t in self._recent[-_BURST:] if at - t < _BURST_S] + [at]

    def judge(self, kind: Kind, *, is_silent: bool, is_grown: bool) -> Confidence | None:
        """Return how sure it is that these questions are a way round; None: they are not worth a word.

        `is_silent`: the device has oddly stopped asking anything else; `is_grown`: it is known for more than a day.
        """
        if is_silent:
            return Confidence.HIGH
        is_meant = len(self._recent) >= _BURST
        if self.told is None and kind is Kind.RELAY and self._days >= _HABIT_DAYS:
            return None
        # programs ask such names by themselves when they start; refused, they ask us
        is_start = kind is Kind.RELAY or (kind is Kind.DOH and not is_meant)
        if self.told is None and is_start and self.blocked and not is_grown:
            return None
        if not self.listed:
            return Confidence.LOW
        if self.blocked:
            return Confidence.MEDIUM if is_meant and kind is not Kind.RELAY else Confidence.LOW
        return Confidence.MEDIUM
