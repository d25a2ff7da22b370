"""HTTPS: the very same page, encrypted, with a cookie of its own; slow and broken connections cost nothing."""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waitress.server import create_server  # type: ignore[import-untyped]

from filterd.control import tls
from tests.unit.webui.client import PASSWORD, browser_of, made
from webui.secure import Shown, make_secure


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, tuple[str, int], tuple[str, int]]]:
    """(state, where it is plain, where it is encrypted)."""
    folder = tmp_path_factory.mktemp("secure")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILTERD_RUN", str(folder / "run"))
        state = made(folder / "state")
        command = [sys.executable, "-m", "webui", "--state", str(state), "--listen", "127.0.0.1:0"]
        process = subprocess.Popen([*command, "--tls", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            plain, _, secure = (
                process.stdout.readline().removeprefix("ready: the page is at ").strip().partition(" and ")
            )
            yield state, place(plain), place(secure)
        finally:
            process.terminate()
            process.communicate(timeout=20)


def place(url: str) -> tuple[str, int]:
    host, _, port = url.split("/")[2].rpartition(":")
    return host, int(port)


def trusting(state: Path) -> ssl.SSLContext:
    """A browser that trusts the box's certificate, and checks its names."""
    pem = (state / tls.FILE).read_text()
    return ssl.create_default_context(cadata=pem[pem.index("-----BEGIN CERTIFICATE") :])


def ask(
    where: tuple[str, int], context: ssl.SSLContext | None, path: str, cookie: str = "", body: str | None = None
) -> http.client.HTTPResponse:
    connection = (
        http.client.HTTPSConnection(*where, timeout=30, context=context)
        if context is not None
        else http.client.HTTPConnection(*where, timeout=30)
    )
    headers = {"Cookie": cookie, "Connection": "close"}
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    answer.text = answer.read().decode()  # type: ignore[attr-defined] # for the tests below
    connection.close()
    return answer


def test_the_same_page_with_a_cookie_of_its_own(served: tuple[Path, tuple[str, int], tuple[str, int]]) -> None:
    state, plain, secure = served
    seen = ask(secure, trusting(state), "/login?lang=en")
    assert seen.status == 200 and "travels unencrypted" not in seen.text
    cookie = seen.getheader("Set-Cookie") or ""
    assert cookie.startswith("__Host-filterd=") and "Secure" in cookie and "HttpOnly" in cookie and "Path=/" in cookie
    seen = ask(plain, None, "/login?lang=en")
    assert "travels unencrypted" in seen.text and f"https://127.0.0.1:{secure[1]}/" in seen.text
    assert (seen.getheader("Set-Cookie") or "").startswith("filterd=") and "Secure" not in seen.headers["Set-Cookie"]
    assert seen.getheader("Strict-Transport-Security") is None  # who clicks through once must be able to do it again


def test_a_large_form_and_a_large_page_come_through_whole(
    served: tuple[Path, tuple[str, int], tuple[str, int]],
) -> None:
    state, _, secure = served
    context = trusting(state)
    body = "name=" + "x" * 200_000
    assert ask(secure, context, "/login", body=body).status == 400  # read to its end, and without a form's token
    css = ask(secure, context, "/static/vendor/pico-2.1.1.min.css")
    assert css.status == 200 and len(css.text) > 50_000


def test_connections_that_say_nothing_or_nonsense_do_not_hold_the_others_up(
    served: tuple[Path, tuple[str, int], tuple[str, int]],
) -> None:
    state, _, secure = served
    open_ones = [socket.create_connection(secure, timeout=10) for _ in range(10)]
    try:
        for number, sock in enumerate(open_ones):
            if number % 2:
                sock.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3)
        assert ask(secure, trusting(state), "/healthz").status == 200
    finally:
        for sock in open_ones:
            sock.close()
    assert ask(secure, trusting(state), "/healthz").status == 200
    with pytest.raises(ssl.SSLCertVerificationError):  # and who does not know the box is warned
        ask(secure, ssl.create_default_context(), "/healthz")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python warns of what is tried here
def test_old_versions_are_refused(served: tuple[Path, tuple[str, int], tuple[str, int]]) -> None:
    _, _, secure = served
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    with pytest.raises((ssl.SSLError, OSError)):
        ask(secure, context, "/healthz")


def test_a_session_over_one_way_is_none_over_the_other(state: Path) -> None:
    browser = browser_of(state)
    token = browser.token()
    browser.post("/login", {"name": "me", "password": PASSWORD}, token=token)
    assert browser.get("/").status_code == 200
    assert browser.get("/", base_url="https://192.168.1.53").status_code == 302


def test_a_new_certificate_is_shown_while_the_page_runs(tmp_path: Path) -> None:
    """The clock is moved to both sides of the bound; who is connected already stays connected."""
    begun = 1_790_000_000.0
    shown = Shown(tmp_path, begun)

    def hello(_environ: object, start: Callable[..., object]) -> list[bytes]:
        start("200 OK", [])
        return [b"x"]

    server = create_server(hello, host="127.0.0.1", port=0)
    make_secure(server, shown)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    where = ("127.0.0.1", int(server.effective_port))
    early = http.client.HTTPSConnection(*where, timeout=30, context=anyone())
    try:
        early.request("GET", "/")
        assert early.getresponse().read() == b"x"
        first = fingerprint(where)
        assert first == shown.own.fingerprint
        bound = begun + (tls.VALID_DAYS - tls.RENEW_DAYS) * 86_400
        assert not shown.renew(bound - 1) and fingerprint(where) == first
        assert shown.renew(bound) and fingerprint(where) == shown.own.fingerprint != first
        assert not shown.renew(bound + 1)
        early.request("GET", "/")
        assert early.getresponse().read() == b"x"
    finally:
        early.close()
        server.trigger.pull_trigger(sys.exit)
        thread.join(20)
        server.close()


def anyone() -> ssl.SSLContext:
    """A browser that has clicked through."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def fingerprint(where: tuple[str, int]) -> str:
    """What a new connection is shown."""
    with socket.create_connection(where, 30) as sock, anyone().wrap_socket(sock) as secured:
        digest = hashlib.sha256(secured.getpeercert(True) or b"").hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
