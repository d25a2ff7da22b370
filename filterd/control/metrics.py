"""Numbers of all parts for Prometheus: workers, manager, log, lists, household. Never a name of a person or a site.

Labels are words of ours (actions, rows, scopes), numbers of workers, and ids of lists. What cannot be read is left out;
`filterd_worker_up` and `filterd_database_up` say so.

    sys.stdout.buffer.write(collect(Path("var")))
    questions = Questions()                        # an ingest consumer, in the manager
    collect(state, questions=questions, extra={"start_time_seconds": began})
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from filterd.control.household import load
from filterd.control.jobs import Jobs
from filterd.control.metrics_manager import alert_metrics, budget_metrics, gauge, manager_metrics, task_metrics
from filterd.control.metrics_read import (
    WAIT_S,
    ask_workers,
    database_bytes,
    grants_in_force,
    has_database,
    offs_in_force,
    read_log,
    ring_records,
)
from filterd.control.metrics_workers import worker_metrics
from filterd.control.publish import current
from filterd.errors import FilterdError
from filterd.host.clock import Clock
from filterd.listbuild import registry
from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail
from filterd.model.household import Household
from filterd.wire.constants import RCODE_NAMES

if TYPE_CHECKING:
    import sqlalchemy as sa

MAX_LISTS = 256  # that have lines of their own; `filterd_lists` counts all

_ORIGINS = {value: name.lower() for name, value in vars(Origin).items() if not name.startswith("_")}
_RCODES = {number: name.lower() for number, name in RCODE_NAMES.items()}


class Questions:
    """An ingest consumer that counts questions by action, row, rcode and origin. Read from another thread."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, int, int, int]] = Counter()

    def take(self, events: Sequence[tuple[int, bytes, Tail]]) -> None:
        """Count some events. The same tail object comes again and again, so it is looked into once a batch."""
        tails = {id(tail): tail for _, _, tail in events}
        for number, n in Counter([id(tail) for _, _, tail in events]).items():
            tail = tails[number]
            self._counts[int(tail.action), int(tail.row), tail.rcode, tail.origin] += n

    def flush(self, connection: sa.Connection) -> None:
        """Nothing of this is stored."""

    def counts(self) -> dict[tuple[int, int, int, int], int]:
        """Return (action, row, rcode, origin) -> questions since the start."""
        return dict(self._counts)


def collect(
    state: Path,
    *,
    questions: Questions | None = None,
    extra: Mapping[str, float] | None = None,
    jobs: Jobs | None = None,
    now: float | None = None,
    wait_s: float = WAIT_S,
) -> bytes:
    """Return the exposition text. Never raises. `extra`: the manager's own numbers, name without prefix -> value.

    A name in `extra` that ends in `_total` is a counter. `jobs`: how the manager's tasks fare, in its own process.
    Waits for workers at most `wait_s`.
    """
    registry_ = CollectorRegistry(auto_describe=False)
    registry_.register(_All(state, questions, extra or {}, jobs, time.time() if now is None else now, wait_s))
    return generate_latest(registry_)


