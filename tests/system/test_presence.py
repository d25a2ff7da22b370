"""The presence process in a LAN of namespaces: what real kernels, routers and devices do is seen, and told to the manager."""

from __future__ import annotations

import contextlib
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filterd.model.sighting import INBOX, MAX_BYTES, Kind, Sighting, decode
from filterd.presence.packets import read_frame
from filterd.presence.sniff import Sniffer
from tests import packets
from tests.processes import Service, gone, part
from tests.system.lan import MACS, Lan
from tests.unit.presence.test_bpf import LEFT, TAKEN, wanted

pytestmark = pytest.mark.system
RA_PREFIX = "2001:db8:78::/64"
BOX_BY_RA = "2001:db8:78:0:aa:ff:fe00:2"  # what the appliance makes of that prefix and its MAC


class Inbox:
    """Stands for the manager: takes what presence tells."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / INBOX
        self.seen: list[Sighting] = []
        self.open()

    def open(self) -> None:
        """Listen, in the place of one that was there before."""
        self._path.unlink(missing_ok=True)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(self._path))

    def until(self, condition: Callable[[Sighting], bool], seconds: float = 15.0) -> Sighting:
        """Return the first sighting, old or new, for which something is true."""
        deadline = time.monotonic() + seconds
        at = 0
        while True:
            for sighting in self.seen[at:]:
                if condition(sighting):
                    return sighting
            at = len(self.seen)
            left = deadline - time.monotonic()
            assert left > 0 and self.take(left), "\n".join(map(str, self.seen))

    def take(self, seconds: float) -> bool:
        """Wait for one datagram, and keep it."""
        if not select.select([self.sock], [], [], seconds)[0]:
            return False
        data = self.sock.recv(65_536)
        assert len(data) <= MAX_BYTES
        self.seen.append(decode(data))
        return True

    def has(self, kind: Kind, who: str, address: str = "", seconds: float = 15.0) -> Sighting:
        """Wait for a sighting of a member of the LAN, by its MAC."""
        return self.until(lambda s: (s.kind, s.mac, s.address) == (kind, MACS[who], address), seconds)


class World:
    """LAN, presence and inbox."""

    def __init__(self, lan: Lan, inbox: Inbox, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.lan = lan
        self.inbox = inbox
        self.process = process
        self.folder = folder

    def send(self, who: str, *frames: bytes) -> None:
        """Put frames on the wire."""
        self.lan.inside(who, lambda: transmit(frames))

    def talk(self, who: str, target: str, source: str = "") -> None:
        """Send a UDP packet by the kernel, which has to find the target's MAC first."""

        def run() -> None:
            with socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET, socket.SOCK_DGRAM) as sock:
                if source:
                    sock.bind((source, 0))
                sock.sendto(b"x", (target, 9))

        self.lan.inside(who, run)

    def ip(self, who: str, *arguments: str) -> str:
        """Run `ip` in a namespace."""
        command = ["ip", "-n", self.lan.name(who), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout


def transmit(frames: tuple[bytes, ...]) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind(("eth0", 0))
        for frame in frames:
            sock.send(frame)


def only(*capabilities: str) -> list[str]:
    """The beginning of a command that has these capabilities and no other; nothing where there is no setpriv."""
    if shutil.which("setpriv") is None:
        return []
    kept = ",".join(("-all", *capabilities))
    return ["setpriv", f"--bounding-set={kept}", f"--inh-caps={kept}"]


@contextlib.contextmanager
def presence(lan: Lan, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`filterd presence` in the appliance, with the one capability of its unit and no other; ended at the end."""
    environment = os.environ | {"FILTERD_RUN": str(folder)}
    command = [*only("+net_raw"), sys.executable, "-m", "filterd", "presence", "--state", str(folder / "no-state")]
    with (folder / "stderr").open("wb") as errors:
        process = lan.inside("ap", lambda: subprocess.Popen(command, env=environment, stderr=errors))
    try:
        deadline = time.monotonic() + 20
        while b"watching the network" not in (folder / "stderr").read_bytes():
            assert process.poll() is None and time.monotonic() < deadline, (folder / "stderr").read_text()
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, (folder / "stderr").read_text()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("run")
    with Lan(clients=4) as lan:
        inbox = Inbox(folder)
        try:
            with presence(lan, folder) as process:
                yield World(lan, inbox, process, folder)
        finally:
            inbox.sock.close()
        assert not (folder / "no-state").exists()  # no store is opened, none is made


def test_a_phone_that_joins_is_known_by_name_and_fingerprint(world: World) -> None:
    options = (
        packets.option(12, b"lans-phone\x1b") + packets.option(55, bytes((1, 3, 6))) + packets.option(60, b"x;55=9")
    )
    world.send("c1", packets.dhcp_request(MACS["c1"], options))
    found = world.inbox.has(Kind.DHCP, "c1")
    assert (found.name, found.detail, found.interface) == ("lans-phone�", "55=1,3,6;60=x;55=9", "eth0")
    world.inbox.has(Kind.TALKS, "c1")


def test_multicast_that_nobody_joined_is_heard(world: World) -> None:
    own = packets.name(b"Minhs-iPad", b"local")
    world.send("c2", packets.mdns4(MACS["c2"], "192.168.7.12", packets.mdns([(own, "192.168.7.12")])))
    assert world.inbox.has(Kind.MDNS, "c2", "192.168.7.12").name == "Minhs-iPad"
    world.send("c2", packets.mdns6(MACS["c2"], "fd77::12", packets.mdns([(own, "fd77::12")])))
    assert world.inbox.has(Kind.MDNS, "c2", "fd77::12").name == "Minhs-iPad"


def test_who_talks_to_the_box_is_seen_over_both_families(world: World) -> None:
    world.talk("c3", "192.168.7.2")
    world.inbox.has(Kind.ARP, "c3", "192.168.7.13")
    world.inbox.has(Kind.NEIGHBOUR, "c3", "192.168.7.13")
    world.talk("c3", "fd77::2")
    world.inbox.has(Kind.NDP, "c3", "fd77::13")
    world.inbox.has(Kind.NEIGHBOUR, "c3", "fd77::13")


def test_a_temporary_address_leads_to_the_same_device(world: World) -> None:
    knob = "/proc/thread-self/root/proc/sys/net/ipv6/conf/eth0/use_tempaddr"
    world.lan.inside("c1", lambda: Path(knob).write_text("2"))
    advertised = packets.router(MACS["rt"], "fe80::1", lifetime=0, prefix=RA_PREFIX)
    deadline = time.monotonic() + 20
    temporary = ""
    while not temporary and time.monotonic() < deadline:
        world.send("rt", advertised)
        time.sleep(0.5)
        for line in world.ip("c1", "-o", "-6", "addr", "show", "dev", "eth0", "temporary").splitlines():
            if "2001:db8:78:" in line and "tentative" not in line:
                temporary = line.split()[3].partition("/")[0]
    assert temporary, "the client made no temporary address of the router's prefix"
    deadline = time.monotonic() + 10
    while f"{BOX_BY_RA}/64" not in (shown := world.ip("ap", "-o", "-6", "addr", "show", "-tentative")):
        assert time.monotonic() < deadline, shown
        time.sleep(0.2)
    world.talk("c1", BOX_BY_RA)
    world.inbox.has(Kind.NDP, "c1", temporary)
    world.inbox.has(Kind.NEIGHBOUR, "c1", temporary)


def test_a_router_that_announces_a_resolver(world: World) -> None:
    world.send("rt", packets.router(MACS["rt"], "fe80::1", lifetime=0, resolvers=["2001:db8:99::7"]))
    assert world.inbox.has(Kind.DNS_SERVER, "rt", "2001:db8:99::7").detail == "ra"
    assert world.inbox.has(Kind.RA, "rt", "fe80::1").detail == "lifetime=0"


def test_a_second_dhcp_server(world: World) -> None:
    world.send("c4", packets.dhcp_reply(MACS["c4"], "192.168.7.14", MACS["c2"], "192.168.7.99", ["198.51.100.7"]))
    assert world.inbox.has(Kind.DNS_SERVER, "c4", "198.51.100.7").detail == "dhcp"
    offer = packets.option6(23, packets.packed("2001:db8:99::7"))
    world.send("c4", packets.dhcp6(MACS["c4"], "fe80::14", 7, offer, "ff02::1"))
    assert world.inbox.has(Kind.DNS_SERVER, "c4", "2001:db8:99::7").detail == "dhcp6"


def test_two_devices_that_change_addresses(world: World) -> None:
    for who in ("c3", "c4"):
        world.talk(who, "192.168.7.2", {"c3": "192.168.7.13", "c4": "192.168.7.14"}[who])
    world.inbox.has(Kind.NEIGHBOUR, "c3", "192.168.7.13")
    world.inbox.has(Kind.NEIGHBOUR, "c4", "192.168.7.14")
    for who, before in (("c3", "192.168.7.13"), ("c4", "192.168.7.14")):
        world.ip(who, "addr", "del", f"{before}/24", "dev", "eth0")
    world.inbox.seen.clear()
    changed = time.time()
    for who, after in (("c3", "192.168.7.14"), ("c4", "192.168.7.13")):
        world.ip(who, "addr", "add", f"{after}/24", "dev", "eth0")
        world.ip(who, "neigh", "flush", "dev", "eth0")
        world.talk(who, "192.168.7.2", after)
        found = world.inbox.has(Kind.ARP, who, after)
        assert changed - 0.01 <= found.at <= time.time() + 0.01


def test_who_no_longer_answers_is_gone(world: World) -> None:
    address = "192.168.7.77"
    world.ip("ap", "neigh", "replace", address, "lladdr", MACS["c2"], "dev", "eth0", "nud", "reachable")
    world.inbox.has(Kind.NEIGHBOUR, "c2", address)
    world.ip("ap", "neigh", "change", address, "dev", "eth0", "nud", "failed")
    world.inbox.has(Kind.GONE, "c2", address)


def test_the_same_again_and_again_is_told_once(world: World) -> None:
    frame = packets.arp(MACS["c2"], "192.168.7.55")
    world.send("c2", *[frame] * 50)
    world.inbox.has(Kind.ARP, "c2", "192.168.7.55")
    last = packets.arp(MACS["c2"], "192.168.7.56")
    world.send("c2", last)
    world.inbox.has(Kind.ARP, "c2", "192.168.7.56")
    assert [s.address for s in world.inbox.seen if s.kind is Kind.ARP].count("192.168.7.55") == 1


def test_a_manager_that_was_started_again_is_told_everything(world: World) -> None:
    world.talk("c1", "192.168.7.2")
    world.inbox.has(Kind.NEIGHBOUR, "c1", "192.168.7.11")
    world.inbox.sock.close()
    world.send("c2", packets.arp(MACS["c2"], "192.168.7.57"))  # into the void
    time.sleep(0.2)
    world.inbox.seen.clear()
    world.inbox.open()
    world.inbox.has(Kind.NEIGHBOUR, "c1", "192.168.7.11")
    world.send("c2", packets.arp(MACS["c2"], "192.168.7.57"))
    world.inbox.has(Kind.ARP, "c2", "192.168.7.57")


def test_what_the_box_itself_sends_is_no_sighting(world: World) -> None:
    world.talk("ap", "192.168.7.1")
    world.send("c2", packets.arp(MACS["ap"], "192.168.7.2"))  # an access point sends it back
    world.send("c2", packets.arp(MACS["c2"], "192.168.7.58"))
    world.inbox.has(Kind.ARP, "c2", "192.168.7.58")
    assert not [s for s in world.inbox.seen if s.mac == MACS["ap"]]


def test_the_kernel_filters_as_the_plain_sentence_says(world: World) -> None:
    """Thousands of frames over a real wire: exactly those that are wanted arrive, in order, whole."""
    random_ = random.Random(7)
    sent: list[bytes] = []
    for number in range(2000):
        frame = bytearray(random_.choice(TAKEN + LEFT))
        for _ in range(random_.randrange(4)):
            frame[random_.randrange(12, min(60, len(frame)))] = random_.randrange(256)
        frame = frame[: random_.randrange(14, len(frame) + 1)]
        frame[0:12] = b"\xff" * 6 + b"\x02\xbb\0\0" + number.to_bytes(2, "big")
        if frame[12:14] not in (b"\x81\x00", b"\x88\xa8"):  # the kernel takes VLAN tags off
            sent.append(bytes(frame))
    sniffer = world.lan.inside("rt", lambda: Sniffer("wan0"))  # no bridge between: it drops what is no proper IP
    try:
        got: list[bytes] = []
        for at in range(0, len(sent), 50):
            world.send("out", *sent[at : at + 50])
            got += [frame for frame, _ in sniffer.read(200) if frame[6:8] == b"\x02\xbb"]
        deadline = time.monotonic() + 5
        while len(got) < sum(map(wanted, sent)) and time.monotonic() < deadline:
            got += [frame for frame, _ in sniffer.read(200) if frame[6:8] == b"\x02\xbb"]
        assert got == [frame for frame in sent if wanted(frame)]
        assert sniffer.count_drops() == 0 and 500 < len(got) < len(sent)
    finally:
        sniffer.close()


def test_a_scan_finds_who_never_said_a_word(world: World) -> None:
    """And who hands out resolvers when asked: a router that answers DHCP and router solicitations only."""
    with Answering(world):
        command = [sys.executable, "-m", "filterd", "scan", "--interface", "eth0", "--seconds", "3", "--json"]
        command += ["--state", str(world.folder / "no-state")]
        environment = os.environ | {"FILTERD_RUN": str(world.folder)}
        pipe = subprocess.PIPE
        scan = world.lan.inside("ap", lambda: subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe))
        try:
            while scan.poll() is None:  # a manager listens all the time
                world.inbox.take(0.2)
        finally:
            scan.kill()
            out, errors = scan.communicate()
    assert scan.returncode == 0, errors
    found = {(s.kind, s.mac, s.address, s.detail) for s in map(decode, out.splitlines())}
    for who, address in (("c1", "192.168.7.11"), ("c2", "192.168.7.12"), ("rt", "192.168.7.1")):
        assert (Kind.SCAN, MACS[who], address, "") in found
    for who, address in (("c1", "fd77::11"), ("c3", "fd77::13"), ("c4", "fd77::14")):
        assert (Kind.SCAN, MACS[who], address, "") in found
    assert (Kind.DNS_SERVER, MACS["rt"], "198.51.100.53", "dhcp") in found
    assert (Kind.DNS_SERVER, MACS["rt"], "2001:db8:99::53", "ra") in found
    assert (Kind.DNS_SERVER, MACS["rt"], "2001:db8:99::53", "dhcp6") in found
    assert MACS["ap"] not in {mac for _, mac, _, _ in found}
    world.inbox.has(Kind.SCAN, "c1", "192.168.7.11")  # the manager was told


class Answering:
    """A router in a child process of its own thread: answers DISCOVER, INFORMATION-REQUEST and router solicitations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stop = False

    def __enter__(self) -> None:
        import threading

        self._sniffer = self._world.lan.inside("rt", lambda: Sniffer("eth0"))
        self._out = self._world.lan.inside("rt", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self._world.lan.inside("rt", lambda: self._out.bind(("eth0", 0)))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join()
        self._sniffer.close()
        self._out.close()

    def _run(self) -> None:
        me = MACS["rt"]
        while not self._stop:
            select.select([self._sniffer], [], [], 0.1)
            for frame, _ in self._sniffer.read(100):
                kinds = {sighting.kind for sighting in read_frame(frame, 0.0)}
                if Kind.DHCP in kinds:
                    self._out.send(packets.dhcp_reply(me, "192.168.7.1", MACS["ap"], "192.168.7.90", ["198.51.100.53"]))
                elif Kind.DHCP6 in kinds:
                    offer = packets.option6(23, packets.packed("2001:db8:99::53"))
                    self._out.send(packets.dhcp6(me, "fe80::1", 7, offer, "ff02::1"))
                elif frame[12:14] == b"\x86\xdd" and frame[54] == 133:
                    self._out.send(packets.router(me, "fe80::1", lifetime=0, resolvers=["2001:db8:99::53"]))


def test_it_has_one_capability_and_little_memory(world: World) -> None:
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{world.process.pid}/status").read_text().splitlines() if ":" in line
    )
    if shutil.which("setpriv") is not None:
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 1 << 13  # CAP_NET_RAW
    assert int(status["VmHWM"].split()[0]) <= 40 * 1024  # KiB


@pytest.mark.parametrize("command", ["presence", "scan"])
def test_without_the_capability_it_says_what_it_needs(command: str, tmp_path: Path) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed (Debian package util-linux)")
    words = [*only(), sys.executable, "-m", "filterd", command, "--state", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "a raw socket needs root or CAP_NET_RAW" in done.stderr


def test_up_starts_it_where_a_raw_socket_may_be_opened(world: World, tmp_path: Path) -> None:
    with world.lan.inside("ap", lambda: Service.up(tmp_path / "state", None, "--presence")) as service:
        child = part(service.process.pid, "filterd.presence_main", 20.0)
    assert gone(child, 5.0)


def test_up_says_when_it_may_not(world: World, tmp_path: Path) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed (Debian package util-linux)")
    state = tmp_path / "state"
    words = [*only(), sys.executable, "-m", "filterd", "up", "--state", str(state), "--presence", "--web", "off"]
    words += ["--dns", "127.0.0.1:0"]
    environment = os.environ | {"FILTERD_RUN": str(tmp_path / "run")}
    pipe = subprocess.PIPE
    up = world.lan.inside("ap", lambda: subprocess.Popen(words, env=environment, stdout=pipe, stderr=pipe, text=True))
    try:
        assert up.stdout is not None and up.stdout.readline().startswith("ready")
    finally:
        up.terminate()
        _, errors = up.communicate(timeout=20)
    assert "devices are known from the neighbour table alone: a raw socket needs root or CAP_NET_RAW" in errors
