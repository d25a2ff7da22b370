"""Runs inside the box of box.py, as root, with Debian's Python alone: installs, asks, breaks, looks; writes JSON.

Every entry of the document is one thing seen; what it should be is said in test_install_boot.py.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

RESULT: dict[str, object] = {}
BLOCKED, FREE = "fb88.com", "www.example.org"  # a betting house of the starter list; a name that nothing blocks
CHILD = "127.0.0.13"  # of the demonstration household, a profile without a bedtime
INSTALL = ["sh", "/src/deploy/install.sh", "--lang", "en"]


def sh(command: str) -> str:
    """Run a command line; return what it said."""
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.stdout.strip()


def show(unit: str, key: str) -> str:
    """One property of a unit."""
    return sh(f"systemctl show -P {key} {unit}")


def question(name: str, ident: int, qtype: int = 1) -> bytes:
    """A question on the wire."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return (
        ident.to_bytes(2, "big") + b"\x01\0\0\x01\0\0\0\0\0\0" + labels + b"\0" + qtype.to_bytes(2, "big") + b"\0\x01"
    )


def ask(server: str, name: str, client: str = "", tcp: bool = False, seconds: float = 20.0) -> str:
    """Ask for A; return the last address of the answer, `rcode N`, or the error."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        try:
            if client:
                sock.bind((client, 0))
            sock.connect((server, 53))  # connected: an answer from another address is not seen
            packet = question(name, 4711)
            sock.sendall(len(packet).to_bytes(2, "big") + packet if tcp else packet)
            data = sock.recv(4096)[2 if tcp else 0 :]
        except OSError as exc:
            return repr(exc)
    return ".".join(str(byte) for byte in data[-4:]) if data[7] else f"rcode {data[3] & 15}"


def upstream() -> None:
    """Answer every question with 192.0.2.80, for ever."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 5399))
    while True:
        data, address = sock.recvfrom(4096)
        end = data.index(b"\0", 12) + 5
        head = data[:2] + b"\x81\x80\0\x01\0\x01\0\0\0\0"
        answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x50" if data[end - 3] == 1 else b""
        sock.sendto((head if answer else head[:7] + b"\0" + head[8:]) + data[12:end] + answer, address)


class Load(threading.Thread):
    """Asks 200 times a second over one socket until stopped; counts what came back."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.sent = self.back = 0
        self.worst_ms = 0.0
        self._enough = threading.Event()

    def run(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((CHILD, 0))
        sock.connect(("127.0.0.1", 53))
        sock.setblocking(False)
        began: dict[int, float] = {}
        end = 0.0
        while not end or (began and time.monotonic() < end):
            if not end:
                began[self.sent] = time.monotonic()
                sock.send(question(BLOCKED if self.sent % 2 else FREE, self.sent))
                self.sent += 1
                if self._enough.is_set():
                    end = time.monotonic() + 20
            time.sleep(0.005)
            try:
                while True:
                    ident = int.from_bytes(sock.recv(4096)[:2], "big")
                    self.worst_ms = max(self.worst_ms, (time.monotonic() - began.pop(ident)) * 1000)
                    self.back += 1
            except (BlockingIOError, KeyError):
                pass

    def __enter__(self) -> Load:
        self.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.5)
        self._enough.set()
        self.join(30)

    @property
    def said(self) -> dict[str, float]:
        return {"sent": self.sent, "lost": self.sent - self.back, "worst_ms": round(self.worst_ms)}


def office() -> dict[str, object]:
    """An office's server: the feed is renewed by what its timer starts, a failure is seen, and nothing of it stays."""
    unit, timer = "filterd-feed-refresh.service", "filterd-feed-refresh.timer"
    home, keys = "/var/lib/filterd-feed", "/etc/filterd-feed"
    version = f"grep -ho '\"version\": *[0-9]*' {home}/office/build/repository/metadata/timestamp.json"
    found: dict[str, object] = {"off": sh(f"systemctl is-enabled {timer}; systemctl is-active {timer}")}
    # as the clerk's chapter says
    sh(f"/opt/filterd/bin/filterd feed demo /root/demo; install -d -o filterd-feed -g filterd-feed -m 0755 {home}")
    sh(f"install -d -o filterd-feed -g filterd-feed -m 0700 {keys}; cp -rT /root/demo/office {home}/office")
    sh(f"chown -R filterd-feed: {home}/office; install -o filterd-feed -m 0600 /root/demo/keys/online-1.pem {keys}/")
    sh(f"install -o filterd-feed -m 0600 /dev/null {keys}/passphrase")
    Path(f"{keys}/passphrase").write_text("only for a demonstration\n")
    found["version"] = sh(version)
    found["start"] = sh(f"systemctl start {unit}; echo code=$?")
    found["renewed"] = sh(version)
    found["foreign"] = sh(
        f"find {home} {keys}/* ! -user filterd-feed; find {home}/office/build/repository ! -perm -o+r"
    )
    sh(f"systemctl enable --now {timer}")
    found["next"] = sh(f"systemctl list-timers --no-legend {timer}")
    Path(f"{keys}/passphrase").write_text("another one, which is wrong\n")
    found["refused"] = sh(f"systemctl start {unit}; echo code=$?")
    found["failed"] = sh("systemctl --failed --no-legend --plain")
    found["journal"] = sh(f"journalctl -u {unit} --no-pager -o cat")
    found["errors"] = sh(f"journalctl -u {unit} -p err --no-pager -o cat")
    sh(f"systemctl disable --now {timer}; systemctl reset-failed {unit}; rm -rf {home} {keys} /root/demo")
    return found


