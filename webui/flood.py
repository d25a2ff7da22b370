"""A flood of log-ins is turned away before the page does anything for it, so that it costs those who read nothing.

How often one may guess is the use case's to say (control/accounts_login.py), with words on the page; here is only what no
person does: more than BURST log-ins at once from one address, or many addresses that go on and on. Whoever has not tried
in the last minute gets through all the same: nobody's crowd locks the family out.

    app.wsgi_app = Flood(app.wsgi_app)
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

BURST, EVERY_S = 20, 3.0  # of one address: so many at once, then one every so often
ALL_BURST, ALL_A_SECOND = 40.0, 5.0  # of all who try again and again
FRESH, FRESH_S = 3, 60.0  # tries of an address in that time that no crowd takes away
MOST = 1024  # addresses that are remembered
GUARDED = frozenset({"/login"})
_BODY = "Nhiều lần thử quá. Chờ một phút rồi thử lại nhé.\nMany tries. Wait a minute and try again.\n".encode()
Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


class Flood:
    """The application behind a gate for log-ins."""

    def __init__(self, application: Application, clock: Callable[[], float] = time.monotonic) -> None:
        self._application = application
        self._clock = clock
        self._lock = threading.Lock()
        self._addresses: dict[str, tuple[float, float, int]] = {}  # credit, as of when, tries since it was fresh
        self._all = (ALL_BURST, clock())

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer, or say that it was too much."""
        is_try = environ.get("REQUEST_METHOD") == "POST" and environ.get("PATH_INFO") in GUARDED
        if not is_try or self.admits(str(environ.get("REMOTE_ADDR", ""))):
            return self._application(environ, start)
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_BODY))), ("Retry-After", "60"),
            ("Cache-Control", "no-store"),
        ]  # fmt: skip
        start("429 Too Many Requests", headers)
        return [_BODY]

    def admits(self, address: str) -> bool:
        """Return whether one more log-in from `address` may be looked at, and count it."""
        place = _place(address)
        with self._lock:
            now = self._clock()
            credit, since, tries = self._addresses.pop(place, (float(BURST), now, 0))
            tries = tries if now - since < FRESH_S else 0
            credit = min(float(BURST), credit + (now - since) / EVERY_S)
            admitted = credit >= 1.0 and (tries < FRESH or self._from_all(now))
            if len(self._addresses) >= MOST:
                del self._addresses[next(iter(self._addresses))]  # who has not tried for the longest time
            self._addresses[place] = (credit - 1.0 if admitted else credit, now, min(tries + 1, FRESH))
        return admitted

    def _from_all(self, now: float) -> bool:
        credit, since = self._all
        credit = min(ALL_BURST, credit + (now - since) * ALL_A_SECOND)
        self._all = (credit - 1.0 if credit >= 1.0 else credit, now)
        return credit >= 1.0


def _place(address: str) -> str:
    """Return who counts as one: an IPv4 address, or a /64, which one device has as many addresses of as it likes."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return found.packed[:8].hex()
    return str(found)
