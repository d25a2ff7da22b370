"""What the manager does and has found, as metrics: its tasks, the parts that live, syncs, feeds, presence, ways round,
alerts, budgets. Counts and moments alone: no name, no address, no id of a person, a device or a profile.

Read from the files that the parts write anyhow. A file that is absent or damaged gives no line and hides nothing else.

    yield from manager_metrics(state, now)
    yield from task_metrics(jobs)                       # in the manager's own process
    yield from alert_metrics(log)
    yield from budget_metrics(state, household, log, now)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from zoneinfo import ZoneInfo

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from filterd.control.jobs import Jobs
from filterd.control.metrics_read import LogNumbers
from filterd.errors import FilterdError
from filterd.host.run import run_dir
from filterd.model.household import Household

ALIVE_S = 60.0  # the manager writes every two seconds who is on the network
PRESENCE_ALIVE_S = 120.0  # a quiet house says nothing for a while: as control/seen.py is_watched
PAGE_ALIVE_S = 120.0  # as long as its own watchdog waits
AT_HOME_S = 3600.0  # a device that was heard so lately is there, as on the page of devices
PAGES = {"page": "page", "child": "child_page"}  # name of its beat -> label

log = logging.getLogger(__name__)


def gauge(name: str, help_: str, value: float, **labels: str) -> GaugeMetricFamily:
    """Return a gauge with one sample."""
    family = GaugeMetricFamily(f"filterd_{name}", help_, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), value)
    return family


def counted(name: str, help_: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    """Return a gauge with a sample for each value of its label."""
    family = GaugeMetricFamily(f"filterd_{name}", help_, labels=(label,))
    for word, value in values:
        family.add_metric((word,), value)
    return family


def task_metrics(jobs: Jobs) -> Iterable[Metric]:
    """Yield how the manager's tasks and helpers fare. `task`, because `job` is Prometheus' own label."""
    tasks = sorted(jobs.tasks().items())
    ended = [(name, task.ended) for name, task in tasks if task.ended is not None]
    what = "When the task last ended well; ingest is log, budgets and alerts together."
    yield counted("manager_task_last_success_timestamp_seconds", what, "task", ended)
    failures = CounterMetricFamily("filterd_manager_task_failures", "Times that the task failed.", labels=("task",))
    for name, task in tasks:
        failures.add_metric((name,), task.failures)
    yield failures
    what = "1 while it is at work: a child that looks at lists or feeds or sends reports, the thread that sends alerts."
    running = sorted(jobs.helpers().items())
    yield counted("manager_helper_running", what, "helper", ((name, int(on)) for name, on in running))


def manager_metrics(state: Path, now: float) -> Iterable[Metric]:
    """Yield what the parts' files say at `now`."""
    for look in (_parts_and_devices, _sync, _feeds, _ways):
        yield from _tried(look, state, now)


def alert_metrics(log_: LogNumbers) -> Iterable[Metric]:
    """Yield how many alerts there are, and how many of them were given up."""
    states = ((word, log_.alerts.get(word, 0)) for word in ("new", "sent", "seen"))
    yield counted("alerts", "Alerts: new is not sent to every channel yet, sent is not looked at.", "state", states)
    what = "Alerts that nobody has looked at, and that a channel gave up sending after a day."
    yield gauge("alerts_given_up", what, log_.given_up)


def budget_metrics(state: Path, household: Household, log_: LogNumbers | None, now: float) -> Iterable[Metric]:
    """Yield today's budgets of all profiles together, as far as the log has them: at most a batch behind."""
    if log_ is not None and any(profile.budgets for profile in household.profiles):
        slots = log_.slots
        yield from _tried(lambda state, now: _budgets(state, household, slots, now), state, now)


def _tried(look: Callable[[Path, float], Iterable[Metric]], state: Path, now: float) -> list[Metric]:
    """Return what `look` finds; nothing of it when a file says what it should not."""
    try:
        return list(look(state, now))
    except (FilterdError, OSError, ValueError, TypeError, KeyError, OverflowError) as exc:
        log.debug("no numbers of %s: %s", getattr(look, "__name__", ""), exc)
        return []


