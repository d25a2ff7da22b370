"""Which upstream is asked: round-trip times, timeouts, and probation for those that do not answer.

The first of a group whose time is not much worse than the best's is asked, so that the household's own order counts
among equals. An upstream that fails several times in a row is left alone for a while and then asked something of ours
in the background; nobody waits for it until it has answered.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Final

from filterd.model.upstream import Upstream

# An upstream that answers from its cache in 5 ms takes half a second for a cold name: it must not be asked twice for it.
MIN_TIMEOUT_S: Final = 0.75
MAX_TIMEOUT_S: Final = 1.2
FIRST_TIMEOUT_S: Final = 0.8  # before anything is known of an upstream
FAILURES_TO_PROBATION: Final = 3  # in a row
FIRST_PROBATION_S: Final = 1.0
MAX_PROBATION_S: Final = 30.0
SIMILAR_S: Final = 0.02  # round-trip times this close count as equal
TRAIT_S: Final = 3600.0  # how long a learned trait (no EDNS, folds case) is believed
FOLDS_TO_BELIEVE: Final = 3  # answers in folded letters, each confirmed by a second question, before 0x20 is left out


class Health:
    """What is known of one upstream. Numbered as the commands number it."""

    __slots__ = (
        "down_until",
        "failures",
        "folds",
        "folds_until",
        "in_use",
        "is_loopback",
        "looping",
        "number",
        "plain_until",
        "probation",
        "srtt",
        "tcp",
        "timeout_s",
        "timeouts",
        "upstream",
        "variance",
    )

    def __init__(self, number: int, upstream: Upstream) -> None:
        self.number = number
        self.upstream = upstream
        self.tcp = upstream.scheme == "tcp"
        self.is_loopback = upstream.is_loopback
        self.srtt = 0.0  # s, smoothed; 0: not known yet
        self.variance = 0.0
        self.timeout_s = MAX_TIMEOUT_S if self.tcp else FIRST_TIMEOUT_S  # how long one try may take
        self.failures = 0  # in a row
        self.timeouts = 0  # ever
        self.probation = 0.0  # s; 0: not on probation
        self.down_until = 0.0
        self.in_use = True  # new questions may go to it; else it only answers what is under way
        self.looping = False  # what is sent to it comes back to us
        self.plain_until = 0.0  # monotonic; until then it is asked without EDNS
        self.folds = 0  # answers whose letters were folded and which were confirmed
        self.folds_until = 0.0  # monotonic; until then it is asked in lower case

    @property
    def on_probation(self) -> bool:
        """True when real questions go elsewhere if they can."""
        return self.probation > 0.0

    def answered(self, rtt: float | None) -> None:
        """Note an answer after `rtt` seconds; None when the time says nothing (TCP, a repeated question)."""
        self.failures = 0
        self.probation = 0.0
        if rtt is None:
            return
        if rtt < 0.0001:
            rtt = 0.0001
        if not self.srtt:
            self.srtt, self.variance = rtt, rtt / 2
        else:  # RFC 6298 section 2.3
            self.variance += (abs(self.srtt - rtt) - self.variance) / 4
            self.srtt += (rtt - self.srtt) / 8
        wait = self.srtt + 4 * self.variance
        self.timeout_s = MIN_TIMEOUT_S if wait < MIN_TIMEOUT_S else wait if wait < MAX_TIMEOUT_S else MAX_TIMEOUT_S

    def failed(self, now: float) -> None:
        """Note a try without an answer, or a refusal by its host."""
        self.timeouts += 1
        self.failures += 1
        if self.probation:
            return
        if self.failures >= FAILURES_TO_PROBATION:
            self.probation = FIRST_PROBATION_S
            self.down_until = now + self.probation

    def probe_due(self, now: float) -> bool:
        """Return whether it is on probation and may be asked something in the background now; counts as asked."""
        if not self.probation or now < self.down_until:
            return False
        self.probation = min(MAX_PROBATION_S, self.probation * 2)
        self.down_until = now + self.probation
        return True

    def confirmed_fold(self, now: float, certain: bool) -> None:
        """Note that it answers in folded letters. `certain`: seen over TCP, which nobody outside the path can forge."""
        self.folds += 1
        if certain or self.folds >= FOLDS_TO_BELIEVE:
            self.folds = 0
            self.folds_until = now + TRAIT_S


def choose(healths: Sequence[Health], group: Iterable[int], tried: Container[int]) -> Health | None:
    """Return the upstream of `group` to ask next, None when all were tried (or there is none that may be asked).

    Those on probation come last, longest-suffering first; one that leads back to us is never asked.
    """
    best: Health | None = None
    for number in group:
        health = healths[number]
        if number in tried or health.looping:
            continue
        if best is None:
            best = health
        elif health.probation:
            if best.probation and health.down_until < best.down_until:
                best = health
        elif best.probation or health.srtt + SIMILAR_S < best.srtt:
            best = health
    return best
