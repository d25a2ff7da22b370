"""What the engine tells the outside to do, and where a question came from. No behaviour.

for command in engine.on_query(packet, source, now):
    ...  # Reply: send to source; Ask, AskTcp: send to an upstream; Record: append to a ring
"""

from __future__ import annotations

from typing import NamedTuple


class Source:
    """Who asked, and how the answer finds its way back. `handle` belongs to net/; the engine only carries it."""

    __slots__ = ("address", "handle", "local", "packed", "port", "tcp")

    def __init__(self, address: str, packed: bytes, tcp: bool, local: str, port: int, handle: object = None) -> None:
        """Fill in.

        `address`: the client's IP as text, IPv4-mapped already unmapped, no scope; `packed`: the same in 4 or 16 bytes;
        `local`: the address that was asked, in the same form ("" when unknown); `port`: the client's.
        """
        self.address = address
        self.packed = packed
        self.tcp = tcp
        self.local = local
        self.port = port
        self.handle = handle


class Reply(NamedTuple):
    """Send `packet` to the client."""

    source: Source
    packet: bytes


class Ask(NamedTuple):
    """Send one UDP datagram to upstream number `upstream` from the socket `lane` of that upstream."""

    upstream: int
    lane: int
    packet: bytes


class AskTcp(NamedTuple):
    """Send one message over a (pipelined) TCP connection to the upstream; report it back by `token`.

    Ids of messages that are under way to one upstream differ, so that net/ may match answers by id.
    """

    upstream: int
    token: int
    packet: bytes


class Record(NamedTuple):
    """Append one event record (model/event.py) to the ring of blocked or of allowed questions.

    The engine hands its own events to `fast.sink`, many at a time: one by one, the ring costs more than the answer.
    """

    blocked: bool
    data: bytes


Command = Reply | Ask | AskTcp | Record
