"""The thread that sends: at least once each, never for ever, never what nobody wants, and what it says when it gives up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from filterd.control import deliver as module
from filterd.control.alerts_rows import add, list_alerts, mark_seen
from filterd.control.alerts_settings import FILE, set_settings
from filterd.control.deliver import FIRST_RETRY_S, GIVE_UP_S, LAST_RETRY_S, Deliver, bounded, test_delivery
from filterd.control.deliver_send import Message, NotDelivered
from filterd.control.profiles import patch_household
from filterd.errors import ConfigError, StoreError
from filterd.model.alert import AlertKind
from filterd.store.activity import open_activity
from filterd.store.engine import writing
from tests.unit.control.family import MUM, state
from tests.unit.control.receivers import Web, free_port

__all__ = ["state"]  # a fixture
NOW = 1_795_500_000.0
ALL = {"webhook": {"url": "https://hooks.example.org/x"}, "ntfy": {"topic": "abc"}}


def happen(state: Path, *keys: str, kind: AlertKind = AlertKind.HARM_FIRST, at_ms: int = int(NOW * 1000)) -> None:
    """Something happens."""
    engine = open_activity(state)
    with writing(engine, "activity") as connection:
        for key in keys:
            add(connection, kind, key, at_ms, profile="anna", device="phone", detail={"category": "gambling"})
    engine.dispose()


def states(state: Path) -> dict[str, str]:
    return {a.key: a.state for a in list_alerts(state)}


class Post:
    """Takes messages in the place of the network. `broken`: what is not delivered."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []
        self.tried = 0
        self.broken: Callable[[str, Message], bool] = lambda *_: False

    def __call__(self, channel: Any, message: Message) -> None:
        name = type(channel).__name__.lower()
        self.tried += 1
        if self.broken(name, message):
            raise NotDelivered("status", 500)
        self.sent.append((name, message))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.sent]


class Sender:
    """A Deliver without its thread, and a clock to turn."""

    def __init__(self, state: Path) -> None:
        self.state, self.now, self.post = state, NOW, Post()
        self.begin()

    def begin(self) -> None:
        self.deliver = Deliver(self.state, send=self.post, clock=lambda: self.now, attempt_s=20.0)

    def round(self, later: float = 0.0) -> float:
        self.now += later
        return self.deliver.round()


@pytest.fixture
def sender(state: Path) -> Sender:
    return Sender(state)


def test_nothing_is_sent_unless_a_channel_is_set(sender: Sender) -> None:
    happen(sender.state, "a")
    sender.round()
    assert sender.post.tried == 0 and states(sender.state) == {"a": "new"}


def test_every_channel_gets_it_once(sender: Sender) -> None:
    set_settings(sender.state, MUM, ALL)
    happen(sender.state, "a", "b")
    for _ in range(3):
        sender.round(1000)
    assert sorted(sender.post.names) == ["ntfy", "ntfy", "webhook", "webhook"]
    assert states(sender.state) == {"a": "sent", "b": "sent"}
    uids = {a.uid for a in list_alerts(sender.state)}
    assert {m.uid for _, m in sender.post.sent} == uids and len(uids) == 2
    sender.begin()
    sender.round()
    assert len(sender.post.sent) == 4


def test_a_channel_begins_with_what_happens_from_now_on(sender: Sender) -> None:
    happen(sender.state, "old")
    set_settings(sender.state, MUM, {"ntfy": {"topic": "abc"}})
    happen(sender.state, "new")
    sender.round()
    set_settings(sender.state, MUM, {"webhook": {"url": "https://hooks.example.org/x"}})
    happen(sender.state, "newer")
    sender.deliver.reload()
    sender.round()
    uids = {a.uid: a.key for a in list_alerts(sender.state)}
    assert sorted((name, uids[m.uid]) for name, m in sender.post.sent) == [
        ("ntfy", "new"), ("ntfy", "newer"), ("webhook", "newer"),
    ]  # fmt: skip
    assert states(sender.state) == {"old": "new", "new": "sent", "newer": "sent"}


def test_what_was_seen_is_not_sent(sender: Sender) -> None:
    set_settings(sender.state, MUM, ALL)
    happen(sender.state, "a")
    mark_seen(sender.state, MUM)
    sender.round()
    assert sender.post.tried == 0 and states(sender.state) == {"a": "seen"}


def test_only_the_kinds_that_are_wanted(sender: Sender) -> None:
    set_settings(sender.state, MUM, {**ALL, "kinds": ["new_device"]})
    happen(sender.state, "a")
    happen(sender.state, "b", kind=AlertKind.NEW_DEVICE)
    sender.round()
    assert {m.kind for _, m in sender.post.sent} == {"new_device"} and states(sender.state) == {"a": "new", "b": "sent"}


