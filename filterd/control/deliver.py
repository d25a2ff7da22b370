"""Sends alerts out, by the ways that the household has set: at least once each, from a thread of its own.

The store is the queue: an alert that is `new` is sent to every channel, then it is `sent`; what a person has seen is not
sent any more. A restart goes on with what is left, so a message may come twice, with the same id. A channel that fails
is tried again later and later, for a day; then it is given up for that alert, which says so. Nothing of this waits in
the manager's loop.

    deliver = Deliver(state)
    deliver.start()
    deliver.wake()          # something is new
    deliver.reload()        # the settings may have changed
    deliver.close()
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from filterd.control import alerts_rows as rows
from filterd.control.alerts_settings import settings
from filterd.control.alerts_text import names_of, say
from filterd.control.deliver_send import Message, NotDelivered, send
from filterd.control.household import has_store, load
from filterd.errors import ConfigError, FilterdError
from filterd.model.alert import Alert, AlertSettings, Email, Ntfy, Webhook
from filterd.model.household import Household
from filterd.net.loop import Complaints
from filterd.store.activity import open_activity
from filterd.store.engine import reading, writing

FIRST_RETRY_S = 30.0
LAST_RETRY_S = 3600.0
GIVE_UP_S = 86_400.0  # after the first failure of an alert on a channel
ATTEMPT_S = 60.0  # one attempt; a server that trickles its answer costs no more
IDLE_S = 300.0  # between two looks without being woken
ROUND = 20  # messages to a channel in one go
_CLOSE_S = 3.0

Send = Callable[[Webhook | Ntfy | Email, Message], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tested:
    """What became of a test message. `words`: why not, "" when it went."""

    channel: str
    ok: bool
    words: str = ""


class Deliver:
    """The thread that sends. No method blocks its caller; nothing here raises."""

    def __init__(
        self, state: Path, *, send: Send = send, clock: Callable[[], float] = time.time, attempt_s: float = ATTEMPT_S
    ) -> None:
        """`send`, `clock` (seconds since the epoch) and `attempt_s` are for tests."""
        self.state = state
        self._send, self._clock, self._attempt_s = send, clock, attempt_s
        self._complaints = Complaints(log)
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._changed = True
        self._settings = AlertSettings()
        self._household: Household | None = None
        self._failures: dict[str, int] = {}  # channel -> in a row
        self._pause: dict[str, float] = {}  # channel -> not before
        self._tries: dict[tuple[str, str], int] = {}  # channel, uid -> attempts; only of what waits
        self._sent: set[tuple[str, str]] = set()  # sent, but that could not be written yet
        self._hanging: dict[str, threading.Thread] = {}  # attempts that do not come to an end
        self._thread = threading.Thread(target=self._run, name="deliver", daemon=True)

    @property
    def is_running(self) -> bool:
        """True while the thread lives."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    def reload(self) -> None:
        """Settings or household may have changed."""
        self._changed = True
        self._wake.set()

    def close(self) -> None:
        """End; what is not sent stays in the store for the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)

    def round(self) -> float:
        """Send what is due; return in how many seconds there is more to do. The thread's work, and for tests."""
        now = self._clock()
        if self._changed:
            self._changed = False
            try:
                self._settings = settings(self.state)
                self._household = load(self.state) if has_store(self.state) else None
            except (FilterdError, OSError):
                self._changed = True
                raise
            self._pause.clear()  # what is set anew is tried at once
            self._failures.clear()
        found = self._settings
        if not found.channels or self._household is None or not has_store(self.state, "activity"):
            return IDLE_S
        if (wait := quiet_s(found, self._household, now)) > 0:
            return min(wait, IDLE_S)
        due = [self._channel(name, now) for name in found.channels]
        return max(0.05, min(due) - self._clock())

    def _channel(self, name: str, now: float) -> float:
        """Send to one channel what waits for it; return when to look again."""
        if self._pause.get(name, 0.0) > now:
            return self._pause[name]
        left = [a for a in self._waiting() if name not in rows.handled(a)]
        left.sort(key=lambda a: (self._tries.get((name, a.uid), 0), a.id))  # one that is refused holds up no other
        for alert in left[:ROUND]:
            if self._stopping.is_set():
                break
            if (name, alert.uid) not in self._sent:
                try:
                    self._attempt(name, alert)
                except NotDelivered as exc:
                    self._failed(name, alert, exc)
                    return self._pause[name]
                self._sent.add((name, alert.uid))
                log.info("alert sent kind=%s channel=%s", alert.kind.value, name)
            self._failures.pop(name, None)
            self._tries.pop((name, alert.uid), None)
            self._note(alert, name)
            self._sent.discard((name, alert.uid))
        return self._clock() + (0.0 if len(left) > ROUND else IDLE_S)

    def _attempt(self, name: str, alert: Alert) -> None:
        """Send within ATTEMPT_S. Raises NotDelivered."""
        hanging = self._hanging.get(name)
        if hanging is not None and hanging.is_alive():
            raise NotDelivered("timeout")
        assert self._household is not None  # looked at by the caller
        message = message_of(self.state, self._household, alert, names=self._settings.names)
        hanging = bounded(lambda: self._send(getattr(self._settings, name), message), self._attempt_s)
        if hanging is not None:
            self._hanging[name] = hanging
            raise NotDelivered("timeout")

    def _failed(self, name: str, alert: Alert, reason: NotDelivered) -> None:
        now = self._clock()
        count = self._failures[name] = self._failures.get(name, 0) + 1
        self._pause[name] = now + min(FIRST_RETRY_S * 2 ** min(count - 1, 20), LAST_RETRY_S)
        self._tries[name, alert.uid] = self._tries.get((name, alert.uid), 0) + 1
        since = float(((alert.detail.get("delivery") or {}).get("since") or {}).get(name, now))
        if now - since >= GIVE_UP_S:
            self._tries.pop((name, alert.uid), None)
            log.warning("alert given up after a day kind=%s channel=%s reason=%s", alert.kind.value, name, reason)
            self._note(alert, name, gave_up=reason)
        else:
            log.warning("alert not sent yet kind=%s channel=%s reason=%s", alert.kind.value, name, reason)
            self._note(alert, name, since=since)

    def _waiting(self) -> list[Alert]:
        engine = open_activity(self.state)
        try:
            with reading(engine, "activity") as connection:
                return rows.waiting(connection, self._settings.kinds)
        finally:
            engine.dispose()

    def _note(
        self, alert: Alert, channel: str, *, gave_up: NotDelivered | None = None, since: float | None = None
    ) -> None:
        """Write down how far an alert has come. Raises StoreError."""
        if since is not None and ((alert.detail.get("delivery") or {}).get("since") or {}).get(channel) is not None:
            return  # known already: no write for every attempt
        engine = open_activity(self.state)
        try:
            with writing(engine, "activity") as connection:
                rows.note(
                    connection, alert, channel, self._settings.channels, since=since,
                    gave_up="" if gave_up is None else gave_up.reason_text(),
                )  # fmt: skip
        finally:
            engine.dispose()

    def _run(self) -> None:
        while not self._stopping.is_set():
            wait = FIRST_RETRY_S
            try:
                wait = self.round()
            except (FilterdError, OSError) as exc:
                self._complaints.report("alerts cannot be sent", exc)
            except Exception as exc:  # a bug must not end the thread
                self._complaints.report("sending alerts failed", exc)
            self._wake.wait(wait)
            self._wake.clear()


