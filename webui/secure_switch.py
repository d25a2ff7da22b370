"""The page's second, encrypted address: open as the operator's settings say, else as the household wants it.

Every process that serves the page has one. It opens and closes that address while the page runs, and shows a new
certificate when the one before nears its end: nothing has to be started again.

    switch = Switch(server, state, "192.168.1.2", None)
    switch.follow()                 # at the start, and after every change
    switch.start()                  # and from then on by itself, for changes that come from elsewhere
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Protocol

from filterd.control import secure_page
from filterd.control.tls import Own
from filterd.errors import ConfigError, FilterdError
from webui.secure import Shown
from webui.serve import Address

EVERY_S = 30.0  # so late what was changed on the command line is followed

log = logging.getLogger(__name__)


class Opens(Protocol):
    """What serves the page (serve.Server)."""

    address: str  # ADDRESS:PORT, without encryption
    secure: str

    def open_secure(self, address: str, port: int, shown: Shown) -> None:
        """Serve it over HTTPS too. Raises OSError."""

    def close_secure(self) -> None:
        """Serve it over HTTPS no more. Raises OSError."""

    def sweep(self) -> None:
        """End what is left of it. Raises OSError."""


class Switch:
    """Opens and closes it. `given`: where the operator's settings want it, come what may; None: they say nothing."""

    def __init__(self, server: Opens, state: Path, host: str, given: Address | None) -> None:
        """`host`: the address at which the page is; the household's encrypted one is there too, on PORT."""
        self._server = server
        self._state = state
        self._where = given or (host, secure_page.PORT)
        self._one = threading.Lock()  # the threads of the page, and ours
        self._shown: Shown | None = None
        self.is_given = given is not None
        self.problem = ""  # why it is not as it should be

    @property
    def address(self) -> str:
        """Where the page is encrypted, ADDRESS:PORT; "" when it is not."""
        return self._server.secure

    @property
    def plain_port(self) -> int:
        """The port on which the page is not encrypted."""
        return int(self._server.address.rpartition(":")[2])

    @property
    def own(self) -> Own | None:
        """The certificate that is shown there; None when it is closed."""
        return self._shown.own if self._shown is not None and self.address else None

    def open(self) -> None:
        """Open it, when it is not. Raises OSError, StoreError: it stays closed."""
        with self._one:
            self._open(time.time())

    def try_open(self) -> None:
        """Open it before the household says so. Raises ConfigError: it cannot, and so nobody should."""
        try:
            self.open()
        except (OSError, FilterdError) as exc:
            raise ConfigError(f"the encrypted page cannot be opened: {exc}") from None

    def follow(self, now: float | None = None) -> None:
        """Be as it should be: open or closed, with a certificate that holds. What fails is in `problem`; tried again."""
        at = time.time() if now is None else now
        problem = ""
        with self._one:
            try:
                if self.is_given or secure_page.is_on(self._state):
                    self._open(at)
                elif self.address:
                    self._server.close_secure()
                if self._shown is not None and self.address and self._shown.renew(at):
                    log.info("certificate renewed until=%d", self._shown.own.until)
                self._server.sweep()
            except (OSError, FilterdError) as exc:
                problem = str(exc)
            if problem and problem != self.problem:
                log.warning("encrypted page at=%s port=%d problem=%s", *self._where, problem)
            self.problem = problem

    def start(self) -> None:
        """Follow from now on, now and then."""
        threading.Thread(target=self._follow_on, name="secure", daemon=True).start()

    def _follow_on(self) -> None:
        while True:
            time.sleep(EVERY_S)
            self.follow()

    def _open(self, at: float) -> None:
        if self.address:
            return
        if self._shown is None:
            self._shown = Shown(self._state, at)
        self._server.open_secure(*self._where, self._shown)
