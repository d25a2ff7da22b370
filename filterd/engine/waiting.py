"""Questions that wait for an upstream, and the plain answer for the box's own programs among them."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Final

from filterd.engine.commands import Source
from filterd.fast import render
from filterd.fast.clients import Client
from filterd.model.decision import Decision
from filterd.policy.judge import Rewrite, SlotState
from filterd.resolve.cache import Fact
from filterd.resolve.inflight import Flight
from filterd.wire import build
from filterd.wire import constants as c
from filterd.wire.parse import Query

_HEADER: Final = Struct(">HHHHH").pack  # without the id

Done = Callable[[bytes], object]


class Waiter:
    """A client's question, with the rules it was judged by when it came."""

    __slots__ = ("client", "decision", "group", "packet", "query", "rewrite", "source", "state")

    def __init__(
        self, query: Query, packet: bytes, source: Source, client: Client, state: SlotState, decision: Decision,
        rewrite: Rewrite | None, group: int,
    ) -> None:  # fmt: skip
        self.query = query
        self.packet = packet
        self.source = source
        self.client = client
        self.state = state
        self.decision = decision
        self.rewrite = rewrite
        self.group = group


class Program:
    """One of the box's own programs; gets the answer as the upstream gave it."""

    __slots__ = ("done", "packet", "query")

    def __init__(self, query: Query, packet: bytes, done: Done) -> None:
        self.query = query
        self.packet = packet
        self.done = done

    def show(self, fact: Fact, stale: bool, now: float) -> None:
        """Hand over an answer."""
        cap = render.NO_CAP
        records = render.stale_records(fact, cap) if stale else render.records(fact, int(now - fact.stored), cap)
        header = _HEADER(c.QR | c.RD | c.RA | fact.rcode & 15, 1, fact.an, fact.ns, 1)
        question = self.packet[c.HEADER_LEN : self.query.question_end]
        opt = build.opt(c.UDP_SIZE, False, fact.rcode >> 4, [build.ede(code, text) for code, text in fact.ede])
        self.done(b"%b%b%b%b%b" % (self.packet[:2], header, question, records, opt))


def asks_again(flight: Flight, query: Query, packet: bytes, source: Source) -> bool:
    """Return whether this client waits for the answer to this very datagram already: it repeats itself."""
    if source.tcp:
        return False  # nothing is lost on the way there, so nothing is repeated
    for other in flight.waiters:
        if (
            isinstance(other, Waiter)
            and other.query.id == query.id
            and other.source.port == source.port
            and other.source.address == source.address
            and other.packet == packet
        ):
            return True
    return False
