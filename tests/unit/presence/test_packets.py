"""Frames become sightings: built ones as expected, real ones and noise without ever raising."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.model.sighting import Kind, Sighting, decode, encode
from filterd.presence.packets import read_frame
from tests import packets
from tests.examples import examples
from tests.property.test_wire_pcaps import frames
from tests.shared import need_shared

PHONE, ROUTER, OTHER = "02:aa:00:00:00:11", "02:aa:00:00:00:01", "02:aa:00:00:00:66"
LLA, TEMPORARY = "fe80::11", "2001:db8:77::651e:3"
HOST, FINGERPRINT = packets.option(12, b"lans-phone"), packets.option(55, bytes((1, 3, 6, 15)))
VENDOR = packets.option(60, b"android-dhcp-14")
RESOLVERS = ["192.0.2.1", "198.51.100.53"]


def seen(frame: bytes) -> list[Sighting]:
    """What a frame says beside that its sender talks, which every frame does."""
    found = read_frame(frame, 5.0, "eth0")
    assert found[0] == Sighting(5.0, Kind.TALKS, frame[6:12].hex(":"), interface="eth0")
    return found[1:]


def one(kind: Kind, mac: str = PHONE, address: str = "", name: str = "", detail: str = "") -> list[Sighting]:
    return [Sighting(5.0, kind, mac, address, name, detail, "eth0")]


@pytest.mark.parametrize("operation", [1, 2])
def test_arp_says_who_has_an_address(operation: int) -> None:
    assert seen(packets.arp(PHONE, "192.0.2.11", "192.0.2.1", operation=operation)) == one(
        Kind.ARP, address="192.0.2.11"
    )


@pytest.mark.parametrize(
    "frame",
    [
        packets.arp(PHONE, "0.0.0.0", "192.0.2.11"),  # a probe: the address is not yet its own
        packets.arp(PHONE, "192.0.2.11", sender=OTHER),  # says that somebody else has it
        packets.arp(PHONE, "224.0.0.1"),
        packets.arp(PHONE, "255.255.255.255"),
        packets.arp(PHONE, "192.0.2.11", operation=3),
        packets.arp(PHONE, "192.0.2.11")[:-1],
        packets.solicit(PHONE, "::", TEMPORARY),  # looks whether it is free
        packets.solicit(PHONE, LLA, "fe80::1", lla=OTHER),
        packets.advertise(PHONE, TEMPORARY, lla=OTHER),
        packets.ipv6(PHONE, LLA, "ff02::1", 58, b"\x88\0\0\0" + bytes(4) + bytes(16)),
        packets.ipv6(PHONE, LLA, "ff02::1", 58, b"\x87\0\0\0" + bytes(4) + packets.packed("fe80::1"), hops=64),
        packets.ipv6(PHONE, LLA, "ff02::1", 58, b"\x87\1\0\0" + bytes(4) + packets.packed("fe80::1")),
        packets.ipv6(PHONE, LLA, "ff02::1", 58, b"\x87\0\0\0" + bytes(20) + b"\x01\x00"),
        packets.router(ROUTER, "2001:db8::1"),  # only a link-local address is a router's
        packets.dhcp_request(PHONE, HOST)[:200],
        packets.dhcp_request(PHONE, b"\x0c\xff" + b"a"),  # runs past the end
        packets.udp4(PHONE, "192.0.2.1", "255.255.255.255", (68, 67), packets.dhcp(3, OTHER, HOST)),  # a relay
    ],
)
def test_what_proves_nothing_says_only_that_its_sender_talks(frame: bytes) -> None:
    assert seen(frame) == []


@pytest.mark.parametrize(
    "frame",
    [b"", b"\xff" * 13, packets.arp("00:00:00:00:00:00", "192.0.2.1"), packets.arp("01:00:5e:00:00:01", "192.0.2.1")],
)
def test_no_device_no_sighting(frame: bytes) -> None:
    assert read_frame(frame, 5.0) == []


def test_dhcp_gives_name_and_fingerprint() -> None:
    found = seen(packets.dhcp_request(PHONE, HOST + FINGERPRINT + VENDOR))
    assert found == one(Kind.DHCP, name="lans-phone", detail="55=1,3,6,15;60=android-dhcp-14")


def test_a_device_that_has_its_address_says_so() -> None:
    data = packets.dhcp(3, PHONE, b"", own="192.0.2.11")
    assert seen(packets.udp4(PHONE, "192.0.2.11", "192.0.2.1", (68, 67), data)) == one(Kind.DHCP, address="192.0.2.11")


def test_a_long_option_comes_in_pieces() -> None:
    found = seen(packets.dhcp_request(PHONE, packets.option(12, b"lans-") + b"\0" + packets.option(12, b"phone")))
    assert found == one(Kind.DHCP, name="lans-phone")


@pytest.mark.parametrize("value", [b"\x01\x00\x00\x0alans-phone\x04home\x00", b"\x00\x00\x00lans-phone.home"])
def test_a_client_that_gives_its_whole_name(value: bytes) -> None:
    assert seen(packets.dhcp_request(PHONE, packets.option(81, value))) == one(Kind.DHCP, name="lans-phone")


def test_a_hostile_name_is_made_harmless() -> None:
    hostile = b"\x1b]0;x\x07<img src=x onerror=alert(1)>" + b"A" * 200
    name = seen(packets.dhcp_request(PHONE, packets.option(12, hostile)))[0].name
    assert name.startswith("�]0;x�<img src=x onerror=alert(1)>A") and len(name) == 64


@pytest.mark.parametrize("kind", [2, 5])
def test_an_offer_names_its_resolvers(kind: int) -> None:
    found = seen(packets.dhcp_reply(ROUTER, "192.0.2.1", PHONE, "192.0.2.11", RESOLVERS, kind))
    offered = [
        *one(Kind.DNS_SERVER, ROUTER, RESOLVERS[0], detail="dhcp"),
        *one(Kind.DNS_SERVER, ROUTER, RESOLVERS[1], detail="dhcp"),
    ]
    # a promise proves nothing: any program of any device may send to port 68 that its own address is somebody else's
    assert found == offered


@pytest.mark.parametrize("source", ["0.0.0.0", "192.0.2.12"])
def test_an_address_that_a_client_names_is_its_own_only_where_the_packet_comes_from_it(source: str) -> None:
    message = packets.dhcp(3, PHONE, own="192.0.2.11")
    renewing = packets.udp4(PHONE, "192.0.2.11", "255.255.255.255", (68, 67), message)
    assert seen(renewing) == one(Kind.DHCP, PHONE, "192.0.2.11")
    assert seen(packets.udp4(PHONE, source, "255.255.255.255", (68, 67), message)) == one(Kind.DHCP)


def test_a_thousand_resolvers_are_eight() -> None:
    many = [f"198.51.100.{n}" for n in range(1, 60)]
    assert len(seen(packets.dhcp_reply(ROUTER, "192.0.2.1", PHONE, "192.0.2.11", many))) == 8
    many6 = [f"2001:db8::{n}" for n in range(1, 60)]
    assert len([s for s in seen(packets.router(ROUTER, "fe80::1", resolvers=many6)) if s.kind is Kind.DNS_SERVER]) == 8


def test_dhcpv6_of_both_sides() -> None:
    name = packets.option6(39, b"\0" + packets.name(b"lans-phone", b"home"))
    wanted = packets.option6(6, bytes((0, 23, 0, 24, 1, 0)))
    vendor = packets.option6(16, b"\0\0\1\x37\0\x08MSFT 5.0")
    assert seen(packets.dhcp6(PHONE, LLA, 1, name + wanted + vendor)) == one(
        Kind.DHCP6, PHONE, LLA, "lans-phone", "6=23,24;16=MSFT 5.0"
    )
    offer = packets.option6(23, packets.packed("2001:db8::53"))
    assert seen(packets.dhcp6(ROUTER, "fe80::1", 7, offer, LLA)) == one(
        Kind.DNS_SERVER, ROUTER, "2001:db8::53", detail="dhcp6"
    )
    assert seen(packets.dhcp6(ROUTER, "fe80::1", 7, offer[:-1], LLA)) == []


def test_temporary_addresses_lead_to_the_same_device() -> None:
    for frame in (packets.solicit(PHONE, TEMPORARY, "fe80::1"), packets.advertise(PHONE, TEMPORARY)):
        assert seen(frame) == one(Kind.NDP, address=TEMPORARY)
    assert seen(packets.advertise(PHONE, TEMPORARY, lla="")) == one(Kind.NDP, address=TEMPORARY)


def test_a_router_and_the_resolvers_that_it_announces() -> None:
    found = seen(packets.router(ROUTER, "fe80::1", prefix="2001:db8:77::/64", resolvers=["2001:db8::53"]))
    assert found == [
        *one(Kind.RA, ROUTER, "fe80::1", detail="lifetime=1800"),
        *one(Kind.NDP, ROUTER, "fe80::1"),
        *one(Kind.DNS_SERVER, ROUTER, "2001:db8::53", detail="ra"),
    ]
    back = seen(packets.router(ROUTER, "fe80::1", lifetime=0, resolvers=["2001:db8::53"], dns_s=0))
    assert [s.kind for s in back] == [Kind.RA, Kind.NDP] and back[0].detail == "lifetime=0"


OWN = packets.name("Lan’s iPhone".encode(), b"local")


def test_mdns_gives_the_name_of_its_own_address() -> None:
    records = [(OWN, "192.0.2.11"), (b"\xc0\x0c", LLA)]
    assert seen(packets.mdns4(PHONE, "192.0.2.11", packets.mdns(records))) == one(
        Kind.MDNS, PHONE, "192.0.2.11", "Lan’s iPhone"
    )
    assert seen(packets.mdns6(PHONE, LLA, packets.mdns(records))) == one(Kind.MDNS, PHONE, LLA, "Lan’s iPhone")


@pytest.mark.parametrize(
    "data",
    [
        packets.mdns([(OWN, "192.0.2.12")]),  # a reflector repeats another's
        packets.mdns([(OWN, "192.0.2.11")], ttl=0),  # goodbye
        packets.mdns([(packets.name(b"lan", b"example"), "192.0.2.11")]),
        packets.mdns([(packets.name(b"a", b"b", b"local"), "192.0.2.11")]),
        packets.mdns([(packets.name(b"n%d" % n, b"local"), "192.0.2.11") for n in range(3)]),
        packets.mdns([(OWN, "192.0.2.11")] * 200),
        packets.mdns([(OWN, "192.0.2.11")])[:-1],
        packets.mdns([(b"\xc0\x20", "192.0.2.11")]),
        packets.mdns([(b"\xc0\x0c", "192.0.2.11")]),  # points at itself
        b"\0" * 11,
    ],
)
def test_mdns_that_names_nobody(data: bytes) -> None:
    assert seen(packets.mdns4(PHONE, "192.0.2.11", data)) == []


SAMPLES = [
    packets.arp(PHONE, "192.0.2.11"),
    packets.dhcp_request(PHONE, HOST + FINGERPRINT + VENDOR),
    packets.dhcp_reply(ROUTER, "192.0.2.1", PHONE, "192.0.2.11", RESOLVERS, 5),
    packets.dhcp6(PHONE, LLA, 1, packets.option6(39, b"\0" + packets.name(b"lan")) + packets.option6(6, b"\0\x17")),
    packets.dhcp6(ROUTER, "fe80::1", 7, packets.option6(23, bytes(16)), LLA),
    packets.solicit(PHONE, LLA, "fe80::1"),
    packets.router(ROUTER, "fe80::1", prefix="2001:db8:77::/64", resolvers=["2001:db8::53"]),
    packets.mdns4(PHONE, "192.0.2.11", packets.mdns([(OWN, "192.0.2.11"), (b"\xc0\x0c", LLA)])),
    packets.mdns6(PHONE, LLA, packets.mdns([(OWN, "192.0.2.11"), (b"\xc0\x0c", LLA)])),
]


def holds(frame: bytes) -> None:
    """Whatever the frame: nothing is raised, little comes out, and all of it may be told."""
    found = read_frame(frame, 5.0, "eth0")
    assert len(found) <= 12
    assert all(decode(encode(sighting)) == sighting for sighting in found)


@settings(max_examples=examples(1500), deadline=None)
@given(st.data())
def test_damaged_frames_never_raise(data: st.DataObject) -> None:
    frame = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(frame) - 1), st.integers(0, 255)), max_size=6)):
        frame[at] = value
    holds(bytes(frame[: data.draw(st.integers(0, len(frame)))]))


@settings(max_examples=examples(500), deadline=None)
@given(st.sampled_from(SAMPLES), st.binary(max_size=300))
def test_noise_behind_any_header_never_raises(frame: bytes, noise: bytes) -> None:
    for keep in (14, 34, 42, 54, 62):
        holds(frame[:keep] + noise)


@pytest.mark.shared
def test_real_frames_never_raise() -> None:
    folder = need_shared() / "data" / "pcaps"
    kinds: set[Kind] = set()
    for path in sorted(folder.rglob("*.pcap")):
        for link, frame in frames(path):
            if link == 1:
                holds(frame[:2048])
                kinds |= {sighting.kind for sighting in read_frame(frame, 5.0)}
    assert {Kind.TALKS, Kind.ARP} <= kinds, kinds
