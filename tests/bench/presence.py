"""What the always-on presence costs, beside a scapy sniffer: memory, and processor time at a busy home's traffic.

    python -m tests.bench.presence [--seconds 60] [--no-scapy]

60 devices, 10,000 packets a minute over a wire between two namespaces, of which one in five passes the filter (ARP, mDNS,
neighbour discovery, DHCP; the rest is DNS, TLS and video). Both are asked to know all devices before anything is
measured. Needs root. Limits: 40 MiB and 0.5 % of a core.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from filterd.model.sighting import INBOX, Kind, decode
from tests import packets
from tests.system.lan import MACS, Lan

DEVICES, A_MINUTE, PASSING = 60, 10_000, 5
LIMIT_MIB, LIMIT_CORE = 40.0, 0.005
SCAPY = """
import logging
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers import dhcp, inet6, l2
from scapy.sendrecv import sniff
seen = {}
def take(packet):
    if packet.haslayer(l2.ARP) or packet.haslayer(dhcp.DHCP) or packet.haslayer(inet6.ICMPv6ND_NS):
        seen[packet.src] = packet.time
print("watching", flush=True)
sniff(iface="eth0", store=False, prn=take)
"""


def mac(device: int) -> str:
    """The MAC of a device."""
    return f"02:bb:00:00:00:{device:02x}"


def passing(device: int, random_: random.Random) -> bytes:
    """A frame that presence reads."""
    own, four, six = mac(device), f"192.168.7.{100 + device}", f"fd77::1:{device:x}"
    name = packets.name(f"device-{device}".encode(), b"local")
    records = [(name, four), (b"\xc0\x0c", six), (packets.name(b"_airplay", b"_tcp", b"local"), four)]
    return random_.choices(
        (
            packets.arp(own, four, "192.168.7.1"),
            packets.mdns4(own, four, packets.mdns(records)),
            packets.mdns6(own, six, packets.mdns(records)),
            packets.solicit(own, six, "fd77::1"),
            packets.dhcp_request(own, packets.option(12, b"device") + packets.option(55, bytes(range(1, 12)))),
        ),
        (45, 20, 10, 24, 1),
    )[0]


def other(device: int, random_: random.Random) -> bytes:
    """A frame that stays in the kernel: a question, an answer, video."""
    port = random_.choice((53, 443, 443, 443))
    data = random_.randbytes(60 if port == 53 else 1200)
    return packets.udp4(mac(device), f"192.168.7.{100 + device}", "192.168.7.2", (50_000, port), data, to=MACS["ap"])


def spent_s(pid: int) -> float:
    """Processor time of a process, all its threads, in seconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def status_mib(pid: int, key: str) -> float:
    """A figure of /proc/PID/status in MiB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) / 1024


def measure(lan: Lan, folder: Path, seconds: float, with_scapy: bool) -> dict[str, Any]:
    """Run both on the same traffic; return their figures."""
    inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    inbox.bind(str(folder / INBOX))
    inbox.setblocking(False)
    environment = os.environ | {"FILTERD_RUN": str(folder)}
    command = [sys.executable, "-m", "filterd", "presence", "--state", str(folder / "none")]
    started = [lan.inside("ap", lambda: subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))]
    try:
        if with_scapy:
            pipe = subprocess.PIPE
            started.append(
                lan.inside("ap", lambda: subprocess.Popen([sys.executable, "-c", SCAPY], env=environment, stdout=pipe))
            )
            assert started[1].stdout is not None and started[1].stdout.readline() == b"watching\n"
        time.sleep(3.0)
        out = lan.inside("c1", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        lan.inside("c1", lambda: out.bind(("eth0", 0)))
        random_ = random.Random(1)
        frames = [
            passing(number // PASSING % DEVICES, random_) if number % PASSING == 0 else other(number % DEVICES, random_)
            for number in range(round(A_MINUTE * seconds / 60))
        ]
        before = [spent_s(process.pid) for process in started]
        macs: set[str] = set()
        count = 0
        began = time.monotonic()
        for number, frame in enumerate(frames):
            due = began + number * 60 / A_MINUTE
            if due > time.monotonic():
                time.sleep(due - time.monotonic())
            out.send(frame)
            try:
                while True:
                    sighting = decode(inbox.recv(4096))
                    count += 1
                    if sighting.kind is Kind.TALKS:
                        macs.add(sighting.mac)
            except BlockingIOError:
                pass
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        took = time.monotonic() - began
        out.close()
        assert {mac(device) for device in range(DEVICES)} <= macs, len(macs)
        figures = [
            {"mib": round(status_mib(p.pid, "VmHWM"), 1), "core": round((spent_s(p.pid) - at) / took, 5)}
            for p, at in zip(started, before, strict=True)
        ]
        result = {"seconds": round(took, 1), "packets": len(frames), "sightings": count, "presence": figures[0]}
        return result | ({"scapy": figures[1]} if with_scapy else {})
    finally:
        inbox.close()
        for process in started:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--no-scapy", action="store_true")
    given = parser.parse_args()
    if os.geteuid() != 0:
        print("namespaces and raw sockets need root")
        return 2
    with tempfile.TemporaryDirectory() as folder, Lan() as lan:
        result = measure(lan, Path(folder), given.seconds, not given.no_scapy)
    print(json.dumps(result))
    holds = result["presence"]["mib"] <= LIMIT_MIB and result["presence"]["core"] <= LIMIT_CORE
    print(f"limits: {LIMIT_MIB:g} MiB, {LIMIT_CORE:.1%} of a core: {'hold' if holds else 'do not hold'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
