"""A worker's question to itself: `ready` is said when an answer has come through every socket, not before.

question = SelfQuestion(loop, sockets, done=lambda: print("ready"))
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from filterd.net.listen import is_wildcard
from filterd.net.loop import EPOLLIN, Loop

TRY_S = 0.2
LIMIT_S = 10.0  # until a worker that does not answer itself gives up
_ID = b"\x5e\x1f"
_QUESTION = b"\x10\0" + bytes(8)  # opcode STATUS without a question: an error answer, and no event in anybody's log


class SelfQuestion:
    """Asks each of our own sockets until it has answered, so that `ready` is never said too early."""

    def __init__(self, loop: Loop, sockets: Sequence[socket.socket], done: Callable[[], object]) -> None:
        self.failed = False
        self._loop = loop
        self._done = done
        self._deadline = loop.clock() + LIMIT_S
        self._asking: dict[int, tuple[socket.socket, Any]] = {}
        for sock in sockets:
            address = list(sock.getsockname())
            if is_wildcard(sock):
                address[0] = "::1" if sock.family == socket.AF_INET6 else "127.0.0.1"
            client = socket.socket(sock.family, socket.SOCK_DGRAM)
            client.setblocking(False)
            self._asking[client.fileno()] = (client, tuple(address))
            loop.register(client.fileno(), EPOLLIN, partial(self._on_answer, client.fileno()))
        loop.call_at(loop.clock(), self._ask)

    def close(self) -> None:
        """Ask no more."""
        for fd in list(self._asking):
            self._forget(fd)

    def _ask(self) -> None:
        now = self._loop.clock()
        if not self._asking and self._done is not _nothing:
            done, self._done = self._done, _nothing
            done()
        elif self._asking and now >= self._deadline:
            self.failed = True
            self._loop.stop()
        elif self._asking:
            for client, address in self._asking.values():
                try:
                    client.sendto(_ID + _QUESTION, address)
                except OSError:
                    continue  # tried again until the deadline
            self._loop.call_at(now + TRY_S, self._ask)

    def _on_answer(self, fd: int, _events: int) -> None:
        try:
            packet = self._asking[fd][0].recv(512)
        except OSError:
            return
        if packet[:2] == _ID and len(packet) >= 12 and packet[2] & 0x80:
            self._forget(fd)
            if not self._asking:
                self._ask()

    def _forget(self, fd: int) -> None:
        client, _ = self._asking.pop(fd)
        self._loop.unregister(fd)
        client.close()


def _nothing() -> None:
    return None
