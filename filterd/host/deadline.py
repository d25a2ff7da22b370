"""A time for a whole conversation: when it is over, its connections are shut, whatever they are doing just then.

A time limit on each read is none: a server that sends a byte now and then, in a header or in the body, keeps every
single read short and the whole endless. Whom to ask, and what to take from there, is said by who fetches.

    with Deadline(300.0) as deadline:
        pools = pools_of(lambda connection: deadline.add(open_somehow(connection.host)))
        ...
    if deadline.is_over: ...
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any


class Deadline:
    """The clock runs from `start` (or the beginning of a `with`) to `close`."""

    def __init__(self, total_s: float) -> None:
        self.total_s = total_s
        self.is_over = False
        self.is_used = False  # a connection was opened through it
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(total_s, self._end)
        self._timer.daemon = True

    def start(self) -> Deadline:
        """Start the clock."""
        self._timer.start()
        return self

    def __enter__(self) -> Deadline:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, sock: socket.socket) -> socket.socket:
        """Look after a connection, and return it. TLS takes the descriptor away from `sock`, so a second one is kept."""
        self.is_used = True
        with self._lock:
            self._sockets.append(sock.dup())
        if self.is_over:
            self._end()
        return sock

    def close(self) -> None:
        """Stop the clock."""
        self._timer.cancel()
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()

    def _end(self) -> None:
        self.is_over = True
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


def pools_of(connect: Callable[[Any], socket.socket]) -> dict[str, Any]:
    """Return urllib3's pools by scheme, whose connections `connect` opens (it is given the connection)."""
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": Pool, "https": TlsPool}