def test_delivery(state: Path, *, send: Send = send, attempt_s: float = ATTEMPT_S) -> list[Tested]:
    """Send a test message to every channel now; return what became of it. ConfigError: no channel is set."""
    found, household = settings(state), load(state)
    if found.missing and not found.channels:
        raise ConfigError(f"alerts: the secrets of {', '.join(found.missing)} are gone; set them again")
    if not found.channels:
        raise ConfigError("alerts: no channel is set; see `filterd alerts set --help`")
    english = household.language == "en"
    title = "Test of alerts" if english else "Thử cảnh báo"
    text = (
        "This is what an alert of filterd looks like. Nothing has happened."
        if english
        else "Cảnh báo của filterd sẽ đến như thế này. Không có chuyện gì xảy ra cả."
    )
    now_ms = int(time.time() * 1000)
    done = [Tested(name, False, NotDelivered("missing").words(household.language)) for name in found.missing]
    for name in found.channels:
        message = Message(secrets.token_hex(8), "test", now_ms, title, text, household.language)
        try:
            if bounded(partial(send, getattr(found, name), message), attempt_s) is not None:
                raise NotDelivered("timeout")
            done.append(Tested(name, True))
        except NotDelivered as exc:
            done.append(Tested(name, False, exc.words(household.language)))
    return done


test_delivery.__test__ = False  # type: ignore[attr-defined] # no test of pytest's


def message_of(state: Path, household: Household, alert: Alert, *, names: bool) -> Message:
    """Return what is sent about an alert. Without `names` nobody and nothing is named in it, ids included."""
    named = names_of(state, household, alert) if names else None
    title, text = say(alert, household.language, named)
    more: dict[str, object] = {"count": alert.count}
    categories = alert.detail.get("categories") or [alert.detail.get("category")]
    if any(categories):
        more["categories"] = [str(c) for c in categories]
    if names:
        more |= {"profile": alert.profile, "device": alert.device}
    return Message(alert.uid, alert.kind.value, alert.at_ms, title, text, household.language, more)


def quiet_s(found: AlertSettings, household: Household, now: float) -> float:
    """Return for how many seconds the household still wants quiet; 0.0: it does not."""
    if found.quiet is None:
        return 0.0
    start, end = found.quiet
    local = datetime.fromtimestamp(now, ZoneInfo(household.timezone))
    minute = local.hour * 60 + local.minute
    if (start <= minute < end) if start < end else (minute >= start or minute < end):
        return ((end - minute) % 1440) * 60.0 - local.second
    return 0.0


def bounded(work: Callable[[], None], seconds: float) -> threading.Thread | None:
    """Do `work` in a thread; return that thread when it has not come to an end in time. What it raises comes through."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as exc:
            raised.append(exc)

    thread = threading.Thread(target=run, name="deliver-attempt", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return thread
    if raised:
        raise raised[0]
    return None
