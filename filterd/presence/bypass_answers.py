"""Machines that answer DNS to whoever asks them, without being handed out: a chance to go round, and hardly more.

Most routers do. So it is told once, for one of a router's addresses, and never as sure; who hands itself out is told by
bypass.py, as what it is.

    answers = Answers()
    answers.take(sighting, at, offers={}, worn={})           # [Finding] the first time, then []
    answers.last(finding, began)                             # when it was last seen to answer
"""

from __future__ import annotations

from collections.abc import Mapping

from filterd.model.bypass import Confidence, Finding, Kind
from filterd.model.sighting import ANSWERS, Sighting
from filterd.presence.bypass_asks import AGAIN_S
from filterd.presence.bypass_lately import Lately

MAX_ANSWERING = 256  # the longest unheard goes first
_SETTLE_S = 120.0  # a surer finding of the same address has ended by then


class Answers:
    """Who answers. Times are POSIX seconds."""

    def __init__(self) -> None:
        self._met = Lately[str](MAX_ANSWERING)  # MACs

    def take(self, seen: Sighting, at: float, offers: Mapping[str, float], worn: Mapping[str, str]) -> list[Finding]:
        """Note that `seen.address` answers; return what is to be told of that.

        `offers`: resolvers that are handed out, and when last; `worn`: whose addresses they are. Whoever offers one, itself or
        another, is told of already.
        """
        lately = [address for address, last in offers.items() if at - last < AGAIN_S + _SETTLE_S]
        if seen.address in lately or any(worn.get(address) == seen.mac for address in lately):
            return []
        if not self._met.is_news(seen.mac, at):
            return []
        facts: dict[str, str | int | bool] = {"address": seen.address, "offered": ANSWERS}
        return [Finding(Kind.ROUTER_DNS, seen.mac, at, at, Confidence.LOW, facts, "router")]

    def last(self, finding: Finding, began: float) -> float:
        """Return when who was found answered last. `began`: when the watch did; before that nothing was seen."""
        return self._met.last(finding.mac, max(finding.at, began))
