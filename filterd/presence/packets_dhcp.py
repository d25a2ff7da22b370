"""DHCP and DHCPv6: what a device calls itself and asks for (its fingerprint), and which resolvers a server hands out.

    read(payload, mac="02:aa:00:00:00:11", source="")      # [Seen(DHCP, ..., name="lans-phone", detail="55=1,3,6")]

Sources: RFC 2131, RFC 2132, RFC 3396, RFC 4702 (81), RFC 8415, RFC 3646 (23), RFC 4704 (39).
"""

from __future__ import annotations

from filterd.errors import ParseError
from filterd.model.sighting import MAX_DETAIL, Kind, clean
from filterd.presence.seen import Seen, device_address, options6
from filterd.wire.name import skip_labels

_OPTIONS_AT = 240  # after the fixed fields and the magic cookie
_COOKIE = b"\x63\x82\x53\x63"
_PAD, _DNS, _HOST, _TYPE, _WANTED, _VENDOR, _FQDN, _END = 0, 6, 12, 53, 55, 60, 81, 255
_FROM_CLIENT = (1, 3, 8)  # DISCOVER, REQUEST, INFORM
_OFFER, _ACK = 2, 5
_MAX_RESOLVERS = 8  # of one offer; a table of thousands is an attack
_MAX_WANTED = 32  # codes of a fingerprint
_FROM_CLIENT6 = (1, 3, 4, 5, 6, 11)  # SOLICIT, REQUEST, CONFIRM, RENEW, REBIND, INFORMATION-REQUEST
_FROM_SERVER6 = (2, 7)  # ADVERTISE, REPLY
_WANTED6, _VENDOR6, _DNS6, _FQDN6 = 6, 16, 23, 39


def read(data: bytes, mac: str, source: str) -> list[Seen]:
    """Return what a DHCP message says. `mac`, `source`: of its sender. ParseError: malformed."""
    if len(data) < _OPTIONS_AT or data[236:240] != _COOKIE or data[1:3] != b"\x01\x06":
        raise ParseError(f"expected a DHCP message of Ethernet, got {len(data)} bytes")
    found = _options(data)
    kind = found.get(_TYPE, b"\0")[:1]
    client = data[28:34].hex(":")
    if data[0] == 1 and kind[0] in _FROM_CLIENT:
        if client != mac:  # a relay passes it on
            return []
        own = device_address(data[12:16])  # ciaddr: what it has already; it sends from there (RFC 2131 section 4.1)
        address = own if own == source else ""  # any program of a device may send here that it has somebody else's
        name = clean(found.get(_HOST, b"").rstrip(b"\0")) or _fqdn(found.get(_FQDN, b"")[3:])
        return [Seen(Kind.DHCP, mac, address, name, _detail("55", found.get(_WANTED, b""), found.get(_VENDOR, b"")))]
    if data[0] == 2 and kind[0] in (_OFFER, _ACK):
        resolvers = found.get(_DNS, b"")[: 4 * _MAX_RESOLVERS]
        offered = [device_address(resolvers[at : at + 4]) for at in range(0, len(resolvers) - 3, 4)]
        # whom it gives which address proves nothing: again, any program may send that. The client itself will show it
        return [Seen(Kind.DNS_SERVER, mac, address, detail="dhcp") for address in offered if address]
    return []


def read6(data: bytes, mac: str, source: str) -> list[Seen]:
    """Return what a DHCPv6 message says. ParseError: malformed."""
    if len(data) < 4:
        raise ParseError(f"expected a DHCPv6 message, got {len(data)} bytes")
    if data[0] in _FROM_CLIENT6:
        found = dict(options6(data, 4))
        wanted = found.get(_WANTED6, b"")
        codes = b"".join(wanted[at + 1 : at + 2] for at in range(0, len(wanted) - 1, 2) if not wanted[at])
        vendor = found.get(_VENDOR6, b"")[6:]  # enterprise number, length of the first class
        return [Seen(Kind.DHCP6, mac, source, _fqdn(found.get(_FQDN6, b"")[1:]), _detail("6", codes, vendor, "16"))]
    if data[0] in _FROM_SERVER6:
        seen = []
        for code, value in options6(data, 4):
            if code == _DNS6:
                seen += [Seen(Kind.DNS_SERVER, mac, address, detail="dhcp6") for address in addresses6(value)]
        return seen[:_MAX_RESOLVERS]
    return []  # relayed: the relay's own neighbour, not ours


def addresses6(data: bytes) -> list[str]:
    """Return the unicast addresses of a row of them, at most _MAX_RESOLVERS. ParseError: not a row of 16 bytes each."""
    if len(data) % 16:
        raise ParseError(f"expected IPv6 addresses of 16 bytes each, got {len(data)} bytes")
    found = [device_address(data[at : at + 16]) for at in range(0, min(len(data), 16 * _MAX_RESOLVERS), 16)]
    return [address for address in found if address]


def _options(data: bytes) -> dict[int, bytes]:
    """Return code -> value; one that comes in pieces is joined (RFC 3396). ParseError: runs past the end."""
    found: dict[int, bytes] = {}
    at, end = _OPTIONS_AT, len(data)
    while at < end and data[at] != _END:
        if data[at] == _PAD:
            at += 1
            continue
        if at + 2 > end or at + 2 + data[at + 1] > end:
            raise ParseError(f"DHCP option {data[at]} at offset {at} runs past the end of {end} bytes")
        after = at + 2 + data[at + 1]
        found[data[at]] = found.get(data[at], b"") + data[at + 2 : after]
        at = after
    return found


def _detail(key: str, codes: bytes, vendor: bytes, vendor_key: str = "60") -> str:
    """Return "55=1,3,6;60=android-dhcp-14"; what is absent is left out."""
    parts = [f"{key}={','.join(str(code) for code in codes[:_MAX_WANTED])}"] if codes else []
    if vendor:
        parts.append(f"{vendor_key}={clean(vendor)}")
    return clean(";".join(parts), MAX_DETAIL)


def _fqdn(data: bytes) -> str:
    """Return the first label of a domain name in wire form, or of ASCII (RFC 4702 section 2.3.1)."""
    if not data:
        return ""
    try:
        skip_labels(data if data.endswith(b"\0") else data + b"\0", 0)
    except ParseError:
        return clean(data.partition(b".")[0])
    return clean(data[1 : 1 + data[0]])
