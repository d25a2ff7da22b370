"""Asks the network, in the rhythm of ask_rounds.py: joins it with the way out (ask.py, ask_dns.py) and our interfaces.

Called by the presence process, which hears what comes back. Nothing here waits or raises.

    asker = Asker(Sender(), Questions(), Rounds(now, random.random))
    asker.interfaces(links(), now)         # now and then
    asker.take(sighting, now)
    for sighting in asker.tick(now, at): ...
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from filterd.host.interfaces import Link
from filterd.model.sighting import Sighting
from filterd.presence.ask import Sender, frames
from filterd.presence.ask_dns import Questions, targets
from filterd.presence.ask_rounds import Rounds

MAX_LINKS = 8  # interfaces that are asked on; a machine of containers may have hundreds


class Asker:
    """Who asks. `now`: monotonic seconds."""

    def __init__(self, sender: Sender, questions: Questions, rounds: Rounds, interface: str = "") -> None:
        """`interface`: the one to ask on, "" for all."""
        self._sender = sender
        self._questions = questions
        self._rounds = rounds
        self._interface = interface
        self._links: tuple[Link, ...] = ()
        self.asked = 0  # frames sent

    def interfaces(self, found: Sequence[Link], now: float) -> None:
        """Take our interfaces as they are now; another network, or another router, is asked soon."""
        wanted = tuple(link for link in found if link.prefixes and self._interface in ("", link.name))[:MAX_LINKS]
        if _networks(wanted) != _networks(self._links):
            self._rounds.soon(now)
        self._links = wanted

    def take(self, seen: Sighting, now: float) -> None:
        """See what was heard."""
        self._rounds.take(seen, now)

    def tick(self, now: float, at: float) -> list[Sighting]:
        """Once a second: ask what is due, and return who has answered DNS. `at`: wall time."""
        if self._rounds.is_due(now):
            for link in self._links:
                self.asked += self._sender.send(link.name, frames(link, int.from_bytes(os.urandom(4), "big")))
        if self._rounds.is_time_for_dns(now):
            self._questions.ask(targets(self._links, self._rounds.known), now)
        return self._questions.read(now, at)

    def close(self) -> None:
        """Let go of the sockets."""
        self._sender.close()
        self._questions.close()


def _networks(found: Sequence[Link]) -> set[tuple[object, ...]]:
    """What makes a network another one: temporary addresses that come and go do not."""
    return {
        (link.name, link.mac, link.gateways, frozenset(own.network for own in link.prefixes if own.version == 4),
         any(own.version == 6 and own.ip.is_link_local for own in link.prefixes))
        for link in found
    }  # fmt: skip
