"""The shape of answers made here: blocked (DECISIONS 2), local, minimal. Bytes only; what is blocked is policy's.

blocked(query, packet, decision, mode="null", ttl_s=10, page=(b"", b""), options=(ede,))
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from filterd.model.decision import Decision
from filterd.resolve.special import Local, absent, found
from filterd.wire import build
from filterd.wire.constants import NOERROR, NXDOMAIN, TYPE_A, TYPE_AAAA, TYPE_HINFO
from filterd.wire.parse import Query

NULL: Final = "null"
NX: Final = "nxdomain"
PAGE: Final = "page"
ANY_TTL_S: Final = 3600  # of the minimal answer to ANY

_NULL_V4: Final = bytes(4)
_NULL_V6: Final = bytes(16)
_HINFO: Final = b"\x07RFC8482\x00"  # CPU "RFC8482", OS ""; RFC 8482 section 4.2

Addresses = tuple[bytes, bytes]  # IPv4 (4 bytes or b""), IPv6 (16 bytes or b"")


def blocked(
    query: Query, packet: bytes, decision: Decision, mode: str, ttl_s: int, page: Addresses,
    options: Sequence[tuple[int, bytes]],
) -> tuple[bytes, int]:  # fmt: skip
    """Return (the answer to a blocked question, its rcode). `page`: where the explaining page is, for mode `page`."""
    qtype = query.qtype
    if decision.canary or mode == NX:
        rcode = NXDOMAIN
    else:
        rcode = NOERROR
        address = b""
        if qtype == TYPE_A:
            address = (page[0] if mode == PAGE else b"") or _NULL_V4
        elif qtype == TYPE_AAAA:
            address = (page[1] if mode == PAGE else b"") or _NULL_V6
        if address:
            answer = build.rr(build.QUESTION_NAME, qtype, ttl_s, address)
            return build.reply(query, packet, rcode, answer, 1, options=options), rcode
    return build.reply(query, packet, rcode, authority=build.soa(ttl_s), nscount=1, options=options), rcode


def own_name(query: Query, page: Addresses) -> Local:
    """Return the answer for the appliance's own name."""
    if query.qtype == TYPE_A and page[0]:
        return found(TYPE_A, [page[0]])
    if query.qtype == TYPE_AAAA and page[1]:
        return found(TYPE_AAAA, [page[1]])
    return absent(NOERROR, query.name, query.name)


def local(query: Query, packet: bytes, answer: Local) -> bytes:
    """Return the answer to a question about a special-use name."""
    return build.reply(query, packet, answer.rcode, answer.answer, answer.ancount, answer.authority, answer.nscount)


def minimal_any(query: Query, packet: bytes, cap: int) -> bytes:
    """Return the answer to an allowed question of type ANY: one made-up HINFO, nothing is forwarded."""
    record = build.rr(build.QUESTION_NAME, TYPE_HINFO, min(ANY_TTL_S, cap), _HINFO)
    return build.reply(query, packet, NOERROR, record, 1)


def page_addresses(asked: str, own: Addresses) -> Addresses:
    """Return where the explaining page is for one who asked at `asked`; `own`: what else is known, by family."""
    try:
        packed = ipaddress.ip_address(asked).packed
    except ValueError:
        return own
    return (packed, own[1]) if len(packed) == 4 else (own[0], packed)
