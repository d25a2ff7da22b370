"""Serves a page: waitress with bounds, `ready` after an answer to itself, and signs of life as long as it gets them.

Two programs do so, each in a process of its own: `webui` (the parents' page) and `webui-child` (the child's page, on port
80 in the appliance, whose sockets systemd passes). The own watchdog asks `/healthz` over the network as a browser would:
when all threads hang, nothing is said any more, and whoever started this (systemd, or `filterd up`) starts it again.

    Server(create_app(state), PAGE, [("127.0.0.1", 8080)]).run()
"""

from __future__ import annotations

import errno
import gc
import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from waitress.server import create_server  # type: ignore[import-untyped]
from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]
from waitress.wasyncore import dispatcher  # type: ignore[import-untyped]

from filterd.control.part import Given, Notifier, give_back

if TYPE_CHECKING:
    from webui.secure import Shown

IDLE_S = 15
PULSE_S = 20.0  # between two questions to ourselves; more often when the watchdog wants it
TRY_S = 0.2  # before the first answer
WAIT_S = 10.0
_HEADER_BYTES = 16 * 1024
_BUFFER_BYTES = 64 * 1024  # of a body or an answer that wait in memory; what is more waits in a file
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one page takes at once."""

    threads: int
    connections: int
    body_bytes: int


PAGE = Bounds(threads=8, connections=64, body_bytes=8 * 1024 * 1024)  # a backup; forms are bounded by the page itself
CHILD = Bounds(threads=4, connections=64, body_bytes=8 * 1024)


class Server:
    """A page at its addresses. Raises OSError when it cannot listen at one of them."""

    def __init__(
        self,
        app: Any,
        bounds: Bounds,
        addresses: Sequence[Address],
        given: Given | None = None,
        notifier: Notifier | None = None,
        *,
        sockets: Sequence[socket.socket] = (),
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        """`sockets`: listening ones that were passed to us, in place of `addresses`. `beat`: called after each answer to
        ourselves.
        """
        self._beat = beat
        self._app = app
        self._bounds = bounds
        self._given = given or Given({})
        self._notifier = notifier or Notifier()
        self._map: dict[int, Any] = {}  # a loop of our own
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(bounds.threads)
        self._listening: list[Any] = []
        for address, port in addresses if not sockets else ():
            self._listening.append(self._listen(host=address, port=port))
        for sock in sockets:
            self._listening.append(self._listen(sockets=[sock]))
        host, number = self._listening[0].socket.getsockname()[:2]
        self._asked = (_WILDCARDS.get(host, host), int(number))
        self.address = shown(host, int(number))
        self.secure = ""  # where it is over HTTPS; "": nowhere
        self._secure: Any = None
        self._runs = False

    def open_secure(self, address: str, port: int, shown: Shown) -> None:
        """Serve the same page over HTTPS too, also while it runs. Raises OSError when it cannot listen there."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.create_server((address, port), family=family)  # before the loop knows of it: it may fail

        def listen() -> None:
            from webui.secure import make_secure

            if self._secure is None:
                self._secure = self._listen(sockets=[sock], url_scheme="https")
                make_secure(self._secure, shown)
                self._listening.append(self._secure)
            else:  # the one from before: its last connections may still be on
                sock.setblocking(False)
                self._secure.set_socket(sock)
                self._secure.accept_connections()

        place = _shown_of(sock)
        self._in_loop(listen)
        self.secure = place

    def close_secure(self) -> None:
        """Take no new connection over HTTPS. Those that are on end when they are idle (`sweep`)."""
        self.secure = ""
        # the listening socket alone: what answers a last question still wakes the loop by the server's own pipe
        self._in_loop(lambda: dispatcher.close(self._secure))

    def sweep(self) -> None:
        """End idle connections over HTTPS that outlived its end: only who listens looks after them by itself."""
        if self._secure is not None and not self.secure and self._secure.active_channels:
            self._in_loop(lambda: self._secure.maintenance(time.time()))

    def run(self, say: Callable[[str], object] = lambda _: None) -> None:
        """Serve until SIGTERM, SIGINT or the parent's end."""

        def end(*_: object) -> None:
            self._notifier.stopping()
            raise SystemExit(0)

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, signal.SIG_IGN if self._given.is_supervised else end)
        threading.Thread(target=self._watch, args=(say,), name="watch", daemon=True).start()
        if self._given.life_fd is not None:
            threading.Thread(target=self._end_with_parent, args=(self._given.life_fd,), daemon=True).start()
        self._runs = True
        self._listening[0].run()  # the loop of them all; returns after SystemExit
        for server in self._listening:
            server.close()

    def _listen(self, **where: Any) -> Any:
        """Return waitress with our bounds; all of ours share one loop and one set of threads."""
        return create_server(
            self._app,
            map=self._map,
            _dispatcher=self._dispatcher,
            threads=self._bounds.threads,
            connection_limit=self._bounds.connections,
            channel_timeout=IDLE_S,
            max_request_header_size=_HEADER_BYTES,
            max_request_body_size=self._bounds.body_bytes,
            inbuf_overflow=_BUFFER_BYTES,
            ident=None,
            **where,
        )

    def _in_loop(self, act: Callable[[], None]) -> None:
        """Do something to what the loop looks at: inside it, once it runs. Raises OSError: it does not get to it."""
        if not self._runs:
            act()
            return
        done = threading.Event()

        def turn() -> None:
            act()
            done.set()

        self._listening[0].trigger.pull_trigger(turn)
        if not done.wait(WAIT_S):
            raise OSError(errno.ETIMEDOUT, "the page's loop does not get to it")

    def _watch(self, say: Callable[[str], object]) -> None:
        pause = min(PULSE_S, self._notifier.watchdog_s / 4 or PULSE_S)
        while not self._answers():
            time.sleep(TRY_S)
        places = f"http://{self.address}/" + (f" and https://{self.secure}/" if self.secure else "")
        gc.collect()
        gc.freeze()  # what is here now stays: no later collection looks through it again, which took a page 60 ms
        say(f"ready: the page is at {places}")
        self._notifier.ready(f"the page is at {places}")
        self._beat()
        self._given.ready({"address": self.address, "secure": self.secure})
        while True:
            time.sleep(pause)
            give_back()
            if self._answers():
                self._notifier.alive()
                self._given.alive()
                self._beat()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(*self._asked, timeout=WAIT_S)
        try:
            connection.request("GET", "/healthz", headers={"Connection": "close"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @staticmethod
    def _end_with_parent(fd: int) -> None:
        os.read(fd, 1)
        os.kill(os.getpid(), signal.SIGTERM)


def _shown_of(sock: socket.socket) -> str:
    return shown(*sock.getsockname()[:2])


def shown(host: str, port: int) -> str:
    """Return an address as it stands in a link."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
