"""The bypass watch: names, silence from the start, other resolvers, a box that saw nothing, memory, bounds."""

from __future__ import annotations

import json
import random

import pytest

from filterd.model.bypass import Confidence, Finding, Kind
from filterd.model.sighting import Kind as Seen
from filterd.model.sighting import Sighting
from filterd.presence.bypass import BASE_S, LAYOUT, MAX_DEVICES, Watch
from filterd.presence.bypass_asks import AGAIN_S
from filterd.presence.bypass_names import BypassNames

NAMES = BypassNames.load()
DAY = 86_400.0
START = 20_000 * DAY
PHONE, PRINTER, ROUTER = "02:aa:00:00:00:11", "00:1b:00:00:00:22", "00:16:3e:00:00:01"
BOX = "192.0.2.2"


def watch(grown: bool = True) -> tuple[Watch, float]:
    """A watch that has known the phone for two days, or for none."""
    found = Watch(NAMES, (BOX,))
    found.question(START, PHONE, "www.example.org")
    at = START + 2 * DAY if grown else START + 60
    found.question(at, PHONE, "www.example.org")
    found.tick(at)
    return found, at


def offer(at: float, address: str, detail: str = "dhcp", mac: str = ROUTER) -> Sighting:
    return Sighting(at, Seen.DNS_SERVER, mac, address, detail=detail)


@pytest.mark.parametrize(
    ("name", "kind", "steps"),
    [("api.nordvpn.com", Kind.VPN, "vpn_app"), ("www.croxyproxy.com", Kind.PROXY, "browser"), ("dns.google", Kind.DOH, "browser"),
     ("MASK.icloud.com.", Kind.RELAY, "ios"), ("beevpn.example", Kind.VPN, "vpn_app"), ("doh.example.org", Kind.DOH, "browser")],
)  # fmt: skip
def test_names_that_lead_round_are_told_at_once(name: str, kind: Kind, steps: str) -> None:
    found, at = watch()
    found.question(at + 5, PHONE, name)
    (finding,) = found.tick(at + 5)
    assert (finding.kind, finding.mac, finding.since, finding.at, finding.steps) == (kind, PHONE, at + 5, at + 5, steps)
    assert finding.facts == {"name": name.rstrip(".").lower(), "blocked": False}


@pytest.mark.parametrize(
    "name",
    [
        "use-application-dns.net",
        "doh.dns.apple.com",
        "_dns.resolver.arpa",
        "www.example.org",
        "x.mask.icloud.com",
        "vpn",
        "",
    ],
)
def test_names_that_every_device_asks_mean_nothing(name: str) -> None:
    found, at = watch()
    found.question(at + 5, PHONE, name, blocked=True)
    assert found.tick(at + 5) == []


def test_a_way_is_told_once_while_it_goes_on_and_again_after_hours() -> None:
    found, at = watch()
    for minute in range(60):
        found.question(at + 60 * minute, PHONE, "api.nordvpn.com")
    assert len(found.tick(at + 3600)) == 1
    found.question(at + 3600 + AGAIN_S + 60, PHONE, "api.nordvpn.com")
    assert len(found.tick(at + 3600 + AGAIN_S + 61)) == 1


def test_a_blocked_name_is_a_guess_until_it_is_asked_again_and_again() -> None:
    found, at = watch()
    found.question(at, PHONE, "dns.google", blocked=True)
    assert [f.confidence for f in found.tick(at)] == [Confidence.LOW]
    found.question(at + 60, PHONE, "dns.google", blocked=True)
    found.question(at + 120, PHONE, "dns.google", blocked=True)
    assert [f.confidence for f in found.tick(at + 120)] == [Confidence.MEDIUM]


def test_refused_names_on_the_first_day_are_the_start_of_programs() -> None:
    found, at = watch(grown=False)
    found.question(at, PHONE, "mask.icloud.com", blocked=True)
    found.question(at, PHONE, "dns.google", blocked=True)
    assert found.tick(at) == []
    found.question(at, PHONE, "api.nordvpn.com", blocked=True)
    assert [f.kind for f in found.tick(at)] == [Kind.VPN]


