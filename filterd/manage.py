"""The manager: `filterd manage`. The background work that answering does not need.

Keeps the client map (who wears which address, from presence and the kernel's neighbour table), puts the newest household into force
whoever changed it, compiles it anew once a day (a snapshot carries 400 days of boundaries), brings the workers' events
into the log, counts budgets, notices what parents want to know and sends it, forgets what is older than the household
wants, and remembers how late it has been (the floor of the clock). A composition root; DNS goes on with the last good
revision while this is dead, and every job fails alone.
"""

from __future__ import annotations

import logging
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import FilterdError
from filterd.host.child import Given
from filterd.host.clock import Clock, save_floor
from filterd.host.files import Lock
from filterd.host.neighbours import neighbours
from filterd.host.notify import Notifier
from filterd.net.loop import Complaints, Loop

if TYPE_CHECKING:
    from filterd.control.feed_job import FeedJob
    from filterd.control.metrics import Questions
    from filterd.control.metrics_server import MetricsServer
    from filterd.control.sync_job import SyncJob

LOOK_S = 0.5  # how soon an address that moved to another device takes its rules along
FLOOR_S = 3600.0
REPUBLISH_S = 86_400.0
FOLLOW_S = 1.0  # how soon a change that its maker could not put into force is put there
INGEST_S = 0.5
RETAIN_S = 600.0
TIDY_S = 86_400.0
SYNC_S = 5.0  # between two looks whether a list is due

log = logging.getLogger("filterd.manage")


class Manager:
    """The manager's jobs, each on its timer, each failing alone."""

    def __init__(
        self,
        state: Path,
        loop: Loop,
        read: Callable[[], dict[str, str]] = neighbours,
        clock: Clock | None = None,
        wall: Callable[[], float] = time.time,
        metrics: str = "off",
        sync: SyncJob | None = None,
        feed: FeedJob | None = None,
    ) -> None:
        from filterd.control.alerts import Alerts
        from filterd.control.budgets import Budgets
        from filterd.control.deliver import Deliver
        from filterd.control.feed_report_job import ReportJob
        from filterd.control.follow import Follow
        from filterd.control.ingest import Ingest
        from filterd.control.jobs import Jobs
        from filterd.control.retention import Retention
        from filterd.control.seen import AskedConsumer, Seen
        from filterd.control.watch_job import Ways

        self.state = state
        self.loop = loop
        self._clock = clock or Clock(state)
        self._complaints = Complaints(log, loop.clock)
        self.jobs = Jobs(wall)
        self.seen = Seen(state, read, wall, self._complaints)
        self._ways = Ways(state)
        self.seen.listeners.append(self._ways.sighting)
        self._follow = Follow(state)
        questions, self._metrics = self._serve_metrics(metrics) if metrics != "off" else (None, None)
        self._budgets = Budgets(state, self._follow.again)
        self._alerts, self._deliver = Alerts(state, loop.clock), Deliver(state)
        consumers = (
            self._budgets,
            self._alerts,
            AskedConsumer(self.seen),
            self._ways,
            *(() if questions is None else (questions,)),
        )
        self._ingest = Ingest(state, consumers=consumers)
        self._retention = Retention(state)
        self._reports = ReportJob(state)
        self._sync = sync
        self._feed = feed
        for name, helper in (("lists", sync), ("feed", feed), ("reports", self._reports), ("deliver", self._deliver)):
            if helper is not None:
                self.jobs.watch(name, partial(getattr, helper, "is_running"))

    def start(self) -> None:
        """Begin all jobs."""
        self.hear()
        self._deliver.start()
        self._every(LOOK_S, self.look, first_s=0.0)
        self._every(FOLLOW_S, self.follow, first_s=0.1)
        self._every(INGEST_S, self.ingest, first_s=0.2)
        self._every(RETAIN_S, self.retain, first_s=60.0)
        self._every(FLOOR_S, self.save_floor, first_s=FLOOR_S)
        self._every(REPUBLISH_S, self.republish, first_s=REPUBLISH_S)
        self._every(TIDY_S, self.tidy, first_s=300.0)
        self._every(SYNC_S, self.send_reports, first_s=3.0)
        if self._sync is not None:
            self._every(SYNC_S, self.sync_lists, first_s=0.5)
        if self._feed is not None:
            self._every(SYNC_S, self.follow_feeds, first_s=1.0)

    def _serve_metrics(self, address: str) -> tuple[Questions | None, MetricsServer | None]:
        """Serve /metrics; return what counts for it. A port that is taken is said and ends nothing."""
        from filterd.control.metrics import Questions
        from filterd.control.metrics_server import MetricsServer

        questions = Questions()
        try:
            return questions, MetricsServer(self.state, address, questions=questions, jobs=self.jobs)
        except FilterdError as exc:
            self._complaints.report("metrics are not served", exc)
            return None, None

    def close(self) -> None:
        """Bring what is known to the disk and let go of everything."""
        if self._sync is not None:
            self._sync.close()
        if self._feed is not None:
            self._feed.close()
        self._reports.close()
        if self._metrics is not None:
            self._metrics.close()
        for job in (
            self._ingest.close,
            self._alerts.close,
            self._deliver.close,
            self._follow.close,
            self.seen.close,
            self._ways.close,
            self.save_floor,
        ):
            try:
                job()
            except (FilterdError, OSError) as exc:
                self._complaints.report(f"{job.__name__} failed", exc)

    def hear(self) -> None:
        """Take what presence says, as it comes."""
        try:
            self.loop.register(self.seen.open(), select.EPOLLIN, lambda _: self.seen.receive())
        except FilterdError as exc:  # the kernel's neighbour table is left
            self._complaints.report("presence is not heard", exc)

    def look(self) -> None:
        """Publish the client map when somebody moved, came or left."""
        from filterd.control.publish import current, publish
        from filterd.policy.clients import dump

        found = self.seen.step()
        if found is None:
            return
        self._alerts.neighbours(found)
        self._ways.addresses = found
        if found or current(self.state) is not None:
            publish(self.state, clients=dump(found))
        self.seen.published(found)

    def follow(self) -> None:
        """Put the newest household into force, whoever changed it and however far they came."""
        if not self._follow.changed():
            return
        from filterd.control.household import load

        try:
            self.republish()
            household = load(self.state)
            self._ingest.reload(household)
            self._budgets.reload(household)
            self._alerts.reload(household)
            self._deliver.reload()
            self._retention.reload(household)
            self.seen.reload(household)
        except (FilterdError, OSError):
            self._follow.again()
            raise

    def republish(self) -> None:
        """Compile the household anew, so that its boundaries reach 400 days from today."""
        from filterd.control.household import republish

        done = republish(self.state)
        log.info("household in force revision=%d", done.revision)

    def ingest(self) -> None:
        """Bring the workers' events into the log."""
        self._ingest.step(time.time())
        self._budgets.step()
        now = time.time()
        self._ways.conflicts(now, self.seen.identify.conflicts(now))
        self._ways.step(now)
        self._alerts.ways(self._ways.news())
        if self._alerts.step(time.time()):
            self._deliver.wake()

    def retain(self) -> None:
        """Forget what is older than the household wants, a step at a time."""
        if self._retention.step(time.time()):
            self.loop.call_at(self.loop.clock() + 1.0, self._job(self.retain))  # there is more

    def sync_lists(self) -> None:
        """Start the child that brings the lists up to date when one is due, and see it to its end."""
        if self._sync is not None:
            self._sync.step(time.time())

    def follow_feeds(self) -> None:
        """Start the child that looks at the province's feed when it is due, and see it to its end."""
        if self._feed is not None:
            self._feed.step(time.time())

    def send_reports(self) -> None:
        """Start the child that sends what a person reported to the province, when something waits."""
        self._reports.step(time.time())

    def tidy(self) -> None:
        """Clear away grants and requests of long ago and the far end of the history."""
        from filterd.control.tidy import tidy

        tidy(self.state)

    def save_floor(self) -> None:
        """Remember that it has been this late, when the clock is known to be right."""
        wall, trusted = self._clock(self.loop.clock())
        if trusted:
            save_floor(self.state, wall)

    def _every(self, seconds: float, job: Callable[[], None], first_s: float) -> None:
        guarded = self._job(job)
        self.jobs.expect(job.__name__)

        def run() -> None:
            self.loop.call_at(self.loop.clock() + seconds, run)
            guarded()

        self.loop.call_at(self.loop.clock() + first_s, run)

    def _job(self, job: Callable[[], None]) -> Callable[[], None]:
        """Return `job` so that its failure is said and ends nothing else."""

        def run() -> None:
            try:
                job()
            except (FilterdError, OSError) as exc:
                self.jobs.failed(job.__name__)
                self._complaints.report(f"{job.__name__} failed", exc)
            else:
                self.jobs.ended(job.__name__)

        return run


