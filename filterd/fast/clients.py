"""Clients that were admitted, with their token buckets; and seats: what clients with the same rules and name share.

The key is the source address alone: any other key would be the client's to choose, letting it evade its own bucket and
empty another's. The table is bounded; whoever falls out comes back with a full bucket.

    client = table.get("192.168.1.20")
    if client is not None and client.pay(now): ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MAX_CLIENTS = 4096  # addresses remembered at once

# A prepared answer; its fields are in memo.py
Entry = tuple[Any, ...]
Recall = Callable[[bytes], Entry | None]


def _nothing(_: bytes) -> Entry | None:
    return None


class Seat:
    """One (slot, profile, device) of the snapshot, with the answers prepared for it.

    `state` is the slot's verdict table (policy.judge.SlotState) or None when it must be fetched anew.
    `prepared` and `oldest` (keys of it, the oldest last) are memo.py's; sitting clients hold the `get` of `prepared`.
    """

    __slots__ = ("device", "oldest", "prepared", "profile", "slot", "state", "tails")

    def __init__(self, slot: int, profile: str, device: str) -> None:
        self.slot = slot
        self.profile = profile
        self.device = device
        self.state: Any = None  # fast/ only carries it
        self.prepared: dict[bytes, Entry] = {}
        self.oldest: list[bytes] = []
        self.tails: dict[int, tuple[object, bytes]] = {}  # id of a decision -> (the decision, its part of an event)


class Client:
    """One address. `recall` looks up a prepared answer of its seat."""

    __slots__ = (
        "address",
        "burst",
        "mark",
        "over",
        "packed",
        "rate",
        "recall",
        "seat",
        "seen",
        "size",
        "tcp_seen",
        "tcp_tokens",
        "tokens",
        "waiting",
    )

    def __init__(self, address: str, packed: bytes, rate: float, burst: float, now: float) -> None:
        """`rate`: questions a second, `burst`: how many at once; both infinite for the box's own programs."""
        self.address = address
        self.packed = packed
        self.mark = bytes((len(packed),)) + packed  # as event records carry it
        self.size = 3 if len(packed) == 4 else 4  # which length prefix of a memo entry is this client's
        self.rate = rate
        self.burst = self.tokens = self.tcp_tokens = burst
        self.seen = self.tcp_seen = now
        self.over = 0  # datagrams over the limit since it was last kept
        self.waiting = 0  # questions that wait for an upstream
        self.seat: Seat | None = None
        self.recall: Recall = _nothing

    def pay(self, now: float) -> bool:
        """Take a token for one datagram; False when there is none."""
        if self.seen is not now:
            tokens = self.tokens + (now - self.seen) * self.rate
            self.tokens = tokens if tokens < self.burst else self.burst
            self.seen = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def pay_tcp(self, now: float) -> bool:
        """Take a token for one question over TCP; False when there is none."""
        self.tcp_tokens = min(self.burst, self.tcp_tokens + (now - self.tcp_seen) * self.rate)
        self.tcp_seen = now
        if self.tcp_tokens < 1.0:
            return False
        self.tcp_tokens -= 1.0
        return True

    def sit(self, seat: Seat) -> None:
        """Use the rules and prepared answers of `seat`."""
        self.seat = seat
        self.recall = seat.prepared.get

    def stand(self) -> None:
        """Leave the seat: who this is must be asked again."""
        self.seat = None
        self.recall = _nothing


class ClientTable(dict[str, Client]):
    """Address -> client, bounded. A dict, because the fast loop asks it for every datagram."""

    __slots__ = ("_limit",)

    def __init__(self, limit: int = MAX_CLIENTS) -> None:
        super().__init__()
        self._limit = limit

    def admit(self, client: Client) -> Client:
        """Add a client; the longest known make room, an eighth of the table at once."""
        if len(self) >= self._limit:
            for address in list(self)[: max(1, self._limit // 8)]:
                del self[address]
        self[client.address] = client
        return client

    def stand_all(self) -> None:
        """All clients leave their seats (a new world says anew who they are)."""
        for client in self.values():
            client.stand()