def main_pid(unit: str = "filterd.service") -> int:
    """The main process, once it has got one."""
    for _ in range(200):
        if (pid := int(show(unit, "MainPID") or 0)) and show(unit, "ActiveState") == "active":
            return pid
        time.sleep(0.1)
    return 0


def sandbox(unit: str) -> dict[str, object]:
    """Run a program in the place of a unit's own, and return what it could do there."""
    lines = [
        line
        for line in Path(f"/etc/systemd/system/{unit}").read_text().splitlines()
        if not line.startswith(("Exec", "Type=", "Restart", "Requires=", "WatchdogSec=", "NotifyAccess="))
    ]
    at = lines.index("[Service]") + 1
    lines[at:at] = [
        "Type=oneshot",
        "ExecStart=/opt/filterd/bin/python /src/probe.py",
        "StandardOutput=truncate:/run/probe.json",
    ]
    Path("/run/systemd/system/probe.service").write_text("\n".join(lines) + "\n")
    sh("systemctl daemon-reload; systemctl start probe.service")
    try:
        found = json.loads(Path("/run/probe.json").read_text())
        assert isinstance(found, dict)
        return found
    except ValueError as exc:
        return {"error": repr(exc), "journal": sh("journalctl -u probe.service --no-pager -o cat")[-800:]}


class Wire(threading.Thread):
    """The other end of the box's one wire, fd1: what comes out of it by UDP, and a device and a DHCP server behind it."""

    device, server = "02:bb:00:00:00:11", "02:bb:00:00:00:01"

    def __init__(self) -> None:
        super().__init__(daemon=True)
        sh(
            "ip link add fd0 type veth peer name fd1; ip addr add 10.77.0.2/24 dev fd0; ip link set fd0 up; ip link set fd1 up"
        )
        sh(f"ip neigh replace 10.77.0.1 lladdr {self.server} dev fd0")
        self.ports: set[int] = set()  # that were asked
        self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._sock.bind(("fd1", 3))
        self.start()

    def run(self) -> None:
        while True:
            frame, source = self._sock.recvfrom(2048)
            if source[2] == 4:  # ours
                continue
            at = {b"\x08\0": 23, b"\x86\xdd": 20}.get(frame[12:14], 0)
            if at and frame[at] == 17:
                start = 14 + 20 if at == 23 else 14 + 40
                self.ports.add(int.from_bytes(frame[start + 2 : start + 4], "big"))

    def talk(self) -> None:
        """Say that the device has 10.77.0.11, and that the server hands out 10.77.0.1 as the resolver."""
        everybody, device, server = (
            b"\xff" * 6,
            *(bytes.fromhex(m.replace(":", "")) for m in (self.device, self.server)),
        )
        arp = b"\0\x01\x08\0\x06\x04\0\x01" + device + bytes((10, 77, 0, 11)) + bytes(6) + bytes((10, 77, 0, 2))
        self._sock.send(everybody + device + b"\x08\x06" + arp)
        dhcp = b"\x02\x01\x06\0" + bytes(24) + bytes.fromhex("02bb00000012") + bytes(202)
        dhcp += b"\x63\x82\x53\x63" + b"\x35\x01\x02" + b"\x06\x04" + bytes((10, 77, 0, 1)) + b"\xff"
        udp = b"\0\x43\0\x44" + (8 + len(dhcp)).to_bytes(2, "big") + b"\0\0" + dhcp
        ip = (
            b"\x45\0"
            + (20 + len(udp)).to_bytes(2, "big")
            + bytes(4)
            + b"\x40\x11\0\0"
            + bytes((10, 77, 0, 1))
            + b"\xff" * 4
        )
        self._sock.send(everybody + server + b"\x08\0" + ip + udp)


