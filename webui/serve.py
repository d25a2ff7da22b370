"""Serves the page: waitress with bounds, `ready` after an answer to itself, and signs of life as long as it gets them.

The page's own watchdog asks `/healthz` over the network as a browser would: when all threads hang, nothing is said any
more, and whoever started this (systemd, or `filterd up`) starts it again.

    Server(Path("/var/lib/filterd"), "127.0.0.1", 8080).run()
"""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from waitress.server import create_server  # type: ignore[import-untyped]

from filterd.control.part import Given, Notifier
from webui import create_app

THREADS = 8
CHILD_THREADS = 4
CONNECTIONS = 64
IDLE_S = 15
PULSE_S = 20.0  # between two questions to ourselves; more often when the watchdog wants it
TRY_S = 0.2  # before the first answer
WAIT_S = 10.0
_HEADER_BYTES = 16 * 1024
_BODY_BYTES = 64 * 1024
_CHILD_BODY_BYTES = 8 * 1024
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Server:
    """The page at one address. Raises OSError when it cannot listen there."""

    def __init__(
        self, state: Path, address: str, port: int, given: Given | None = None, notifier: Notifier | None = None
    ) -> None:
        self._given = given or Given({})
        self._notifier = notifier or Notifier()
        self._waitress = _listening(create_app(state), address, port, THREADS, _BODY_BYTES)
        self._asked = (_WILDCARDS.get(address, address), int(self._waitress.effective_port))
        self.address = f"[{address}]:{self._asked[1]}" if ":" in address else f"{address}:{self._asked[1]}"

    def add_child(self, state: Path, address: str, port: int) -> str:
        """Serve the child's page too, at another address; return it. Raises OSError when it cannot listen there."""
        from webui.child import create_child_app

        child = _listening(create_child_app(state), address, port, CHILD_THREADS, _CHILD_BODY_BYTES)
        threading.Thread(target=child.run, name="child", daemon=True).start()
        shown = f"[{address}]" if ":" in address else address
        return f"{shown}:{child.effective_port}"

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
        self._waitress.run()  # returns after SystemExit
        self._waitress.close()

    def _watch(self, say: Callable[[str], object]) -> None:
        pause = min(PULSE_S, self._notifier.watchdog_s / 4 or PULSE_S)
        while not self._answers():
            time.sleep(TRY_S)
        say(f"ready: the page is at http://{self.address}/")
        self._notifier.ready(f"the page is at http://{self.address}/")
        self._given.ready({"address": self.address})
        while True:
            time.sleep(pause)
            if self._answers():
                self._notifier.alive()
                self._given.alive()

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


def _listening(app: Any, address: str, port: int, threads: int, body_bytes: int) -> Any:
    """Return waitress with our bounds, and a loop of its own: a crowd at one page does not slow the other."""
    return create_server(
        app,
        host=address,
        port=port,
        threads=threads,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE_S,
        max_request_header_size=_HEADER_BYTES,
        max_request_body_size=body_bytes,
        ident=None,
        map={},
    )
