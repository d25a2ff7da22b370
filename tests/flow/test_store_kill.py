"""kill -9 at a hundred random moments of writing: every acknowledged rule is there, whole, and DNS never stopped.

A child process makes one change after the other through the use case and says each number on a pipe when the call has
returned. A change touches five things at once (two profiles, a device, a grant, the household itself) and all of it
follows from its number, so that half a change would be seen. A real worker answers questions all the time.
The moments are random but repeatable: the number of a point is its seed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from filterd.control import household as use
from filterd.control.change import apply, history
from filterd.control.publish import current
from filterd.host.files import read_bounded
from filterd.model.change import Who
from filterd.model.household import Grant, Household, Names, Scope
from filterd.policy.snapshot import Snapshot
from filterd.store.household import HouseholdStore
from filterd.wire.name import to_text, to_wire
from tests.flow.test_story_kill import everywhere
from tests.processes import Service, UpstreamStub, addresses, load

KID, SITE, BLOCKED = "127.0.0.21", ["192.0.2.1"], ["0.0.0.0"]
KEPT = 60  # names at once: a change of a few kilobytes
HOUSEHOLD = f"""\
version: 1
timezone: UTC
profiles: [{{id: kid, name: Kid 0}}, {{id: big, name: Big 0}}]
devices: [{{id: phone, name: Phone 0, profile: kid, ip: {KID}}}]
"""


def names(number: int) -> list[str]:
    """The blocked names after change `number`."""
    return [f"rule-{n}.example" for n in range(max(1, number - KEPT + 1), number + 1)]


def step(household: Household) -> Household:
    """The next change of everything."""
    number = number_of(household) + 1
    blocked = Names(block=tuple(map(to_wire, names(number))))
    return replace(
        household,
        profiles=tuple(replace(p, name=f"{p.id.title()} {number}", names=blocked) for p in household.profiles),
        devices=(replace(household.devices[0], name=f"Phone {number}"),),
        grants=(Grant(Scope.NAME, f"grant-{number}.example", profile="kid", start=1_790_000_000.0, id=f"g{number}"),),
        privacy=replace(household.privacy, detail_days=number % 30),
    )


def number_of(household: Household) -> int:
    """The number of the newest change, as the first profile says it."""
    return int(household.profiles[0].name.split()[1])


def is_whole(household: Household) -> bool:
    """Everything is what one change made."""
    number = number_of(household)
    words = {p.name.split()[1] for p in household.profiles} | {d.name.split()[1] for d in household.devices}
    blocked = [[to_text(n) for n in p.names.block] for p in household.profiles]
    grants = [g.value for g in household.grants]
    return (
        words == {str(number)}
        and blocked == [names(number)] * 2
        and grants == ([f"grant-{number}.example"] if number else [])
        and household.privacy.detail_days == (number % 30 if number else 7)
    )


def write(state: str, run: str, pipe: Connection) -> None:
    """Make changes for ever; say each number once the call has returned."""
    os.environ["FILTERD_RUN"] = run
    pipe.send(("ready", 0))
    while True:
        done = apply(Path(state), Who("mẹ"), "step", step)
        assert done.change is not None and done.published is not None
        pipe.send((done.problem, number_of(done.household)))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A household in force, before its first change."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    (tmp_path / "state.run").mkdir()
    use.import_household(tmp_path / "state", HOUSEHOLD.encode(), "h.yaml")
    return tmp_path / "state"


@pytest.fixture(scope="module")
def upstream() -> Iterator[UpstreamStub]:
    """Where every name exists."""
    with UpstreamStub(behave=everywhere) as stub:
        yield stub


class Story:
    """The writer that is killed, and what it promised."""

    def __init__(self, state: Path, service: Service) -> None:
        self.state = state
        self.service = service
        self.promised = 0
        self.revision = 1
        self.published = 0
        self.spent = 0.1  # s that a change takes on this machine
        self.torn = 0  # kills in the middle of a change: neither promised nor absent
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["tests.flow.test_store_kill"])

    def point(self, seed: int) -> None:
        """Start the writer, kill it at some moment, look at everything."""
        hand = random.Random(seed)
        here, there = self.context.Pipe(duplex=False)
        process = self.context.Process(
            target=write, args=(str(self.state), os.environ["FILTERD_RUN"], there), daemon=True
        )
        process.start()
        there.close()
        try:
            assert here.poll(60) and here.recv() == ("ready", 0)
            for _ in range(hand.randrange(3)):
                began = time.monotonic()
                self.hear(here, 60)
                self.spent = time.monotonic() - began
            time.sleep(hand.uniform(0.0, 1.1) * self.spent)
            process.kill()
            process.join(10)
            with contextlib.suppress(EOFError):
                while True:
                    self.hear(here, 1)
        finally:
            here.close()
            if process.is_alive():
                process.kill()
            process.join(10)
            process.close()
        self.check(seed)

    def hear(self, pipe: Connection, seconds: float) -> None:
        """Take a promise; EOFError when there is none any more."""
        assert pipe.poll(seconds)
        problem, number = pipe.recv()
        assert not problem and number == self.promised + 1, problem
        self.promised = number

    def check(self, seed: int) -> None:
        """What was promised is there, whole; what is in force is whole; the next publication makes it the newest."""
        why = f"point {seed}"
        with contextlib.closing(sqlite3.connect(self.state / "household.db", timeout=5)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], why
        household, revision = use.read_stored(self.state)
        number = number_of(household)
        assert is_whole(household), why
        assert number - self.promised in (0, 1), f"{why}: promised {self.promised}, there is {number}"
        assert revision == 1 + number >= self.revision, why
        self.torn += number != self.promised
        newest = history(self.state, limit=1)[0]
        assert newest.number == revision and (len(newest.edits) in (6, 7) or number < 2), why
        self.revision = revision
        in_force = current(self.state)
        assert in_force is not None and in_force.number >= self.published, why
        self.published = in_force.number
        published = self.snapshot_number()
        assert self.promised <= published <= number, f"{why}: {published} in force, promised {self.promised}"
        if self.promised:  # what is one newer may be on disk alone for a second: the worker was not told
            assert addresses(self.service.ask(f"x.rule-{self.promised}.example", client=KID)) == BLOCKED, why
        done = use.republish(self.state)
        assert (done.acknowledged, done.workers) == (1, 1), (why, done)
        assert self.snapshot_number() == number, why
        assert addresses(self.service.ask(f"x.rule-{number}.example", client=KID)) == (BLOCKED if number else SITE), why
        assert addresses(self.service.ask(f"x.rule-{number + 1}.example", client=KID)) == SITE, why
        self.promised = number  # it is in force: from now on it must stay

    def snapshot_number(self) -> int:
        """The number of the change that the published snapshot was made from."""
        revision = current(self.state)
        assert revision is not None and revision.snapshot is not None
        snapshot = Snapshot.load(read_bounded(self.state / revision.snapshot.file, 1 << 24))
        numbers = {int(profile.name.split()[1]) for profile in snapshot.profiles}
        assert len(numbers) == 1
        return numbers.pop()


def story(state: Path, upstream: UpstreamStub, seeds: range) -> Story:
    """Kill at so many moments, with questions all the time."""
    with Service.serve(state, upstream) as service:
        told = Story(state, service)
        free = [f"free-{n}.example" for n in range(50)]
        with load(service.bound[0], free, 200, client="127.0.0.22") as questions:
            for seed in seeds:
                told.point(seed)
        assert questions.lost == 0 and set(questions.rcodes) == {0} and questions.sent > 10 * len(seeds)
        assert "Traceback" not in service.said
    with contextlib.closing(HouseholdStore.open(state)) as store:
        numbers = [c.number for c in store.history(limit=100_000)]
    assert numbers == list(range(told.revision, 0, -1))
    assert told.revision > len(seeds)
    return told


def test_a_writer_killed_at_some_moments_loses_nothing(state: Path, upstream: UpstreamStub) -> None:
    story(state, upstream, range(8))


@pytest.mark.slow
def test_a_writer_killed_at_a_hundred_moments_loses_nothing(
    state: Path, upstream: UpstreamStub, capsys: pytest.CaptureFixture[str]
) -> None:
    told = story(state, upstream, range(1000, 1100))
    with capsys.disabled():
        print(f"\n100 kills, {told.revision - 1} changes, {told.torn} of them written and not yet acknowledged")
    assert told.torn, "no kill ever met a change between its commit and its acknowledgement"
