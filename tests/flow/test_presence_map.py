"""From a sighting to a device's own rules: the manager hears presence, the running worker answers by what it heard.

Loopback stands for the network: 127.0.0.x are the devices' addresses, the hardware addresses are made up.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.manage import Manager
from filterd.model.household import Device, Household, Profile, Rule
from filterd.model.sighting import INBOX, Kind, Sighting, encode
from filterd.net.loop import Loop
from tests.processes import Service, UpstreamStub, addresses, load
from tests.worlds import publish_world

PHONE, LAPTOP = "02:aa:00:00:00:11", "02:aa:00:00:00:12"
A, B = "127.0.0.21", "127.0.0.22"
HOME = Household(
    (
        Profile("strict", "Strict", categories={"adult": Rule.BLOCK, "games": Rule.BLOCK}),
        Profile("lan", "Lan", categories={"adult": Rule.BLOCK}),
        Profile("bo-me", "Bố mẹ", switchable=False),
    ),
    default_profile="strict",
    devices=(Device("phone", "phone", "lan", mac=PHONE), Device("laptop", "laptop", "bo-me", mac=LAPTOP)),
)
BLOCKED, OPEN = ["0.0.0.0"], ["192.0.2.66"]


class House:
    """A worker and a manager of one state, and a socket that speaks as presence does."""

    def __init__(self, state: Path, service: Service) -> None:
        self.service = service
        self.loop = Loop()
        self.manager = Manager(state, self.loop, dict)
        self.out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.inbox = str(service.run / INBOX)
        self.manager.hear()
        self.manager._every(0.5, self.manager.look, first_s=0.0)
        self.thread = threading.Thread(target=self.loop.run)
        self.thread.start()

    def sees(self, mac: str, address: str, kind: Kind = Kind.ARP) -> None:
        """Presence tells the manager."""
        self.out.sendto(encode(Sighting(time.time(), kind, mac, address)), self.inbox)

    def answers(self, name: str, client: str) -> list[str]:
        """What the worker says."""
        return addresses(self.service.ask(name, client=client))

    def within(self, seconds: float, name: str, client: str, wanted: list[str]) -> float:
        """Wait until a client is answered like this; return how long it took."""
        began = time.monotonic()
        while self.answers(name, client) != wanted:
            assert time.monotonic() - began < seconds, (
                f"{client} {name}: {self.answers(name, client)} after {seconds} s"
            )
            time.sleep(0.05)
        return time.monotonic() - began

    def close(self) -> None:
        self.loop.stop()
        self.thread.join(10)
        self.out.close()
        self.manager.close()
        self.loop.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    (tmp_path / "state").mkdir()
    (tmp_path / "state.run").mkdir()
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    publish_world(tmp_path / "state", {"adult": ["bad.example"], "games": ["play.example"]}, HOME)
    zone = {"bad.example": OPEN, "play.example": OPEN, "www.example.org": OPEN}
    with UpstreamStub(zone) as upstream, Service.serve(tmp_path / "state", upstream) as service:
        made = House(tmp_path / "state", service)
        try:
            yield made
        finally:
            made.close()


def test_a_device_has_its_own_rules_where_it_is_and_takes_them_along(house: House) -> None:
    assert house.answers("play.example", A) == BLOCKED  # nobody knows it yet: the strictest rules
    house.sees(PHONE, A)
    house.sees(LAPTOP, B)
    house.within(2, "play.example", A, OPEN)
    house.within(2, "bad.example", B, OPEN)
    assert house.answers("bad.example", A) == BLOCKED
    house.sees(LAPTOP, A)  # they change places
    house.sees(PHONE, B)
    house.within(2, "bad.example", A, OPEN)
    house.within(2, "bad.example", B, BLOCKED)
    assert house.answers("play.example", B) == OPEN


def test_two_on_one_address_get_neithers_rules(house: House) -> None:
    house.sees(LAPTOP, A)
    house.within(2, "bad.example", A, OPEN)
    for mac in (PHONE, LAPTOP, PHONE, LAPTOP):
        house.sees(mac, A)
    house.within(2, "play.example", A, BLOCKED)
    assert house.answers("bad.example", A) == BLOCKED


@pytest.mark.slow
def test_two_thousand_devices_a_minute_that_come_and_go_cost_no_answer(house: House) -> None:
    house.sees(PHONE, A)
    house.within(2, "play.example", A, OPEN)
    with load(house.service.bound[0], ["bad.example", "play.example", "www.example.org"], 400, A) as running:
        for number in range(334):  # ten seconds of it
            mac = f"02:bb:00:00:{number >> 8:02x}:{number & 255:02x}"
            house.sees(mac, f"10.9.{number % 7}.{number % 251 + 1}")
            time.sleep(0.03)
    took = sorted(running.took_s)
    print(
        f"{running.sent} questions, p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, slowest {took[-1] * 1000:.0f} ms"
    )
    assert running.sent > 2000 and running.lost == 0
    assert house.answers("play.example", A) == OPEN  # and nobody lost their rules
    assert len(house.manager.seen.identify) > 300