def presence(wire: Wire) -> dict[str, object]:
    """Start presence anew, let somebody talk, and return what it did with that."""
    unit = "filterd-presence.service"
    sh(f"systemctl restart {unit}")
    pid = main_pid(unit)
    status = sh(f"grep -hE '^(CapEff|CapBnd|CapPrm)' /proc/{pid}/status")
    wire.ports.clear()
    known = ""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (wire.device in known and {53, 67} <= wire.ports):
        wire.talk()
        time.sleep(1)
        known = sh("filterd devices --json")
    return {
        "uid": sh(f"stat -c %U /proc/{pid}"),
        "capabilities": sorted({int(line.split()[1], 16) for line in status.splitlines()}),
        "known": wire.device in known,
        "ports": sorted(wire.ports),
        "warned": sh(f"journalctl -u {unit} -p warning --no-pager -o cat"),
    }


def files() -> list[str]:
    """Everything in the root that has our name."""
    found = sh(
        "find / -xdev -not -path '/src*' -not -path '/proc*' -not -path '/sys*' -not -path '/var/log/*' -iname '*filterd*'"
    )
    return sorted(
        line
        for line in found.splitlines()
        if "filterd-test" not in line and not line.startswith("/tmp/systemd-private")
    )


def look() -> None:
    """Everything, in order."""
    sh("ip link set lo up; ip -6 addr add fd00::7/128 dev lo; ip -6 addr add fd00::8/128 dev lo")
    wire = Wire()
    RESULT["system"] = sh("systemctl is-system-running")
    RESULT["before"] = files()
    RESULT["stub_before"] = "127.0.0.53" in sh("ss -Hlnu 'sport = :53'")
    began = time.monotonic()
    RESULT["install"] = sh(
        " ".join([*INSTALL, "--wheels", "/src/wheels", "--web", "127.0.0.1:8080"]) + "; echo code=$?"
    )
    RESULT["install_s"] = round(time.monotonic() - began, 1)
    RESULT["stub_after"] = "127.0.0.53" in sh("ss -Hlnu 'sport = :53'")
    threading.Thread(target=upstream, daemon=True).start()
    Path("/etc/filterd/filterd.yaml").write_text("upstreams: [udp://127.0.0.1:5399]\n")
    sh("systemctl restart filterd.service")

    units = (
        "filterd.socket",
        "filterd.service",
        "filterd-manager.service",
        "filterd-presence.service",
        "filterd-web.service",
    )
    time.sleep(2)
    RESULT["active"] = {unit: show(unit, "ActiveState") for unit in units}
    RESULT["presence"] = presence(wire)
    pid = main_pid()
    RESULT["passed"] = [v for v in Path(f"/proc/{pid}/environ").read_text().split("\0") if v.startswith("LISTEN_FD")]
    RESULT["uid"] = sh(f"stat -c %U /proc/{pid}")
    RESULT["capabilities"] = sh(f"grep -h ^CapEff /proc/{pid}/status").split()[-1]
    RESULT["seccomp"] = sh(f"grep -h ^Seccomp: /proc/{pid}/status").split()[-1]
    RESULT["score"] = sh("systemd-analyze --no-pager security filterd.service | tail -1")
    RESULT["answers"] = {
        f"{server} {name} {'tcp' if tcp else 'udp'}": ask(server, name, client, tcp)
        for server, client in (("127.0.0.1", CHILD), ("127.0.0.5", CHILD), ("::1", "::1"), ("fd00::7", "fd00::8"))
        for name in (BLOCKED, FREE)
        for tcp in (False, True)
    }  # fmt: skip
    RESULT["first_run"] = sh(  # draws a page, makes the key of the cookies, looks into the household
        "python3 -c \"import urllib.request as u; r = u.urlopen('http://127.0.0.1:8080/'); print(r.status, r.url)\""
    )
    RESULT["page"] = sh(
        "python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/healthz').read().decode())\""
    )
    sh("filterd policy export")  # loads what the command line needs
    RESULT["log"] = sh("filterd log --blocked --json; echo code=$?")[-1500:]
    RESULT["log_by_path"] = sh("/opt/filterd/bin/filterd log --blocked --json --state /var/lib/filterd; echo code=$?")[
        -300:
    ]
    RESULT["foreign"] = sh("find /var/lib/filterd /run/filterd ! -user filterd")

    with Load() as load:
        sh("systemctl restart filterd.service")
    RESULT["restart"] = load.said
    pid = main_pid()
    with Load() as load:
        os.kill(pid, signal.SIGKILL)
        RESULT["new_pid"] = main_pid() not in (pid, 0)
    RESULT["killed"] = load.said | {"restarts": int(show("filterd.service", "NRestarts"))}

    sh(
        "mkdir -p /run/systemd/system/filterd.service.d; printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/filterd.service.d/t.conf"
    )
    sh("systemctl daemon-reload; systemctl restart filterd.service")
    pid = main_pid()
    time.sleep(4)
    RESULT["fed"] = main_pid() == pid  # the loop that answers feeds the watchdog
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    RESULT["after_hang"] = ask("127.0.0.1", BLOCKED, CHILD)
    RESULT["hang_s"] = round(time.monotonic() - began, 1)
    RESULT["watchdog"] = "Watchdog timeout" in sh("journalctl -u filterd.service --no-pager -o cat")

    sh("systemctl stop filterd-manager.service filterd-web.service")
    RESULT["alone"] = [ask("127.0.0.1", BLOCKED, CHILD), sorted(p.name for p in Path("/run/filterd").iterdir())]

    Path("/var/lib/filterd/revision.json").write_text("{")
    sh("for f in /var/lib/filterd/policy/*; do echo broken >$f; done")
    sh("systemctl restart filterd.service")
    RESULT["damaged"] = [
        ask("127.0.0.1", BLOCKED, CHILD),
        sh("journalctl -u filterd.service --no-pager -o cat")[-1500:],
    ]

    RESULT["again"] = sh(" ".join([*INSTALL, "--wheels", "/src/wheels"]) + "; echo code=$?")
    RESULT["kept"] = "5399" in Path("/etc/filterd/filterd.yaml").read_text()
    RESULT["again_answer"] = ask("127.0.0.1", BLOCKED, CHILD)
    RESULT["sandbox"] = {unit: sandbox(unit) for unit in units[1:]}
    RESULT["office"] = office()
    RESULT["journal"] = sh("journalctl -u 'filterd*' --no-pager -o short-monotonic")[-6000:]
    RESULT["failed"] = sh("systemctl --failed --no-legend")
    RESULT["uninstall"] = sh(" ".join([*INSTALL, "--uninstall"]) + "; echo code=$?")
    RESULT["left"] = files()
    RESULT["port_after"] = sh("ss -Hlnu 'sport = :53'")
    user = int(sh("id -u filterd"))
    RESULT["processes"] = [p.name for p in Path("/proc").iterdir() if p.name.isdigit() and p.stat().st_uid == user]
    Path("/etc/filterd-feed").mkdir()
    RESULT["purge_office"] = sh(
        " ".join([*INSTALL, "--uninstall", "--purge"]) + "; ls -d /etc/filterd-feed; id -un filterd-feed"
    )
    Path("/etc/filterd-feed").rmdir()
    RESULT["purge"] = sh(" ".join([*INSTALL, "--uninstall", "--purge"]) + "; echo code=$?")
    RESULT["left_after_purge"] = [p for p in files() if p not in RESULT["before"]]  # type: ignore[operator]
    RESULT["user_after_purge"] = sh("id filterd; id filterd-feed")


if __name__ == "__main__":
    start = time.monotonic()
    try:
        look()
    except Exception as exc:
        import traceback

        traceback.print_exc()
        RESULT["error"] = repr(exc)
    RESULT["took_s"] = round(time.monotonic() - start, 1)
    json.dump(RESULT, sys.stdout, indent=1)
