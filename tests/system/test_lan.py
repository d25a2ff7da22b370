"""The appliance in a LAN: who is who by MAC, address and range over both families, and who is not answered at all."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dnslib
import pytest

from tests.processes import Service, UpstreamStub, addresses, ask
from tests.system.lan import MACS, Lan

NAMES = {profile: f"{profile}.example" for profile in ("guest", "kid", "tv", "school")}
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
  - {{id: tivi, name: TV, profile: tv, ip: 192.168.7.12}}
  - {{id: class4, name: Class, profile: school, range: 192.168.7.128/25}}
  - {{id: class6, name: Class, profile: school, range: "fd77:0:0:0:5::/80"}}
"""
V4, V4_TOO, V6, V6_TOO, GLOBAL = "192.168.7.2", "192.168.7.3", "fd77::2", "fd77::3", "2001:db8:77::2"
REFUSED = 5

pytestmark = pytest.mark.system


class Box:
    """The appliance, and questions from anywhere."""

    def __init__(self, lan: Lan, service: Service) -> None:
        self.lan = lan
        self.service = service

    def ask(self, where: str, server: str, name: str, source: str = "", *, tcp: bool = False) -> dnslib.DNSRecord:
        """Ask from a namespace, over a connected socket: an answer from another address is not heard."""
        return self.lan.inside(where, lambda: ask((server, 53), name, "A", source, tcp=tcp, seconds=3.0))

    def profile(self, where: str, server: str, source: str = "", *, tcp: bool = False) -> str:
        """Whose rules an asker gets."""
        blocked = [
            profile
            for profile, name in NAMES.items()
            if addresses(self.ask(where, server, name, source, tcp=tcp)) == ["0.0.0.0"]
        ]
        assert len(blocked) == 1, blocked
        return blocked[0]

    def becomes(self, wanted: str, where: str, server: str, source: str = "") -> float:
        """Wait until the manager knows who it is; return how long it took."""
        start = time.monotonic()
        while self.profile(where, server, source) != wanted:
            assert time.monotonic() < start + 15, f"not {wanted}\n{self.service.said}"
            time.sleep(0.1)
        return time.monotonic() - start


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """The appliance at every address of its own, in a LAN."""
    folder = tmp_path_factory.mktemp("lan")
    state, run = folder / "state", folder / "state.run"
    (folder / "household.yaml").write_text(HOUSEHOLD)
    with pytest.MonkeyPatch.context() as patch, Lan() as lan:
        patch.setenv("FILTERD_RUN", str(run))
        command = [sys.executable, "-m", "filterd", "policy", "import", str(folder / "household.yaml")]
        subprocess.run([*command, "--state", str(state)], check=True, timeout=60, capture_output=True)
        zone = {name: ["192.0.2.80"] for name in [*NAMES.values(), "www.example.org"]}
        with lan.inside("ap", lambda: UpstreamStub(zone)) as upstream:
            arguments = ["up", "--state", str(state), "--web", "off", "--dns", "0.0.0.0:53", "--dns", "[::]:53"]
            arguments += ["--upstream", upstream.url]
            with lan.inside("ap", lambda: Service(arguments, state, run)) as service:
                yield Box(lan, service)
                assert service.end() == 0
                assert "Traceback" not in service.said


def test_a_device_is_known_by_its_mac_over_both_families(box: Box) -> None:
    for server in (V4, V6, GLOBAL):
        took = box.becomes("kid", "c1", server)
        assert took < 8
        assert box.profile("c1", server, tcp=True) == "kid"


def test_a_device_is_known_by_its_address_and_by_its_range(box: Box) -> None:
    assert box.profile("c2", V4, "192.168.7.12") == "tv"
    assert box.profile("c2", V4, "192.168.7.130") == "school"
    assert box.profile("c2", V6, "fd77:0:0:0:5::12") == "school"
    assert box.profile("c2", V6, "fd77::12") == "guest"  # nobody said who that is
    assert box.profile("c2", V4, "192.168.7.12", tcp=True) == "tv"


@pytest.mark.parametrize("server", [V4, V4_TOO, V6, V6_TOO, GLOBAL])
@pytest.mark.parametrize("tcp", [False, True])
def test_the_answer_leaves_from_the_address_that_was_asked(box: Box, server: str, tcp: bool) -> None:
    assert addresses(box.ask("c1", server, "www.example.org", tcp=tcp)) == ["192.0.2.80"]


def test_the_link_local_address_answers_too(box: Box) -> None:
    def link_local() -> str:
        for line in Path("/proc/thread-self/net/if_inet6").read_text().splitlines():
            packed, *_, interface = line.split()
            if packed.startswith("fe80") and interface == "eth0":
                return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(packed))
        raise AssertionError("no link-local address")

    address = box.lan.inside("ap", link_local)
    deadline = time.monotonic() + 8  # the addresses of the clients are checked for duplicates at first
    while True:
        try:
            answer = box.lan.inside(
                "c1", lambda: ask((address, 53, 0, socket.if_nametoindex("eth0")), "www.example.org", seconds=3.0)
            )
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert addresses(answer) == ["192.0.2.80"]


@pytest.mark.parametrize(("server", "source"), [(V4, "198.51.100.7"), (GLOBAL, "2001:db8:99::7")])
def test_somebody_outside_gets_little_and_nothing_that_helps(box: Box, server: str, source: str) -> None:
    question = dnslib.DNSRecord.question("www.example.org")
    question.add_ar(dnslib.EDNS0(udp_len=4096))
    packet = question.pack()
    count = 300

    def flood() -> list[bytes]:
        family = socket.AF_INET6 if ":" in source else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((source, 0))
            sock.connect((server, 53))
            for _ in range(count):
                sock.send(packet)
            sock.settimeout(1.0)
            heard = []
            try:
                while True:
                    heard.append(sock.recv(4096))
            except TimeoutError:
                return heard

    start = time.monotonic()
    heard = box.lan.inside("out", flood)
    allowed = 10 + 5 * (time.monotonic() - start) + 1  # of all outsiders together
    assert len(heard) <= allowed
    assert {data[3] & 15 for data in heard} <= {REFUSED}
    assert all(len(data) <= len(packet) for data in heard), "an amplifier"
    with contextlib.suppress(OSError):  # over TCP: cut, or refused
        assert box.ask("out", server, "www.example.org", source, tcp=True).header.rcode == REFUSED
    assert addresses(box.ask("c1", server, "www.example.org")) == ["192.0.2.80"]


def test_the_house_is_answered_while_somebody_outside_floods(box: Box) -> None:
    for _ in range(20):
        assert addresses(box.ask("c2", V4, "www.example.org", "192.168.7.12")) == ["192.0.2.80"]


def test_a_global_prefix_that_is_on_link_is_the_house(box: Box) -> None:
    assert box.becomes("kid", "c1", GLOBAL, "2001:db8:77::11") < 8
    answer = box.ask("c1", GLOBAL, "www.example.org", "2001:db8:77::11")
    assert addresses(answer) == ["192.0.2.80"]
