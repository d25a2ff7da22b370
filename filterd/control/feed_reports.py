"""A mistake or a missed site is told to the province: queued here, sent by feed_report_send.py, answered by the feed.

What leaves is the site's name, its category, whether it is blocked by mistake or was missed, the reason that a person
wrote, and a random number of this box by which the answer is found (model/notice.Report.said). Who asked, when, from
which device and who reports it, is in no report.

    report(state, ReportKind.MISTAKE, "example.org", "games", "Trang học toán của trường")
    mine(state)                     # newest first, each with its outcome or None

STATE/feed/reports.json holds them, at most MAX_KEPT; MAX_WAITING wait at once, MAX_DAILY are taken a day.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filterd.config import notices
from filterd.config.catalogue import load as catalogue
from filterd.config.sitename import site_name
from filterd.control import feed_documents
from filterd.control.notices import links, site_of
from filterd.errors import ConfigError, StoreError
from filterd.host.files import locked, make_folder, read_bounded, write_atomic
from filterd.model.notice import Outcome, Report, ReportKind
from filterd.wire.name import to_text

MAX_KEPT = 200
MAX_WAITING = 50
MAX_DAILY = 40
MAX_REASON = 300
AGAIN_S = 30 * 86_400.0  # until the same may be told again, while nobody has answered
HELP_ELSEWHERE = frozenset({"abuse"})  # categories whose places are other than a list's office
_MAX_BYTES = 1024 * 1024
_SITE_BYTES = 16


class NotQueued(ConfigError):
    """A report that is not taken. `why`: nobody, name, category, abuse, reason, twice, waiting, day."""

    def __init__(self, why: str, message: str) -> None:
        self.why = why
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Queue:
    """All reports of this box, oldest first. `failures`, `next_at`: patience after sends that failed (POSIX seconds)."""

    reports: tuple[Report, ...] = ()
    site: str = ""
    sequence: int = 0  # of the newest
    failures: int = 0
    next_at: float = 0.0
    problem: str = ""  # why the last send failed

    @property
    def waiting(self) -> tuple[Report, ...]:
        """Those that have not left yet, oldest first."""
        return tuple(one for one in self.reports if one.state == "waiting")


def report(
    state: Path, kind: ReportKind, name: str, category: str = "", reason: str = "", *, now: float | None = None
) -> Report:
    """Queue a report; return it. Raises NotQueued, StoreError."""
    at = time.time() if now is None else now
    feed = _feed(state)
    try:
        site = to_text(site_name(name[:400]))
    except ValueError as exc:
        raise NotQueued("name", f"name: {name[:80]!r} is no site's name: {exc}") from None
    if category and category not in catalogue().categories:
        raise NotQueued("category", f"category: there is no {category[:40]!r}")
    if category in HELP_ELSEWHERE:
        whom = links(state)
        raise NotQueued(
            "abuse",
            f"category: the abuse of children is reported at {site_of(whom.report)}, or by calling {whom.hotline}",
        )
    try:
        said = notices.line(reason, "reason", MAX_REASON, empty=True)
    except ConfigError as exc:
        raise NotQueued("reason", exc.problems[0]) from None
    with locked(_lock(state)):
        queue = load(state)
        _check_room(queue, site, kind, feed_documents.outcomes(state), at)
        made = Report(
            queue.site or secrets.token_hex(_SITE_BYTES), queue.sequence + 1, kind, site, category, said, feed, at
        )
        kept = (*queue.reports, made)
        save(state, replace(queue, reports=_fitting(kept), site=made.site, sequence=made.sequence))
    return made


def take_back(state: Path, sequence: int) -> bool:
    """Forget a report that has not left yet; False: there is none, or it is on its way. Raises StoreError."""
    with locked(_lock(state)):
        queue = load(state)
        left = tuple(one for one in queue.reports if one.sequence != sequence or one.state != "waiting")
        if len(left) == len(queue.reports):
            return False
        save(state, replace(queue, reports=left))
        return True


def mine(state: Path) -> tuple[tuple[Report, Outcome | None], ...]:
    """Return this box's reports, newest first, each with its outcome."""
    found = feed_documents.outcomes(state)
    return tuple((one, found.get(one.key)) for one in reversed(load(state).reports))


