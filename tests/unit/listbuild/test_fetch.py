"""Fetching over a real local HTTP server: sizes, statuses, redirects, marks; only ListRejected comes out."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from filterd.errors import ListRejected
from filterd.listbuild import fetch as fetching
from filterd.listbuild.fetch import Fetched, fetch

BODY = b"ads.example.org\n" * 100


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        match self.path:
            case "/list":
                if self.headers.get("If-None-Match") == '"v1"':
                    self.answer(304)
                else:
                    self.answer(200, BODY, ETag='"v1"')
            case "/packed":
                self.answer(200, gzip.compress(BODY), **{"Content-Encoding": "gzip"})
            case "/moved":
                self.answer(302, Location="/list")
            case "/loop":
                self.answer(302, Location="/loop")
            case "/file":
                self.answer(302, Location="file:///etc/passwd")
            case "/agent":
                self.answer(200, str(self.headers.get("Authorization")).encode() + self.headers["User-Agent"].encode())
            case "/short":
                self.answer(200, b"x", length=50)
            case _:
                self.answer(404)

    def answer(self, status: int, body: bytes = b"", length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_body_and_its_mark(url: str) -> None:
    assert fetch(f"{url}/list") == Fetched(BODY, '"v1"')
    assert fetch(f"{url}/list", '"v1"') == Fetched(None, '"v1"')
    assert fetch(f"{url}/packed").data == BODY
    assert fetch(f"{url}/moved").data == BODY


def test_nothing_of_the_environment_is_used(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert fetch(f"{url}/agent").data == b"Nonefilterd"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/none", "expected status 200, got 404"),
        ("/loop", "redirects"),
        ("/file", "cannot be fetched"),
        ("/short", "cannot be fetched"),
    ],
)
def test_failures_are_sentences(url: str, path: str, why: str) -> None:
    with pytest.raises(ListRejected, match=why):
        fetch(url + path)


def test_size_and_time_are_bounded(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BODY_BYTES", 1 << 20)
    monkeypatch.setattr(fetching, "MAX_TOTAL_S", -1)
    with pytest.raises(ListRejected, match="not complete after"):
        fetch(f"{url}/list")
    monkeypatch.setattr(fetching, "MAX_BODY_BYTES", 1000)
    with pytest.raises(ListRejected, match="longer than"):
        fetch(f"{url}/packed")


def test_only_files_and_http(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(BODY)
    assert fetch(str(tmp_path / "list")).data == BODY
    for origin in ("ftp://lists.example.org/x", "file:///etc/passwd"):
        with pytest.raises(ListRejected, match="http or https"):
            fetch(origin)
    with pytest.raises(ListRejected, match="cannot read"):
        fetch(str(tmp_path))
    with pytest.raises(ListRejected, match="cannot be fetched"):
        fetch("http://127.0.0.1:1/list")


def test_a_protected_address_must_stay_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    answer = requests.Response()
    answer.url, answer.status_code, answer.raw = "http://lists.example.org/x", 200, io.BytesIO()
    monkeypatch.setattr(requests.Session, "get", lambda *_, **__: answer)
    with pytest.raises(ListRejected, match="leads to an unprotected address"):
        fetch("https://lists.example.org/x")
