"""The whole appliance in a LAN: presence, manager and worker together. Whose rules a device gets, whatever it wears today."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filterd.control.devices_again import Reason, hints
from filterd.control.household import load
from filterd.control.seen import devices, is_watched
from filterd.model.seen import SeenDevice
from tests import packets
from tests.processes import Service, UpstreamStub, addresses
from tests.system.lan import MACS, Lan
from tests.system.test_lan import NAMES, V4, V6, Box
from tests.system.test_presence import transmit

pytestmark = pytest.mark.system

PIXEL = (
    packets.option(12, b"Lan-Pixel") + packets.option(55, b"\x01\x03\x06\x0f") + packets.option(60, b"android-dhcp-14")
)
NEW_MAC = "02:aa:00:00:00:99"  # Lan's phone after it changed its private address
HOUSEHOLD = f"""\
version: 1
default_profile: guest
profiles:
  - {{id: guest, name: Guest, names: {{block: [{NAMES["guest"]}]}}}}
  - {{id: kid, name: Kid, names: {{block: [{NAMES["kid"]}]}}}}
  - {{id: tv, name: TV, names: {{block: [{NAMES["tv"]}]}}}}
  - {{id: school, name: School, names: {{block: [{NAMES["school"]}]}}}}
devices:
  - {{id: phone, name: Phone, profile: kid, mac: "{MACS["c1"]}"}}
  - {{id: tablet, name: Tablet, profile: tv, mac: "{MACS["c2"]}"}}