def is_due(state: Path, now: float) -> bool:
    """Return whether a report waits and it is time to try. Cheap: no file, no work."""
    if not _file(state).exists():
        return False
    try:
        queue = load(state)
    except StoreError:
        return False
    return bool(queue.waiting) and (queue.next_at <= now or queue.next_at > now + 9 * 86_400)  # the clock was wrong


def load(state: Path) -> Queue:
    """Return the queue; an empty one when there is none. Raises StoreError (damaged: a person looks at it)."""
    path = _file(state)
    if not path.exists():
        return Queue()
    try:
        values = json.loads(read_bounded(path, _MAX_BYTES))
        return Queue(
            tuple(_report_of(one) for one in values["reports"]), str(values["site"]), int(values["sequence"]),
            int(values["failures"]), float(values["next_at"]), str(values["problem"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise StoreError(f"{path}: damaged: {exc}") from exc


def save(state: Path, queue: Queue) -> None:
    """Write the queue. The caller holds its lock."""
    document = {"layout": 1, **asdict(queue)}
    write_atomic(_file(state), json.dumps(document, ensure_ascii=False).encode())


def settle(state: Path, was: Report, now: Report) -> None:
    """Put `now` in the place of a report that still waits as `was`: one that was taken back meanwhile stays away."""
    with locked(_lock(state)):
        queue = load(state)
        reports = tuple(now if one == was else one for one in queue.reports)
        known = max(queue.sequence, now.sequence) if now.site == queue.site else queue.sequence
        save(state, replace(queue, reports=reports, sequence=known, failures=0, next_at=0.0, problem=""))


def renew(state: Path, was: Report) -> None:
    """Give a report another number: the office knows this one from before a restored backup."""
    with locked(_lock(state)):
        queue = load(state)
        fresh = secrets.token_hex(_SITE_BYTES)
        waiting = [one for one in queue.reports if one.state == "waiting"]
        numbers = {one.key: number for number, one in enumerate(waiting, 1)}
        reports = tuple(
            replace(one, site=fresh, sequence=numbers[one.key]) if one.key in numbers else one for one in queue.reports
        )
        if was.key in numbers:
            save(state, replace(queue, reports=reports, site=fresh, sequence=len(waiting)))


def wait(state: Path, until: float, problem: str) -> None:
    """Note that a send failed, why, and when the next one may be."""
    with locked(_lock(state)):
        queue = load(state)
        save(state, replace(queue, failures=min(queue.failures + 1, 16), next_at=until, problem=problem))


def _feed(state: Path) -> str:
    from filterd.control.feed_status import feed_status

    seen = feed_status(state)
    if seen is None:
        raise NotQueued(
            "nobody", "no province's feed is followed here, so nobody would read it; see `filterd feed trust --help`"
        )
    return seen.feed


def _check_room(queue: Queue, name: str, kind: ReportKind, outcomes: Mapping[str, Outcome], at: float) -> None:
    same = [one for one in queue.reports if (one.name, one.kind) == (name, kind) and one.key not in outcomes]
    if any(one.state == "waiting" or (one.state == "sent" and 0 <= at - one.at < AGAIN_S) for one in same):
        raise NotQueued("twice", f"name: {name} was reported already, and the answer is not here yet")
    if len(queue.waiting) >= MAX_WAITING:
        raise NotQueued("waiting", f"reports: {MAX_WAITING} wait to be sent already; a connection has to come first")
    if sum(0 <= at - one.at < 86_400 for one in queue.reports) >= MAX_DAILY:
        raise NotQueued("day", f"reports: {MAX_DAILY} a day are the most; tomorrow there is room again")


def _fitting(reports: Sequence[Report]) -> tuple[Report, ...]:
    """Return the newest MAX_KEPT; what waits is never among those that go."""
    over = len(reports) - MAX_KEPT
    found = []
    for one in reports:
        if over > 0 and one.state != "waiting":
            over -= 1
        else:
            found.append(one)
    return tuple(found)


def _report_of(values: Mapping[str, Any]) -> Report:
    return Report(**{**values, "kind": ReportKind(values["kind"])})


def _lock(state: Path) -> Path:
    return make_folder(state / "feed") / "reports.lock"


def _file(state: Path) -> Path:
    return state / "feed" / "reports.json"
