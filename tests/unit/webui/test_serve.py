"""The page as a process: ready after an answer, fed watchdog, ended in order, bound to its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from filterd.host.child import Child
from webui.__main__ import address_or_off, listen_address


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def test_under_systemd_it_says_ready_and_gives_signs_of_life(state: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, "-m", "webui", "--state", str(state), "--listen", "127.0.0.1:0"],
            env=os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            first = systemd.recv(1000).decode()
            assert first.startswith("READY=1\nSTATUS=the page is at http://127.0.0.1:")
            address = first.rpartition(" ")[2]
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert answer.status == 200
                assert "waitress" not in str(answer.headers).lower()
            assert [systemd.recv(100) for _ in range(2)] == [b"WATCHDOG=1"] * 2
            process.send_signal(signal.SIGTERM)
            while (word := systemd.recv(100)) == b"WATCHDOG=1":
                pass
            assert word == b"STOPPING=1"
            assert process.wait(10) == 0
            assert process.stdout is not None
            assert process.stdout.read().startswith("ready: the page is at http://127.0.0.1:")
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("page", ["webui", "webui.child"])
def test_under_a_supervisor_it_says_where_it_is_and_ends_with_it(state: Path, page: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    child = Child.start(page, {"state": str(state), "listen": "127.0.0.1:0"})
    try:
        deadline = time.monotonic() + 30
        while (answer := child.read_ready()) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert answer is not None and answer["address"].startswith("127.0.0.1:")
        beat = "page" if page == "webui" else "child"  # what /metrics knows of it
        assert (tmp_path / "run" / f"{beat}.beat").stat().st_mtime > time.time() - 60
        child.close()
        assert child.process.wait(10) == 0
    finally:
        child.process.kill()
        child.process.wait()


def test_a_taken_port_is_a_sentence(state: Path) -> None:
    with socket.socket() as rival:
        rival.bind(("127.0.0.1", 0))
        rival.listen()
        port = rival.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "webui", "--state", str(state), "--listen", f"127.0.0.1:{port}"],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 1
    assert done.stderr == f"webui: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_where_to_listen() -> None:
    assert listen_address("127.0.0.1:8080") == ("127.0.0.1", 8080)
    assert listen_address("[::1]:80") == ("::1", 80)


@pytest.mark.parametrize(
    "text", ["8080", "localhost:8080", "::1:80", "[127.0.0.1]:80", "127.0.0.1:x", "127.0.0.1:70000", ""]
)
def test_where_not(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="expected ADDRESS:PORT"):
        listen_address(text)


def test_the_page_loads_neither_engine_nor_what_it_must_not_know(state: Path) -> None:
    code = """
import sys, pathlib, webui.serve, webui.app, filterd.control.ask, filterd.control.explain
webui.app.create_app(pathlib.Path(sys.argv[1])).test_client().get("/login")
print(*sorted(sys.modules))
"""
    loaded = subprocess.run(
        [sys.executable, "-c", code, str(state)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not [name for name in loaded if name.startswith("filterd.engine")]
    assert not {"scapy", "filterd.serve", "filterd.up", "filterd.net.udp"} & set(loaded)


def test_the_page_imports_control_and_model_alone() -> None:
    for path in (Path(__file__).resolve().parents[3] / "webui").rglob("*.py"):
        for line in path.read_text().splitlines():
            if line.startswith(("from filterd", "import filterd")):
                assert line.startswith(("from filterd.control", "from filterd.errors", "from filterd.model")), (
                    f"{path.name}: {line}"
                )


def test_the_childs_page_is_a_program_of_its_own(state: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "webui.child", "--state", str(state), "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready: the page is at http://127.0.0.1:")
        with urllib.request.urlopen(line.split()[-1] + "healthz", timeout=10) as answer:
            assert answer.status == 200 and answer.headers["Set-Cookie"] is None
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_https_or_not() -> None:
    assert address_or_off("off") is address_or_off("") is None
    assert address_or_off("127.0.0.1:8443") == ("127.0.0.1", 8443)
    with pytest.raises(ArgumentTypeError):
        address_or_off("on")