def main(arguments: Sequence[str]) -> int:
    """Run until told to end; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        given = Given.from_arguments(arguments)
        document = given.document
        folder = document.get("lists")
        run(
            Path(document["state"]),
            given,
            document.get("settings", {}).get("metrics", "off"),
            sync=bool(document.get("sync")),
            lists=Path(folder) if folder else None,
        )
    except FilterdError as exc:
        sys.stderr.write(f"filterd: {exc}\n")
        return 1
    return 0


def run(
    state: Path,
    given: Given | None = None,
    metrics: str = "off",
    *,
    sync: bool = False,
    lists: Path | None = None,
) -> None:
    """Manage `state` until SIGTERM, SIGINT or the parent's end. StoreError: another manager does.

    `sync`: fetch lists that are due, and follow the province's feed. `lists`: first take lists from the files in this folder.
    """
    from filterd.control.feed_job import FeedJob
    from filterd.control.sync_job import SyncJob

    lock = Lock(state / "manage.lock", wait=False)
    loop = Loop()
    notifier = Notifier.take()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    if given is not None and given.life_fd is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        loop.register(given.life_fd, select.EPOLLIN, lambda _: loop.stop())
    job = SyncJob(state, folder=lists, online=sync) if sync or lists is not None else None
    manager = Manager(state, loop, metrics=metrics, sync=job, feed=FeedJob(state) if sync else None)
    manager.start()
    notifier.keep_alive(loop)
    if given is not None:
        given.ready({"at": time.time()})
    notifier.ready("managing")
    loop.run()
    notifier.stopping()
    manager.close()
    lock.release()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