def test_one_channel_that_fails_stops_no_other_and_is_tried_later_and_later(sender: Sender) -> None:
    set_settings(sender.state, MUM, ALL)
    sender.post.broken = lambda name, _: name == "webhook"
    happen(sender.state, "a")
    sender.round()
    assert sender.post.names == ["ntfy"] and states(sender.state) == {"a": "new"}
    waits = []
    for _ in range(9):
        due, tried = sender.deliver._pause["webhook"], sender.post.tried
        waits.append(due - sender.now)
        assert 0 < sender.round(waits[-1] - 1) <= module.IDLE_S and sender.post.tried == tried  # not before its time
        sender.round(1)
        assert sender.post.tried == tried + 1
    assert waits == [30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, LAST_RETRY_S, LAST_RETRY_S]
    sender.post.broken = lambda *_: False
    sender.begin()  # a restart tries at once, and sends nothing twice
    sender.round()
    assert sorted(sender.post.names) == ["ntfy", "webhook"] and states(sender.state) == {"a": "sent"}


def test_after_a_day_it_is_given_up_and_says_so(sender: Sender, caplog: pytest.LogCaptureFixture) -> None:
    set_settings(sender.state, MUM, {"webhook": {"url": "https://hooks.example.org/SECRETPATH"}})
    sender.post.broken = lambda *_: True
    happen(sender.state, "a")
    sender.round()
    sender.begin()  # the day counts on over a restart
    sender.round(GIVE_UP_S - 1)
    assert list_alerts(sender.state)[0].undelivered == {}
    sender.round(LAST_RETRY_S)
    (alert,) = list_alerts(sender.state)
    assert alert.undelivered == {"webhook": "status 500"} and alert.state == "new"
    assert "given up" in caplog.text and "SECRET" not in caplog.text
    tried = sender.post.tried
    sender.post.broken = lambda *_: False
    sender.round(LAST_RETRY_S)
    assert sender.post.tried == tried
    happen(sender.state, "b")
    sender.round()
    assert states(sender.state) == {"a": "new", "b": "sent"}


def test_given_up_here_and_sent_there_is_sent(sender: Sender) -> None:
    set_settings(sender.state, MUM, ALL)
    sender.post.broken = lambda name, _: name == "ntfy"
    happen(sender.state, "a")
    sender.round()
    sender.round(GIVE_UP_S + 1)
    (alert,) = list_alerts(sender.state)
    assert (alert.state, dict(alert.undelivered)) == ("sent", {"ntfy": "status 500"})


def test_a_message_that_is_always_refused_holds_up_no_other(sender: Sender) -> None:
    set_settings(sender.state, MUM, {"ntfy": {"topic": "abc"}})
    happen(sender.state, "poison", "b", "c")
    poison = next(a.uid for a in list_alerts(sender.state) if a.key == "poison")
    sender.post.broken = lambda _, message: message.uid == poison
    sender.round()
    sender.round(FIRST_RETRY_S)
    assert states(sender.state) == {"poison": "new", "b": "sent", "c": "sent"}


def test_many_go_in_portions(sender: Sender) -> None:
    set_settings(sender.state, MUM, {"ntfy": {"topic": "abc"}})
    happen(sender.state, *map(str, range(50)))
    assert sender.round() < 1.0 and len(sender.post.sent) == module.ROUND
    sender.round()
    assert sender.round() == pytest.approx(module.IDLE_S) and len(sender.post.sent) == 50


def test_what_was_sent_but_could_not_be_noted_is_not_sent_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_settings(sender.state, MUM, {"ntfy": {"topic": "abc"}})
    happen(sender.state, "a")

    def full(*_: Any, **__: Any) -> None:
        raise StoreError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("filterd.control.alerts_rows.note", full)
        for _ in range(3):
            with pytest.raises(StoreError):
                sender.round(100)
    sender.round(100)
    assert len(sender.post.sent) == 1 and states(sender.state) == {"a": "sent"}


def test_an_alert_that_was_deleted_meanwhile_is_nobody_elses(sender: Sender) -> None:
    set_settings(sender.state, MUM, {"ntfy": {"topic": "abc"}})
    happen(sender.state, "a")

    def swap(*_: Any) -> bool:
        engine = open_activity(sender.state)
        with writing(engine, "activity") as connection:
            connection.exec_driver_sql("DELETE FROM alert")
        engine.dispose()
        happen(sender.state, "b")  # gets the same number
        sender.post.broken = lambda *_: False
        return False

    sender.post.broken = swap
    sender.round()
    assert states(sender.state) == {"b": "new"}
    sender.round(1000)
    assert states(sender.state) == {"b": "sent"} and len(sender.post.sent) == 2


