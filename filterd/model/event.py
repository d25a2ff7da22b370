"""Event records: what a worker tells the rest of the house about one question.

A record is variable-length and self-contained, so that a reader needs no revision to understand an old one. The ring
that carries it is net/ring.py; what is kept of it is the manager's business.

    tail = Tail(profile="lan", ...).encode()          # once for a cached answer
    record = HEAD.pack(len, at_ms, ...) + tail        # every time, by `record(at_ms, client, tail)`
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from filterd.model.decision import Action, Row

# length u16 of all that follows, time in ms since the epoch u64, length of the client's address u8
HEAD = struct.Struct("<HQB")
_TAIL = struct.Struct("<BBHHBB")  # action, row, qtype, rcode, origin, number of strings
_MAX_STRING = 80  # bytes
# bytes; longest: the head, 16 for the address, two names of 255 and six short strings, each with its length
MAX_RECORD = HEAD.size + 16 + _TAIL.size + 2 * 256 + 6 * (1 + _MAX_STRING)


class Origin:
    """Where the answer came from. Values go into records: never renumber."""

    HERE, CACHE, STALE, UPSTREAM, FAILED = range(5)


@dataclass(frozen=True, slots=True)
class Tail:
    """All of a record but its time and client. `qname` is a lower-case wire name."""

    action: Action
    row: Row
    qtype: int
    rcode: int
    origin: int
    qname: bytes
    profile: str = ""
    device: str = ""
    category: str = ""
    service: str = ""
    list_id: str = ""
    rule: str = ""
    matched: bytes = b""  # the chain's name that was blocked, when it is not the question's

    def encode(self) -> bytes:
        """Return the bytes of this tail."""
        parts = [self.qname, self.matched]
        for text in (self.profile, self.device, self.category, self.service, self.list_id, self.rule):
            data = text.encode()
            if len(data) > _MAX_STRING:  # cut between two characters
                data = data[:_MAX_STRING].decode("utf-8", "ignore").encode()
            parts.append(data)
        head = _TAIL.pack(self.action, self.row, self.qtype, self.rcode, self.origin, len(parts))
        return head + b"".join(bytes((len(p),)) + p for p in parts)


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded record."""

    at_ms: int
    client: bytes  # 4 or 16 bytes, or empty
    tail: Tail


def record(at_ms: int, client: bytes, tail: bytes) -> bytes:
    """Return one record. `client`: 4 or 16 raw address bytes."""
    return HEAD.pack(9 + len(client) + len(tail), at_ms, len(client)) + client + tail


def decode(data: bytes, offset: int = 0) -> tuple[Event, int]:
    """Return the record at `offset` and the offset after it. Raises ValueError when the bytes are no record."""
    try:
        length, at_ms, client_len = HEAD.unpack_from(data, offset)
        end = offset + 2 + length
        at = offset + HEAD.size
        if end > len(data) or client_len > 16:
            raise ValueError("record longer than its bytes")
        client = data[at : at + client_len]
        at += client_len
        action, row, qtype, rcode, origin, count = _TAIL.unpack_from(data, at)
        at += _TAIL.size
        parts: list[bytes] = []
        for _ in range(count):
            size = data[at]
            parts.append(data[at + 1 : at + 1 + size])
            at += 1 + size
        if at != end or count != 8:
            raise ValueError(f"record of {count} strings ends at {at}, expected 8 strings and {end}")
        texts = [p.decode("utf-8", "replace") for p in parts[2:]]
        profile, device, category, service, list_id, rule = texts
        tail = Tail(
            Action(action),
            Row(row),
            qtype,
            rcode,
            origin,
            parts[0],
            profile,
            device,
            category,
            service,
            list_id,
            rule,
            parts[1],
        )
    except (struct.error, IndexError) as exc:
        raise ValueError(f"no event record at offset {offset}: {exc}") from exc
    return Event(at_ms, client, tail), end
