"""One family in two worlds: the product's state folder and the model's Home, and what must be the same in both.

Rules (household_edits.py, test_household_store.py) make each change in both with `do`; after each one the store's
things, the revision and the answers of `explain` for every device, now and later, are compared. The product's clock is
`now`; the published snapshot may be older than the store when a publication failed, until the next one or a restart.

    class Changes(Family):
        @rule()
        def remove(self, hand: random.Random) -> None:
            ident = hand.choice(DEVICES)
            self.do(lambda: devices.remove_device(self.state, MUM, ident), lambda: self.home.remove("device", ident))

    story(Changes, seed=7, length=50)
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Container
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

from filterd.config.household_out import write
from filterd.control import change, household, moves, requests
from filterd.control.explain import Explainer
from filterd.control.explain_question import Question
from filterd.control.publish import current, publish_bundle
from filterd.errors import FilterdError, StoreError
from filterd.model.household import Budget
from filterd.store.household import HouseholdStore
from tests.day_model import Decisions
from tests.household_model import NEW, TOP, Home, Past, Refused, Things
from tests.property.household_world import ASKED, BEGIN, BLOCKED, HARM, IPS, START, build_bundle

RAM = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a sync there costs nothing; everything is removed again


Rule = Callable[[Any, random.Random], None]


def rule(weight: int = 1) -> Callable[[Rule], Rule]:
    """A change that may be picked, so many times as often as others."""

    def mark(function: Rule) -> Rule:
        function.weight = weight  # type: ignore[attr-defined]
        return function

    return mark


def story(kind: type[Family], seed: int, length: int, without: Container[int] = ()) -> None:
    """Let a new family do so many random things, the same for the same seed. What fails says its seed and steps.

    `without`: steps that are left out; those that stay remain what they were, so that a long story can be cut short.
    """
    weights = {name: getattr(getattr(kind, name), "weight", 0) for name in dir(kind)}
    done: list[str] = []
    family = kind()
    try:
        family.begin()
        family.check()
        for number in range(length):
            if number not in without:
                hand = random.Random(f"{seed} {number}")
                (name,) = hand.choices(list(weights), list(weights.values()))
                done.append(f"{number} {name}")
                getattr(family, name)(hand)
                family.check()
        family.check_the_whole()
    except BaseException as exc:
        exc.add_note(f"story {seed}: {', '.join(done)}")
        raise
    finally:
        family.end()


class Family:
    """One household: the real one in a state folder, and the model's."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="filterd-family-", dir=RAM))
        self.state = self.folder / "state"
        self.now = START
        self.closing = contextlib.ExitStack()
        self.closing.callback(shutil.rmtree, self.folder)
        self.spent: dict[tuple[str, Budget, date], float] = {}
        self.breaks = False  # the next publication fails

    def begin(self) -> None:
        """Move in."""
        self.closing.enter_context(mock.patch.dict(os.environ, {"FILTERD_RUN": str(self.folder / "run")}))
        for module in (change, household, moves):
            self.closing.enter_context(mock.patch.object(module, "rules_time", lambda _: self.now))
        (self.folder / "run").mkdir()
        publish_bundle(self.state, build_bundle(self.state))
        household.import_household(self.state, write(BEGIN), "h.yaml")
        self.store = HouseholdStore.open(self.state)  # to look with, as a manager does that has it open all the time
        self.closing.callback(self.store.close)
        self.home = Home(BEGIN)
        self.is_published()

    def end(self) -> None:
        """Leave nothing behind."""
        self.closing.close()

    def do(
        self, product: Callable[[], Any], model: Callable[[], Things], source: str = "cli", seen: int | None = None
    ) -> None:
        """Make a change in both worlds: both refuse it, or both do it, or it is nothing for both."""
        refused = done = None
        before = current(self.state)
        failing = mock.patch.object(change, "republish", side_effect=StoreError("no space"))
        try:
            with failing if self.breaks else contextlib.nullcontext():
                done = product()
        except FilterdError as exc:
            refused = exc
        try:
            changed = self.home.commit(model(), self.now, source, seen)
        except Refused as exc:
            assert refused is not None, f"the product did what makes no sense: {exc}"
            assert current(self.state) == before, "refused, and yet something was published"
            return
        assert refused is None, f"the product refused: {refused}"
        if not changed and isinstance(done, change.Done) and done.change is not None:
            assert all(e.before == e.after for e in done.change.edits)  # another order, which the model has not
            changed = True
            self.home.past.append(Past(self.home.things, self.now, source))
        if changed:
            self.home.adopt(set(self.store.stored().entities))
            self.note_moved()
        if not isinstance(done, change.Done):
            assert changed
            return
        if not changed:
            assert done.change is None
            return
        assert done.change is not None and done.change.number == len(self.home.past) - 1
        if done.published is not None or done.problem:
            assert bool(done.problem) == self.breaks, done.problem
            if self.breaks:
                self.breaks = self.in_force = False
            else:
                self.is_published()

    def is_published(self) -> None:
        """Note that what the store has is in force, compiled now."""
        self.in_force, self.published = True, self.now

    def note_moved(self) -> None:
        """The newest change says what differs, no more; what only got another place is told to the model."""
        (newest,) = self.store.history(limit=1)
        edits = {(e.kind, e.id): e.before != e.after for e in newest.edits}
        made, before = self.home.past[-1], self.home.past[-2]
        assert {key for key, differs in edits.items() if differs} == made.touched(before)
        made.moved = frozenset(key for key, differs in edits.items() if not differs)

    def seen(self, ago: int | None) -> int | None:
        """The revision before the eyes of somebody who looked some changes ago."""
        return None if ago is None else max(1, len(self.home.past) - 1 - ago)

    # ---- what must hold

    def check(self) -> None:
        """After every step."""
        self.the_store_has_what_the_model_has()
        if self.in_force:
            self.explain_says_what_the_model_says()

    def check_the_whole(self) -> None:
        """At the end: the history, and what another box makes of the export."""
        self.the_history_replays()
        exported, other = household.export_household(self.state), self.folder / "other"
        publish_bundle(other, build_bundle(other))
        household.import_household(other, exported, "h.yaml")
        assert household.export_household(other) == exported

    def decisions(self, at: float) -> dict[tuple[str, str], tuple[str, str]]:
        """What the model says to every client about every name."""
        model = Decisions(self.home.household(), HARM, BLOCKED, 0, self.spent, self.published)
        return {(ip, a.name): model.decide(*model.who(ip), a, at) for ip in (*IPS, "192.0.2.99") for a in ASKED}

    def the_store_has_what_the_model_has(self) -> None:
        found, revision = household.read_stored(self.state)
        assert revision == len(self.home.past) - 1
        wanted = self.home.household()
        for field in ("profiles", "devices", "grants", "internet_off"):
            model = {thing.id: thing for thing in getattr(wanted, field)}
            assert {thing.id: thing for thing in getattr(found, field)} == model and NEW not in model
        assert replace(found, profiles=(), devices=(), grants=(), internet_off=()) == self.home.things[TOP]
        asked = {r.id: r.state for r in requests.requests(self.state)}
        assert asked == {r["id"]: self.home.state_of(r, self.now) for r in self.home.of("request")}

    def explain_says_what_the_model_says(self) -> None:
        """Half of the questions are about now and half about later; after the next change it is the other half."""
        number = len(self.home.past)
        explainer = Explainer(self.state, live=False)
        try:
            for later in (0, 1):
                at = self.now + later * (7200, 11 * 3600)[number // 2 % 2]
                for (ip, name), wanted in list(self.decisions(at).items())[(number + later) % 2 :: 2]:
                    found = explainer.explain(Question(name, "A", ip), now=at)
                    assert (found["action"], found["row"]) == wanted, (ip, name, later, found)
        finally:
            explainer.close()

    def the_history_replays(self) -> None:
        """All edits from the beginning give what is there; each found what the one before left."""
        stored, history = self.store.stored(), self.store.history(limit=100_000)[::-1]
        found: dict[tuple[str, str], Any] = {}
        assert [c.number for c in history] == list(range(1, stored.revision + 1))
        for edit in (edit for one in history for edit in one.edits):
            old = found.pop((edit.kind, edit.id), None)
            assert old == (None if edit.before is None else (edit.before, edit.position_before))
            if edit.after is not None:
                found[edit.kind, edit.id] = edit.after, edit.position_after
        assert found == {key: (entity.body, entity.position) for key, entity in stored.entities.items()}