def test_a_name_of_a_list_from_outside_counts_by_its_category() -> None:
    found, at = watch()
    found.question(at, PHONE, "roundabout.example", blocked=True, category="bypass")
    found.question(at, PHONE, "cards.example", blocked=True, category="gambling")
    assert [(f.kind, f.confidence) for f in found.tick(at)] == [(Kind.PROXY, Confidence.LOW)]


def test_a_phone_that_joins_and_never_asks_is_told_a_printer_is_not() -> None:
    found, at = watch()
    for mac, name in ((PHONE[:-2] + "99", "iPhone"), (PRINTER, "EPSON-XP")):
        found.sighting(Sighting(at + 60, Seen.DHCP, mac, "192.0.2.40", name))
    for minute in range(2, 40):
        for mac in (PHONE[:-2] + "99", PRINTER):
            found.sighting(Sighting(at + 60 * minute, Seen.ARP, mac, "192.0.2.40"))
        found.question(at + 60 * minute, PHONE, "www.example.org")
    (finding,) = found.tick(at + 2400)
    assert (finding.kind, finding.mac, finding.steps) == (Kind.SILENT, PHONE[:-2] + "99", "ios")
    assert finding.at - finding.since < 1800
    assert found.goes_on(finding, at + 2400)
    found.question(at + 2500, finding.mac, "www.example.org")
    assert not found.goes_on(finding, at + 2500)


def test_who_is_there_when_the_recording_begins_did_not_just_join() -> None:
    found = Watch(NAMES)
    found.sighting(Sighting(START, Seen.DHCP, PHONE, "192.0.2.40", "iPhone"))
    for minute in range(600):
        found.sighting(Sighting(START + 60 * minute, Seen.ARP, PHONE))
    assert found.tick(START + 36_000) == []


def test_another_resolver_is_told_and_the_box_itself_is_not() -> None:
    found, at = watch()
    found.sighting(offer(at, BOX))
    found.sighting(offer(at, "2001:db8:53::1", "ra"))
    found.sighting(offer(at + 600, "2001:db8:53::1", "ra"))
    (finding,) = found.tick(at + 600)
    assert (finding.kind, finding.mac, finding.confidence, finding.steps) == (
        Kind.SECOND_DNS,
        ROUTER,
        Confidence.HIGH,
        "router",
    )
    assert finding.facts == {"address": "2001:db8:53::1", "offered": "ra"}
    assert found.goes_on(finding, at + 3600) and not found.goes_on(finding, at + 600 + AGAIN_S)


def test_a_router_that_offers_itself() -> None:
    found, at = watch()
    found.sighting(Sighting(at, Seen.ARP, ROUTER, "192.0.2.1"))
    found.sighting(offer(at, "192.0.2.1"))
    assert [f.kind for f in found.tick(at)] == [Kind.ROUTER_DNS]


def test_without_the_boxs_address_the_first_hour_says_what_is_usual() -> None:
    found = Watch(NAMES)
    found.sighting(offer(START, "192.0.2.2"))
    found.sighting(offer(START + BASE_S + 60, "192.0.2.2"))
    found.sighting(offer(START + BASE_S + 60, "198.51.100.53"))
    assert [f.facts["address"] for f in found.tick(START + BASE_S + 60)] == ["198.51.100.53"]


def live(found: Watch, macs: dict[str, bool], begin: float, minutes: int, seed: int = 7) -> list[Finding]:
    """Let devices be used by day and sleep by night; True: it asks us."""
    rng, told = random.Random(seed), []
    for minute in range(minutes):
        at = begin + 60 * minute
        awake = 7 <= at % DAY // 3600 < 22
        for mac, asks in macs.items():
            if rng.random() < (0.6 if awake else 0.05):
                found.sighting(Sighting(at, Seen.ARP, mac, "192.0.2.40"))
            if asks and rng.random() < (0.5 if awake else 0.03):
                found.question(at, mac, "www.example.org")
        told += found.tick(at)
    return told


