"""The usual answer, learned without a walk: nothing but the asked addresses of the asked name, written as usual.

A short cut of scan_response and learn.learn for the shape that most questions get; anything else goes the long way. A
differential test feeds both the same packets: whenever this returns a fact, the long way returns the same.
"""

from __future__ import annotations

from typing import Final

from filterd.resolve import rebind
from filterd.resolve.cache import COMPLETE, MAX_TTL_S, Fact
from filterd.wire.constants import TYPE_A, TYPE_AAAA

# owner (a pointer to the question), type and class; then TTL; then the length of the data; its length
_A: Final = (b"\xc0\x0c\0\x01\0\x01", b"\0\x04", 4)
_AAAA: Final = (b"\xc0\x0c\0\x1c\0\x01", b"\0\x10", 16)
_SHAPES: Final = {TYPE_A: _A, TYPE_AAAA: _AAAA}
_OPT_LEN: Final = 11
_MAX_RECORDS: Final = 16  # beyond, the long way is as fast
_ttls: dict[int, tuple[int]] = {}  # one object for each TTL
_MAX_TTLS: Final = 1024


def learn_plain(packet: bytes, question_end: int, qtype: int, secure: bool, now: float) -> Fact | None:
    """Return the fact in `packet`, or None when it must be looked at closely.

    `packet` answers a question that ends at `question_end`: id, QR, opcode and question were checked
    (transaction.verdict).
    """
    shape = _SHAPES.get(qtype)
    # flags: not TC, rcode 0; counts: answers only, at most an OPT behind them
    if shape is None or packet[2] & 2 or packet[3] & 15 or packet[8:11] != b"\0\0\0" or packet[6]:
        return None
    count = packet[7]
    head, length, size = shape
    step = size + 12
    end = question_end + count * step
    extra = packet[11]
    if extra:
        if (
            extra != 1
            or len(packet) != end + _OPT_LEN
            or not packet.startswith(b"\0\0\x29", end)
            or any(packet[end + 5 : end + 11])
        ):
            return None  # an extended rcode, a version, or options
    elif len(packet) < end:
        return None
    if not 0 < count <= _MAX_RECORDS:
        return None
    ad = secure and packet[3] & 0x20 != 0
    if count == 1:
        data = question_end + 10
        if not packet.startswith(head, question_end) or packet[data : data + 2] != length:
            return None
        ttl = int.from_bytes(packet[question_end + 6 : data], "big")
        if ttl > MAX_TTL_S:
            ttl = MAX_TTL_S if ttl < 0x80000000 else 0  # RFC 2181 section 8
        ttls = _ttls.get(ttl)
        if ttls is None:
            if len(_ttls) >= _MAX_TTLS:
                _ttls.clear()
            ttls = _ttls[ttl] = (ttl,)
        address = packet[data + 2 : end]
        marks = COMPLETE | rebind.marks((address,)) if address[0] in rebind.FIRST_BYTES else COMPLETE
        return Fact((head, length + address), ttls, 1, 0, 0, now, ttl, marks, ad)
    pieces = []
    many = []
    addresses = []
    before = b""
    for start in range(question_end, end, step):
        data = start + 10
        if not packet.startswith(head, start) or packet[data : data + 2] != length:
            return None
        ttl = int.from_bytes(packet[start + 6 : data], "big")
        if ttl > MAX_TTL_S:
            ttl = MAX_TTL_S if ttl < 0x80000000 else 0
        many.append(ttl)
        pieces.append(before + head)
        before = packet[data : start + step]
        addresses.append(before[2:])
    if len(set(addresses)) != count:
        return None  # repeated records
    pieces.append(before)
    marks = COMPLETE | rebind.marks(addresses)
    lowest = min(many)  # RFC 2181 section 5.2
    return Fact(tuple(pieces), (lowest,) * count, count, 0, 0, now, lowest, marks, ad)