def _parts_and_devices(state: Path, now: float) -> Iterator[Metric]:
    from filterd.control.part import beat_of
    from filterd.control.seen import glance
    from filterd.control.watch import BEAT, watched

    up: list[tuple[str, float]] = []
    seen = glance(state, now, AT_HOME_S)  # once: with thousands of devices the file has megabytes
    if seen is not None:
        up.append(("manager", int(abs(now - seen.at) <= ALIVE_S)))
        up.append(("presence", int(abs(now - seen.heard) <= PRESENCE_ALIVE_S)))
    if (run_dir(state, create=False) / BEAT).exists():
        up.append(("watch", int(watched(state, now))))
    for name, label in PAGES.items():
        if (at := beat_of(state, name)) is not None:
            up.append((label, int(abs(now - at) <= PAGE_ALIVE_S)))
    yield counted("part_up", "1 when the part has given a sign of life in the last one or two minutes.", "part", up)
    if seen is None:
        return
    yield gauge("presence_devices_seen", "Devices that were ever seen on the network, as far as kept.", seen.devices)
    yield gauge("presence_devices_online", "Devices that were heard in the last hour.", seen.online)
    if seen.heard > 0:
        yield gauge("presence_last_heard_timestamp_seconds", "When presence last said something.", seen.heard)


def _sync(state: Path, now: float) -> Iterator[Metric]:
    from filterd.control.sync_state import NEVER, status
    from filterd.listbuild import registry

    lists = list(registry.load(state).values())
    if lists:
        on = sum(listed.enabled for listed in lists)
        yield counted("lists", "Lists that are registered.", "state", (("on", on), ("off", len(lists) - on)))
        good = [listed.good_seconds() for listed in lists if "://" in listed.origin]
        if known := [at for at in good if at is not None]:
            what = "When a fetched list was last found good."
            yield gauge("lists_last_success_timestamp_seconds", what, max(known))
    seen = status(state)
    if seen.phase == NEVER:
        return
    yield gauge("sync_running", "1 while lists are brought up to date.", int(seen.is_running))
    yield gauge("sync_started_timestamp_seconds", "When the newest sync of lists began.", float(seen.started))
    if seen.finished:
        what = "When the newest sync of lists ended, however."
        yield gauge("sync_ended_timestamp_seconds", what, float(seen.finished))
    yield gauge("sync_failed_lists", "Lists that the newest sync left as they were.", len(seen.failures))


def _feeds(state: Path, now: float) -> Iterator[Metric]:
    from filterd.control.feed_status import feeds
    from filterd.model.feed import MAX_FEEDS

    found = [(str(number), seen) for number, seen in enumerate(feeds(state)[:MAX_FEEDS])]
    for name, what, of in (
        ("looked", "When the feed was last looked at; 0 is the province's.", attrgetter("checked_at")),
        ("verified", "When a look at the feed last ended well.", attrgetter("verified_at")),
        ("expires", "Until when its publisher's word holds.", attrgetter("expires")),
    ):
        values = ((number, float(of(seen))) for number, seen in found if of(seen) > 0)
        yield counted(f"feed_{name}_timestamp_seconds", what, "feed", values)
    refused = GaugeMetricFamily("filterd_feed_refused", "1 while its last look is refused.", labels=("feed", "reason"))
    for number, seen in found:
        if seen.refusal is not None:
            refused.add_metric((number, seen.refusal.code.value), 1)
    yield refused


def _ways(state: Path, now: float) -> Iterator[Metric]:
    from filterd.control.watch import FILE, findings
    from filterd.model.bypass import Confidence

    if not (state / FILE).exists():
        return
    going_on = [kept.finding for kept in findings(state) if kept.is_open and not kept.finding.is_chance]
    what = "Ways round the filter that go on, and that nobody called fine."
    values = ((sure.value, sum(finding.confidence is sure for finding in going_on)) for sure in Confidence)
    yield counted("bypass_findings", what, "confidence", values)


def _budgets(state: Path, household: Household, slots: dict[tuple[str, str], int], now: float) -> Iterator[Metric]:
    from filterd.control.budgets import used_slots
    from filterd.control.household import open_store
    from filterd.policy.budget import SLOT_MINUTES, counts_on, day_of, is_used_up, key_of, midnight_after

    zone = ZoneInfo(household.timezone)
    day = day_of(now, zone)
    start = midnight_after(day - 1, zone)
    with open_store(state) as store:
        spent = {(row.profile, row.budget): row for row in store.spent(day)}
    holding, used_up, used, left = 0, 0, 0, 0
    for profile in household.profiles:
        for budget in profile.budgets:
            if counts_on(budget, day):
                key = (profile.id, key_of(budget))
                n = used_slots(slots.get(key, 0), spent.get(key), start)
                minutes = min(n * SLOT_MINUTES, budget.minutes)
                holding += 1
                used_up += is_used_up(n, budget.minutes)
                used += minutes
                left += budget.minutes - minutes
    yield gauge("budgets_today", "Budgets that hold today.", holding)
    yield gauge("budgets_used_up", "Budgets of today that are used up.", used_up)
    what = "Minutes of all budgets of today together, in steps of five."
    yield counted("budget_minutes", what, "state", (("used", used), ("left", left)))