def test_a_phone_that_falls_silent_is_told_and_a_box_that_sees_nothing_is_not_their_fault() -> None:
    other, noon = PHONE[:-2] + "12", START + 3 * DAY + 12 * 3600
    found = Watch(NAMES, (BOX,))
    assert live(found, {PHONE: True, other: True}, START, int((noon - START) / 60)) == []
    blind = Watch(NAMES, (BOX,))
    blind.restore(json.loads(json.dumps(found.document())))
    (finding,) = live(found, {PHONE: False, other: True}, noon, 45)
    assert (finding.kind, finding.mac, finding.confidence) == (Kind.FELL_SILENT, PHONE, Confidence.MEDIUM)
    assert finding.since <= noon and finding.at - noon <= 30 * 60
    assert finding.facts["silent_minutes"] == int((finding.at - finding.since) / 60)
    assert live(blind, {PHONE: False, other: False}, noon, 90) == []


def test_a_name_that_was_asked_before_the_silence_says_what_it_is() -> None:
    found, noon = Watch(NAMES, (BOX,)), START + 3 * DAY + 12 * 3600
    live(found, {PHONE: True, PHONE[:-2] + "12": True}, START, int((noon - START) / 60))
    found.question(noon, PHONE, "dns.google", blocked=True)
    told = live(found, {PHONE: False, PHONE[:-2] + "12": True}, noon, 45)
    assert [(f.kind, f.confidence) for f in told] == [(Kind.DOH, Confidence.LOW), (Kind.DOH, Confidence.HIGH)]


def test_a_newcomer_is_judged_by_how_others_of_the_house_are() -> None:
    found, noon = Watch(NAMES, (BOX,)), START + 3 * DAY + 12 * 3600
    house = {PHONE: True, PHONE[:-2] + "12": True}
    live(found, house, START, int((noon - START) / 60))
    new = PHONE[:-2] + "77"
    found.sighting(Sighting(noon, Seen.DHCP, new, "192.0.2.41", "iPhone"))
    assert live(found, {**house, new: True}, noon, 30) == []
    (finding,) = live(found, {**house, new: False}, noon + 1800, 60)
    assert (finding.kind, finding.mac) == (Kind.FELL_SILENT, new)


def test_a_television_that_plays_for_hours_asks_nothing_and_is_not_told() -> None:
    found, evening = Watch(NAMES, (BOX,)), START + 3 * DAY + 18 * 3600
    found.sighting(Sighting(START, Seen.DHCP, PRINTER, "192.0.2.41", "LG-webOS-TV"))
    live(found, {PHONE: True, PRINTER: True}, START, int((evening - START) / 60))
    assert live(found, {PHONE: True, PRINTER: False}, evening, 180) == []


def test_late_records_and_a_clock_that_jumps_do_no_harm() -> None:
    found, at = watch()
    found.question(at - 5000, PHONE, "api.nordvpn.com")
    found.tick(at + 400 * DAY)
    found.question(at, PHONE, "www.example.org")
    assert found.tick(at) == []


def test_memory_comes_back_and_what_is_damaged_is_learned_anew() -> None:
    found, at = watch()
    found.sighting(Sighting(at, Seen.DHCP, PHONE, "192.0.2.40", "iPhone"))
    again = Watch(NAMES, (BOX,))
    again.restore(json.loads(json.dumps(found.document())))
    assert again.document() == found.document()
    for damaged in (
        None,
        [],
        {"layout": LAYOUT},
        {"layout": LAYOUT, "devices": {PHONE: 5}},
        {"layout": 1, "devices": {}},
    ):
        fresh = Watch(NAMES)
        fresh.restore(damaged)
        assert fresh.document()["devices"] == {}


def test_devices_are_bounded() -> None:
    found = Watch(NAMES, (BOX,))
    for number in range(MAX_DEVICES + 5):
        found.question(START, f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}", "www.example.org")
    assert len(found.document()["devices"]) == MAX_DEVICES


def test_findings_say_themselves_in_plain_values() -> None:
    finding = Finding(Kind.FELL_SILENT, PHONE, 1.0, 2.0, Confidence.HIGH, {"silent_minutes": 20}, "ios")
    assert json.loads(json.dumps(finding.document()))["kind"] == "fell_silent"
    assert finding.key == Finding(Kind.SILENT, PHONE, 1.0, 2.0, Confidence.LOW).key
