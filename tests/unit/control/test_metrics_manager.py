"""The manager's numbers: tasks, parts, syncs, feeds, presence, ways round, alerts, budgets; counts alone, never who."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from filterd.control import watch
from filterd.control.alerts_rows import add, change, list_alerts
from filterd.control.budgets import Budgets
from filterd.control.household import open_store
from filterd.control.ingest import Ingest
from filterd.control.jobs import Jobs
from filterd.control.metrics import MAX_LISTS, Questions, collect
from filterd.control.part import beat
from filterd.control.seen import Seen
from filterd.control.sync_state import Failure, SyncState
from filterd.control.watch import Kept
from filterd.listbuild.registry import Event, Listed, save
from filterd.model.alert import AlertKind
from filterd.model.bypass import Confidence, Finding
from filterd.model.bypass import Kind as Way
from filterd.model.feed import MAX_FEEDS, Refusal, Refused
from filterd.model.sighting import Kind, Sighting
from filterd.policy.budget import day_of, key_of, midnight_after
from filterd.presence.identify import MAX_DEVICES
from filterd.store.activity import open_activity
from filterd.store.engine import writing
from filterd.store.household import SpentRow
from tests.unit.control import budget_home
from tests.unit.control.family import state as state
from tests.unit.control.province import follow
from tests.unit.control.ring_data import Worker
from tests.unit.control.test_metrics import Samples, samples, value

NOW = 1_795_600_000.0
PHONE, MAC, ADDRESS = "Lan's phone", "02:aa:00:00:00:11", "192.0.2.77"
# Prometheus' text format: one line, as its own parser reads it
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
_NUMBER = r"(?:[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|NaN|[-+]Inf)"
_LINE = re.compile(
    rf"# HELP (?P<help>[a-z_]+) \S.*|# TYPE (?P<type>[a-z_]+) (?P<kind>counter|gauge)"
    rf"|(?P<name>[a-z_]+)(?:\{{{_LABEL}(?:,{_LABEL})*\}})? {_NUMBER}"
)


def now_of(state: Path, now: float = NOW, **more: Any) -> Samples:
    """The numbers at `now`."""
    return samples(collect(state, now=now, **more))


def seen(state: Path, *sightings: Sighting, now: float = NOW) -> None:
    """Let a manager see devices and write its file."""
    manager = Seen(state, dict, lambda: now)
    manager.open()
    for sighting in sightings:
        manager.take(sighting)
    manager.step()
    manager.close()


def lint(text: bytes) -> None:
    """What `promtool check metrics` complains of: grammar, order, types, names, doubled series."""
    described: dict[str, str] = {}
    series = set()
    helped = ""
    for line in text.decode().splitlines():
        match = _LINE.fullmatch(line)
        assert match is not None, line
        if match["help"]:
            assert match["help"] not in described, f"{line}: twice"
            helped = match["help"]
        elif match["type"]:
            assert match["type"] == helped, f"{line}: no HELP before"
            described[helped] = match["kind"]
            # counters end in _total, gauges do not; base units; no type in the name
            assert (match["kind"] == "counter") is helped.endswith("_total"), line
            assert not re.search(r"_(milliseconds|ms|minutes?_total|gauge|counter|count|sum|bucket)$", helped), line
        else:
            assert match["name"] == helped and helped in described, f"{line}: not below its TYPE"
            assert helped.startswith("filterd_"), line
            key = line.rpartition(" ")[0]
            assert key not in series, f"{line}: twice"
            series.add(key)


def test_lint_finds_what_promtool_would() -> None:
    good = b'# HELP filterd_x Some.\n# TYPE filterd_x gauge\nfilterd_x{a="b\\"c"} 1.0\n'
    lint(good)
    for old, new in (
        (b"gauge", b"counter"), (b'b\\"c', b'b"c'), (b"1.0", b"one"), (b"# HELP filterd_x Some.\n", b""),
        (b"filterd_x", b"other_x"), (b"1.0\n", b'1.0\nfilterd_x{a="b\\"c"} 2.0\n'), (b"filterd_x", b"filterd_x_count"),
    ):  # fmt: skip
        with pytest.raises(AssertionError):
            lint(good.replace(old, new))


def test_tasks_and_helpers_are_those_of_the_manager_that_serves_them(state: Path) -> None:
    jobs = Jobs(lambda: NOW)
    jobs.expect("tidy")
    jobs.ended("ingest")
    jobs.failed("ingest")
    jobs.watch("lists", lambda: True)
    jobs.watch("deliver", lambda: False)
    found = now_of(state, jobs=jobs)
    assert value(found, "manager_task_last_success_timestamp_seconds", task="ingest") == NOW
    assert value(found, "manager_task_last_success_timestamp_seconds", task="tidy") is None
    assert value(found, "manager_task_failures_total", task="ingest") == 1
    assert value(found, "manager_task_failures_total", task="tidy") == 0
    assert value(found, "manager_helper_running", helper="lists") == 1
    assert value(found, "manager_helper_running", helper="deliver") == 0
    assert not [name for name, _ in now_of(state) if name.startswith("filterd_manager_")]  # not the command's


def test_who_lives(state: Path, tmp_path: Path) -> None:
    seen(state, Sighting(NOW, Kind.ARP, MAC, ADDRESS, PHONE))
    watch.beat(state, NOW)
    beat(state, "child")
    os.utime(tmp_path / "run" / "child.beat", (NOW, NOW))
    found = now_of(state, NOW + 10)
    assert [value(found, "part_up", part=part) for part in ("manager", "presence", "watch", "child_page")] == [1] * 4
    assert value(found, "part_up", part="page") is None  # never switched on: no line
    found = now_of(state, NOW + 100)  # presence may be silent for two minutes, the manager may not
    assert [value(found, "part_up", part=part) for part in ("manager", "presence", "watch", "child_page")] == [
        0,
        1,
        1,
        1,
    ]
    found = now_of(state, NOW + 3600)
    assert [value(found, "part_up", part=part) for part in ("manager", "presence", "watch", "child_page")] == [0] * 4


def test_devices_are_counted(state: Path) -> None:
    seen(
        state,
        Sighting(NOW - 7200, Kind.ARP, "02:aa:00:00:00:01", "192.0.2.1"),
        Sighting(NOW - 30, Kind.ARP, "02:aa:00:00:00:02", "192.0.2.2"),
        Sighting(NOW, Kind.ARP, MAC, ADDRESS, PHONE),
    )
    found = now_of(state)
    assert (value(found, "presence_devices_seen"), value(found, "presence_devices_online")) == (3, 2)
    assert value(found, "presence_last_heard_timestamp_seconds") == NOW


def test_damage_of_one_file_leaves_what_other_parts_say(state: Path, tmp_path: Path) -> None:
    watch.beat(state, NOW)
    (tmp_path / "run" / "devices.json").write_text(json.dumps({"layout": 1, "at": 10**400, "devices": {}}))
    found = now_of(state)
    assert value(found, "part_up", part="watch") == 0 and value(found, "part_up", part="manager") is None
    assert value(found, "presence_devices_seen") is None


def listed(ident: str, origin: str, good: float | None, **more: Any) -> Listed:
    """A list that was last found good at `good`."""
    at = None if good is None else f"{datetime.fromtimestamp(good, UTC):%Y-%m-%dT%H:%M:%SZ}"
    history = () if at is None else (Event(at, "d", 5, 10, "accepted"),)
    return Listed(ident, "ads", "hosts", "auto", origin, names=5, history=history, **more)


def test_lists_and_their_sync(state: Path, tmp_path: Path) -> None:
    lists = (
        listed("ads", "https://lists.example.org/a", NOW - 100),
        listed("scam", "https://lists.example.org/b", NOW - 9000, enabled=False),
        listed("own", "/media/own.txt", NOW),
        listed("new", "https://lists.example.org/c", None),
    )
    save(state, {one.id: one for one in lists})
    done = SyncState("done", started=NOW - 160, finished=NOW - 100, failures=(Failure("new", "http", "404"),))
    (tmp_path / "run" / "sync.json").write_text(json.dumps(asdict(done)))
    found = now_of(state)
    assert (value(found, "lists", state="on"), value(found, "lists", state="off")) == (3, 1)
    assert value(found, "lists_last_success_timestamp_seconds") == NOW - 100
    assert value(found, "sync_started_timestamp_seconds") == NOW - 160
    assert value(found, "sync_ended_timestamp_seconds") == NOW - 100
    assert (value(found, "sync_running"), value(found, "sync_failed_lists")) == (0, 1)
    assert value(found, "bundle_entries") == 4 and value(found, "revision") == 2
    stat = Path(f"/proc/{os.getpid()}/stat").read_text()
    born = int(stat.rpartition(")")[2].split()[19])
    at_work = SyncState("fetching", pid=os.getpid(), born=born, started=NOW)
    (tmp_path / "run" / "sync.json").write_text(json.dumps(asdict(at_work)))
    found = now_of(state)
    assert value(found, "sync_running") == 1 and value(found, "sync_ended_timestamp_seconds") is None


def test_a_feed_says_when_it_was_looked_at_and_why_it_is_refused(state: Path) -> None:
    assert not [name for name, _ in now_of(state) if name.startswith("filterd_feed")]
    refusal = Refused(Refusal.FROZEN, "too old", NOW)
    follow(state, checked_at=NOW - 5, verified_at=NOW - 90_000, expires=NOW - 1, refusal=refusal)
    found = now_of(state)
    assert value(found, "feed_looked_timestamp_seconds", feed="0") == NOW - 5
    assert value(found, "feed_verified_timestamp_seconds", feed="0") == NOW - 90_000
    assert value(found, "feed_expires_timestamp_seconds", feed="0") == NOW - 1
    assert value(found, "feed_refused", feed="0", reason="frozen") == 1
    (state / "feed" / "config.json").write_text("{")
    found = now_of(state)
    assert value(found, "feed_refused", feed="0", reason="config") == 1
    assert value(found, "feed_looked_timestamp_seconds", feed="0") is None


def finding(number: int, confidence: Confidence, kind: Way = Way.VPN, **facts: str) -> Finding:
    """A way round of a device of its own."""
    return Finding(kind, f"02:aa:00:00:01:{number:02x}", NOW, NOW, confidence, facts or {"name": "vpn.example.org"})


def test_ways_round_are_counted_by_how_sure_they_are(state: Path) -> None:
    assert value(now_of(state), "bypass_findings", confidence="high") is None
    router = finding(6, Confidence.HIGH, Way.ROUTER_DNS, address="192.0.2.1", offered="answers")
    ways = [Kept(finding(n, Confidence.MEDIUM)) for n in range(3)]
    watch.save(state, [*ways, Kept(finding(4, Confidence.HIGH)), Kept(finding(5, Confidence.HIGH), NOW), Kept(router)])
    watch.fine(state, ways[0].id, "mẹ")
    found = now_of(state)
    assert [value(found, "bypass_findings", confidence=word) for word in ("low", "medium", "high")] == [0, 2, 1]


def test_alerts_are_counted_by_state_and_those_given_up(state: Path) -> None:
    assert value(now_of(state), "alerts", state="new") is None  # no log yet
    engine = open_activity(state)
    with writing(engine, "activity") as connection:
        for n in range(4):
            # what a household wrote must not look like a word of ours
            add(connection, AlertKind.NEW_DEVICE, f"k{n}", n, detail={"mac": MAC, "name": '"gave_up":{"email":1'})
    idents = [alert.id for alert in list_alerts(state)]
    with writing(engine, "activity") as connection:
        gave_up = {"delivery": {"gave_up": {"email": "timeout"}}}
        change(connection, idents[0], gave_up)
        change(connection, idents[1], gave_up, state="seen")
        change(connection, idents[2], {"delivery": {"done": ["ntfy"]}}, state="sent")
    engine.dispose()
    found = now_of(state)
    assert [value(found, "alerts", state=word) for word in ("new", "sent", "seen")] == [2, 1, 1]
    assert value(found, "alerts_given_up") == 1


def test_budgets_are_summed_over_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state, noon = budget_home.set_up(tmp_path / "state"), budget_home.NOON
    worker = Worker(tmp_path / "run")
    for seconds in (0, 300):
        worker.ask("www.tube.example", int((noon + seconds) * 1000), profile="anna", device="phone")
    budgets = Budgets(state, lambda: None, clock=lambda: noon + 301)
    ingest = Ingest(state, consumers=[budgets])
    ingest.step(noon + 301)
    assert ingest.commit(noon + 301)
    ingest.close()
    worker.close()
    found = now_of(state, noon + 301)
    # on a Tuesday anna's two of 15 and 10 minutes and ben's of 10 hold
    assert (value(found, "budgets_today"), value(found, "budgets_used_up")) == (3, 0)
    assert (value(found, "budget_minutes", state="used"), value(found, "budget_minutes", state="left")) == (10, 25)
    day, zone = day_of(noon, budget_home.BERLIN), budget_home.BERLIN
    start, end = midnight_after(day - 1, zone), midnight_after(day, zone)
    with open_store(state) as store:  # used up stays so when the log is lost
        key = key_of(_household(state).profiles[1].budgets[0])
        store.set_spent([SpentRow("ben", key, day, start, end, 2)])
    found = now_of(state, noon + 301)
    assert (value(found, "budgets_used_up"), value(found, "budget_minutes", state="left")) == (1, 15)
    tomorrow = now_of(state, noon + 86_400)
    assert (value(tomorrow, "budgets_used_up"), value(tomorrow, "budget_minutes", state="used")) == (0, 0)


def _household(state: Path) -> Any:
    from filterd.control.household import load

    return load(state)


# what a damaged or malicious file may hold in the place of what belongs there
ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    "x",
    -1,
    10**400,
    [[]],
    {"layout": 1},
    {"layout": 1, "devices": {"a": {"last": "b"}}},
)


@pytest.mark.parametrize("where", ["run/devices.json", "run/sync.json", "run/ways-beat.json", "state/ways.json",
                                   "state/ways-answers.json", "state/lists/registry.json", "state/feed/config.json"])  # fmt: skip
def test_a_damaged_file_hides_nothing_else(state: Path, tmp_path: Path, where: str) -> None:
    path = tmp_path / where
    path.parent.mkdir(exist_ok=True)
    texts = [b"", b"{", b"\xff" * 100, *(json.dumps(odd).encode() for odd in ODD)]
    good = {"layout": 1, "at": 10**400, "heard": "x", "devices": {"a": {"last": []}}, "ways": [1], "answers": {"a": 1},
            "phase": "done", "started": "x", "finished": None, "failures": 3, "feeds": [{}], "lists": [3]}  # fmt: skip
    for text in (*texts, json.dumps(good).encode(), json.dumps(asdict(SyncState("done")) | {"started": []}).encode()):
        path.write_bytes(text)
        made = collect(state, now=NOW)
        lint(made)
        assert value(samples(made), "profiles") == 2, text


def full(state: Path, tmp_path: Path, name: str = PHONE) -> bytes:
    """The numbers of a house where everything has something to say."""
    seen(state, Sighting(NOW, Kind.DHCP, MAC, ADDRESS, name))
    watch.beat(state, NOW)
    watch.save(state, [Kept(Finding(Way.VPN, MAC, NOW, NOW, Confidence.HIGH, {"name": "vpn.example.org"}))])
    follow(state, checked_at=NOW, verified_at=NOW, expires=NOW + 1, refusal=Refused(Refusal.TAMPERED, name, NOW))
    save(state, {"ads": listed("ads", "https://lists.example.org/a", NOW)})
    sync = SyncState("done", started=NOW, finished=NOW, failures=(Failure("ads", "http", name),))
    (tmp_path / "run" / "sync.json").write_text(json.dumps(asdict(sync)))
    engine = open_activity(state)
    with writing(engine, "activity") as connection:
        detail = {"mac": MAC, "address": ADDRESS, "delivery": {"gave_up": {"email": name}}}
        add(connection, AlertKind.NEW_DEVICE, MAC, 1, profile="anna", device="phone", detail=detail)
        slot = "INSERT INTO slot (day, profile, budget, slot) VALUES (:day, 'anna', :key, 1)"
        connection.execute(sa.text(slot), {"day": day_of(NOW, budget_home.BERLIN), "key": name})
    engine.dispose()
    jobs = Jobs(lambda: NOW)
    jobs.ended("ingest")
    jobs.watch("feed", lambda: True)
    return collect(state, questions=Questions(), jobs=jobs, now=NOW)


def test_no_device_no_address_and_no_person_is_in_it(state: Path, tmp_path: Path) -> None:
    text = full(state, tmp_path)
    lint(text)
    found = samples(text)
    for name in ("presence_devices_seen", "bypass_findings", "alerts", "feed_refused", "sync_failed_lists",
                 "manager_helper_running", "part_up", "alerts_given_up"):  # fmt: skip
        assert [key for key, _ in found if key == f"filterd_{name}"], name  # all of it spoke
    words = (
        PHONE,
        "Lan",
        "phone",
        MAC,
        MAC.replace(":", ""),
        ADDRESS,
        "anna",
        "Anna",
        "ben",
        "pad",
        "example",
        "lists.",
    )
    assert not [word for word in words if word in text.decode()]


@pytest.mark.parametrize("name", ['"} 1\nfilterd_evil 1', "a\\", "{}\r", "# HELP", "\u202e\x1b[31m"])
def test_a_hostile_name_of_a_device_does_not_reach_it(state: Path, tmp_path: Path, name: str) -> None:
    text = full(state, tmp_path, name)
    lint(text)
    assert b"evil" not in text and b"\x1b" not in text and b"\r" not in text
    assert len(samples(text)) == len(samples(full(state, tmp_path)))


def test_the_text_is_bounded_however_much_there_is(state: Path, tmp_path: Path) -> None:
    small = full(state, tmp_path)
    save(state, {f"l{n:05}": listed(f"l{n:05}", "https://lists.example.org/a", NOW) for n in range(MAX_LISTS + 44)})
    rows = {f"02:aa:00:00:{n >> 8:02x}:{n & 255:02x}": {"last": NOW, "first": NOW} for n in range(MAX_DEVICES)}
    document = {"layout": 1, "at": NOW, "heard": NOW, "devices": rows}
    (tmp_path / "run" / "devices.json").write_text(json.dumps(document))
    watch.save(state, [Kept(finding(n, Confidence.LOW)) for n in range(200)])
    config = json.loads((state / "feed" / "config.json").read_text())
    config["feeds"] = [config["feeds"][0] | {"key": f"{n:016x}"} for n in range(MAX_FEEDS)]
    (state / "feed" / "config.json").write_text(json.dumps(config))
    text = collect(state, now=NOW)
    lint(text)
    found = samples(text)
    assert value(found, "lists", state="on") == MAX_LISTS + 44
    assert sum(name == "filterd_list_entries" for name, _ in found) == MAX_LISTS
    assert value(found, "presence_devices_online") == MAX_DEVICES
    assert value(found, "bypass_findings", confidence="low") == 200
    assert len(found) < len(samples(small)) + 2 * MAX_LISTS and len(text) < 64 * 1024
