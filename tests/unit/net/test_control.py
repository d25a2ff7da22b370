"""The control socket: a line asks, a line answers."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filterd.host.run import connect
from filterd.net.control import MAX_CONNECTIONS, ControlSocket
from tests.unit.net.bench import Bench


class Reloader:
    """Answers a reload with what it is told."""

    def __init__(self) -> None:
        self.answer = (8, "")

    def reload(self, done: Any) -> None:
        """At once."""
        done(*self.answer)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench."""
    with Bench() as bench:
        yield bench


@pytest.fixture
def control(bench: Bench, tmp_path: Path) -> ControlSocket:
    """A control socket with a fake reloader."""
    reloader: Any = Reloader()
    found = ControlSocket(tmp_path / "worker-0.sock", bench.loop, bench.edge, reloader, lambda: {"queries": 3})
    bench.keep(found)
    return found


def client(bench: Bench, control: ControlSocket) -> socket.socket:
    """A program that asks."""
    sock = connect(control.path)
    bench.keep(sock)
    sock.setblocking(False)
    return sock


def asked(bench: Bench, sock: socket.socket, line: bytes) -> dict[str, Any]:
    """Ask and read the answer."""
    sock.sendall(line + b"\n")
    answer = json.loads(bench.receive(sock) or b"null")
    assert isinstance(answer, dict)
    return answer


def test_what_it_knows(bench: Bench, control: ControlSocket) -> None:
    sock = client(bench, control)
    assert asked(bench, sock, b'{"op": "ping"}') == {"pid": os.getpid()}
    assert asked(bench, sock, b'{"op": "stats"}') == {"stats": {"queries": 3}}
    assert asked(bench, sock, b'{"op": "reload"}') == {"revision": 8}
    control._reloader.answer = (7, "damaged")  # type: ignore[attr-defined] # the fake's
    assert asked(bench, sock, b'{"op": "reload"}') == {"revision": 7, "error": "damaged"}


def test_resolving_for_the_boxs_own_programs(bench: Bench, control: ControlSocket) -> None:
    sock = client(bench, control)
    sock.sendall(b'{"op": "resolve", "name": "a.example", "type": 1}\n')
    assert bench.turn(lambda: bench.engine.resolving)
    bench.engine.resolving[0](b"packet")
    wanted = {"packet": base64.b64encode(b"packet").decode(), "forwarded": False, "private": False}
    assert json.loads(bench.receive(sock) or b"") == wanted
    sock.sendall(b'{"op": "resolve", "name": "a.example", "type": 1}\n')
    assert bench.turn(lambda: len(bench.engine.resolving) == 2)
    sock.close()
    bench.idle(0.05)
    bench.engine.resolving[1](b"packet")  # nobody is there any more


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"op": "fly"}',
        b"[" * 4000,
        b"\xff",
        b'{"op": "resolve"}',
        b'{"op": "resolve", "name": "a..b", "type": 1}',
        b'{"op": "resolve", "name": "a.example", "type": 65536}',
    ],
)
def test_what_it_does_not_understand_is_said(bench: Bench, control: ControlSocket, line: bytes) -> None:
    assert "error" in asked(bench, client(bench, control), line)


def test_a_line_without_end_is_cut(bench: Bench, control: ControlSocket) -> None:
    sock = client(bench, control)
    sock.sendall(b"x" * 10_000)
    assert bench.is_closed(sock)


def test_lines_in_pieces_and_several_at_once(bench: Bench, control: ControlSocket) -> None:
    sock = client(bench, control)
    sock.sendall(b'{"op": "pi')
    bench.idle(0.02)
    sock.sendall(b'ng"}\n{"op": "stats"}\n')
    bench.idle(0.05)
    assert (bench.receive(sock) or b"").count(b"\n") == 2


def test_connections_are_bounded_and_forgotten(bench: Bench, control: ControlSocket) -> None:
    clients = [client(bench, control) for _ in range(MAX_CONNECTIONS)]
    bench.turn(lambda: len(control._connections) == MAX_CONNECTIONS)
    assert bench.is_closed(client(bench, control))
    for sock in clients:
        sock.close()
    assert bench.turn(lambda: not control._connections)


def test_who_does_not_read_is_cut(bench: Bench, control: ControlSocket) -> None:
    sock = client(bench, control)
    control._stats = lambda: {"text": "x" * 100_000}
    for _ in range(20):
        try:
            sock.sendall(b'{"op": "stats"}\n')
        except OSError:
            break
        bench.loop.run_once(0.01)
    assert bench.turn(lambda: not control._connections)


def test_a_dead_one_refuses(bench: Bench, control: ControlSocket) -> None:
    waiting = client(bench, control)
    bench.turn(lambda: control._connections)
    control.close()
    assert bench.is_closed(waiting)
    with pytest.raises(ConnectionRefusedError):
        connect(control.path)
