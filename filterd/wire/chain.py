"""What an answer says about the question: the chain of aliases, its last RRset, and every name and address it leads to.

Only records that belong to the chain are kept, in whatever order the upstream sent them; all else in the answer
section is dropped, so no client ever sees (or caches) a record that was not judged. Handles CNAME, DNAME (RFC 6672),
SVCB and HTTPS (RFC 9460). Leaves to others: judging targets and addresses (policy, resolve.rebind).

    www.example.org CNAME cdn.example.net, cdn.example.net A 192.0.2.1
    -> targets [cdn.example.net], addresses [192.0.2.1], final cdn.example.net, complete
"""

from __future__ import annotations

from dataclasses import dataclass

from filterd.errors import ParseError
from filterd.wire import constants as c
from filterd.wire.name import MAX_NAME, ROOT, skip_labels, suffixes
from filterd.wire.records import Record, Response, malformed

MAX_LINKS = 16  # aliases in one answer; resolvers stop at 8 to 16


@dataclass(slots=True)
class Chain:
    """The part of an answer that belongs to its question."""

    kept: list[Record]  # chain and final RRset with their RRSIGs
    targets: list[bytes]  # every CNAME, DNAME and SVCB target and DNAME-made name once, lower case, in chain order
    addresses: list[bytes]  # 4 or 16 raw bytes: A, AAAA and the hints of SVCB
    final: bytes  # the last name of the chain
    complete: bool  # the asked type was found at `final`
    looped: bool  # the aliases come back to an earlier name, or are more than 16


def follow(packet: bytes, response: Response) -> Chain:
    """Return the chain from the question through the answer section; ParseError for malformed SVCB data or over-long
    DNAME names.
    """
    name = response.name
    qtype = response.qtype
    answer = response.answer
    if answer and (qtype == c.TYPE_A or qtype == c.TYPE_AAAA):
        # The usual answer: nothing but the asked addresses.
        for record in answer:
            if record.rtype != qtype or record.owner != name or record.rclass != c.CLASS_IN:
                break
        else:
            if response.qclass == c.CLASS_IN:
                return Chain(answer, [], [packet[r.rdata : r.end] for r in answer], name, True, False)
    return _Walk(packet, response).chain()


