"""The active scan: ask every address who it is, and ask who hands out addresses and resolvers. Its own process, with scapy.

scapy (GPL-2.0) builds and sends the questions and takes the answers off the wire; this file alone imports it, and only when
somebody asks for a scan. What the answers say is read by packets.py, as always. Prints one sighting a line.

    python -m filterd.presence.scan eth0 4        # interface ("" for the one with the default gateway), seconds

Asked: ARP for each address on-link (of 1,024 at most), an echo to all nodes from each of our IPv6 addresses, DHCP DISCOVER
(an offer costs the server nothing: it is never taken), DHCPv6 INFORMATION-REQUEST, and a router solicitation.
"""

from __future__ import annotations

import ipaddress
import logging
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from filterd.errors import FilterdError, StartError
from filterd.host.interfaces import Link, links
from filterd.model.sighting import Kind, Sighting, encode
from filterd.presence import ask
from filterd.presence.packets import read_frame
from filterd.presence.seen import device_address
from filterd.presence.sniff import may_sniff

MAX_ADDRESSES = 1024
MAX_FOUND = 8192  # different sightings of one scan
_PACE_S = 0.001  # between two questions: a small switch keeps up
_ECHO_REPLY = 129
_ASKED = {Kind.ARP: Kind.SCAN, Kind.NDP: Kind.SCAN}  # whoever says whose address it is has answered


def choose(name: str, found: Sequence[Link]) -> Link:
    """Return the interface to scan: the named one, else the one with the default gateway. Raises StartError."""
    wanted = [link for link in found if name in ("", link.name) and (name or link.prefixes)]
    if not wanted:
        there = ", ".join(link.name for link in found) or "none"
        raise StartError(f"no interface {name or 'with an address'} to scan; interfaces with a MAC address: {there}")
    return wanted[0]


def addresses(link: Link) -> list[str]:
    """Return the IPv4 addresses to ask for: all on-link ones but ours, or only those near ours in a large network."""
    found: list[str] = []
    for own in link.prefixes:
        if isinstance(own, ipaddress.IPv4Interface) and own.network.prefixlen < 31:
            network = own.network
            if network.num_addresses > MAX_ADDRESSES:
                network = ipaddress.IPv4Network(f"{own.ip}/24", strict=False)
            found += [str(address) for address in network.hosts() if address != own.ip]
    return found[:MAX_ADDRESSES]


class Found:
    """What a scan has found: each thing once. `own`: our MAC."""

    def __init__(self, own: str, interface: str, wall: Callable[[], float] = time.time) -> None:
        self._own = own
        self._interface = interface
        self._wall = wall
        self._found: dict[Sighting, Sighting] = {}

    def take(self, frame: bytes) -> None:
        """Note what a frame says."""
        seen = read_frame(frame, self._wall(), self._interface)
        if not seen or seen[0].mac == self._own:
            return
        echo = _echoed(frame)
        if echo:
            seen.append(replace(seen[0], kind=Kind.SCAN, address=echo))
        for sighting in seen[1:]:
            wanted = replace(sighting, kind=_ASKED.get(sighting.kind, sighting.kind))
            if len(self._found) < MAX_FOUND:
                self._found.setdefault(replace(wanted, at=0.0), wanted)

    def __iter__(self) -> Iterator[Sighting]:
        return iter(self._found.values())


def scan(link: Link, seconds: float) -> Found:
    """Ask, wait for `seconds`, and return what answered. Raises StartError when raw sockets are refused."""
    logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # that there is no libpcap is no news
    from scapy.sendrecv import AsyncSniffer, sendp

    found = Found(link.mac, link.name)
    try:
        sniffer: Any = AsyncSniffer(
            iface=link.name,
            store=False,
            promisc=False,
            prn=lambda packet: found.take(bytes(packet.original)),
        )
        sniffer.start()
        time.sleep(0.2)  # its thread opens the socket
        for packets in questions(link):
            sendp(packets, iface=link.name, verbose=False, inter=_PACE_S)
        time.sleep(seconds)
        sniffer.stop()
    except OSError as exc:
        raise StartError(f"cannot scan {link.name}: {may_sniff() or exc.strerror or exc}") from exc
    return found


def questions(link: Link) -> Iterator[Any]:
    """Yield the packets of each question, by scapy."""
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.dhcp6 import (
        DUID_LL,
        DHCP6_InfoRequest,
        DHCP6OptClientId,
        DHCP6OptElapsedTime,
        DHCP6OptOptReq,
    )
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_RS, ICMPv6NDOptSrcLLAddr, IPv6
    from scapy.layers.l2 import ARP, Ether

    everybody = Ether(src=link.mac, dst="ff:ff:ff:ff:ff:ff")
    number = random.SystemRandom().getrandbits(24)
    ours = [str(own.ip) for own in link.prefixes if own.version == 4]
    if ours:
        yield [everybody / ARP(hwsrc=link.mac, psrc=ours[0], pdst=address) for address in addresses(link)]
    yield (
        everybody
        / IP(src="0.0.0.0", dst="255.255.255.255")
        / UDP(sport=ask.CLIENT, dport=ask.SERVER)
        / BOOTP(chaddr=bytes.fromhex(link.mac.replace(":", "")), xid=number, flags=ask.BROADCAST_FLAG)
        / DHCP(options=[("message-type", "discover"), ("param_req_list", list(ask.WANTED)), "end"])
    )
    for own in link.prefixes:
        if own.version != 6:
            continue
        source = str(own.ip)
        all_nodes = Ether(src=link.mac, dst="33:33:00:00:00:01") / IPv6(src=source, dst="ff02::1", hlim=1)
        yield all_nodes / ICMPv6EchoRequest(id=number & 0xFFFF)
        if own.ip.is_link_local:
            routers = Ether(src=link.mac, dst="33:33:00:00:00:02") / IPv6(src=source, dst=ask.ALL_ROUTERS, hlim=255)
            yield routers / ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=link.mac)
            servers = Ether(src=link.mac, dst="33:33:00:01:00:02") / IPv6(src=source, dst=ask.ALL_SERVERS6, hlim=1)
            yield (
                servers
                / UDP(sport=ask.CLIENT6, dport=ask.SERVER6)
                / DHCP6_InfoRequest(trid=number)
                / DHCP6OptClientId(duid=DUID_LL(lladdr=link.mac))
                / DHCP6OptElapsedTime()
                / DHCP6OptOptReq(reqopts=list(ask.WANTED6))
            )


def _echoed(frame: bytes) -> str:
    """Return who answered an echo over IPv6; "" for every other frame."""
    if len(frame) < 55 or frame[12:14] != b"\x86\xdd" or frame[20] != 58 or frame[54] != _ECHO_REPLY:
        return ""
    return device_address(frame[22:38])


def main(arguments: Sequence[str]) -> int:
    """Scan and print; return the exit code."""
    name, seconds = arguments
    try:
        if why := may_sniff():
            raise StartError(f"a scan sends packets of its own: {why}")
        for sighting in scan(choose(name, links()), float(seconds)):
            sys.stdout.buffer.write(encode(sighting) + b"\n")
    except FilterdError as exc:
        sys.stderr.write(f"filterd: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
