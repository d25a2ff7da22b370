"""What presence asks, byte for byte as scapy's own layers would send it; what our readers and the kernel's filter make of it."""

from __future__ import annotations

import ipaddress
import os
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.host.interfaces import Link
from filterd.model.sighting import Kind
from filterd.presence.ask import Sender, checksum, discover, frames, information_request, solicit_router
from filterd.presence.bpf import AD_HATYPE, AD_PKTTYPE, AD_VLAN_TAG_PRESENT, PACKET_OUTGOING, SNAP, assemble
from filterd.presence.packets import read_frame
from tests import packets
from tests.examples import examples
from tests.unit.presence.cbpf import run

OWN, LOCAL = "02:aa:00:00:00:02", "fe80::aa:ff:fe00:2"
HERE = {AD_PKTTYPE: 0, AD_HATYPE: 1, AD_VLAN_TAG_PRESENT: 0}  # to us

macs = st.binary(min_size=6, max_size=6).map(lambda raw: bytes((raw[0] & 0xFE, *raw[1:])).hex(":"))
locals_ = st.integers(1, 2**64 - 1).map(lambda number: str(ipaddress.IPv6Address((0xFE80 << 112) + number)))


@pytest.fixture(scope="module")
def scapy() -> Any:
    """The layers; scapy is imported by this test alone, and only here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own business
        pytest.importorskip("scapy")
        from scapy.layers import dhcp, dhcp6, inet, inet6, l2
    return type("Layers", (), {"dhcp": dhcp, "dhcp6": dhcp6, "inet": inet, "inet6": inet6, "l2": l2})


@settings(max_examples=examples(200), deadline=None)
@given(mac=macs, number=st.integers(0, 2**32 - 1))
def test_a_discover_is_what_scapy_sends(scapy: Any, mac: str, number: int) -> None:
    raw = packets.raw(mac)
    options = [
        ("message-type", "discover"),
        ("client_id", b"\0filterd-ask-" + raw),
        ("param_req_list", [1, 3, 6]),
        "end",
    ]
    wanted = (
        scapy.l2.Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
        / scapy.inet.IP(src="0.0.0.0", dst="255.255.255.255")
        / scapy.inet.UDP(sport=68, dport=67)
        / scapy.dhcp.BOOTP(chaddr=raw, xid=number, flags=0x8000)
        / scapy.dhcp.DHCP(options=[*options, *["pad"] * 30])
    )
    assert discover(mac, number) == bytes(wanted)


@settings(max_examples=examples(200), deadline=None)
@given(mac=macs, source=locals_, number=st.integers(0, 2**24 - 1))
def test_a_dhcpv6_question_is_what_scapy_sends(scapy: Any, mac: str, source: str, number: int) -> None:
    wanted = (
        scapy.l2.Ether(src=mac, dst="33:33:00:01:00:02")
        / scapy.inet6.IPv6(src=source, dst="ff02::1:2", hlim=1)
        / scapy.inet.UDP(sport=546, dport=547)
        / scapy.dhcp6.DHCP6_InfoRequest(trid=number)
        / scapy.dhcp6.DHCP6OptClientId(duid=scapy.dhcp6.DUID_LL(lladdr=mac))
        / scapy.dhcp6.DHCP6OptElapsedTime()
        / scapy.dhcp6.DHCP6OptOptReq(reqopts=[23])
    )
    assert information_request(mac, source, number) == bytes(wanted)


@settings(max_examples=examples(200), deadline=None)
@given(mac=macs, source=locals_)
def test_a_router_solicitation_is_what_scapy_sends(scapy: Any, mac: str, source: str) -> None:
    wanted = (
        scapy.l2.Ether(src=mac, dst="33:33:00:00:00:02")
        / scapy.inet6.IPv6(src=source, dst="ff02::2", hlim=255)
        / scapy.inet6.ICMPv6ND_RS()
        / scapy.inet6.ICMPv6NDOptSrcLLAddr(lladdr=mac)
    )
    assert solicit_router(mac, source) == bytes(wanted)


@given(st.binary(max_size=64))
def test_the_checksum_is_the_one_of_rfc_1071(data: bytes) -> None:
    assert checksum(data) == packets.checksum(data)


def test_our_own_readers_take_them_for_a_client() -> None:
    assert [s.kind for s in read_frame(discover(OWN, 7), 0.0)] == [Kind.TALKS, Kind.DHCP]
    assert [s.kind for s in read_frame(information_request(OWN, LOCAL, 7), 0.0)] == [Kind.TALKS, Kind.DHCP6]
    assert [s.kind for s in read_frame(solicit_router(OWN, LOCAL), 0.0)] == [Kind.TALKS, Kind.NDP]


def test_nothing_but_a_discover_is_ever_said_to_a_dhcp_server() -> None:
    frame = discover(OWN, 7)
    at = frame.index(b"\x63\x82\x53\x63") + 4
    assert frame[at : at + 3] == b"\x35\x01\x01" and len(frame) == 14 + 20 + 8 + 300


def test_only_what_the_interface_has_a_family_for_is_asked() -> None:
    def kinds(*prefixes: str) -> list[bytes]:
        found = frames(Link("eth0", OWN, tuple(ipaddress.ip_interface(text) for text in prefixes)), 0xFFFF_FFFF)
        return [frame[:6] for frame in found]

    four, server, router = b"\xff" * 6, b"\x33\x33\0\x01\0\x02", b"\x33\x33\0\0\0\x02"
    assert kinds("192.0.2.2/24", f"{LOCAL}/64") == [four, server, router]
    assert kinds("192.0.2.2/24", "2001:db8::2/64") == [four]
    assert kinds(f"{LOCAL}/64") == [server, router]
    assert kinds() == []


@pytest.mark.parametrize(
    "answer",
    [
        packets.dhcp_reply("02:aa:00:00:00:01", "192.0.2.1", OWN, "192.0.2.9", ["198.51.100.53"]),
        packets.raw(OWN)
        + packets.dhcp_reply("02:aa:00:00:00:01", "192.0.2.1", OWN, "192.0.2.9", ["198.51.100.53"])[6:],
        packets.dhcp6("02:aa:00:00:00:01", "fe80::1", 7, packets.option6(23, packets.packed("2001:db8::53")), LOCAL),
        packets.router("02:aa:00:00:00:01", "fe80::1", resolvers=["2001:db8::53"]),
    ],
)
def test_answers_pass_the_filter_and_become_offers(answer: bytes) -> None:
    assert run(assemble(), answer, HERE) == SNAP
    assert read_frame(answer, 0.0)[-1].kind is Kind.DNS_SERVER


def test_what_we_ask_does_not_wake_us() -> None:
    for frame in (discover(OWN, 7), information_request(OWN, LOCAL, 7), solicit_router(OWN, LOCAL)):
        assert run(assemble(), frame, HERE | {AD_PKTTYPE: PACKET_OUTGOING}) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="a raw socket needs root")
def test_an_interface_that_is_not_there_gets_nothing() -> None:
    sender = Sender()
    try:
        assert sender.send("none7", [discover(OWN, 7)]) == 0
    finally:
        sender.close()
