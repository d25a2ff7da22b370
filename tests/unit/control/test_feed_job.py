"""The manager's job: looks when a feed is due or somebody asks, one at a time, and is patient with a child that fails."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

from filterd.control.feed_job import FIRST_WAIT_S, LOOK_S, RETRY_S, FeedJob, ask_look
from filterd.feed.state import Followed, load_status, save_followed, save_status
from filterd.model.feed import FeedSeen

NOW = 1_796_083_200.0
KEY = "a" * 16


class Child:
    def __init__(self) -> None:
        self.code: int | None = None
        self.ended = False

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.ended = True
        self.code = -15

    kill = terminate

    def wait(self, timeout: float | None = None) -> int:
        return self.code or 0


class Starts:
    def __init__(self) -> None:
        self.words: list[list[str]] = []
        self.children: list[Child] = []

    def __call__(self, words: Sequence[str]) -> Child:
        self.words.append(list(words))
        self.children.append(Child())
        return self.children[-1]


def follow(state: Path, next_at: float = 0.0, **more: object) -> Followed:
    one = Followed(KEY, "f" * 64, "https://feed.example.org", feed="lai-chau", **more)  # type: ignore[arg-type]
    save_followed(state, (one,))
    save_status(state, one, FeedSeen("lai-chau", one.url, checked_at=NOW - 60, verified_at=NOW - 60, next_at=next_at))
    return one


def job_of(state: Path) -> tuple[FeedJob, Starts]:
    starts = Starts()
    return FeedJob(state, start=starts, chance=random.Random(1)), starts


def run(job: FeedJob, since: float, seconds: float) -> None:
    for tick in range(int(seconds // 5)):
        job.step(since + tick * 5.0)


def test_nothing_is_started_without_a_feed(tmp_path: Path) -> None:
    job, starts = job_of(tmp_path)
    run(job, NOW, 3600)
    assert not starts.words


def test_a_feed_that_is_due_is_looked_at_once(tmp_path: Path) -> None:
    one = follow(tmp_path)
    job, starts = job_of(tmp_path)
    job.step(NOW)
    assert not starts.words  # DNS starts first, and a whole street does not ask at once
    run(job, NOW, FIRST_WAIT_S + 125 + LOOK_S)
    assert starts.words == [["feed", "sync", "--state", str(tmp_path), "--child"]] and job.is_running
    save_status(
        tmp_path, one, FeedSeen("lai-chau", one.url, checked_at=NOW + 300, verified_at=1.0, next_at=NOW + 20_000)
    )
    starts.children[0].code = 0
    run(job, NOW + 300, 15_000)
    assert len(starts.words) == 1
    run(job, NOW + 20_000, 2 * LOOK_S)
    assert len(starts.words) == 2
    job.close()
    assert starts.children[1].ended and not job.is_running


def test_somebody_asks(tmp_path: Path) -> None:
    follow(tmp_path, next_at=NOW + 20_000)
    job, starts = job_of(tmp_path)
    run(job, NOW, 300)
    assert not starts.words
    ask_look(tmp_path)
    os.utime(tmp_path / "feed" / "asked", (NOW + 300, NOW + 300))
    run(job, NOW + 300, 2 * LOOK_S)
    assert len(starts.words) == 1


def test_a_child_that_fails_is_not_started_again_at_once(tmp_path: Path) -> None:
    follow(tmp_path)
    job, starts = job_of(tmp_path)
    run(job, NOW, 300)
    starts.children[0].code = -9
    run(job, NOW + 300, RETRY_S - 10)
    assert len(starts.words) == 1
    run(job, NOW + 300 + RETRY_S, 2 * LOOK_S)
    assert len(starts.words) == 2


def test_a_feed_by_hand_alone_is_left_alone(tmp_path: Path) -> None:
    follow(tmp_path, auto=False)
    job, starts = job_of(tmp_path)
    run(job, NOW, 1000)
    assert not starts.words


def test_a_clock_that_was_ahead_does_not_put_the_next_look_off_for_years(tmp_path: Path) -> None:
    follow(tmp_path, next_at=NOW + 14 * 365 * 86_400)
    job, starts = job_of(tmp_path)
    run(job, NOW, 300)
    assert len(starts.words) == 1


def test_status_goes_to_the_disk_and_back(tmp_path: Path) -> None:
    one = follow(tmp_path, next_at=5.0)
    seen = load_status(tmp_path, one)
    assert (seen.feed, seen.next_at, seen.fingerprint) == ("lai-chau", 5.0, "f" * 64)
