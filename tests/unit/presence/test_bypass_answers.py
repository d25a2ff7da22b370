"""A router that answers whoever asks it: a chance, told once and kindly, and never beside the surer finding."""

from __future__ import annotations

from filterd.model.bypass import Confidence, Kind
from filterd.model.sighting import ANSWERS, Sighting
from filterd.model.sighting import Kind as Seen
from filterd.presence.bypass import Watch
from filterd.presence.bypass_answers import MAX_ANSWERING, Answers
from filterd.presence.bypass_asks import AGAIN_S
from filterd.presence.bypass_names import BypassNames

ROUTER, BOX = "02:aa:00:00:00:01", "192.0.2.2"
START = 1_796_000_000.0
HALF_HOUR = 1800.0


def watch() -> Watch:
    found = Watch(BypassNames.load(), (BOX,))
    found.sighting(Sighting(START, Seen.ARP, ROUTER, "192.0.2.1"))
    found.sighting(server(START, BOX, "dhcp"))
    return found


def server(at: float, address: str, detail: str = ANSWERS, mac: str = ROUTER) -> Sighting:
    return Sighting(at, Seen.DNS_SERVER, mac, address, detail=detail)


def test_a_router_that_hands_out_this_box_and_answers_itself_is_a_chance() -> None:
    found = watch()
    for number in range(4):
        found.sighting(server(START + 10 + number * HALF_HOUR, "192.0.2.1"))
        found.sighting(server(START + 10 + number * HALF_HOUR, "fe80::1"))  # the same router
    last = START + 10 + 3 * HALF_HOUR
    (finding,) = found.tick(last)
    assert (finding.kind, finding.mac, finding.confidence, finding.steps) == (
        Kind.ROUTER_DNS, ROUTER, Confidence.LOW, "router",
    )  # fmt: skip
    assert finding.facts == {"address": "192.0.2.1", "offered": "answers"} and finding.is_chance
    assert found.goes_on(finding, last + AGAIN_S - 1) and not found.goes_on(finding, last + AGAIN_S)
    found.sighting(server(last + AGAIN_S, "192.0.2.1"))
    assert len(found.tick(last + AGAIN_S)) == 1


def test_who_hands_itself_out_is_told_as_that_alone() -> None:
    found = watch()
    found.sighting(server(START + 5, "192.0.2.1", "dhcp"))
    found.sighting(server(START + 10, "192.0.2.1"))
    found.sighting(server(START + 10, "fe80::1"))
    (finding,) = found.tick(START + 20)
    assert (finding.confidence, finding.facts["offered"], finding.is_chance) == (Confidence.HIGH, "dhcp", False)


def test_handed_out_after_it_was_seen_to_answer_it_is_told_again_and_surer() -> None:
    found = watch()
    found.sighting(server(START + 10, "192.0.2.1"))
    found.sighting(server(START + 600, "192.0.2.1", "dhcp"))
    low, high = found.tick(START + 700)
    assert (low.confidence, high.confidence) == (Confidence.LOW, Confidence.HIGH) and low.key == high.key


def test_when_it_hands_itself_out_no_more_a_chance_is_left() -> None:
    found = watch()
    found.sighting(server(START + 10, "192.0.2.1", "dhcp"))
    (high,) = found.tick(START + 20)
    told = []
    at = START + 100
    while at < START + AGAIN_S + 2 * HALF_HOUR:
        found.sighting(server(at, "192.0.2.1"))
        told += [(found.goes_on(high, at), finding.confidence) for finding in found.tick(at)]
        at += HALF_HOUR
    assert told == [(False, Confidence.LOW)]  # the surer one has ended first


def test_an_offered_resolver_that_answers_is_a_second_one_and_no_router() -> None:
    found = watch()
    other = "02:aa:00:00:00:14"
    found.sighting(server(START + 5, "192.0.2.14", "dhcp", other))
    found.sighting(server(START + 10, "192.0.2.14", ANSWERS, other))
    assert [f.kind for f in found.tick(START + 20)] == [Kind.SECOND_DNS]


def test_this_box_answers_and_that_is_right() -> None:
    found = watch()
    found.sighting(server(START + 10, BOX))
    found.sighting(server(START + 10, ""))
    assert found.tick(START + 20) == []


def test_after_a_start_of_the_manager_it_goes_on_until_nothing_was_seen_for_long() -> None:
    found = watch()
    found.sighting(server(START + 10, "192.0.2.1"))
    (finding,) = found.tick(START + 20)
    later = START + 3 * 86_400
    again = Watch(BypassNames.load(), (BOX,))
    again.tick(later)
    assert again.goes_on(finding, later + 60) and not again.goes_on(finding, later + AGAIN_S)


def test_however_many_answer_the_table_is_bounded() -> None:
    answers = Answers()
    for number in range(MAX_ANSWERING + 1):
        mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        assert answers.take(server(START, "192.0.2.1", mac=mac), START, {}, {})
    first = server(START + 1, "192.0.2.1", mac="02:00:00:00:00:00")
    assert answers.take(first, START + 1, {}, {})  # forgotten, so told anew
    last = server(START + 1, "192.0.2.1", mac="02:00:00:00:01:00")
    assert answers.take(last, START + 1, {}, {}) == []
