"""Serves control/metrics.py to Prometheus: GET /metrics over HTTP, nothing else, on loopback unless told otherwise.

server = MetricsServer(state, "127.0.0.1:9353", questions=questions)
...
server.close()
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from filterd.config.settings import Listen
from filterd.control.jobs import Jobs
from filterd.control.metrics import Questions, collect
from filterd.errors import StartError

MAX_CONNECTIONS = 8  # more are closed at once
DEADLINE_S = 5.0  # for a whole request and its answer
FRESH_S = 1.0  # numbers are gathered at most so often, whoever asks

log = logging.getLogger(__name__)
Extra = Callable[[], Mapping[str, float]]


class MetricsServer:
    """Listens in a thread of its own; the manager's loop never waits for it."""

    def __init__(
        self,
        state: Path,
        address: str,
        *,
        questions: Questions | None = None,
        extra: Extra | None = None,
        jobs: Jobs | None = None,
    ) -> None:
        """Raises ConfigError for what is no ADDRESS:PORT, StartError when it cannot be listened on."""
        listen = Listen.parse(address)
        self._state = state
        self._questions = questions
        self._extra = extra
        self._jobs = jobs
        self._began = time.time()
        self._gathering = threading.Lock()
        self._text, self._good_until = b"", float("-inf")
        family = socket.AF_INET6 if ":" in listen.address else socket.AF_INET
        try:
            self._server = _Server((listen.address, listen.port), family, self.text)
        except OSError as exc:
            raise StartError(f"cannot serve metrics at {listen}: {exc.strerror or exc}") from exc
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="metrics", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """ADDRESS:PORT as it is bound."""
        host, port = self._server.server_address[:2]
        return str(Listen(str(host), int(port)))

    def text(self) -> bytes:
        """Return the exposition text, at most FRESH_S old."""
        with self._gathering:
            if time.monotonic() >= self._good_until:
                extra = {"start_time_seconds": self._began, **(self._extra() if self._extra is not None else {})}
                self._text = collect(self._state, questions=self._questions, extra=extra, jobs=self._jobs)
                self._good_until = time.monotonic() + FRESH_S
            return self._text

    def close(self) -> None:
        """Stop listening; answers under way are not waited for."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, address: tuple[str, int], family: socket.AddressFamily, text: Callable[[], bytes]) -> None:
        self.address_family = family
        self.text = text
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # not HTTPServer's: it asks the resolver for our own name, and that is us
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread to be had
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        deadline = threading.Timer(DEADLINE_S, _cut, (request,))
        deadline.daemon = True
        deadline.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            deadline.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a request for metrics failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "filterd", ""
    timeout = DEADLINE_S

    def do_GET(self) -> None:
        """Answer /metrics; the query says nothing."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        text = self.server.text()
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: scrapes come all the time."""


def _cut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