@pytest.mark.parametrize(
    ("quiet", "hours", "wait_s"),
    [("22:00-06:00", 23.0, 300.0), ("22:00-06:00", 5.99, 36.0), ("22:00-06:00", 6.0, 0.0), ("22:00-06:00", 21.9, 0.0),
     ("12:00-14:00", 13.0, 300.0), ("12:00-14:00", 14.0, 0.0), ("12:00-14:00", 11.99, 0.0)],
)  # fmt: skip
def test_quiet_hours_are_of_the_household(sender: Sender, quiet: str, hours: float, wait_s: float) -> None:
    set_settings(sender.state, MUM, {"ntfy": {"topic": "abc"}, "quiet": quiet})
    happen(sender.state, "a")
    midnight = 1_795_474_800.0  # 2026-11-24 00:00 in Berlin
    sender.now = midnight + hours * 3600
    found = sender.round()
    assert (found == pytest.approx(wait_s, abs=1) and not sender.post.sent) if wait_s else len(sender.post.sent) == 1


def test_names_are_left_out_unless_they_are_wanted(sender: Sender) -> None:
    patch_household(sender.state, MUM, {"language": "vi"})
    set_settings(sender.state, MUM, {"ntfy": {"topic": "abc"}})
    happen(sender.state, "a")
    sender.round()
    ((_, message),) = sender.post.sent
    for word in ("anna", "Anna", "phone", "Phone"):
        assert word not in str(message)
    assert message.language == "vi" and "Cờ bạc" in message.title and message.more["categories"] == ["gambling"]
    set_settings(sender.state, MUM, {"names": True})
    happen(sender.state, "b")
    sender.deliver.reload()
    sender.round()
    message = sender.post.sent[-1][1]
    assert "Anna" in message.text and "Phone" in message.text and message.more["profile"] == "anna"


def test_a_hanging_attempt_costs_its_channel_alone(sender: Sender) -> None:
    set_settings(sender.state, MUM, ALL)
    gate = threading.Event()
    sender.post.broken = lambda name, _: name == "webhook" and not gate.wait(20)
    sender.deliver = Deliver(sender.state, send=sender.post, clock=lambda: sender.now, attempt_s=0.1)
    happen(sender.state, "a")
    sender.round()
    sender.round(FIRST_RETRY_S)  # the first attempt hangs still: no second one beside it
    assert (sender.post.tried, sender.post.names) == (2, ["ntfy"])
    gate.set()
    sender.deliver._hanging["webhook"].join(10)
    sender.round(1000)
    assert states(sender.state) == {"a": "sent"}


def test_a_damaged_store_or_bug_does_not_end_the_thread(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Web() as web:
        deliver = Deliver(state)
        set_settings(state, MUM, {"webhook": {"url": f"{web.url}/x"}})
        (state / FILE).rename(state / "away")
        (state / FILE).write_text("damaged")
        deliver.start()
        wait_for(lambda: "cannot be sent" in caplog.text)
        (state / "away").rename(state / FILE)
        happen(state, "a")
        deliver.wake()
        wait_for(lambda: states(state) == {"a": "sent"})
        deliver.close()
    assert len(web.got) == 1 and not deliver._thread.is_alive()


def test_500_then_200_by_a_real_thread_and_server(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_RETRY_S", 0.05)
    with Web(codes=(500, 302, 200)) as web:
        set_settings(state, MUM, {"webhook": {"url": f"{web.url}/x"}})
        deliver = Deliver(state)
        deliver.start()
        happen(state, "a")
        deliver.wake()
        wait_for(lambda: states(state) == {"a": "sent"})
        deliver.close()
    assert len(web.got) == 3 and len({d["id"] for d in web.documents}) == 1 and {p for p, _, _ in web.got} == {"/x"}


def test_closing_waits_for_nobody(state: Path) -> None:
    gate = threading.Event()
    deliver = Deliver(state, send=lambda *_: gate.wait(30) and None)
    set_settings(state, MUM, {"ntfy": {"topic": "abc"}})
    happen(state, "a")
    deliver.start()
    module_close, module._CLOSE_S = module._CLOSE_S, 0.1
    try:
        deliver.close()
    finally:
        module._CLOSE_S = module_close
    assert states(state) == {"a": "new"}
    gate.set()
    deliver._thread.join(10)
    Deliver(state).close()  # never started


def wait_for(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_test_says_what_became_of_it(state: Path) -> None:
    with pytest.raises(ConfigError, match="no channel is set"):
        test_delivery(state)
    with Web() as web:
        set_settings(
            state,
            MUM,
            {"webhook": {"url": f"{web.url}/x"}, "ntfy": {"server": f"http://127.0.0.1:{free_port()}", "topic": "t"}},
        )
        done = test_delivery(state)
    assert [(t.channel, t.ok, t.words) for t in done] == [("webhook", True, ""), ("ntfy", False, "cannot be reached")]
    assert web.documents[0]["kind"] == "test"
    gate = threading.Event()
    done = test_delivery(state, send=lambda *_: gate.wait(20) and None, attempt_s=0.05)
    gate.set()
    assert [t.words for t in done] == ["did not answer in time"] * 2
    (state / FILE).unlink()
    with pytest.raises(ConfigError, match="secrets of webhook, ntfy are gone"):
        test_delivery(state)


def test_bounded_work() -> None:
    assert bounded(lambda: None, 5) is None
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 / 0 and None, 5)
