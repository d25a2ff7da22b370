"""A web server for lists that can misbehave: slow, endless, cut off, packed a thousand to one, led astray.

    with ListServer({"/ads.txt": b"ads.example.org\n", "/slow.txt": slow}) as server:
        fetch(server.url("/ads.txt"), loopback=True)
        assert server.asked("/ads.txt") == 1

A body given as bytes is served with an ETag and a date, packed when the client can unpack; a Path is read for each
answer; a function gets the request handler and does what it wants.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Behaviour = Callable[["Handler"], None]
Content = bytes | Path | Behaviour
MODIFIED = "Tue, 24 Nov 2026 06:00:00 GMT"


class ListServer:
    """Serves on a free port of 127.0.0.1 from a thread. `content` may be changed while it runs."""

    def __init__(self, content: Mapping[str, Content] | None = None) -> None:
        self.content: dict[str, Content] = dict(content or {})
        self.requests: list[tuple[str, dict[str, str]]] = []  # (path, headers)
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.ending = threading.Event()

    def __enter__(self) -> ListServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked == path for asked, _ in self.requests)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: ListServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has had enough closes: no reason to print anything."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self) -> None:
        owner = self.owner
        owner.requests.append((self.path, dict(self.headers.items())))
        content = owner.content.get(self.path)
        if content is None:
            self.answer(404)
        elif callable(content):
            content(self)
        else:
            self.serve(content if isinstance(content, bytes) else content.read_bytes())

    @property
    def owner(self) -> ListServer:
        server = self.server
        assert isinstance(server, _Server)
        return server.owner

    def serve(self, body: bytes) -> None:
        """Answer as a good server does."""
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        marks = {"ETag": etag, "Last-Modified": MODIFIED}
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, **marks)
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            self.answer(200, gzip.compress(body, 1, mtime=0), **marks, Content_Encoding="gzip")
        else:
            self.answer(200, body, **marks)

    def answer(self, status: int, body: bytes = b"", length: int | None = None, **headers: str) -> None:
        """Send a status, headers (underscores mean hyphens) and a body; `length`: what is announced instead."""
        self.begin(status, str(len(body) if length is None else length), **headers)
        self.wfile.write(body)

    def begin(self, status: int, length: str = "", **headers: str) -> None:
        """Send a status and headers only."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length:
            self.send_header("Content-Length", length)
        self.end_headers()

    def wait(self, seconds: float) -> bool:
        """Wait; False when the server ends meanwhile."""
        return not self.owner.ending.wait(seconds)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def slow(handler: Handler) -> None:
    """A byte now and then: every single read is short, the whole never ends."""
    handler.begin(200, "100000")
    with contextlib.suppress(OSError):
        while handler.wait(0.05):
            handler.wfile.write(b"a")


def slow_header(handler: Handler) -> None:
    """The same before the body: a header that never ends."""
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Long: ")
        while handler.wait(0.05):
            handler.wfile.write(b"a")


def silent(handler: Handler) -> None:
    """Takes the question and says nothing."""
    handler.wait(60.0)


def endless(handler: Handler) -> None:
    """Names without an end, as fast as they are read."""
    handler.begin(200)
    with contextlib.suppress(OSError):
        for number in range(10_000_000):
            handler.wfile.write(b"".join(b"n%d-%d.example.org\n" % (number, n) for n in range(1000)))


def truncated(handler: Handler) -> None:
    """Announces more than it sends."""
    body = b"".join(b"ads%d.example.org\n" % n for n in range(1000))
    handler.answer(200, body, length=len(body) * 2)


def truncated_gzip(handler: Handler) -> None:
    """A packed body that stops in the middle; its length is announced as if it were whole."""
    body = gzip.compress(b"".join(b"ads%d.example.org\n" % n for n in range(1000)))
    handler.answer(200, body[: len(body) // 2], Content_Encoding="gzip")


def bomb(handler: Handler) -> None:
    """A thousand to one."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    handler.begin(200, Content_Encoding="gzip")
    with contextlib.suppress(OSError):
        for _ in range(64):
            handler.wfile.write(pack.compress(b"a.example.org\n" * 75_000))
        handler.wfile.write(pack.flush())


def web_page(handler: Handler) -> None:
    """What a portal or a moved project answers, with status 200."""
    handler.answer(200, b"<!DOCTYPE html><html><body>Please log in</body></html>", Content_Type="text/html")


def leads_to(target: str, status: int = 302) -> Behaviour:
    """A redirect."""
    return lambda handler: handler.answer(status, Location=target)


def after(seconds: float, content: bytes) -> Behaviour:
    """A good answer after a while."""

    def behave(handler: Handler) -> None:
        time.sleep(seconds)
        handler.serve(content)

    return behave