class _All(Collector):
    """One scrape."""

    def __init__(
        self,
        state: Path,
        questions: Questions | None,
        extra: Mapping[str, float],
        jobs: Jobs | None,
        now: float,
        wait_s: float,
    ) -> None:
        self.state = state
        self.questions = questions
        self.extra = extra
        self.jobs = jobs
        self.now = now
        self.wait_s = wait_s

    def describe(self) -> Iterable[Metric]:
        return ()  # registering asks nobody

    def collect(self) -> Iterable[Metric]:
        return (metric for metric in self._everything() if metric.samples)

    def _everything(self) -> Iterable[Metric]:
        try:
            release = version("filterd")
        except PackageNotFoundError:
            release = "unknown"
        yield gauge("build_info", "The version that runs.", 1, version=release)
        yield from worker_metrics(ask_workers(self.state, self.wait_s))
        yield from self._manager()
        yield from manager_metrics(self.state, self.now)
        household = self._household()
        yield from self._counts_of(household)
        yield from self._databases(household)
        yield from self._lists()

    def _manager(self) -> Iterable[Metric]:
        for name, value in sorted(self.extra.items()):
            if name.endswith("_total"):
                yield CounterMetricFamily(f"filterd_manager_{name}", "Of the manager.", value=value)
            else:
                yield gauge(f"manager_{name}", "Of the manager.", value)
        if self.jobs is not None:
            yield from task_metrics(self.jobs)
        if self.questions is not None:
            family = CounterMetricFamily(
                "filterd_questions",
                "Questions that the manager has read from all workers since its start.",
                labels=("action", "row", "rcode", "origin"),
            )
            for (action, row, rcode, origin), n in sorted(self.questions.counts().items()):
                code = _RCODES.get(rcode, str(rcode))
                family.add_metric((_action(action), _row(row), code, _ORIGINS.get(origin, str(origin))), n)
            yield family
        _, trusted = Clock(self.state, system=lambda: self.now)(time.monotonic())
        yield gauge("clock_trusted", "1 when the clock is known to be right.", int(trusted))

    def _household(self) -> Household | None:
        try:
            return load(self.state) if has_database(self.state, "household") else None
        except (FilterdError, OSError):
            return None

    def _counts_of(self, household: Household | None) -> Iterable[Metric]:
        if household is None:
            return
        yield gauge("profiles", "Profiles of the household.", len(household.profiles))
        yield gauge("devices", "Devices of the household.", len(household.devices))
        grants = GaugeMetricFamily("filterd_grants_in_force", "Grants in force.", labels=("scope",))
        for scope, n in sorted(grants_in_force(household, self.now).items()):
            grants.add_metric((scope,), n)
        yield grants
        yield gauge("internet_off_in_force", "Internet-offs in force.", offs_in_force(household, self.now))

    def _databases(self, household: Household | None) -> Iterable[Metric]:
        zone = household.timezone if household is not None else "UTC"
        there = has_database(self.state, "activity")
        log = read_log(self.state, zone, self.now) if there else None
        up = GaugeMetricFamily("filterd_database_up", "1 when the database can be read.", labels=("database",))
        size = GaugeMetricFamily("filterd_database_bytes", "Size on disk with its journal.", labels=("database",))
        for which, works in (("household", household is not None), ("activity", log is not None)):
            if has_database(self.state, which):
                up.add_metric((which,), int(works))
            if (used := database_bytes(self.state, which)) is not None:
                size.add_metric((which,), used)
        yield up
        yield size
        written = ring_records(self.state)
        records = CounterMetricFamily("filterd_ring_records", "Records that the workers wrote.", labels=("ring",))
        for ring, (_, n) in written.items():
            records.add_metric((ring,), n)
        yield records
        if household is not None:
            yield from budget_metrics(self.state, household, log, self.now)
        if log is None:
            return
        yield from alert_metrics(log)
        pending = GaugeMetricFamily("filterd_log_pending_records", "Records not in the log yet.", labels=("ring",))
        for ring, (generation, n) in written.items():
            known, last = log.cursors.get(ring, (generation, -1))
            pending.add_metric((ring,), max(0, n - last - 1) if known == generation else n)
        yield pending
        if log.last_event is not None:
            yield gauge("log_last_event_timestamp_seconds", "Time of the newest question in the log.", log.last_event)
        rows = GaugeMetricFamily("filterd_log_rows", "Rows of the log; left out when slow.", labels=("table",))
        for table, n in sorted(log.rows.items()):
            rows.add_metric((table,), n)
        yield rows
        today = GaugeMetricFamily("filterd_log_questions_today", "Questions in the log.", labels=("action", "row"))
        for (action, row), n in sorted(log.today.items()):
            today.add_metric((_action(action), _row(row)), n)
        yield today
        gaps = GaugeMetricFamily("filterd_log_gaps", "Gaps that the log remembers.", labels=("kind",))
        lost = GaugeMetricFamily("filterd_log_lost_questions", "Questions without detail in them.", labels=("kind",))
        for kind, (n, without) in sorted(log.gaps.items()):
            gaps.add_metric((kind,), n)
            lost.add_metric((kind,), without)
        yield gaps
        yield lost

    def _lists(self) -> Iterable[Metric]:
        revision = current(self.state)
        if revision is not None:
            yield gauge("revision", "Revision in force on disk.", revision.number)
            if revision.bundle is not None:
                yield from self._bundle(self.state / revision.bundle.file)
        try:
            lists = registry.load(self.state)
        except (FilterdError, OSError):
            return
        entries = GaugeMetricFamily("filterd_list_entries", "Names of the list in use.", labels=("list",))
        age = GaugeMetricFamily("filterd_list_age_seconds", "Since it was last confirmed.", labels=("list",))
        for listed in list(lists.values())[:MAX_LISTS]:
            entries.add_metric((listed.id,), listed.names)
            if (at := listed.good_seconds()) is not None:
                age.add_metric((listed.id,), max(0.0, self.now - at))
        yield entries
        yield age

    def _bundle(self, path: Path) -> Iterable[Metric]:
        from filterd.lists.bundle import Bundle

        try:
            made = path.stat().st_mtime
            bundle = Bundle.open(path, verify=False)
        except (FilterdError, OSError):
            return
        yield gauge("bundle_entries", "Names in the bundle in force.", bundle.names)
        yield gauge("bundle_age_seconds", "Since the bundle was built.", max(0.0, self.now - made))
        bundle.close()


def _action(number: int) -> str:
    return Action(number).name.lower() if number in set(Action) else str(number)


def _row(number: int) -> str:
    return Row(number).id if number in set(Row) else str(number)
