"""The switch of the encrypted page: open and closed while the page runs, as the household says, or the operator."""

from __future__ import annotations

import errno
import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.control import secure_page, tls
from filterd.control.change import history, revert
from filterd.errors import ConfigError, StoreError
from tests.unit.webui.client import PASSWORD, WHO, made
from tests.unit.webui.test_secure import anyone, fingerprint
from webui.secure import Shown
from webui.secure_switch import Switch

NOW = 1_790_000_000.0
HOST = "192.0.2.2"


class Opened:
    """What serves the page, without a network. `broken`: why it cannot listen."""

    def __init__(self) -> None:
        self.address, self.secure, self.broken, self.swept = "192.0.2.2:8080", "", "", 0
        self.shown: Shown | None = None

    def open_secure(self, address: str, port: int, shown: Shown) -> None:
        if self.broken:
            raise OSError(errno.EADDRINUSE, self.broken)
        self.secure, self.shown = f"{address}:{port}", shown

    def close_secure(self) -> None:
        self.secure = ""

    def sweep(self) -> None:
        self.swept += 1


@pytest.fixture
def opened() -> Opened:
    return Opened()


def test_it_is_open_while_the_household_says_so(state: Path, opened: Opened) -> None:
    switch = Switch(opened, state, HOST, None)
    switch.follow(NOW)
    assert switch.address == "" and switch.own is None and not (state / tls.FILE).exists()  # nothing is made in advance
    secure_page.switch(state, WHO, True)
    switch.follow(NOW)
    assert switch.address == "192.0.2.2:8443" and switch.own == tls.look(state)
    revert(state, WHO, history(state, limit=1)[0].number)
    switch.follow(NOW)
    assert switch.address == "" and switch.own is None and opened.swept == 3


def test_what_the_operator_says_stands_above_the_household(state: Path, opened: Opened) -> None:
    switch = Switch(opened, state, HOST, ("192.0.2.3", 443))
    switch.follow(NOW)
    secure_page.switch(state, WHO, True)
    secure_page.switch(state, WHO, False)
    switch.follow(NOW)
    assert switch.is_given and switch.address == "192.0.2.3:443"


def test_a_port_that_is_taken_is_said_and_tried_again(state: Path, opened: Opened) -> None:
    secure_page.switch(state, WHO, True)
    switch = Switch(opened, state, HOST, None)
    opened.broken = "taken"
    switch.follow(NOW)
    assert "taken" in switch.problem and switch.address == ""
    with pytest.raises(ConfigError, match="taken"):
        switch.try_open()
    opened.broken = ""
    switch.follow(NOW)
    assert switch.problem == "" and switch.address


def test_the_certificate_is_renewed_at_the_bound_and_not_before(state: Path, opened: Opened) -> None:
    switch = Switch(opened, state, HOST, (HOST, 8443))
    switch.follow(NOW)
    first = switch.own
    assert first is not None
    bound = first.until - tls.RENEW_DAYS * 86_400
    switch.follow(bound - 1)
    assert switch.own == first
    switch.follow(bound)
    assert switch.own is not None and switch.own.fingerprint != first.fingerprint and switch.own == tls.look(state)
    assert opened.shown is not None and opened.shown.own == switch.own  # without being opened again


def test_one_that_cannot_be_renewed_stays_and_is_said(
    state: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = Switch(opened, state, HOST, (HOST, 8443))
    switch.follow(NOW)
    first = switch.own
    assert first is not None

    def full(*_: object) -> tls.Own:
        raise StoreError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(tls, "ensure", full)
        switch.follow(first.until - 1)
        assert switch.own == first and switch.address and switch.problem == "no space left"
    switch.follow(first.until - 1)
    assert switch.own != first and switch.problem == ""


# --- the real process ---


@pytest.fixture
def address() -> str:
    """An address of this machine that no other test has: the port is always the same."""
    number = os.getpid()
    return f"127.77.{number // 250 % 250}.{number % 250 + 1}"


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> Iterator[tuple[Path, tuple[str, int]]]:
    """(state, where the page is), of a page that begins without an encrypted one."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state")
    command = [sys.executable, "-m", "webui", "--state", str(state), "--listen", f"{address}:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "https" not in line
        yield state, (address, int(line.rstrip("/\n").rpartition(":")[2]))
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.communicate()


class Person:
    """Somebody in a browser, with one connection that is kept. Used with `with`: it is closed at the end."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection, self.cookie = connection, ""
        self.token = found(self.get("/login?lang=en"))
        self.post("/login", f"name=me&password={PASSWORD}")
        self.token = found(self.get("/system/secure/?lang=en"))

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def get(self, path: str) -> str:
        return self._ask("GET", path, None)[1].replace("<wbr>", "")

    def post(self, path: str, body: str) -> tuple[int, str]:
        return self._ask("POST", path, f"{body}&csrf_token={self.token}")

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, None if body is None else body.encode(), headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            self.cookie = cookie.partition(";")[0]
        return answer.status, text


def found(page: str) -> str:
    seen = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert seen is not None, page
    return seen.group(1)


def test_an_admin_opens_and_closes_it_while_the_page_runs(running: tuple[Path, tuple[str, int]], address: str) -> None:
    state, plain = running
    secure = (address, secure_page.PORT)
    with Person(http.client.HTTPConnection(*plain, timeout=30)) as person:
        assert is_shut(secure)
        assert person.post("/system/secure/switch", "on=1")[0] == 303
        seen = person.get("/system/secure/")
        assert fingerprint(secure) in seen and f"https://{address}:{secure_page.PORT}/" in seen
        assert 'action="/undo"' in seen

        with Person(http.client.HTTPSConnection(*secure, timeout=30, context=anyone())) as inside:
            # this answer still comes, and says where to go on
            status, text = inside.post("/system/secure/switch", "on=0")
        assert status == 200 and f'href="http://{address}:{plain[1]}/"' in text and 'action="/undo"' not in text
        assert is_shut(secure) and not secure_page.is_on(state)
        assert fingerprint_of(state) not in person.get("/system/secure/")

        assert person.post("/system/secure/switch", "on=1")[0] == 303  # as often as one likes
        assert fingerprint(secure) == fingerprint_of(state)
        number = history(state, limit=1)[0].number
        assert person.post("/undo", f"number={number}")[0] == 303
        assert is_shut(secure)  # with Undo's answer
        assert person.post("/system/secure/switch", "on=1")[0] == 303 and fingerprint(secure)


def test_a_taken_port_is_said_and_nothing_is_written_down(running: tuple[Path, tuple[str, int]], address: str) -> None:
    state, plain = running
    before = history(state, limit=1)[0].number
    with Person(http.client.HTTPConnection(*plain, timeout=30)) as person:
        with socket.create_server((address, secure_page.PORT)):
            status, text = person.post("/system/secure/switch", "on=1")
        assert status == 422 and "Chưa có gì thay đổi" in text and str(secure_page.PORT) in text
        assert not secure_page.is_on(state) and history(state, limit=1)[0].number == before
        assert person.post("/system/secure/switch", "on=1")[0] == 303 and fingerprint((address, secure_page.PORT))


def is_shut(where: tuple[str, int]) -> bool:
    """Return whether nobody listens there."""
    with socket.socket() as sock:
        return sock.connect_ex(where) == errno.ECONNREFUSED


def fingerprint_of(state: Path) -> str:
    own = tls.look(state)
    assert own is not None
    return own.fingerprint
