"""Who hands out resolvers: told once while it goes on, by each that does, and bounded."""

from __future__ import annotations

from filterd.model.bypass import Kind
from filterd.model.sighting import Kind as Seen
from filterd.model.sighting import Sighting
from filterd.presence.bypass_asks import AGAIN_S
from filterd.presence.bypass_offers import MAX_OFFERS, Offers

ROUTER, ROGUE = "00:16:3e:00:00:01", "00:16:3e:00:00:02"
AT = 1_796_058_000.0


def offer(address: str, mac: str = ROGUE, detail: str = "dhcp") -> Sighting:
    return Sighting(AT, Seen.DNS_SERVER, mac, address, detail=detail)


def test_it_is_told_once_while_it_goes_on_and_again_after_hours() -> None:
    offers = Offers()
    first = offers.take(offer("198.51.100.53"), AT, {})
    assert first is not None and first.kind is Kind.SECOND_DNS and first.facts["offered"] == "dhcp"
    assert offers.take(offer("198.51.100.53"), AT + AGAIN_S - 1, {}) is None
    assert (
        offers.last(ROGUE, "198.51.100.53", 5.0) == AT + AGAIN_S - 1
        and offers.last(ROUTER, "198.51.100.53", 5.0) == 5.0
    )
    assert offers.take(offer("198.51.100.53"), AT + 2 * AGAIN_S, {}) is not None


def test_another_machine_that_offers_the_same_address_is_news() -> None:
    offers = Offers()
    offers.take(offer("2001:db8:53::1", detail="ra"), AT, {})
    second = offers.take(offer("2001:db8:53::1", ROUTER, "dhcp6"), AT + 60, {})
    assert second is not None and second.mac == ROUTER and second.facts["offered"] == "dhcp6"
    assert offers.lately() == {"2001:db8:53::1": AT + 60}


def test_a_router_that_offers_itself_is_called_so() -> None:
    found = Offers().take(offer("192.0.2.1", ROUTER), AT, {"192.0.2.1": ROUTER})
    assert found is not None and found.kind is Kind.ROUTER_DNS
    other = Offers().take(offer("192.0.2.1", ROGUE), AT, {"192.0.2.1": ROUTER})
    assert other is not None and other.kind is Kind.SECOND_DNS


def test_the_longest_unheard_goes_first() -> None:
    offers = Offers()
    for number in range(MAX_OFFERS + 1):
        offers.take(offer(f"2001:db8::{number:x}" if number else "2001:db8::"), AT + number, {})
    assert len(offers.lately()) == MAX_OFFERS and offers.last(ROGUE, "2001:db8::", 5.0) == 5.0
