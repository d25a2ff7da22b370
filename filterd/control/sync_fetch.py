"""Fetching several lists at once, so that a slow server delays nobody, and few at a time, so that memory stays small.

Threads fetch, the caller judges: bodies come out one by one, in the order in which they are complete. A host that
cannot be reached is not tried for every one of its lists.

    for listed, outcome in fetch_all(lists, lambda listed: fetch(listed.origin)):
        ...                            # outcome: Fetched or ListRejected
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filterd.errors import ListRejected

if TYPE_CHECKING:
    from filterd.listbuild.fetch import Fetched
    from filterd.listbuild.registry import Listed

    Outcome = tuple[Listed, Fetched | ListRejected]

AT_ONCE = 3
PATIENCE = 2  # lists of one host that cannot be reached before its others are left for the next time
_LOOK_S = 0.1


def fetch_all(lists: Sequence[Listed], fetch: Callable[[Listed], Fetched], at_once: int = AT_ONCE) -> Iterator[Outcome]:
    """Yield (list, what came or why nothing) for each of `lists`. Anything else that `fetch` raises is raised here."""
    waiting = deque(lists)
    hosts = _Hosts()
    results: queue.Queue[tuple[Listed, Fetched | BaseException]] = queue.Queue(maxsize=1)
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            try:
                listed = waiting.popleft()
            except IndexError:
                return
            try:
                hosts.check(listed)
                result: Fetched | BaseException = fetch(listed)
            except BaseException as exc:  # handed to the caller: a thread must not end in silence
                hosts.note(listed, exc)
                result = exc
            while not over.is_set():
                with contextlib.suppress(queue.Full):
                    results.put((listed, result), timeout=_LOOK_S)
                    break

    for number in range(min(at_once, len(lists))):
        # daemons: a Ctrl-C must not wait for a server
        threading.Thread(target=work, name=f"fetch-{number}", daemon=True).start()
    try:
        for _ in lists:
            listed, outcome = results.get()
            if isinstance(outcome, BaseException) and not isinstance(outcome, ListRejected):
                raise outcome
            yield listed, outcome
    finally:
        over.set()


class _Hosts:
    """Remembers which hosts cannot be reached just now."""

    def __init__(self) -> None:
        self._failed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def check(self, listed: Listed) -> None:
        """Raise Refused when the list's host was tried often enough."""
        from filterd.listbuild.refusal import Refused, Why

        host = urlsplit(listed.origin).netloc
        with self._lock:
            if self._failed[host] >= PATIENCE:
                raise Refused(Why.NO_CONNECTION, f"{host} cannot be reached just now")

    def note(self, listed: Listed, error: BaseException) -> None:
        """Take an error into account."""
        from filterd.listbuild.refusal import OFFLINE, why_of

        if isinstance(error, ListRejected) and why_of(error) in OFFLINE:
            with self._lock:
                self._failed[urlsplit(listed.origin).netloc] += 1
