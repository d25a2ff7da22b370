"""Addresses of the hosts that lists come from, asked of our own workers past the household's rules.

The box may well be its own resolver, and a household may be offline at night or block what a list's host belongs to: the
box's own programs are no child. Without a worker that answers, the system is asked.

    fetch(url, resolve=Names(state))
"""

from __future__ import annotations

import base64
import ipaddress
import json
import threading
from pathlib import Path

from filterd.errors import ParseError
from filterd.host.run import connect, run_dir, worker_sockets
from filterd.wire.constants import TYPE_A, TYPE_AAAA
from filterd.wire.name import to_wire
from filterd.wire.scan import follow, scan_response

_WAIT_S = 6.0  # a worker gives up on its upstreams before
_MAX_REPLY = 128 * 1024


class Names:
    """Looks hosts up through the workers of a state. Remembers what it found: one sync asks for few hosts often."""

    def __init__(self, state: Path) -> None:
        self._folder = run_dir(state, create=False)
        self._known: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def __call__(self, host: str) -> tuple[str, ...]:
        """Return the addresses of `host`, IPv4 first; none when no worker knows any."""
        with self._lock:
            if host not in self._known:
                found = [*self._ask(host, TYPE_A), *self._ask(host, TYPE_AAAA)]
                if not found:
                    return ()
                self._known[host] = tuple(found)
            return self._known[host]

    def _ask(self, host: str, qtype: int) -> list[str]:
        try:
            to_wire(host)
        except ParseError:
            return []
        request = json.dumps({"op": "resolve", "name": host, "type": qtype}).encode() + b"\n"
        for path in worker_sockets(self._folder):
            try:
                packet = base64.b64decode(json.loads(_call(path, request))["packet"])
                return [str(ipaddress.ip_address(raw)) for raw in follow(packet, scan_response(packet)).addresses]
            except (OSError, ValueError, KeyError, TypeError, ParseError):
                continue
        return []


def _call(path: Path, request: bytes) -> bytes:
    """Send one request to a worker and return its line. Raises OSError."""
    with connect(path, _WAIT_S) as sock:
        sock.sendall(request)
        received = bytearray()
        while not received.endswith(b"\n"):
            data = sock.recv(65_536)
            if not data or len(received) > _MAX_REPLY:
                raise ConnectionError("no whole answer")
            received += data
    return bytes(received)
