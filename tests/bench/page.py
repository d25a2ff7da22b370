"""What the page costs: its own time and memory over a full log, and whether a crowd at it is felt by those who ask names.

1. One after the other: home, activity, children, week, devices, system, lists, with a log of a million rows.
2. All at once: 200 wrong log-ins a second from eight addresses, ten browsers on the live activity, 1,000 questions a second
   at the DNS worker, and an eleventh browser that opens pages.

Pages and answers are checked before they are timed; a promise that is missed makes the exit code 1.

    python -m tests.bench.page [--rows 1000000] [--seconds 30]
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dnslib

from filterd.control import accounts
from filterd.control.household import import_household
from filterd.model.change import Who
from tests.bench import queries
from tests.processes import Service, UpstreamStub, addresses, part

PAGES = {
    "/": "Child 1", "/activity/": "filters", "/children/": "Child 1", "/week/p1": "Child 1", "/devices/": "Device 7",
    "/system/": "timezone", "/system/lists": "lists",
}  # fmt: skip
PAGE_MS, MEMORY_MIB, DNS_P99_MS, ELEVENTH_MS = 80.0, 80.0, 20.0, 300.0
TRIES, LIVE, QUESTIONS = 200, 10, 1000  # a second, browsers, a second
NICE = 10  # of the crowd, which in a house has processors of its own; not of who measures
PASSWORD = "con-mèo-trèo-cây-cau"
BLOCKED = "closed.example"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_RECENT_S = 0.5  # between two pages of the eleventh browser


class Browser:
    """One browser: a connection that is kept, a cookie, and the form's token."""

    def __init__(self, address: str, source: str = "127.0.0.1") -> None:
        host, _, port = address.rpartition(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=30, source_address=(source, 0))
        self.cookie = ""

    def get(self, path: str) -> str:
        """Return the page at `path`; AssertionError when it is none."""
        return self._ask("GET", path, None, (200,))

    def post(self, path: str, fields: dict[str, str], *codes: int) -> str:
        """Send a form."""
        return self._ask("POST", path, urlencode(fields), codes)

    def _ask(self, method: str, path: str, body: str | None, codes: tuple[int, ...]) -> str:
        headers = {"Cookie": self.cookie, "Accept-Language": "en"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        assert answer.status in codes, (path, answer.status, text[:300])
        if found := answer.getheader("Set-Cookie"):
            self.cookie = found.partition(";")[0]
        return text

    def log_in(self) -> None:
        """Become mẹ."""
        found = _TOKEN.search(self.get("/login"))
        assert found is not None
        self.post("/login", {"name": "me", "password": PASSWORD, "csrf_token": found.group(1), "to": "/"}, 303)


def household() -> str:
    """Return the family whose log it is: five children, forty devices."""
    lines = ["version: 1", "language: en", "default_profile: p0", "profiles:"]
    for n in range(5):
        lines.append(f"  - {{id: p{n}, name: Child {n}, preset: age-10-13, names: {{block: [{BLOCKED}]}}, windows: [")
        lines.append('      {name: Night, from: "21:30", to: "06:00", effect: offline}]}')
    lines.append("devices:")
    lines += [f"  - {{id: device{n}, name: Device {n}, profile: p{n % 5}, ip: 192.0.2.{n}}}" for n in range(1, 40)]
    return "\n".join(lines) + "\n"


@contextmanager
def running(folder: Path, rows: int) -> Iterator[tuple[Service, str]]:
    """The whole box over a full log; yields it and the page's address."""
    state, run = folder / "state", folder / "state.run"
    state.mkdir()
    run.mkdir()
    os.environ |= {"FILTERD_RUN": str(run), "FILTERD_SYNC": "0", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    # as it is installed: compiled before; who compiles keeps 8 MiB of it
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    code = "import webui, webui.serve, pathlib, sys; webui.create_app(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(folder / "none")], check=True)
    import_household(state, household().encode(), "household.yaml", who=Who("bench", "cli"))
    accounts.add(state, Who("bench", "cli"), "me", PASSWORD, "admin", shown="mẹ")
    queries.END = int(time.time() * 1000)
    queries.build(state, rows)
    zone = {f"www{n}.example.org": ["192.0.2.80"] for n in range(50)}
    with UpstreamStub(zone) as upstream, Service.up(state, upstream, "--web", "127.0.0.1:0") as service:
        assert service.until(lambda: any(line.startswith("page:") for line in service.lines)), service.said
        yield service, next(line for line in service.lines if line.startswith("page:")).split("/")[2]


# --- one after the other ---


def alone(address: str, pid: int, times: int = 20) -> dict[str, Any]:
    """Return the server's time of each page, from the last byte asked to the last byte got."""
    browser = Browser(address)
    browser.log_in()
    found: dict[str, Any] = {}
    every: list[float] = []
    for path in PAGES:
        browser.get(path)  # the first one compiles its templates
    for path, word in PAGES.items():
        took = []
        cpu = cpu_s(pid)
        for _ in range(times):
            began = time.perf_counter()
            text = browser.get(path)
            took.append((time.perf_counter() - began) * 1000)
            assert word in text, path
        every += took
        found[path] = {"p95_ms": share(took, 0.95), "cpu_ms": round((cpu_s(pid) - cpu) / times * 1000, 1)}
    found["p95_ms"] = share(every, 0.95)
    return found


# --- all at once ---


def ask_names(server: tuple[str, int], until: float, out: Any) -> None:
    """Be the house: QUESTIONS a second from four addresses; tell how long each answer took."""
    sockets = []
    for n in range(4):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((f"127.0.0.{61 + n}", 0))
        sock.connect(server)
        sock.setblocking(False)
        sockets.append(sock)
    names = [BLOCKED, *(f"www{n}.example.org" for n in range(50))]
    packets = [bytearray(dnslib.DNSRecord.question(name).pack()) for name in names]
    sent: dict[tuple[int, int], float] = {}
    took: list[float] = []
    dice, number, due, began = random.Random(7), 0, time.perf_counter(), time.perf_counter()

    def receive() -> None:
        for at, sock in enumerate(sockets):
            while True:
                try:
                    data = sock.recv(2048)
                except BlockingIOError:
                    break
                if (asked := sent.pop((at, int.from_bytes(data[:2], "big")), None)) is not None:
                    took.append((time.perf_counter() - asked) * 1000)

    while time.time() < until:
        now = time.perf_counter()
        while due <= now:
            packet = packets[0] if dice.random() < 0.3 else packets[dice.randrange(1, len(packets))]
            number = (number + 1) & 0xFFFF
            packet[:2] = number.to_bytes(2, "big")
            at = number % 4
            sent[at, number] = time.perf_counter()
            sockets[at].send(packet)
            due += 1 / QUESTIONS
        receive()
        time.sleep(0.0005)
    asked = len(took) + len(sent)
    seconds = time.perf_counter() - began
    time.sleep(0.5)
    receive()
    out.put(
        {"asked_s": round(asked / seconds), "lost": len(sent), "p50_ms": share(took, 0.5), "p99_ms": share(took, 0.99)}
    )


def guess(address: str, until: float, out: Any) -> None:
    """Be whoever guesses: TRIES wrong log-ins a second, each over a connection of its own, from eight addresses."""
    os.nice(NICE)
    browser = Browser(address, "127.0.0.71")
    found = _TOKEN.search(browser.get("/login"))
    assert found is not None
    host, _, port = address.rpartition(":")
    codes: Counter[str] = Counter()
    took: list[float] = []

    async def one(number: int) -> None:
        name = "me" if number % 2 else f"nobody{number % 50}"
        body = urlencode({"name": name, "password": f"guess-{number}", "csrf_token": found.group(1)}).encode()
        head = (
            f"POST /login HTTP/1.1\r\nHost: {address}\r\nCookie: {browser.cookie}\r\nConnection: close\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection(
                host, int(port), local_addr=(f"127.0.0.{71 + number % 8}", 0)
            )
            writer.write(head.encode() + body)
            line = await asyncio.wait_for(reader.readline(), 10)
            await asyncio.wait_for(reader.read(), 10)
            writer.close()
            codes[line.split()[1].decode() if line else "closed"] += 1
            took.append((time.perf_counter() - began) * 1000)
        except (TimeoutError, OSError):
            codes["no answer"] += 1

    async def all_of_them() -> None:
        running: set[asyncio.Task[None]] = set()
        number, due = 0, time.perf_counter()
        while time.time() < until:
            while due <= time.perf_counter():
                number += 1
                due += 1 / TRIES
                task = asyncio.create_task(one(number))
                running.add(task)
                task.add_done_callback(running.discard)
            await asyncio.sleep(0.002)
        await asyncio.gather(*running)

    began = time.perf_counter()
    asyncio.run(all_of_them())
    out.put(
        {
            "tries_s": round(sum(codes.values()) / (time.perf_counter() - began)),
            "codes": dict(codes),
            "p95_ms": share(took, 0.95),
        }
    )


def live(address: str, cookie: str, until: float, out: Any) -> None:
    """Be LIVE browsers on the live activity: rows every 10 s, chart and top lists every 60 s, none together."""
    os.nice(NICE)
    browsers = [Browser(address) for _ in range(LIVE)]
    for browser in browsers:
        browser.cookie = cookie
        assert "filters" in browser.get("/activity/")
    polls = 0
    due = [(time.time() + 10 * n / LIVE, n) for n in range(LIVE)]
    rounds = [0] * LIVE
    while due and time.time() < until:
        at, n = min(due)
        due.remove((at, n))
        time.sleep(max(0.0, min(at, until) - time.time()))
        browsers[n].get("/activity/new?after=1")
        if rounds[n] % 6 == 0:
            browsers[n].get("/activity/chart")
            browsers[n].get("/activity/top")
        rounds[n] += 1
        polls += 1
        due.append((at + 10, n))
    out.put({"polls": polls})


def together(service: Service, address: str, seconds: float) -> dict[str, Any]:
    """Return how it is for everybody while everybody is there."""
    server = service.bound[0]
    assert addresses(service.ask(BLOCKED)) == ["0.0.0.0"] and addresses(service.ask("www1.example.org")) == [
        "192.0.2.80"
    ]
    eleventh = Browser(address)
    eleventh.log_in()
    until = time.time() + seconds
    crowd: list[tuple[str, Any, Any]] = []
    for name, what, arguments in (
        ("dns", ask_names, (server,)), ("guesses", guess, (address,)), ("live", live, (address, eleventh.cookie)),
    ):  # fmt: skip
        out: Any = multiprocessing.Queue()
        process = multiprocessing.Process(target=what, args=(*arguments, until, out))
        process.start()
        crowd.append((name, process, out))
    took: list[float] = []
    slowest: dict[str, float] = {}
    time.sleep(2)
    while time.time() < until - 1:
        for path, word in PAGES.items():
            began = time.perf_counter()
            assert word in eleventh.get(path)
            took.append((time.perf_counter() - began) * 1000)
            slowest[path] = max(slowest.get(path, 0.0), round(took[-1], 1))
            time.sleep(_RECENT_S)
    found: dict[str, Any] = {"eleventh_p95_ms": share(took, 0.95), "eleventh_slowest_ms": slowest}
    for name, process, out in crowd:
        found[name] = out.get(timeout=60)
        process.join(30)
    return found


# --- figures ---


def share(took: list[float], part_of: float) -> float:
    """Return the time that so many of the times do not exceed."""
    return round(sorted(took)[min(len(took) - 1, int(len(took) * part_of))], 1) if took else float("inf")


def cpu_s(pid: int) -> float:
    """Return the processor's seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int, of: str = "VmRSS") -> float:
    """Return the memory that a process has; VmHWM: the most that it ever had, with two passwords' hashes of 19 MiB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(of))
    return round(int(line.split()[1]) / 1024, 1)


def main() -> int:
    """Run it; 1 when a promise is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--seconds", type=float, default=30.0)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temp, running(Path(temp), given.rows) as (service, address):
        pid = part(service.process.pid, "webui")
        found: dict[str, Any] = {"load": round(os.getloadavg()[0], 1), "memory_start_mib": memory_mib(pid)}
        found["alone"] = alone(address, pid)
        found["memory_alone_mib"] = memory_mib(pid)
        cpu, began = cpu_s(pid), time.perf_counter()
        found["together"] = together(service, address, given.seconds)
        found["together"]["page_cores"] = round((cpu_s(pid) - cpu) / (time.perf_counter() - began), 2)
        found["memory_mib"], found["memory_peak_mib"] = memory_mib(pid), memory_mib(pid, "VmHWM")
    print(json.dumps(found, indent=1))
    missed = {
        "a page's server time": found["alone"]["p95_ms"] > PAGE_MS,
        "the eleventh page": found["together"]["eleventh_p95_ms"] > ELEVENTH_MS,
        "DNS": found["together"]["dns"]["p99_ms"] > DNS_P99_MS or found["together"]["dns"]["lost"] > 0,
        "memory": found["memory_mib"] > MEMORY_MIB,
    }
    for what in (key for key, is_missed in missed.items() if is_missed):
        print(f"missed: {what}", file=sys.stderr)
    return int(any(missed.values()))


if __name__ == "__main__":
    sys.exit(main())
