"""The units say nothing that systemd does not understand, give no more than is needed, and agree with each other."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from filterd.cli import COMMANDS
from tests.processes import Service, UpstreamStub, ask

TOP = Path(__file__).resolve().parents[2]
UNITS = sorted((TOP / "systemd").glob("filterd*.*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
OFFICE = TOP / "systemd/filterd-feed-refresh.service"  # no part of a box: once a day, on an office's server
PARTS = [path for path in SERVICES if path != OFFICE]
MOST = 20  # tenths of systemd's exposure score
# of the hardening, what is each unit's own: the rest is the same in all
_OWN = re.compile(
    r"(SystemCallFilter=(adjtimex|setpriority)|RestrictAddressFamilies|ProtectClock|IPAddress|Limit(NOFILE))"
)


def analyze(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze; skips where there is none."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (Debian package systemd)")
    return subprocess.run(
        ["systemd-analyze", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"LC_ALL": "C"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copies whose programs are there: verify looks for them too."""
    for path in UNITS:
        text = path.read_text()
        (tmp_path / path.name).write_text(re.sub(r"/opt/filterd/bin/[\w-]+", "/bin/true", text))
    return tmp_path


def is_bound(port: int) -> bool:
    """True when a UDP socket over IPv6 has the port: it is the last to be opened."""
    return f":{port:04X} " in Path("/proc/net/udp6").read_text()


