"""HTTPS for the page: waitress' own loop and threads, with TLS on its connections. Certificates are control/tls.py's.

Nothing stands in front of the page, so that it sees who asks, and no thread waits for a slow handshake: a connection
that gets no further is closed like every idle one.

    shown = Shown(Path("/var/lib/filterd"))
    make_secure(server, shown)
    shown.renew(time.time())                   # now and then: connections from then on get the new certificate
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]

from filterd.control import tls

_WAIT = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Shown:
    """What the box shows of itself to a new connection. Raises StoreError when it cannot be made."""

    def __init__(self, state: Path, now: float | None = None) -> None:
        """Take the certificate that is there, or make one."""
        self._state = state
        self.own = tls.ensure(state, now)
        self.context = _context(self.own)  # replaced as a whole: a connection that just begins keeps the one it took

    def renew(self, now: float) -> bool:
        """Show a new certificate when this one nears its end; return whether it did. Raises StoreError: it stays."""
        if not self.own.is_due(now):
            return False
        own = tls.ensure(self._state, now)
        self.context = _context(own)
        self.own = own
        return True


def make_secure(server: Any, shown: Shown) -> None:
    """Let a server of waitress that was just made speak TLS on every connection that it takes."""

    def channel(own: Any, conn: socket.socket, peer: Any, bounds: Any, map: dict[int, Any]) -> None:
        try:
            conn.setblocking(False)
            secured = shown.context.wrap_socket(conn, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError):  # gone already
            conn.close()
            return
        _Channel(own, secured, peer, bounds, map=map)

    server.channel_class = channel


def _context(own: tls.Own) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(own.file)
    return made


class _Channel(HTTPChannel):  # type: ignore[misc] # waitress has no types
    """A connection with TLS. The handshake happens in its first reads."""

    def __init__(self, *args: Any, **more: Any) -> None:
        # the loop reads while a thread writes: one TLS connection does not bear both at once (ssl(7))
        self._one = threading.Lock()
        super().__init__(*args, **more)

    def handle_read(self) -> None:
        """Read what is there, also what TLS has taken off the socket already: no poll tells of that."""
        while True:
            try:
                with self._one:
                    data = self.socket.recv(self.adj.recv_bytes)
                    more = self.socket.pending()
            except _WAIT:
                return
            except (OSError, ValueError):  # no TLS, a broken one, or one that refuses our certificate
                self.handle_close()
                return
            if not data:
                self.handle_close()
                return
            self.last_activity = time.time()
            self.received(data)
            if not more:
                return

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send some of it; 0 when nothing goes at the moment."""
        try:
            with self._one:
                return int(super().send(data, do_close))
        except _WAIT:
            return 0
