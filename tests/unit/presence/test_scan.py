"""The scan: which interface, which addresses, what its answers say. Sending and receiving: tests/system/test_presence.py."""

from __future__ import annotations

import ipaddress
import subprocess
import sys

import pytest

from filterd.errors import StartError
from filterd.host.interfaces import Link
from filterd.model.sighting import Kind
from filterd.presence.scan import MAX_ADDRESSES, MAX_FOUND, Found, addresses, choose
from tests import packets

OWN, PHONE, ROUTER = "02:aa:00:00:00:02", "02:aa:00:00:00:11", "02:aa:00:00:00:01"


def link(*prefixes: str, name: str = "eth0") -> Link:
    return Link(name, OWN, tuple(ipaddress.ip_interface(text) for text in prefixes))


def test_the_named_interface_or_the_first_with_an_address() -> None:
    found = [link(name="wlan0"), link("192.0.2.2/24"), link("198.51.100.2/24", name="eth1")]
    assert choose("", found).name == "eth0"
    assert choose("eth1", found).name == "eth1"
    assert choose("wlan0", found).name == "wlan0"  # over IPv6 it may find somebody all the same
    with pytest.raises(StartError, match="no interface eth7 to scan; interfaces with a MAC address: wlan0, eth0, eth1"):
        choose("eth7", found)
    with pytest.raises(StartError, match="no interface with an address to scan; .* none"):
        choose("", [])


def test_every_address_but_our_own_is_asked() -> None:
    asked = addresses(link("192.0.2.2/24", "fd00::2/64"))
    assert len(asked) == 253 and "192.0.2.2" not in asked and asked[0] == "192.0.2.1"
    assert addresses(link("192.0.2.2/32", "192.0.2.2/31", "fd00::2/64")) == []


def test_a_large_network_is_asked_near_us() -> None:
    assert len(addresses(link("10.0.4.2/22"))) == MAX_ADDRESSES - 3
    near = addresses(link("10.1.2.3/8"))
    assert len(near) == 253 and all(address.startswith("10.1.2.") for address in near)
    assert len(addresses(link("10.0.4.2/22", "10.1.4.2/22"))) == MAX_ADDRESSES


def test_each_answer_counts_once_and_our_own_packets_never() -> None:
    found = Found(OWN, "eth0", lambda: 5.0)
    for frame in (
        packets.arp(OWN, "192.0.2.2"),
        packets.arp(PHONE, "192.0.2.11", operation=2),
        packets.arp(PHONE, "192.0.2.11", operation=2),
        packets.ipv6(PHONE, "fd00::11", "fd00::2", 58, b"\x81\0\0\0" + bytes(4), to=OWN),  # an echo comes back
        packets.ipv6(PHONE, "fd00::12", "fd00::2", 58, b"\x80\0\0\0" + bytes(4), to=OWN),  # this is somebody's question
        packets.dhcp_reply(ROUTER, "192.0.2.1", OWN, "192.0.2.90", ["198.51.100.53"]),
        b"",
    ):
        found.take(frame)
    assert [(s.kind, s.mac, s.address, s.interface) for s in found] == [
        (Kind.SCAN, PHONE, "192.0.2.11", "eth0"),
        (Kind.SCAN, PHONE, "fd00::11", "eth0"),
        (Kind.DNS_SERVER, ROUTER, "198.51.100.53", "eth0"),
    ]


def test_a_flood_of_answers_is_bounded() -> None:
    found = Found(OWN, "eth0")
    for number in range(MAX_FOUND + 10):
        found.take(packets.arp(PHONE, f"10.0.{number >> 8}.{number & 255}"))
    assert len(list(found)) == MAX_FOUND


def test_scapy_is_in_the_scan_alone_and_only_when_it_asks() -> None:
    """By the licences: nothing of the scan is loaded beside requests or tuf, and presence itself loads none of them."""
    code = "import sys, filterd.presence_main, filterd.presence.scan, filterd.cli.presence; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    roots = {name.partition(".")[0] for name in done.stdout.split()}
    assert not roots & {"scapy", "sqlalchemy", "flask", "tuf", "requests", "netaddr", "urllib3", "cryptography"}


def test_presence_loads_no_more_than_it_needs() -> None:
    code = "import sys, filterd.presence_main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert not {
        name
        for name in loaded
        if name.startswith(("filterd.store", "filterd.control", "filterd.cli", "filterd.engine"))
    }
    assert not loaded & {"click", "yaml", "dnslib", "scapy", "asyncio"}