"""


class House(Box):
    """The appliance with presence, and what it says of who is there."""

    def __init__(self, lan: Lan, service: Service, state: Path) -> None:
        super().__init__(lan, service)
        self.state = state

    def ip(self, who: str, *arguments: str) -> None:
        """Run `ip` in a namespace."""
        subprocess.run(["ip", "-n", self.lan.name(who), *arguments], check=True, capture_output=True, timeout=20)

    def knows(self, mac: str, what: Callable[[SeenDevice], object], seconds: float = 15.0) -> SeenDevice:
        """Wait until this is known of a device."""
        deadline = time.monotonic() + seconds
        while True:
            met = next((d for d in devices(self.state) if d.mac == mac), None)
            if met is not None and what(met):
                return met
            assert time.monotonic() < deadline, f"{met}\n{self.service.said}"
            time.sleep(0.1)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    state, run = tmp_path / "state", tmp_path / "state.run"
    (tmp_path / "household.yaml").write_text(HOUSEHOLD)
    monkeypatch.setenv("FILTERD_RUN", str(run))
    with Lan() as lan:
        command = [sys.executable, "-m", "filterd", "policy", "import", str(tmp_path / "household.yaml")]
        subprocess.run([*command, "--state", str(state)], check=True, timeout=60, capture_output=True)
        zone = {name: ["192.0.2.80"] for name in [*NAMES.values(), "www.example.org"]}
        with lan.inside("ap", lambda: UpstreamStub(zone)) as upstream:
            arguments = ["up", "--state", str(state), "--web", "off", "--dns", "0.0.0.0:53", "--dns", "[::]:53"]
            arguments += ["--upstream", upstream.url, "--presence"]
            with lan.inside("ap", lambda: Service(arguments, state, run)) as service:
                deadline = time.monotonic() + 20
                while not is_watched(state):  # before that, what is seen is told to nobody
                    assert time.monotonic() < deadline, service.said
                    time.sleep(0.05)
                yield House(lan, service, state)
                assert service.end() == 0
                assert "Traceback" not in service.said


def test_two_that_change_addresses_take_their_rules_along_within_two_seconds(house: House) -> None:
    house.becomes("kid", "c1", V4)
    house.becomes("tv", "c2", V4, "192.168.7.12")
    house.becomes("kid", "c1", V6)
    for who, old, new in (("c1", "192.168.7.11/24", "192.168.7.12/24"), ("c2", "192.168.7.12/24", "192.168.7.11/24")):
        house.ip(who, "addr", "del", old, "dev", "eth0")
        house.ip(who, "addr", "add", new, "dev", "eth0")
    # a phone that takes an address says so (RFC 5227 2.3, RFC 2131 4.4.1)
    for who, address in (("c1", "192.168.7.12"), ("c2", "192.168.7.11")):
        frame = packets.arp(MACS[who], address, address)
        house.lan.inside(who, lambda frame=frame: transmit((frame,)))  # type: ignore[misc]
    began = time.monotonic()
    house.becomes("kid", "c1", V4, "192.168.7.12")
    house.becomes("tv", "c2", V4, "192.168.7.11")
    assert time.monotonic() - began < 4  # twice two seconds, on a busy machine
    assert house.profile("c1", V6) == "kid"


def test_a_temporary_ipv6_address_leads_to_the_same_device(house: House) -> None:
    house.becomes("kid", "c1", V6)
    house.ip("c1", "addr", "add", "fd77::a1b2:c3d4:e5f6:7788/64", "dev", "eth0", "nodad")
    house.becomes("kid", "c1", V6, "fd77::a1b2:c3d4:e5f6:7788")
    met = house.knows(MACS["c1"], lambda d: "fd77::a1b2:c3d4:e5f6:7788" in d.addresses)
    assert "fd77::11" in met.addresses


def test_a_phone_with_a_new_private_address_is_asked_about_and_joined_by_one_change(house: House) -> None:
    house.becomes("kid", "c1", V4)
    house.lan.inside("c1", lambda: transmit((packets.dhcp_request(MACS["c1"], PIXEL),)))
    house.knows(MACS["c1"], lambda d: d.names == ("Lan-Pixel",))
    house.ip("c1", "link", "set", "eth0", "down")
    house.ip("c1", "link", "set", "eth0", "address", NEW_MAC)
    house.ip("c1", "link", "set", "eth0", "up")
    house.lan.inside("c1", lambda: transmit((packets.dhcp_request(NEW_MAC, PIXEL),)))
    house.becomes("guest", "c1", V4)  # a new device: the default profile at once
    house.knows(NEW_MAC, lambda d: d.names == ("Lan-Pixel",) and "192.168.7.11" in d.addresses)
    (hint,) = hints(house.state, load(house.state), devices(house.state))[NEW_MAC]
    assert hint.device.id == "phone" and {Reason.NAME, Reason.DHCP} <= set(hint.reasons)
    command = [sys.executable, "-m", "filterd", "device", "mac", "phone", NEW_MAC]
    subprocess.run([*command, "--state", str(house.state)], check=True, timeout=60, capture_output=True)
    house.becomes("kid", "c1", V4)


def test_two_that_fight_for_one_address_get_nobodys_rules(house: House) -> None:
    house.becomes("kid", "c1", V4)
    for _ in range(3):
        for who in ("c2", "c1"):
            frame = packets.arp(MACS[who], "192.168.7.11", "192.168.7.11")
            house.lan.inside(who, lambda frame=frame: transmit((frame,)))  # type: ignore[misc]
            time.sleep(0.2)
    house.becomes("guest", "c1", V4)
    assert house.knows(MACS["c1"], lambda d: d.rival).rival == MACS["c2"]


def test_new_devices_may_wait_and_the_command_shows_who_does(house: House) -> None:
    text = (house.state.parent / "household.yaml").read_text() + "new_devices: wait\n"
    (house.state.parent / "household.yaml").write_text(text)
    command = [sys.executable, "-m", "filterd", "policy", "import", str(house.state.parent / "household.yaml")]
    subprocess.run([*command, "--state", str(house.state)], check=True, timeout=60, capture_output=True)
    deadline = time.monotonic() + 15
    while addresses(house.ask("c1", V4, "www.example.org")) != ["192.0.2.80"]:  # it too waited until it was known
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert addresses(house.ask("rt", V4, "www.example.org")) == ["0.0.0.0"]
    house.knows(MACS["rt"], lambda d: d.asked)
    told = subprocess.run(
        [sys.executable, "-m", "filterd", "devices", "--new", "--json", "--state", str(house.state)],
        check=True, timeout=60, capture_output=True,
    ).stdout  # fmt: skip
    assert MACS["rt"] in {d["mac"] for d in json.loads(told)["devices"]}
