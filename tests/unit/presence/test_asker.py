"""Asker joins rhythm, interfaces and the way out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from filterd.host.interfaces import Link
from filterd.model.sighting import ANSWERS, Kind, Sighting
from filterd.presence.ask_dns import Target
from filterd.presence.ask_rounds import DNS_S, FIRST_S, GAP_S, SOON_S, Rounds
from filterd.presence.asker import MAX_LINKS, Asker

OWN, ROUTER = "02:aa:00:00:00:02", "02:aa:00:00:00:01"
HERE = ("192.0.2.2/24", "fe80::2/64")


class Out:
    """Stands for the sender and the DNS questions."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []
        self.asked: list[Target] = []
        self.answers: list[Sighting] = []
        self.closed = 0

    def send(self, interface: str, frames: Iterable[bytes]) -> int:
        self.sent.append((interface, count := len(list(frames))))
        return count

    def ask(self, found: Sequence[Target], now: float) -> None:
        self.asked = list(found)

    def read(self, now: float, at: float) -> list[Sighting]:
        return self.answers

    def close(self) -> None:
        self.closed += 1


def link(*prefixes: str, name: str = "eth0", gateways: tuple[str, ...] = ()) -> Link:
    return Link(name, OWN, tuple(ipaddress.ip_interface(text) for text in prefixes), gateways)


def asker(interface: str = "") -> tuple[Asker, Out]:
    out = Out()
    return Asker(out, out, Rounds(0.0, lambda: 0.5), interface), out  # type: ignore[arg-type]


def test_a_round_asks_on_every_interface_and_then_whoever_was_found() -> None:
    one, out = asker()
    one.interfaces(
        [link(*HERE, gateways=("192.0.2.1",)), link(name="wlan0"), link("198.51.100.2/24", name="eth1")], 0.0
    )
    one.tick(FIRST_S - 1, 5.0)
    assert out.sent == []
    one.tick(FIRST_S + SOON_S, 5.0)
    assert out.sent == [("eth0", 3), ("eth1", 1)] and one.asked == 4 and out.asked == []
    one.take(Sighting(5.0, Kind.DNS_SERVER, ROUTER, "198.51.100.53", detail="dhcp", interface="eth1"), 10.0)
    one.tick(FIRST_S + SOON_S + DNS_S, 5.0)
    assert out.asked == [Target("192.0.2.1", "eth0"), Target("198.51.100.53", "eth1")]
    out.answers = [Sighting(5.0, Kind.DNS_SERVER, ROUTER, "192.0.2.1", detail=ANSWERS)]
    assert one.tick(30.0, 5.0) == out.answers
    one.close()
    assert out.closed == 2


def test_only_the_interface_that_is_watched_is_asked() -> None:
    one, out = asker("eth1")
    one.interfaces([link(*HERE), link("198.51.100.2/24", name="eth1")], 0.0)
    one.tick(10.0, 5.0)
    assert out.sent == [("eth1", 1)]


def test_a_machine_of_containers_asks_on_a_few() -> None:
    one, out = asker()
    one.interfaces([link("192.0.2.2/24", name=f"veth{number}") for number in range(200)], 0.0)
    one.tick(10.0, 5.0)
    assert len(out.sent) == MAX_LINKS


def test_another_network_is_asked_soon_and_a_new_temporary_address_is_not() -> None:
    one, out = asker()
    one.interfaces([link(*HERE)], 0.0)
    one.tick(10.0, 5.0)
    one.interfaces([link(*HERE, "2001:db8::1:2/64")], 500.0)
    one.tick(500.0 + GAP_S, 5.0)
    assert len(out.sent) == 1
    for number, other in enumerate(
        (link(*HERE, gateways=("192.0.2.1",)), link("203.0.113.2/24"), link(*HERE, name="eth7"))
    ):
        at = 1000.0 + 200.0 * number
        one.interfaces([other], at)
        one.tick(at + SOON_S, 5.0)
        assert len(out.sent) == 2 + number
