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
Raw = tuple[int, bytes, bytes]  # a record that is not decoded: time in ms, client, tail
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


def split(data: bytes, start: int, end: int, out: list[Raw]) -> int:
    """Append the records in data[start:end] to `out` without decoding them; return how many. Stops at what is none."""
    before = len(out)
    unpack, append = HEAD.unpack_from, out.append
    while start + HEAD.size <= end:
        length, at_ms, client_len = unpack(data, start)
        client = start + 11  # HEAD.size
        start += 2 + length
        tail = client + client_len
        if start > end or tail > start or client_len > 16:
            break
        append((at_ms, data[client:tail], data[tail:start]))
    return len(out) - before


def decode(data: bytes, offset: int = 0) -> tuple[Event, int]:
    """Return the record at `offset` and the offset after it. Raises ValueError when the bytes are no record."""
    try:
        length, at_ms, client_len = HEAD.unpack_from(data, offset)
        end = offset + 2 + length
        at = offset + HEAD.size + client_len
        if end > len(data) or client_len > 16 or at > end:
            raise ValueError("record longer than its bytes")
        return Event(at_ms, data[at - client_len : at], decode_tail(data[at:end])), end
    except (struct.error, ValueError) as exc:
        raise ValueError(f"no event record at offset {offset}: {exc}") from exc


def name_apart(tail: bytes) -> tuple[bytes, bytes]:
    """Return the name in a tail and all the rest, which another name may have in common. Judges nothing."""
    at = _TAIL.size + 1
    end = at + tail[at - 1] if len(tail) >= at else 0
    return tail[at:end], tail[: at - 1] + tail[end:]


def decode_tail(data: bytes) -> Tail:
    """Return the tail in `data`. Raises ValueError when the bytes are none."""
    try:
        action, row, qtype, rcode, origin, count = _TAIL.unpack_from(data)
        at = _TAIL.size
        parts: list[bytes] = []
        for _ in range(count):
            size = data[at]
            parts.append(data[at + 1 : at + 1 + size])
            at += 1 + size
        if at != len(data) or count != 8:
            raise ValueError(f"tail of {count} strings ends at {at}, expected 8 strings and {len(data)}")
        profile, device, category, service, list_id, rule = [p.decode("utf-8", "replace") for p in parts[2:]]
        return Tail(
            Action(action), Row(row), qtype, rcode, origin, parts[0],
            profile, device, category, service, list_id, rule, parts[1],
        )  # fmt: skip
    except (struct.error, IndexError) as exc:
        raise ValueError(f"no tail of an event: {exc}") from exc