def settings(path: Path) -> list[str]:
    """The lines of a unit that say something."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and line[0] not in "#["]


def test_systemd_understands_every_word(folder: Path) -> None:
    done = analyze("verify", *(f"./{path.name}" for path in UNITS), folder=folder)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")  # an unknown key is a warning and exit code 0


def test_that_would_find_a_slip(folder: Path) -> None:
    unit = folder / "filterd.service"
    unit.write_text(unit.read_text().replace("ProtectSystem=", "ProtectSytem="))
    assert "ProtectSytem" in analyze("verify", "./filterd.service", folder=folder).stderr


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_a_service_can_do_little_harm(unit: Path, folder: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST}", f"./{unit.name}", folder=folder)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_programs_and_options_exist(unit: Path) -> None:
    for line in settings(unit):
        for command in re.findall(r"/opt/filterd/bin/filterd (\w+)", line):
            assert command in COMMANDS
        for program in re.findall(r"/opt/filterd/bin/([\w-]+)", line):
            assert f'\n{program} = "' in (TOP / "pyproject.toml").read_text()


def test_all_parts_are_locked_up_alike() -> None:
    blocks = []
    for unit in PARTS:
        lines = settings(unit)
        if unit.name == "filterd-presence.service":
            watching = lines[lines.index("CapabilityBoundingSet=CAP_NET_RAW") : lines.index("LimitCORE=0") + 1]
            continue
        block = lines[lines.index("User=filterd") : lines.index("LimitCORE=0") + 1]
        blocks.append([line for line in block if not _OWN.match(line)])
    assert len(blocks) == 4 and all(block == blocks[0] for block in blocks)
    changed = {"CapabilityBoundingSet=": "CAP_NET_RAW", "AmbientCapabilities=": "CAP_NET_RAW", "PrivateUsers=yes": ""}
    alike = blocks[0][blocks[0].index("CapabilityBoundingSet=") :]
    assert watching == [
        line.replace("yes", "no") if line == "PrivateUsers=yes" else line + changed.get(line, "") for line in alike
    ]
    assert {"CapabilityBoundingSet=", "AmbientCapabilities=", "NoNewPrivileges=yes", "ProtectSystem=strict"} <= set(
        blocks[0]
    )
    assert "RuntimeDirectoryPreserve=yes" in blocks[0]  # one that stops leaves the others their sockets and rings


def test_presence_can_open_neither_state_nor_settings() -> None:
    lines = set(settings(TOP / "systemd/filterd-presence.service"))
    assert {"User=filterd-presence", "Group=filterd", "InaccessiblePaths=-/var/lib/filterd -/etc/filterd"} <= lines
    # systemd gives such folders to the unit's user: they are the other's
    assert not [
        line for line in lines if line.startswith(("StateDirectory", "RuntimeDirectory", "ConfigurationDirectory"))
    ]
    for unit in PARTS:
        if unit.name != "filterd-presence.service":
            assert "RuntimeDirectoryMode=0710" in settings(unit)  # its group may pass to the socket, and list nothing
    assert "d /run/filterd 0710 filterd filterd -" in (TOP / "systemd/tmpfiles.d/filterd.conf").read_text()


def test_dns_waits_for_nobody() -> None:
    words = " ".join(
        line
        for line in settings(TOP / "systemd/filterd.service")
        if line.startswith(("Requires", "Wants", "After", "Bind"))
    )
    for other in ("network", "manager", "presence", "web", "postgresql"):
        assert other not in words


def test_every_part_is_watched_and_comes_back() -> None:
    for unit in PARTS:
        lines = settings(unit)
        assert {"Type=notify", "Restart=always", "StartLimitIntervalSec=0"} <= set(lines)
        assert any(line.startswith("WatchdogSec=") for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_sockets_of_systemd_are_served(tmp_path: Path, workers: int) -> None:
    """As systemd passes them: the first question, asked before anybody runs, starts the workers and gets its answer."""
    if shutil.which("systemd-socket-activate") is None:
        pytest.skip("systemd-socket-activate is not installed (Debian package systemd)")
    state = tmp_path / "state"
    with UpstreamStub({"www.example.org": ["192.0.2.80"]}) as upstream:
        with Service.up(state, upstream):
            pass  # made the state
        port = 20_000 + os.getpid() % 10_000 + workers
        listen = ["--datagram", "--listen", f"127.0.0.1:{port}", "--listen", f"[::1]:{port}", "--fdname=dns:dns"]
        command = [
            "systemd-socket-activate",
            *listen,
            f"-EFILTERD_RUN={tmp_path / 'run'}",
            f"-EPATH={os.environ['PATH']}",
        ]
        command += [sys.executable, "-m", "filterd", "serve", "--state", str(state), "--workers", str(workers)]
        command += ["--upstream", upstream.url]
        process = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            deadline = time.monotonic() + 20
            while not is_bound(port) and time.monotonic() < deadline:
                time.sleep(0.02)
            for address in ("127.0.0.1", "::1"):
                answer = ask((address, port), "www.example.org", seconds=20.0)
                assert answer.header.rcode == 0
            assert process.stdout is not None
            assert process.stdout.readline().startswith(f"ready: answering DNS at 127.0.0.1:{port}, [::1]:{port}")
        finally:
            process.terminate()
            code = process.wait(10)
            process.communicate()
        assert code in (0, -15)


@pytest.mark.slow
def test_the_childs_page_takes_the_sockets_that_systemd_holds(tmp_path: Path) -> None:
    """The first visitor starts it and gets an answer, over both families; nobody needs a privilege."""
    if shutil.which("systemd-socket-activate") is None:
        pytest.skip("systemd-socket-activate is not installed (Debian package systemd)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", f"--listen=[::1]:{port}"]
    program = [sys.executable, "-m", "webui.child", "--state", str(tmp_path)]
    process = subprocess.Popen([*command, *program], env=os.environ | {"FILTERD_RUN": str(tmp_path / "run")})
    try:
        deadline = time.monotonic() + 30
        for host in ("127.0.0.1", "::1"):
            while True:
                connection = http.client.HTTPConnection(host, port, timeout=30)
                try:
                    connection.request("GET", "/healthz")
                    assert connection.getresponse().status == 200
                    break
                except ConnectionRefusedError:  # systemd-socket-activate does not listen yet
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
                finally:
                    connection.close()
    finally:
        process.terminate()
        process.wait(20)
