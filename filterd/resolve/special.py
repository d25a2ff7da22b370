"""Names that are answered here and never forwarded (row 1 of the table), and with what.

RFC 6761 (localhost, invalid, test), RFC 6762 (local), RFC 7686 (onion), RFC 9476 (alt), RFC 8375 (home.arpa), RFC
9462 (resolver.arpa), and the reverse zones of private and special address space of RFC 6303 and RFC 7793. Leaves to
others: that a forwarding zone wins over all of them, and the appliance's own name (engine).

    zone = special_zone(b"\\x0210\\x07in-addr\\x04arpa\\x00")
    local_answer(name, zone, TYPE_PTR).rcode == NXDOMAIN
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from filterd.wire import build
from filterd.wire.constants import NOERROR, NXDOMAIN, TYPE_A, TYPE_AAAA, TYPE_NS, TYPE_PTR, TYPE_SOA
from filterd.wire.name import to_wire

LOCAL_TTL_S: Final = 60  # of local answers: short, since a forwarding zone may take a name over any time
LOCALHOST: Final = to_wire("localhost")
LOOPBACK_V4: Final = b"\x7f\0\0\1"
LOOPBACK_V6: Final = bytes(15) + b"\1"


class Kind(IntEnum):
    """How a special zone is answered."""

    NOTHING = 0  # NXDOMAIN, the apex too
    ZONE = 1  # an empty zone: SOA and NS at the apex, NXDOMAIN below (RFC 6303 section 3)
    EMPTY = 2  # NODATA everywhere
    LOCALHOST = 3  # the loopback addresses, at the name and below it (RFC 6761 section 6.3)


class Local(NamedTuple):
    """A fixed answer: records ready to be put behind the question."""

    rcode: int
    answer: bytes
    ancount: int
    authority: bytes
    nscount: int


def _reverse_zones() -> list[str]:
    v4 = ["0", "127", "254.169", "2.0.192", "100.51.198", "113.0.203", "255.255.255.255", "10", "168.192"]
    v4 += [f"{second}.172" for second in range(16, 32)]
    v4 += [f"{second}.100" for second in range(64, 128)]  # RFC 7793
    zeros = ".".join(["0"] * 31)
    v6 = [f"0.{zeros}", f"1.{zeros}", "d.f", "8.e.f", "9.e.f", "a.e.f", "b.e.f", "8.b.d.0.1.0.0.2"]
    return [f"{zone}.in-addr.arpa" for zone in v4] + [f"{zone}.ip6.arpa" for zone in v6]


_ZONES: Final[dict[bytes, Kind]] = {
    **dict.fromkeys(map(to_wire, ("invalid", "test", "local", "onion", "alt")), Kind.NOTHING),
    **dict.fromkeys(map(to_wire, ["home.arpa", *_reverse_zones()]), Kind.ZONE),
    to_wire("resolver.arpa"): Kind.EMPTY,
    LOCALHOST: Kind.LOCALHOST,
}
_ENDINGS: Final = tuple(to_wire(end) for end in ("localhost", "invalid", "test", "local", "onion", "alt", "arpa"))
_LOOPBACK_NAMES: Final = frozenset(
    (to_wire("1.0.0.127.in-addr.arpa"), to_wire("1." + ".".join(["0"] * 31) + ".ip6.arpa"))
)

# Names inside their zone that exist: the one of 127.0.0.1 and what is above it (RFC 8020 section 2)
_NOT_EMPTY: Final = frozenset(map(to_wire, ("1.0.0.127.in-addr.arpa", "0.0.127.in-addr.arpa", "0.127.in-addr.arpa")))


def special_zone(name: bytes) -> bytes | None:
    """Return the special zone that `name` equals or lies below, None for an ordinary name."""
    if not name.endswith(_ENDINGS):  # a look that costs next to nothing; a label may end like this by chance
        return None
    pos = 0
    while length := name[pos]:
        if name[pos:] in _ZONES:
            return name[pos:]
        pos += length + 1
    return None


def local_answer(name: bytes, zone: bytes, qtype: int) -> Local:
    """Return the answer for `name`, which `special_zone` says is of `zone`."""
    kind = _ZONES[zone]
    if kind is Kind.LOCALHOST:
        if qtype == TYPE_A:
            return found(TYPE_A, [LOOPBACK_V4])
        if qtype == TYPE_AAAA:
            return found(TYPE_AAAA, [LOOPBACK_V6])
        return absent(NOERROR, name, zone)
    if qtype == TYPE_PTR and name in _LOOPBACK_NAMES:
        return found(TYPE_PTR, [LOCALHOST])
    if kind is Kind.NOTHING:
        return absent(NXDOMAIN, name, zone)
    if kind is Kind.EMPTY or (name != zone and name in _NOT_EMPTY):
        return absent(NOERROR, name, zone)
    if name != zone:
        return absent(NXDOMAIN, name, zone)
    if qtype == TYPE_SOA:
        return Local(NOERROR, build.soa(LOCAL_TTL_S), 1, b"", 0)
    if qtype == TYPE_NS:
        return found(TYPE_NS, [zone])
    return absent(NOERROR, name, zone)


def found(rtype: int, datas: list[bytes]) -> Local:
    """Return the answer that holds `datas` as records of type `rtype`."""
    records = b"".join(build.rr(build.QUESTION_NAME, rtype, LOCAL_TTL_S, rdata) for rdata in datas)
    return Local(NOERROR, records, len(datas), b"", 0)


def absent(rcode: int, name: bytes, zone: bytes) -> Local:
    """Return NXDOMAIN or NODATA with the SOA of `zone`, which `name` equals or lies below."""
    owner = (0xC000 | 12 + len(name) - len(zone)).to_bytes(2, "big")  # a pointer into the question
    return Local(rcode, b"", 0, build.soa(LOCAL_TTL_S, owner), 1)
