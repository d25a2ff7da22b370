"""Who is in the house by a public address."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import pytest

from filterd.control import on_link


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The prefixes at the interfaces; each look at them is a call."""
    prefixes = ["2001:db8:77::/64", "198.51.100.0/24"]
    seen = []

    def networks() -> tuple[list[str], list[on_link.Network]]:
        seen.append(1)
        return [], [ipaddress.ip_network(text) for text in prefixes]

    monkeypatch.setattr(on_link, "local_networks", networks)
    monkeypatch.setattr(on_link, "_known", (-on_link.FRESH_S, []))
    yield seen  # type: ignore[misc] # only its length matters


@pytest.mark.parametrize("address", ["2001:db8:77::11", "198.51.100.9", "::ffff:198.51.100.9", "2001:db8:77::11%eth0"])
def test_a_neighbour_is_in_the_house(looks: list[str], address: str) -> None:
    assert on_link.is_on_link(address)


@pytest.mark.parametrize("address", ["2001:db8:78::11", "203.0.113.9", "", "name", "::ffff:203.0.113.9"])
def test_others_are_not(looks: list[str], address: str) -> None:
    assert not on_link.is_on_link(address)


def test_the_interfaces_are_looked_at_twice_a_minute_and_no_more(
    looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(on_link.time, "monotonic", lambda: now)
    for _ in range(20):
        on_link.is_on_link("203.0.113.9")
    assert len(looks) == 1
    now += on_link.FRESH_S
    on_link.is_on_link("203.0.113.9")
    assert len(looks) == 2
