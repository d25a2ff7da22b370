"""From an upstream's checked answer to a fact: what of it belongs to the question, and how long it may be kept.

Nothing but the chain that answers the question is kept: other records of the answer, the authority and the additional
section never become answers to anything (RFC 2181 section 5.4.1). Leaves to others: whether the answer is the one
that was waited for (transaction.py), and whether it may be shown (engine).
"""

from __future__ import annotations

from typing import Final

from filterd.errors import ParseError
from filterd.resolve import rebind
from filterd.resolve.cache import COMPLETE, FILTERED, MAX_NEGATIVE_TTL_S, MAX_TTL_S, Fact, failed
from filterd.wire.constants import (
    EDE_BLOCKED,
    EDE_FILTERED,
    NOERROR,
    NXDOMAIN,
    TYPE_DS,
    TYPE_NSEC,
    TYPE_NSEC3,
    TYPE_RRSIG,
    TYPE_SOA,
)
from filterd.wire.name import is_below
from filterd.wire.scan import Chain, Record, Response, body, follow, scan_response, soa_minimum

_DNSSEC: Final = frozenset((TYPE_RRSIG, TYPE_NSEC, TYPE_NSEC3))
_PROOFS: Final = frozenset((TYPE_SOA, TYPE_NSEC, TYPE_NSEC3, TYPE_RRSIG, TYPE_DS))  # of the authority section, for DO=1
_MAX_EDE: Final = 2  # extended errors of the upstream that are kept
_shared: dict[bytes, bytes] = {}  # first pieces and TTLs are much the same everywhere: one object each
_shared_ttls: dict[tuple[int, ...], tuple[int, ...]] = {}
_MAX_SHARED: Final = 512


def learn(packet: bytes, response: Response, do: bool, secure: bool, now: float) -> Fact:
    """Return the fact in `response` (scanned from `packet`, to a question with this DO bit).

    `secure`: the path to the upstream is, so that its AD bit may be believed (RFC 6840 section 5.7). ParseError when
    the records that belong to the chain do not fit their types, or when the aliases go in a circle or on and on.
    """
    chain = follow(packet, response)
    if chain.looped:  # RFC 1034 section 3.6.2: an error; shown as it is, it would say that there is no address
        raise ParseError("the aliases of the answer come back to themselves, or are too many")
    answer = _sets(packet, chain.kept) if len(chain.kept) > 1 else chain.kept
    rcode = response.rcode
    negative = rcode != NOERROR or not chain.complete
    qtype = response.qtype
    if not do and qtype not in _DNSSEC and len(answer) > 1:
        answer = [record for record in answer if record.rtype not in _DNSSEC]
    authority: list[Record] = []
    soa: Record | None = None
    if negative:
        soa = _soa(response, chain)
        if soa is not None:
            soa.ttl = min(soa.ttl, soa_minimum(packet, soa))  # RFC 2308 section 5
            authority = [soa]
    if do and response.authority:
        authority = [record for record in response.authority if _proves(packet, record, soa)]

    # A name that does not exist is shown for other types and for names below it: no copy may point into its question.
    free = rcode == NXDOMAIN and not answer
    if free:
        question, response.name = response.name, b""
        copy = body(packet, response, answer, authority)
        response.name = question
    else:
        copy = body(packet, response, answer, authority)

    ttls = tuple([ttl if ttl < MAX_TTL_S else MAX_TTL_S for ttl in copy.ttls])
    lifetime = min(ttls, default=0)
    if negative:
        lifetime = min(lifetime, MAX_NEGATIVE_TTL_S) if soa is not None and rcode in (NOERROR, NXDOMAIN) else 0
        if lifetime:
            ttls = tuple([ttl if ttl < MAX_NEGATIVE_TTL_S else MAX_NEGATIVE_TTL_S for ttl in ttls])
    found = rebind.marks(chain.addresses) if chain.addresses else 0
    if chain.complete and rcode == NOERROR:
        found |= COMPLETE
    ede = response.ede
    if ede:
        if any(EDE_BLOCKED <= code <= EDE_FILTERED for code, _ in ede):
            found |= FILTERED
        ede = tuple(sorted(ede, key=lambda error: not EDE_BLOCKED <= error[0] <= EDE_FILTERED)[:_MAX_EDE])
    return Fact(
        _share(copy.pieces),
        _share_ttls(ttls),
        copy.an,
        copy.ns,
        rcode,
        now,
        lifetime,
        ad=response.ad and secure,
        ede=ede,
        targets=tuple(chain.targets) if chain.targets else (),
        marks=found,
    )


