"""Presence asks by itself, in a LAN of namespaces: real servers (dnsmasq) that are never overheard are found all the same."""

from __future__ import annotations

import contextlib
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filterd.model.sighting import ANSWERS, Kind, Sighting
from filterd.presence.ask_rounds import DNS_S, FIRST_S, SOON_S
from filterd.presence.packets import read_frame
from filterd.presence.sniff import Sniffer
from tests import packets
from tests.system.lan import MACS, Lan
from tests.system.test_presence import Inbox, presence, transmit

pytestmark = pytest.mark.system
ROUND_S = FIRST_S + SOON_S + DNS_S  # at the latest all is asked by then
RESOLVER, RESOLVER6 = "198.51.100.53", "2001:db8:99::53"


@pytest.fixture
def lan() -> Iterator[Lan]:
    if shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    with Lan(clients=4) as found:
        yield found


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    found = Inbox(tmp_path)
    yield found
    found.sock.close()


@contextlib.contextmanager
def dnsmasq(lan: Lan, who: str, folder: Path, *options: str) -> Iterator[Callable[[], str]]:
    """A server of a member of the LAN; yields what says its log so far."""
    log = folder / f"dnsmasq-{who}.log"
    command = [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--interface=eth0", "--bind-dynamic",
        "--except-interface=lo", "--no-resolv", "--no-hosts", "--no-ping", "--log-dhcp", f"--log-facility={log}",
        f"--dhcp-leasefile={folder / who}.leases", f"--pid-file={folder / who}.pid", *options,
    ]  # fmt: skip
    process = lan.inside(who, lambda: subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    try:
        deadline = time.monotonic() + 10
        while not log.exists() or "started" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, process.stderr and process.stderr.read()
            time.sleep(0.05)
        yield log.read_text
    finally:
        process.terminate()
        process.communicate(timeout=10)


def settle(lan: Lan, inbox: Inbox) -> None:
    """Let everything arrive that was on its way: a frame sent now comes after it."""
    inbox.seen.clear()
    lan.inside("c2", lambda: transmit((packets.arp(MACS["c2"], "192.168.7.59"),)))
    inbox.has(Kind.ARP, "c2", "192.168.7.59")


def offers(inbox: Inbox) -> set[tuple[str, str, str]]:
    return {(s.mac, s.address, s.detail) for s in inbox.seen if s.kind is Kind.DNS_SERVER}


def test_a_second_dhcp_server_that_answers_by_unicast(lan: Lan, inbox: Inbox, tmp_path: Path) -> None:
    """Overhearing does not find it, asking does; no address is taken, and a router without DNS is none that answers."""
    pool = ["--port=0", "--dhcp-range=192.168.7.100,192.168.7.120,255.255.255.0,10m", f"--dhcp-option=6,{RESOLVER}"]
    (tmp_path / "no-state").mkdir(mode=0)  # as the unit has it: there, and shut
    with dnsmasq(lan, "c4", tmp_path, *pool) as log:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FILTERD_PRESENCE_ASK", "0")
            heard = lan.inside("c3", lambda: Sniffer("eth0"))
            try:
                with presence(lan, tmp_path):
                    began = time.monotonic()
                    discover = bytearray(packets.dhcp_request(MACS["c1"], b"", kind=1))
                    discover[14 + 20 + 8 + 10] = 0  # no broadcast flag
                    lan.inside("c1", lambda: transmit((bytes(discover),)))
                    inbox.has(Kind.DHCP, "c1")
                    deadline = time.monotonic() + 10
                    while "DHCPOFFER(eth0) 192.168.7." not in log():
                        assert time.monotonic() < deadline, log()
                        time.sleep(0.05)
                    while time.monotonic() - began < FIRST_S + SOON_S + 3:  # it had time enough to ask
                        inbox.take(0.2)
                    assert offers(inbox) == set()
                    said = [s for frame, _ in heard.read(1000) for s in read_frame(frame, 0.0)]
                    assert MACS["ap"] not in {s.mac for s in said if s.kind in (Kind.DHCP, Kind.DHCP6)}
                    assert MACS["c1"] in {s.mac for s in said if s.kind is Kind.DHCP}  # it would have been heard
            finally:
                heard.close()
        inbox.seen.clear()
        router = lan.inside("rt", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        try:
            lan.inside("rt", lambda: router.bind(("192.168.7.1", 53)))
            with presence(lan, tmp_path):
                found = inbox.until(lambda s: s.kind is Kind.DNS_SERVER, ROUND_S + 10)
                assert (found.mac, found.address, found.detail) == (MACS["c4"], RESOLVER, "dhcp")
                deadline = time.monotonic() + ROUND_S + 10
                while not select.select([router], [], [], 0.1)[0]:  # a manager listens all the time
                    inbox.take(0.1)
                    assert time.monotonic() < deadline
                question, (source, _) = router.recvfrom(512)
                assert question[2:] == b"\0\0\0\x01\0\0\0\0\0\0" + b"\0\0\x02\0\x01" and source in (
                    "192.168.7.2",
                    "192.168.7.3",
                )
                heard_so_far = offers(inbox)
                settle(lan, inbox)
                assert ANSWERS not in {detail for _, _, detail in heard_so_far | offers(inbox)}
        finally:
            router.close()
        assert "DHCPDISCOVER" in log() and "DHCPREQUEST" not in log() and MACS["ap"] in log()
        assert MACS["ap"] not in (tmp_path / "c4.leases").read_text()


def test_a_router_with_rdnss_dhcpv6_and_dns_of_its_own(lan: Lan, inbox: Inbox, tmp_path: Path) -> None:
    six = ["--enable-ra", "--dhcp-range=fd77::,ra-stateless", f"--dhcp-option=option6:dns-server,[{RESOLVER6}]"]
    with dnsmasq(lan, "rt", tmp_path, "--port=53", *six) as log, presence(lan, tmp_path):

        def seen(address: str, detail: str) -> Sighting:
            wanted = (Kind.DNS_SERVER, MACS["rt"], address, detail)
            return inbox.until(lambda s: (s.kind, s.mac, s.address, s.detail) == wanted, ROUND_S + 15)

        seen(RESOLVER6, "ra")
        seen(RESOLVER6, "dhcp6")
        assert seen("192.168.7.1", ANSWERS).interface == "eth0"
        seen("fd77::1", ANSWERS)
        assert "DHCPINFORMATION-REQUEST" in log()
