"""Who is who: moves, conflicts, sleep, repeaters, bounds, restarts, and any order of sightings."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.model.sighting import Kind, Sighting
from filterd.presence.identify import (
    CONFLICT_S,
    FRAME_S,
    HELD_S,
    KEPT_S,
    MAX_ADDRESSES,
    MAX_DEVICES,
    MAX_NAMES,
    SHARED,
    SHARED_S,
    Identify,
)
from tests.examples import examples

NOW = 1_900_000_000.0
LAN, MINH, TV = "02:aa:00:00:00:11", "02:aa:00:00:00:12", "00:1d:c9:00:00:13"
A, B = "192.0.2.11", "192.0.2.12"


def frame(mac: str, address: str, at: float, kind: Kind = Kind.ARP) -> Sighting:
    """A frame in which a device says that it has an address."""
    return Sighting(at, kind, mac, address)


def test_a_device_is_known_at_all_its_addresses_of_both_families() -> None:
    seen = Identify()
    for address, kind in ((A, Kind.ARP), ("fd77::11", Kind.NDP), ("2001:db8:77::aaaa", Kind.NDP)):
        assert seen.take(frame(LAN, address, NOW, kind))
        assert not seen.take(frame(LAN, address, NOW + 1, kind))  # nothing new
    assert seen.addresses(NOW + 2) == {A: LAN, "fd77::11": LAN, "2001:db8:77::aaaa": LAN}
    (device,) = seen.devices(NOW + 2)
    assert device.addresses == (A, "2001:db8:77::aaaa", "fd77::11") and device.is_private


def test_an_address_that_moves_moves_at_once_and_a_swap_is_no_conflict() -> None:
    seen = Identify()
    for at in range(0, 60, 2):
        seen.take(frame(LAN, A, NOW + at))
        seen.take(frame(MINH, B, NOW + at))
    assert seen.take(frame(MINH, A, NOW + 60))
    assert seen.take(frame(LAN, B, NOW + 60.1))
    assert seen.addresses(NOW + 60.2) == {A: MINH, B: LAN}
    assert seen.conflicts(NOW + 60.2) == []


def test_two_that_claim_one_address_in_turn_get_nobodys_rules_until_they_agree() -> None:
    seen = Identify()
    seen.take(frame(LAN, A, NOW))
    seen.take(frame(MINH, A, NOW + 3))
    assert seen.mac_of(A, NOW + 3) == MINH
    seen.take(frame(LAN, A, NOW + 4))
    assert seen.mac_of(A, NOW + 4) == "" and A not in seen.addresses(NOW + 4)
    assert seen.conflicts(NOW + 4) == [(A, LAN, MINH)]
    assert {d.mac: d.rival for d in seen.devices(NOW + 4)}[LAN] == MINH
    assert seen.turns(NOW + 4) == NOW + 4 + HELD_S
    seen.take(frame(LAN, A, NOW + 30))
    assert seen.mac_of(A, NOW + 4 + HELD_S) == LAN and seen.turns(NOW + 4 + HELD_S) is None


def test_who_comes_back_later_than_that_simply_has_it_again() -> None:
    seen = Identify()
    seen.take(frame(LAN, A, NOW))
    seen.take(frame(MINH, A, NOW + 1))
    seen.take(frame(LAN, A, NOW + 1 + CONFLICT_S + 0.1))
    assert seen.addresses(NOW + 13) == {A: LAN}


def test_the_kernels_memory_does_not_bring_an_address_back() -> None:
    seen = Identify()
    seen.table({A: LAN}, NOW)
    seen.take(frame(MINH, A, NOW + 1))
    assert not seen.table({A: LAN}, NOW + 1 + FRAME_S - 0.1)
    assert seen.mac_of(A, NOW + 4) == MINH
    assert seen.table({A: LAN}, NOW + 1 + FRAME_S)  # without another frame it knows best whom the box talks to
    assert seen.mac_of(A, NOW + 5) == LAN and seen.conflicts(NOW + 5) == []


def test_the_kernels_memory_is_no_sign_of_life() -> None:
    seen = Identify()
    seen.take(frame(LAN, A, NOW))
    for at in range(0, 3600, 2):
        seen.table({A: LAN}, NOW + at)
    assert seen.devices(NOW + 3600)[0].last == NOW


def test_a_phone_asleep_is_still_that_phone_and_one_gone_for_a_day_is_not() -> None:
    seen = Identify()
    seen.take(frame(LAN, A, NOW))
    seen.take(Sighting(NOW + 100, Kind.GONE, LAN, A))
    assert seen.addresses(NOW + KEPT_S) == {A: LAN}
    assert seen.addresses(NOW + KEPT_S + 1) == {}
    assert seen.devices(NOW + KEPT_S + 1)[0].addresses == ()


def test_what_a_packet_only_tells_about_an_address_is_not_believed() -> None:
    seen = Identify()
    seen.take(frame(LAN, A, NOW))
    seen.take(Sighting(NOW + 1, Kind.MDNS, MINH, A, name="Lan-iPhone"))
    seen.take(Sighting(NOW + 1, Kind.DNS_SERVER, TV, A, detail="dhcp"))
    assert seen.addresses(NOW + 2) == {A: LAN}
    assert seen.device(MINH, NOW + 2).names == ("Lan-iPhone",)  # type: ignore[union-attr]
    assert seen.device(TV, NOW + 2) is None


def test_many_behind_one_hardware_address_get_no_rules_by_it() -> None:
    seen = Identify()
    for number in range(SHARED - 1):
        seen.take(frame(TV, f"192.0.2.{100 + number}", NOW))
    assert len(seen.addresses(NOW)) == SHARED - 1
    seen.take(frame(TV, "192.0.2.200", NOW))
    assert seen.addresses(NOW) == {} and seen.device(TV, NOW).is_shared  # type: ignore[union-attr]


def test_a_device_that_wore_many_addresses_one_after_the_other_keeps_its_rules() -> None:
    seen = Identify()
    for number in range(2 * SHARED):
        seen.take(frame(LAN, f"192.0.2.{100 + number}", NOW + number * 2 * SHARED_S / SHARED))
    at = NOW + 4 * SHARED_S
    assert len(seen.addresses(at)) == 2 * SHARED and not seen.device(LAN, at).is_shared  # type: ignore[union-attr]
    # all at once for a moment, and only the kernel still remembers them: no way out of one's own rules for a day
    for number in range(2 * SHARED):
        seen.take(frame(LAN, f"192.0.2.{100 + number}", at))
    assert seen.addresses(at) == {}
    seen.table({f"192.0.2.{100 + number}": LAN for number in range(2 * SHARED)}, at + SHARED_S + 1)
    assert set(seen.addresses(at + SHARED_S + 1).values()) == {LAN}


def test_names_and_what_dhcp_says_are_kept_the_newest_first_and_few() -> None:
    seen = Identify()
    for name in ("a", "b", "a", "c", "d"):
        seen.take(Sighting(NOW, Kind.DHCP, LAN, name=name, detail="55=1,3,6,15;60=android-dhcp-14"))
    device = seen.device(LAN, NOW)
    assert device is not None and device.names == ("d", "c", "a") and len(device.names) == MAX_NAMES
    assert (device.fingerprint, device.vendor_class) == ("1,3,6,15", "android-dhcp-14")
    seen.take(Sighting(NOW, Kind.RA, LAN, "fe80::1", detail="lifetime=0"))  # as loudspeakers do: no way out by it
    assert not seen.device(LAN, NOW).is_router  # type: ignore[union-attr]
    seen.take(Sighting(NOW, Kind.RA, LAN, "fe80::1", detail="lifetime=1800"))
    assert seen.device(LAN, NOW).is_router  # type: ignore[union-attr]


def test_who_asks_is_noted_for_who_has_the_address() -> None:
    seen = Identify()
    seen.asked(A, NOW)  # nobody's
    seen.take(frame(LAN, A, NOW))
    seen.asked(A, NOW + 5)
    seen.asked(A, NOW + 2)
    assert seen.device(LAN, NOW + 9).asked == NOW + 5  # type: ignore[union-attr]


def mac(number: int) -> str:
    """A made-up hardware address."""
    return "02:" + number.to_bytes(5, "big").hex(":")


def test_a_crowd_of_strangers_does_not_push_the_household_out() -> None:
    seen = Identify()
    seen.named = frozenset((LAN,))
    seen.take(frame(LAN, A, NOW))
    for number in range(MAX_DEVICES + 100):
        seen.take(frame(mac(number), f"10.0.{number >> 8}.{number & 255}", NOW + 1 + number / 1000))
    assert len(seen) == MAX_DEVICES and seen.mac_of(A, NOW + 9) == LAN
    assert len(seen.addresses(NOW + 9)) == MAX_DEVICES
    assert seen.device(mac(0), NOW + 9) is None


def test_one_device_holds_a_bounded_number_of_addresses() -> None:
    seen = Identify()
    for number in range(MAX_ADDRESSES + 5):
        seen.take(frame(LAN, f"2001:db8::{number + 1:x}", NOW + number, Kind.NDP))
    assert len(seen.addresses(NOW + 99)) == MAX_ADDRESSES
    assert "2001:db8::1" not in seen.addresses(NOW + 99)


def test_a_restart_knows_what_was_known() -> None:
    seen = Identify()
    seen.take(Sighting(NOW - 60, Kind.DHCP, LAN, A, name="Lan", detail="55=1,3;60=x"))
    seen.take(frame(LAN, "fd77::11", NOW - 50, Kind.NDP))
    seen.asked(A, NOW - 40)
    again = Identify()
    again.restore(json.loads(json.dumps(seen.document())), NOW)
    assert again.devices(NOW) == seen.devices(NOW) and again.addresses(NOW) == seen.addresses(NOW)


def test_a_memory_that_is_damaged_is_left_out() -> None:
    for rubbish in (None, [], {"x": {}}, {LAN: 3}, {LAN: {"last": "x", "names": 5, "addresses": [3, "nonsense", A]}}):
        seen = Identify()
        seen.restore(rubbish, NOW)
        assert seen.addresses(NOW) == {}
    seen = Identify()
    seen.restore({LAN: {"last": NOW * 2, "names": ["\x1b[31mred", 7], "addresses": ["nonsense", A]}}, NOW)
    assert seen.device(LAN, NOW).last == NOW and "\x1b" not in seen.device(LAN, NOW).names[0]  # type: ignore[union-attr]
    assert seen.addresses(NOW) == {A: LAN}


MACS = st.sampled_from([mac(n) for n in range(4)])
ADDRESSES = st.sampled_from([A, B, "192.0.2.13", "fd77::1"])
EVENTS = st.lists(
    st.tuples(st.sampled_from(list(Kind)), MACS, st.one_of(ADDRESSES, st.just("")), st.floats(0, 30)), max_size=60
)


@given(EVENTS)
@settings(max_examples=examples(200), deadline=None)
def test_every_address_is_at_most_one_devices_whatever_was_seen(events: list[tuple[Kind, str, str, float]]) -> None:
    seen, at = Identify(), NOW
    for kind, who, address, passed in events:
        at += passed
        seen.take(Sighting(at, kind, who, address))
        shown = seen.devices(at)
        held = [a for d in shown for a in d.addresses]
        assert len(held) == len(set(held))
        found = seen.addresses(at)
        for a, m in found.items():
            assert a in seen.device(m, at).addresses  # type: ignore[union-attr]
            assert a not in {c for c, _, _ in seen.conflicts(at)}
        again = Identify()
        again.restore(seen.document(), at)
        assert {d.mac for d in again.devices(at)} == {d.mac for d in shown}