class _Walk:
    """One walk along the aliases of one answer."""

    def __init__(self, packet: bytes, response: Response) -> None:
        self._packet = packet
        self._response = response
        self._links: list[Record] = []
        self._targets: dict[bytes, None] = {}  # an ordered set
        self._addresses: list[bytes] = []
        qclass = response.qclass
        self._by_owner: dict[bytes, list[Record]] = {}
        self._has_dname = False
        self._signatures: list[Record] = []
        for record in response.answer:
            if record.rclass == qclass or qclass == c.CLASS_ANY:
                self._by_owner.setdefault(record.owner, []).append(record)
                if record.rtype == c.TYPE_DNAME:
                    self._has_dname = True
                elif record.rtype == c.TYPE_RRSIG:
                    self._signatures.append(record)

    def chain(self) -> Chain:
        current = self._response.name
        seen = {current}
        complete = looped = False
        while True:
            here = self._by_owner.get(current, [])
            cname = next(
                (r for r in here if r.rtype == c.TYPE_CNAME), None
            )  # a second one is against RFC 2181 section 10.1: dropped
            final = self._final(here, cname)
            if final:
                for record in final:
                    self._gather(record, current)
                complete = True
                break
            dname = self._dname_above(current)
            if cname is not None:
                self._gather(cname, current)
                target = cname.target
            elif dname is not None:
                target = self._through(dname, current)
            else:
                break
            if target in seen or len(seen) > MAX_LINKS:
                looped = True
                break
            seen.add(target)
            current = target
        return Chain(self._kept(), list(self._targets), self._addresses, current, complete, looped)

    def _final(self, here: list[Record], cname: Record | None) -> list[Record]:
        """The records that answer the question at this name; for ANY and RRSIG all that are there."""
        qtype = self._response.qtype
        if qtype == c.TYPE_CNAME:
            return [cname] if cname is not None else []
        if qtype == c.TYPE_ANY or (qtype == c.TYPE_RRSIG and any(r.rtype == c.TYPE_RRSIG for r in here)):
            return here
        return [r for r in here if r.rtype == qtype]

    def _gather(self, record: Record, current: bytes) -> None:
        """Keep one record at `current`, with all it points to."""
        rtype = record.rtype
        if rtype == c.TYPE_CNAME:
            dname = self._dname_above(current)
            # A DNAME that made this CNAME goes with it (RFC 6672 section 3.1). One that contradicts it is dropped: a
            # client that prefers it would go where nobody looked.
            if dname is not None and _synthesise(current, dname) == record.target:
                self._through(dname, current)
            self._targets[record.target] = None
        elif rtype == c.TYPE_DNAME:
            self._targets[record.target] = None
        elif (rtype == c.TYPE_SVCB or rtype == c.TYPE_HTTPS) and record.rclass == c.CLASS_IN:
            self._gather_service(record)
        elif (rtype == c.TYPE_A or rtype == c.TYPE_AAAA) and record.rclass == c.CLASS_IN:
            self._addresses.append(self._packet[record.rdata : record.end])
        self._links.append(record)

    def _through(self, dname: Record, current: bytes) -> bytes:
        """Keep a DNAME above `current` and return the name it makes."""
        made = _synthesise(current, dname)
        if not any(link is dname for link in self._links):
            self._links.append(dname)
            self._targets[dname.target] = None
        self._targets[made] = None
        return made

    def _dname_above(self, current: bytes) -> Record | None:
        """The DNAME of the closest proper ancestor (RFC 6672 section 2.3: never of the name itself)."""
        if not self._has_dname:
            return None
        for ancestor in [*suffixes(current)[1:], ROOT]:
            for record in self._by_owner.get(ancestor, ()):
                if record.rtype == c.TYPE_DNAME and ancestor != current:
                    return record
        return None

    def _gather_service(self, record: Record) -> None:
        """Note target and address hints of one SVCB or HTTPS record (RFC 9460 section 2.2)."""
        packet, end = self._packet, record.end
        pos = record.rdata + 2  # after the priority
        if pos >= end:
            raise malformed(record.rtype, record.rdata)
        after = skip_labels(packet, pos)  # never compressed
        if after > end:
            raise malformed(record.rtype, record.rdata)
        target = packet[pos:after].lower()
        # "." is the owner itself in ServiceMode, "no such service" in AliasMode: nothing new to judge (RFC 9460
        # section 2.5).
        if target not in (ROOT, record.owner):
            self._targets[target] = None
        pos = after
        last_key = -1
        while pos < end:
            if pos + 4 > end:
                raise malformed(record.rtype, record.rdata)
            key = packet[pos] << 8 | packet[pos + 1]
            length = packet[pos + 2] << 8 | packet[pos + 3]
            pos += 4
            if key <= last_key or pos + length > end:
                raise malformed(record.rtype, record.rdata)
            last_key = key
            if key == c.SVCB_IPV4HINT or key == c.SVCB_IPV6HINT:
                size = 4 if key == c.SVCB_IPV4HINT else 16
                if not length or length % size:
                    raise malformed(record.rtype, record.rdata)
                self._addresses.extend(packet[at : at + size] for at in range(pos, pos + length, size))
            pos += length

    def _kept(self) -> list[Record]:
        """The links and the signatures that cover them, in packet order if that follows the chain, else in its own."""
        links = self._links
        starts = [record.start for record in links]
        signatures = []
        if self._signatures:
            taken = set(starts)
            covered = {(record.owner, record.rtype) for record in links}
            for record in self._signatures:
                kind = self._packet[record.rdata] << 8 | self._packet[record.rdata + 1]
                if record.start not in taken and (record.owner, kind) in covered:
                    signatures.append(record)
        if starts == sorted(starts):
            return sorted(links + signatures, key=lambda record: record.start)
        return links + signatures


def _synthesise(current: bytes, dname: Record) -> bytes:
    """The name that a DNAME above `current` makes of it (RFC 6672 section 2.2)."""
    made = current[: len(current) - len(dname.owner)] + dname.target
    if len(made) > MAX_NAME:
        raise ParseError(f"the DNAME at offset {dname.start} makes a name longer than {MAX_NAME} bytes")
    return made
