"""The worker's control socket: one line of JSON asks, one line answers.

  {"op": "ping"}                                   -> {"pid": 71}
  {"op": "reload"}                                 -> {"revision": 8}, or {"error": "...", "revision": 7}
  {"op": "stats"}                                  -> {"stats": {...}}
  {"op": "resolve", "name": "a.example", "type": 1} -> {"packet": base64 of the unfiltered answer,
                                                        "forwarded": by a zone, "private": allowed in it (row 11)}
  {"op": "upstreams"}                              -> {"upstreams": [{"url", "answers", "ms", "looping"}], "main": [...],
                                                        "operator": [...]}
  {"op": "try", "upstream": "udp://192.0.2.1"}     -> {"ms": 12.5}, or {"failed": "silent"} (unreachable, refused)

The socket lies in the private run folder; whoever can open it is the box itself. Resolving here is the one way to an
answer without the household's rules.
"""

from __future__ import annotations

import binascii
import json
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filterd.errors import FilterdError
from filterd.host.run import listen
from filterd.model.upstream import parse
from filterd.net.edge import Edge
from filterd.net.loop import EPOLLIN, Loop
from filterd.net.reload import Reloader
from filterd.net.trial import Trial
from filterd.wire.chain import follow
from filterd.wire.name import to_wire
from filterd.wire.scan import scan_response

MAX_CONNECTIONS = 64
MAX_TRIALS = 8  # at once
_MAX_LINE = 4096

log = logging.getLogger(__name__)

Answer = Callable[[dict[str, Any]], None]


class ControlSocket:
    """Listens for one worker."""

    def __init__(self, path: Path, loop: Loop, edge: Edge, reloader: Reloader, stats: Callable[[], dict[str, Any]]):
        """Raises StoreError when the socket cannot be made."""
        self.path = path
        self._loop = loop
        self._edge = edge
        self._reloader = reloader
        self._stats = stats
        self._connections: set[_Connection] = set()
        self._trials: dict[object, Trial] = {}
        self._sock = listen(path)
        loop.register(self._sock.fileno(), EPOLLIN, self._on_readable)

    def close(self) -> None:
        """Stop. The file stays: it may be a successor's; a dead one is known by its refused connections."""
        self._loop.unregister(self._sock.fileno())
        self._sock.close()
        for connection in list(self._connections):
            connection.close()
        for trial in self._trials.values():
            trial.close()
        self._trials.clear()

    def forget(self, connection: _Connection) -> None:
        """A connection is closed."""
        self._connections.discard(connection)

    def handle(self, line: bytes, answer: Answer) -> None:
        """Do what `line` asks; `answer` is called once, now or later."""
        try:
            request = json.loads(line)
            op = request["op"]
        except (ValueError, TypeError, KeyError, RecursionError):
            answer({"error": 'expected one line of JSON such as {"op": "ping"}'})
            return
        if op == "ping":
            answer({"pid": os.getpid()})
        elif op == "reload":
            self._reloader.reload(
                lambda number, error: answer({"revision": number} | ({"error": error} if error else {}))
            )
        elif op == "stats":
            answer({"stats": self._stats()})
        elif op == "resolve":
            self._resolve(request, answer)
        elif op == "upstreams":
            answer(self._edge.engine.upstreams())
        elif op == "try":
            self._try(request, answer)
        else:
            answer({"error": f"unknown op {str(op)[:40]!r}"})

    def _resolve(self, request: dict[str, Any], answer: Answer) -> None:
        name, qtype = request.get("name"), request.get("type")
        if not isinstance(name, str) or not isinstance(qtype, int) or not 0 < qtype < 65_536:
            answer({"error": "expected a name and a type's number"})
            return
        try:
            wire = to_wire(name)
        except FilterdError as exc:
            answer({"error": str(exc)})
            return

        engine = self._edge.engine

        def done(packet: bytes) -> None:
            try:
                links = [wire, *follow(packet, scan_response(packet)).targets]
            except FilterdError:
                links = [wire]
            answer(
                {
                    "packet": binascii.b2a_base64(packet, newline=False).decode(),
                    "forwarded": engine.is_forwarded(wire),
                    "private": engine.rebind_allowed(links),
                }
            )

        self._edge.execute(engine.on_resolve(wire, qtype, self._loop.clock(), done))

    def _try(self, request: dict[str, Any], answer: Answer) -> None:
        """Ask one upstream something of ours."""
        try:
            upstream = parse(str(request.get("upstream"))[:200])
        except FilterdError as exc:
            answer({"error": str(exc)})
            return
        if len(self._trials) >= MAX_TRIALS:
            answer({"error": f"expected at most {MAX_TRIALS} trials at once"})
            return
        mark = object()
        over: list[bool] = []

        def told(ms: float | None, failed: str) -> None:
            over.append(True)
            self._trials.pop(mark, None)
            answer({"failed": failed} if ms is None else {"ms": round(ms, 1)})

        trial = Trial(self._loop, upstream, told)
        if not over:
            self._trials[mark] = trial

    def _on_readable(self, _events: int) -> None:
        try:
            sock, _ = self._sock.accept()
        except OSError:
            return
        if len(self._connections) >= MAX_CONNECTIONS:
            sock.close()
            return
        self._connections.add(_Connection(self, self._loop, sock))


class _Connection:
    """One program of the box that asks."""

    def __init__(self, owner: ControlSocket, loop: Loop, sock: socket.socket) -> None:
        self._owner = owner
        self._loop = loop
        self._sock = sock
        self._in = b""
        self._closed = False
        sock.setblocking(False)
        loop.register(sock.fileno(), EPOLLIN, self._on_readable)

    def close(self) -> None:
        """Close now."""
        if not self._closed:
            self._closed = True
            self._loop.unregister(self._sock.fileno())
            self._sock.close()
            self._owner.forget(self)

    def _on_readable(self, _events: int) -> None:
        try:
            data = self._sock.recv(_MAX_LINE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        *lines, self._in = (self._in + data).split(b"\n")
        if len(self._in) > _MAX_LINE:
            self.close()
            return
        for line in lines:
            if not self._closed:
                self._owner.handle(line, self._answer)

    def _answer(self, document: dict[str, Any]) -> None:
        if self._closed:
            return
        try:
            self._sock.sendall(json.dumps(document).encode() + b"\n")
        except OSError:  # gone, or it does not read what fits into the socket many times over
            self.close()
