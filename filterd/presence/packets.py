"""From an Ethernet frame to sightings: ARP here, the rest by packets_dhcp.py, packets_ndp.py and packets_mdns.py.

Every byte is hostile. A frame that is malformed further in still says that its sender talks; nothing here raises. A device
is taken for the owner of an address only where the frame's own source agrees with what it claims.

    for sighting in read_frame(frame, at=time.time(), interface="eth0"): ...

Sources: RFC 826 (ARP), RFC 791, RFC 768, RFC 8200.
"""

from __future__ import annotations

from struct import Struct

from filterd.errors import ParseError
from filterd.model.sighting import Kind, Sighting
from filterd.presence import packets_dhcp, packets_mdns, packets_ndp
from filterd.presence.bpf import ETH_ARP, ETH_IPV4, ETH_IPV6, ICMPV6, UDP
from filterd.presence.seen import Seen, device_address

_U16 = Struct("!H").unpack_from
_ETHERNET = 14  # bytes of the header
_IPV6 = 40
_ARP = Struct("!HHBBH6s4s6s4s")  # hardware, protocol, their lengths, operation, sender, sender's, target, target's
_NOBODY = bytes(6)


def read_frame(frame: bytes, at: float, interface: str = "") -> list[Sighting]:
    """Return what a frame says; [] when it has no device's address as its source. Never raises."""
    if len(frame) < _ETHERNET:
        return []
    source = frame[6:12]
    if source[0] & 1 or source == _NOBODY:
        return []
    mac = source.hex(":")
    found = [Sighting(at, Kind.TALKS, mac, interface=interface)]
    try:
        seen = _payload(frame, mac)
    except ParseError:
        return found
    found += [Sighting(at, s.kind, s.mac, s.address, s.name, s.detail, interface) for s in seen]
    return found


def _payload(frame: bytes, mac: str) -> list[Seen]:
    kind = _U16(frame, 12)[0]
    if kind == ETH_ARP:
        return arp(frame[_ETHERNET:], mac)
    if kind == ETH_IPV4:
        return _ipv4(frame, mac)
    return _ipv6(frame, mac) if kind == ETH_IPV6 else []


def arp(data: bytes, mac: str) -> list[Seen]:
    """Return whose address the sender says it has. ParseError: no ARP of Ethernet and IPv4."""
    if len(data) < _ARP.size:
        raise ParseError(f"expected an ARP message of {_ARP.size} bytes, got {len(data)}")
    hardware, protocol, hlen, plen, operation, sender, address, _, _ = _ARP.unpack_from(data)
    if (hardware, protocol, hlen, plen) != (1, ETH_IPV4, 6, 4) or operation not in (1, 2):
        raise ParseError(f"expected an ARP request or reply of Ethernet and IPv4, got operation {operation}")
    text = device_address(address)
    # who speaks for another (a proxy, a repeater, an impostor) is not its owner; a probe (RFC 5227) comes from 0.0.0.0
    return [Seen(Kind.ARP, mac, text)] if text and sender.hex(":") == mac else []


def _ipv4(frame: bytes, mac: str) -> list[Seen]:
    ip = _ETHERNET
    if len(frame) < ip + 20 or frame[ip] >> 4 != 4:
        raise ParseError(f"expected an IPv4 header, got {len(frame) - ip} bytes")
    length = (frame[ip] & 15) * 4
    if length < 20 or frame[ip + 9] != UDP or _U16(frame, ip + 6)[0] & 0x3FFF:
        return []  # a fragment: none of ours is so long
    end = min(len(frame), ip + _U16(frame, ip + 2)[0])
    return _udp(frame[:end], ip + length, mac, device_address(frame[ip + 12 : ip + 16]))


def _ipv6(frame: bytes, mac: str) -> list[Seen]:
    ip = _ETHERNET
    if len(frame) < ip + _IPV6 or frame[ip] >> 4 != 6:
        raise ParseError(f"expected an IPv6 header, got {len(frame) - ip} bytes")
    end = min(len(frame), ip + _IPV6 + _U16(frame, ip + 4)[0])
    source = device_address(frame[ip + 8 : ip + 24])
    if frame[ip + 6] == ICMPV6:
        if frame[ip + 7] != 255:  # RFC 4861: a router has passed it on, so it comes from elsewhere
            raise ParseError(f"expected neighbour discovery with hop limit 255, got {frame[ip + 7]}")
        return packets_ndp.read(frame[ip + _IPV6 : end], mac, source)
    return _udp(frame[:end], ip + _IPV6, mac, source) if frame[ip + 6] == UDP else []


def _udp(frame: bytes, start: int, mac: str, source: str) -> list[Seen]:
    """`frame` ends where the IP packet does. `source`: the sender's address, "" when it is no device's."""
    if len(frame) < start + 8:
        raise ParseError(f"expected a UDP header of 8 bytes, got {len(frame) - start}")
    port = _U16(frame, start + 2)[0]
    data = frame[start + 8 : start + max(8, _U16(frame, start + 4)[0])]
    if port in (67, 68):
        return packets_dhcp.read(data, mac, source)
    if port in (546, 547):
        return packets_dhcp.read6(data, mac, source)
    return packets_mdns.read(data, mac, source) if port == 5353 else []
