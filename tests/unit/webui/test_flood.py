"""A flood of log-ins: turned away early, while those who have not tried get through."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.webui.client import app_of, browser_of
from webui import flood
from webui.flood import ALL_A_SECOND, ALL_BURST, BURST, EVERY_S, FRESH, FRESH_S, MOST, Flood


class Gate:
    """A gate with a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.passed: list[str] = []
        self.flood = Flood(self._application, lambda: self.now)

    def _application(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.passed.append(environ["REMOTE_ADDR"])
        start("200 OK", [])
        return [b""]

    def ask(self, address: str, path: str = "/login", method: str = "POST") -> str:
        said: list[str] = []
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "REMOTE_ADDR": address}
        list(self.flood(environ, lambda status, headers: said.append(status)))
        return said[0][:3]


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_one_address_has_a_burst_and_then_one_now_and_then(gate: Gate) -> None:
    assert [gate.ask("192.168.1.7") for _ in range(BURST)] == ["200"] * BURST
    assert gate.ask("192.168.1.7") == "429"
    gate.now += EVERY_S
    assert [gate.ask("192.168.1.7") for _ in range(2)] == ["200", "429"]
    assert gate.ask("::ffff:192.168.1.7") == "429"  # the same one by another way of writing


def test_what_is_no_log_in_is_not_counted(gate: Gate) -> None:
    for _ in range(BURST + 5):
        gate.ask("192.168.1.7")
    assert gate.ask("192.168.1.7", method="GET") == gate.ask("192.168.1.7", "/devices/assign") == "200"


def test_a_crowd_is_slowed_down_and_locks_nobody_out(gate: Gate) -> None:
    for n in range(100):
        for _ in range(FRESH):
            assert gate.ask(f"10.0.0.{n}") == "200"
    again = [gate.ask(f"10.0.0.{n}") for n in range(100)]
    assert again.count("200") == ALL_BURST
    gate.now += 1.0
    assert [gate.ask(f"10.0.0.{n}") for n in range(100)].count("200") == ALL_A_SECOND
    assert [gate.ask("192.168.1.20") for _ in range(FRESH)] == ["200"] * FRESH  # a parent's phone
    gate.now += FRESH_S
    assert gate.ask("192.168.1.20") == "200"


def test_one_devices_many_addresses_are_one(gate: Gate) -> None:
    answers = [gate.ask(f"2001:db8:1:1::{n:x}") for n in range(1, BURST + 10)]
    assert answers.count("200") == BURST
    assert gate.ask("2001:db8:1:2::1") == "200"


def test_so_many_are_remembered_and_no_more(gate: Gate) -> None:
    for n in range(MOST + 50):
        gate.ask(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}")
    assert len(gate.flood._addresses) == MOST


def test_the_page_has_it(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "BURST", 1)
    browser = browser_of(state, app_of(state))
    token = browser.token()
    assert browser.post("/login", {"name": "x", "password": "y"}, token=token).status_code == 401
    refused = browser.post("/login", {"name": "x", "password": "y"}, token=token)
    assert refused.status_code == 429 and "Chờ một phút" in refused.text and refused.headers["Retry-After"] == "60"
    assert browser.get("/login").status_code == 200