def is_free(fact: Fact) -> bool:
    """Return whether the fact's records mean the same behind any question (NXDOMAIN without aliases)."""
    return fact.rcode == NXDOMAIN and fact.an == 0


def detach(name: bytes, qtype: int, fact: Fact) -> Fact:
    """Return a copy of `fact` (an answer to `name`) whose records mean the same behind any other question.

    Without compression some answer may outgrow a message; then the fact is that there is none.
    """
    if is_free(fact) or not fact.ttls:
        return fact
    header = b"\0\0\x80\x80\0\x01" + fact.an.to_bytes(2, "big") + fact.ns.to_bytes(2, "big") + b"\0\0"
    parts = [header, name, qtype.to_bytes(2, "big"), b"\0\x01", fact.pieces[0]]
    for ttl, piece in zip(fact.ttls, fact.pieces[1:], strict=True):
        parts += [ttl.to_bytes(4, "big"), piece]
    packet = b"".join(parts)
    try:
        response = scan_response(packet)
        response.name = b""
        copy = body(packet, response, response.answer, response.authority)
    except ParseError:
        return failed(fact.stored)
    free = Fact(
        copy.pieces, copy.ttls, copy.an, copy.ns, fact.rcode, fact.stored, fact.lifetime,
        ede=fact.ede, targets=fact.targets, marks=fact.marks,
    )  # fmt: skip
    free.tags, free.generation = fact.tags, fact.generation
    return free


def _sets(packet: bytes, records: list[Record]) -> list[Record]:
    """Return `records` without repeats, every RRset with one TTL, its lowest (RFC 2181 sections 5 and 5.2)."""
    kept: list[Record] = []
    seen: set[tuple[bytes, int, bytes]] = set()
    ttls: dict[tuple[bytes, int], int] = {}
    for record in records:
        owner, rtype = record.owner, record.rtype
        whole = (owner, rtype, packet[record.rdata : record.end])
        if whole in seen:
            continue
        seen.add(whole)
        kept.append(record)
        if rtype != TYPE_RRSIG:  # signatures are no set among themselves
            ttls[owner, rtype] = min(record.ttl, ttls.get((owner, rtype), record.ttl))
    for record in kept:
        record.ttl = ttls.get((record.owner, record.rtype), record.ttl)
    return kept


def _soa(response: Response, chain: Chain) -> Record | None:
    """The SOA that says how long the name or type is absent: of the last name of the chain or of a zone above it."""
    for record in response.authority:
        if record.rtype == TYPE_SOA and record.rclass == response.qclass and is_below(chain.final, record.owner):
            return record
    return None


def _proves(packet: bytes, record: Record, soa: Record | None) -> bool:
    """Whether a record of the authority section goes to an asker who validates: SOA, denials, their signatures."""
    if record.rtype == TYPE_SOA:
        return record is soa
    if record.rtype == TYPE_RRSIG:
        return (packet[record.rdata] << 8 | packet[record.rdata + 1]) in _PROOFS
    return record.rtype in _PROOFS


def _share(pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
    if len(pieces) != 2 or len(pieces[0]) != 6:  # a pointer to the question, type and class
        return pieces
    first = _shared.get(pieces[0])
    if first is None:
        if len(_shared) >= _MAX_SHARED:
            return pieces
        first = _shared[pieces[0]] = pieces[0]
    return first, pieces[1]


def _share_ttls(ttls: tuple[int, ...]) -> tuple[int, ...]:
    found = _shared_ttls.get(ttls)
    if found is None:
        if len(_shared_ttls) >= _MAX_SHARED:
            return ttls
        found = _shared_ttls[ttls] = ttls
    return found
