"""Frames as devices, routers and DHCP servers send them, built by hand for the tests of presence. Annotated bytes, nothing clever.

frame = arp("02:aa:00:00:00:11", "192.0.2.11")
read_frame(frame, at=0.0)
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence

BROADCAST = "ff:ff:ff:ff:ff:ff"
MDNS4, MDNS6 = "224.0.0.251", "ff02::fb"


def raw(mac: str) -> bytes:
    """A MAC address in bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def packed(address: str) -> bytes:
    """An IP address in bytes."""
    return ipaddress.ip_address(address).packed


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(source: str, target: str, kind: int, data: bytes) -> bytes:
    """An Ethernet frame."""
    return raw(target) + raw(source) + struct.pack("!H", kind) + data


def arp(
    mac: str, address: str, target: str = "0.0.0.0", *, operation: int = 1, sender: str = "", to: str = BROADCAST
) -> bytes:
    """An ARP request (1) or reply (2) of `mac` for `address`; `sender`: another MAC inside than outside."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return ethernet(mac, to, 0x0806, body + raw(sender or mac) + packed(address) + bytes(6) + packed(target))


def udp4(mac: str, source: str, target: str, ports: tuple[int, int], data: bytes, to: str = BROADCAST) -> bytes:
    """UDP over IPv4, without a UDP checksum (0: not computed)."""
    udp = struct.pack("!HHHH", *ports, 8 + len(data), 0) + data
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 255, 17, 0) + packed(source) + packed(target)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return ethernet(mac, to, 0x0800, head + udp)


def ipv6(mac: str, source: str, target: str, protocol: int, data: bytes, *, hops: int = 255, to: str = "") -> bytes:
    """UDP (17) or ICMPv6 (58) over IPv6 with its checksum, to the multicast MAC of `target`."""
    at = 6 if protocol == 17 else 2
    pseudo = packed(source) + packed(target) + struct.pack("!IxxxB", len(data), protocol)
    data = data[:at] + struct.pack("!H", checksum(pseudo + data[:at] + b"\0\0" + data[at + 2 :])) + data[at + 2 :]
    head = struct.pack("!IHBB", 6 << 28, len(data), protocol, hops) + packed(source) + packed(target)
    return ethernet(mac, to or "33:33:" + packed(target)[-4:].hex(":"), 0x86DD, head + data)


def udp6(mac: str, source: str, target: str, ports: tuple[int, int], data: bytes) -> bytes:
    """UDP over IPv6."""
    return ipv6(mac, source, target, 17, struct.pack("!HHHH", *ports, 8 + len(data), 0) + data)


def option(code: int, value: bytes) -> bytes:
    """A DHCP option."""
    return bytes((code, len(value))) + value


def dhcp(
    kind: int, client: str, options: bytes = b"", *, own: str = "0.0.0.0", given: str = "0.0.0.0", reply: bool = False
) -> bytes:
    """A DHCP message: op, hardware, its length, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, ..."""
    head = bytes((2 if reply else 1, 1, 6, 0)) + b"\x01\x02\x03\x04" + struct.pack("!HH", 0, 0x8000)
    head += packed(own) + packed(given) + bytes(8) + raw(client) + bytes(10 + 64 + 128)
    return head + b"\x63\x82\x53\x63" + option(53, bytes((kind,))) + options + b"\xff"


def dhcp_request(mac: str, options: bytes, kind: int = 3) -> bytes:
    """What a device sends to find or keep its address."""
    return udp4(mac, "0.0.0.0", "255.255.255.255", (68, 67), dhcp(kind, mac, options))


def dhcp_reply(mac: str, server: str, client: str, given: str, resolvers: Sequence[str], kind: int = 2) -> bytes:
    """OFFER (2) or ACK (5) of a server, by broadcast."""
    options = option(54, packed(server)) + (option(6, b"".join(map(packed, resolvers))) if resolvers else b"")
    data = dhcp(kind, client, options, given=given, reply=True)
    return udp4(mac, server, "255.255.255.255", (67, 68), data)


def option6(code: int, value: bytes) -> bytes:
    """A DHCPv6 option."""
    return struct.pack("!HH", code, len(value)) + value


def dhcp6(mac: str, source: str, kind: int, options: bytes, target: str = "ff02::1:2") -> bytes:
    """A DHCPv6 message; from a server (2, 7) to the client's port."""
    ports = (547, 546) if kind in (2, 7) else (546, 547)
    return udp6(mac, source, target, ports, bytes((kind, 1, 2, 3)) + options)


def solicit(mac: str, source: str, target: str, *, lla: str = "-") -> bytes:
    """A neighbour solicitation; `lla`: the source link-layer address, "" for none."""
    options = b"" if lla == "" or source == "::" else b"\x01\x01" + raw(mac if lla == "-" else lla)
    group = "ff02::1:ff" + packed(target)[-3:].hex()[:2] + ":" + packed(target)[-2:].hex()
    return ipv6(mac, source, group, 58, b"\x87\0\0\0" + bytes(4) + packed(target) + options)


def advertise(mac: str, target: str, *, lla: str = "-", source: str = "") -> bytes:
    """An unsolicited neighbour advertisement; `lla`: the target link-layer address, "" for none."""
    options = b"" if lla == "" else b"\x02\x01" + raw(mac if lla == "-" else lla)
    return ipv6(mac, source or target, "ff02::1", 58, b"\x88\0\0\0" + b"\x20\0\0\0" + packed(target) + options)


def router(
    mac: str, source: str, *, lifetime: int = 1800, prefix: str = "", resolvers: Sequence[str] = (), dns_s: int = 600
) -> bytes:
    """A router advertisement: hop limit, flags, lifetime, reachable, retransmit, options."""
    data = b"\x86\0\0\0" + struct.pack("!BBHII", 64, 0, lifetime, 0, 0) + b"\x01\x01" + raw(mac)
    if prefix:  # type 3, length 4: prefix length, on-link and autonomous, valid, preferred, reserved
        network = ipaddress.IPv6Network(prefix)
        data += struct.pack("!BBBBIII", 3, 4, network.prefixlen, 0xC0, 7200, 3600, 0) + network.network_address.packed
    if resolvers:
        data += struct.pack("!BBHI", 25, 1 + 2 * len(resolvers), 0, dns_s) + b"".join(map(packed, resolvers))
    return ipv6(mac, source, "ff02::1", 58, data)


def name(*labels: bytes) -> bytes:
    """A domain name in wire form."""
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def mdns(records: Sequence[tuple[bytes, str]], *, ttl: int = 120) -> bytes:
    """An mDNS response: (owner, address) records with the cache-flush bit."""
    data = struct.pack("!HHHHHH", 0, 0x8400, 0, len(records), 0, 0)
    for owner, address in records:
        rdata = packed(address)
        data += owner + struct.pack("!HHIH", 28 if ":" in address else 1, 0x8001, ttl, len(rdata)) + rdata
    return data


def mdns4(mac: str, address: str, data: bytes) -> bytes:
    """mDNS over IPv4."""
    return udp4(mac, address, MDNS4, (5353, 5353), data, to="01:00:5e:00:00:fb")


def mdns6(mac: str, address: str, data: bytes) -> bytes:
    """mDNS over IPv6."""
    return udp6(mac, address, MDNS6, (5353, 5353), data)
