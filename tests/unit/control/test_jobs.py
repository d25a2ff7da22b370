"""How the manager's tasks fare, as its numbers show it."""

from __future__ import annotations

from filterd.control.jobs import Jobs, Task


def test_a_task_is_shown_from_the_start_then_with_its_last_good_end_and_its_failures() -> None:
    at = [100.0]
    jobs = Jobs(lambda: at[0])
    jobs.expect("ingest")
    assert jobs.tasks() == {"ingest": Task()}
    jobs.ended("ingest")
    at[0] = 200.0
    jobs.failed("ingest")
    jobs.failed("ingest")
    jobs.expect("ingest")  # said again, it keeps what it knows
    assert jobs.tasks() == {"ingest": Task(100.0, 2)}
    jobs.ended("ingest")
    assert jobs.tasks() == {"ingest": Task(200.0, 2)}


def test_what_was_not_expected_is_counted_all_the_same() -> None:
    jobs = Jobs(lambda: 7.0)
    jobs.ended("tidy")
    jobs.failed("look")
    assert jobs.tasks() == {"tidy": Task(7.0), "look": Task(None, 1)}


def test_helpers_are_asked_when_somebody_reads() -> None:
    jobs, at_work = Jobs(), [True]
    jobs.watch("lists", lambda: at_work[0])
    assert jobs.helpers() == {"lists": True}
    at_work[0] = False
    assert jobs.helpers() == {"lists": False}
