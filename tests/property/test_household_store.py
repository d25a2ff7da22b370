"""Any sequence of use cases, restarts and reverts: store, published snapshot and `explain` say what the model says.

The model is tests/household_model.py (what changes mean) with tests/day_model.py (what follows from them at a moment).
Exports survive an import byte for byte; what is taken back is as it was, byte for byte; the history, applied from its
beginning, gives what is there. A few seconds of
the same stories each time here; `slow` has more of them, and goes on with others for FILTERD_SOAK_S seconds.

    python -m tests.property.test_household_store SEED      # the same story with no more steps than its failure needs
"""

from __future__ import annotations

import os
import random
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from filterd.config.household_out import write
from filterd.control import change, household, moves, requests
from filterd.control.moves import Whom
from filterd.control.tidy import tidy
from filterd.model.change import Who
from filterd.model.household import Household, Scope
from filterd.policy.budget import key_of
from filterd.store.household import SpentRow
from tests.household_model import TOP, Past
from tests.property.household_edits import Edits
from tests.property.household_family import rule, story
from tests.property.household_world import (
    BEGIN,
    BUDGET,
    DEVICES,
    MINUTES,
    MUM,
    PROFILES,
    SECONDS,
    YES_MOSTLY,
    granting,
    whom,
)

LENGTH = 50
CHILDS = (Scope.TIME, Scope.NAME, Scope.SERVICE, Scope.CATEGORY)  # what may be asked for: no pause of the filter


class Changes(Edits):
    """A family that changes its rules, gives, switches off, asks, answers, takes back and starts again."""

    @rule(3)
    def grant(self, hand: random.Random) -> None:
        who, (scope, value), length = whom(hand), granting(hand), hand.choice(MINUTES)
        self.do(
            lambda: moves.grant(self.state, MUM, scope, Whom(**who), value=value, minutes=length),
            lambda: self.home.grant(self.now, scope, value, length, **who),
        )

    @rule(2)
    def bonus_or_pause(self, hand: random.Random) -> None:
        who = whom(hand)
        act, scope = hand.choice(((moves.pause, Scope.FILTER), (moves.bonus, Scope.TIME)))
        self.do(lambda: act(self.state, MUM, Whom(**who), 15), lambda: self.home.grant(self.now, scope, "", 15, **who))

    @rule()
    def revoke(self, hand: random.Random) -> None:
        ident = hand.choice([g.id for g in self.home.of("grant")] or ["g0"])
        self.do(lambda: moves.revoke(self.state, MUM, ident), lambda: self.home.remove("grant", ident))

    @rule(2)
    def off(self, hand: random.Random) -> None:
        who, length = whom(hand, everyone=True), hand.choice(MINUTES)
        self.do(
            lambda: moves.off(self.state, MUM, Whom(**who), minutes=length),
            lambda: self.home.off(self.now, length, **who),
        )

    @rule(2)
    def on(self, hand: random.Random) -> None:
        """For somebody, or where something is off."""
        who = whom(hand, everyone=True)
        running = [o for o in self.home.of("off") if o.ended is None]
        if running and hand.random() < 0.7:
            who = {key: getattr(hand.choice(running[-1:]), key) for key in who}
        self.do(lambda: moves.on(self.state, MUM, Whom(**who)), lambda: self.home.on(self.now, **who))

    @rule()
    def free_day(self, hand: random.Random) -> None:
        ident, day = hand.choice(PROFILES), datetime.fromtimestamp(self.now).date() + timedelta(hand.randint(0, 3))
        self.do(lambda: moves.tomorrow_off(self.state, MUM, ident, day), lambda: self.home.free_day(ident, day))

    @rule()
    def use_up_a_budget(self, hand: random.Random) -> None:
        """What the manager writes when it has counted so many slots of five minutes."""
        ident, slots = hand.choice(PROFILES), hand.choice((11, 12, 12))
        day = datetime.fromtimestamp(self.now, ZoneInfo(self.home.things[TOP].timezone)).date()
        self.store.set_spent([SpentRow(ident, key_of(BUDGET), day.toordinal(), self.now, self.now + 1, slots)])
        household.republish(self.state)
        self.is_published()
        self.spent.pop((ident, BUDGET, day), None)
        if slots * 5 >= BUDGET.minutes:
            self.spent[ident, BUDGET, day] = self.now

    # ---- requests

    @rule(2)
    def ask(self, hand: random.Random) -> None:
        profile, device, (scope, value) = hand.choice(PROFILES), hand.choice(("", *DEVICES)), granting(hand, CHILDS)
        child = Who("Lan", "web")
        self.do(
            lambda: requests.ask(self.state, child, profile=profile, scope=scope, value=value, device=device),
            lambda: self.home.ask(self.now, profile, device, scope, value),
            source="web",
        )

    @rule(2)
    def answer(self, hand: random.Random) -> None:
        asked = self.home.of("request")[-3:]
        if not asked:
            return
        ident, yes, length = hand.choice(asked)["id"], hand.choice(YES_MOSTLY), hand.choice(MINUTES)
        self.do(
            lambda: requests.answer(self.state, MUM, ident, yes, minutes=length),
            lambda: self.home.answer(self.now, ident, yes, length),
        )

    # ---- taking back, time, restarts

    @rule(3)
    def undo(self, hand: random.Random) -> None:
        """And when something was: undo that, and undo it again. Not a byte is different."""
        source, exported = hand.choice(("cli", "cli", "web")), b""
        for again in range(3):
            before = len(self.home.past)
            self.do(
                lambda: change.undo(self.state, Who("bố", source)),
                lambda: self.home.undo(self.now, source),
                source=source,
            )
            if len(self.home.past) == before:
                return
            if again == 0:
                exported = household.export_household(self.state)
        assert household.export_household(self.state) == exported

    @rule(4)
    def revert(self, hand: random.Random) -> None:
        number = len(self.home.past) - 1 - hand.choice((0, 0, 1, 2, 3, 5, 8, 13, 100))
        self.do(lambda: change.revert(self.state, MUM, number), lambda: self.home.revert(number))

    @rule(4)
    def time_passes(self, hand: random.Random) -> None:
        self.now = round(self.now + hand.choice(SECONDS), 3)

    @rule(2)
    def restart(self, _: random.Random) -> None:
        assert not household.ensure(self.state)
        self.breaks = False
        self.is_published()

    @rule()
    def next_publication_fails(self, _: random.Random) -> None:
        self.breaks = True

    @rule()
    def tidy(self, _: random.Random) -> None:
        """The manager clears away: nobody sees a difference, now or later."""
        moments = (self.now, self.now + 7200, self.now + 9 * 86_400)
        before = [self.decisions(at) for at in moments]
        tidy(self.state, self.now)
        stored = self.store.stored()
        things = {key: thing for key, thing in self.home.things.items() if key in stored.entities}
        for (kind, ident), thing in self.home.things.items():
            if kind == "request":
                assert ((kind, ident) in things) is (thing["at"] > self.now - 30 * 86_400)
                if (kind, ident) in things:
                    things[kind, ident] = thing | {"state": self.home.state_of(thing, self.now)}
            elif (kind, ident) not in things:
                assert kind in ("grant", "off")
                ends = [at for at in (thing.until, getattr(thing, "ended", None)) if at is not None]
                assert ends and min(ends) <= self.now - 86_400, thing
        self.home.commit(things, self.now, "manager")
        assert len(self.home.past) - 1 == stored.revision
        assert [self.decisions(at) for at in moments] == before
        household.republish(self.state)
        self.is_published()

    @rule()
    def import_(self, hand: random.Random) -> None:
        """An export imported again is nothing; another household is one change, which can be taken back."""
        how = hand.choice(("same", "turned", "bare", "first"))
        exported, old = household.export_household(self.state), household.load(self.state)
        new: Household = {
            "same": old,
            "turned": replace(old, profiles=old.profiles[::-1], devices=old.devices[::-1], language="en"),
            "bare": replace(old, grants=(), internet_off=()),
            "first": BEGIN,
        }[how]
        household.import_household(self.state, exported if how == "same" else write(new), "h.yaml")
        self.is_published()
        number = len(self.home.past)
        if household.read_stored(self.state)[1] < number:
            assert not self.home.commit(self.home.replace_all(new), self.now, "cli")
        else:
            assert how != "same"
            self.home.past.append(Past(self.home.replace_all(new), self.now, "cli"))  # the order alone is a change too
            self.note_moved()
            done = change.revert(self.state, MUM, number)
            assert done.change is not None and not done.problem
            self.home.past.append(Past(self.home.past[-2].things, self.now, "cli"))
            self.note_moved()
        assert household.export_household(self.state) == exported


@pytest.mark.parametrize("seed", range(5))
def test_store_snapshot_and_explain_agree_with_the_model(seed: int) -> None:
    story(Changes, seed, LENGTH)


@pytest.mark.slow
def test_they_agree_over_many_more_stories() -> None:
    ends = time.monotonic() + float(os.environ.get("FILTERD_SOAK_S", "0"))
    for seed in range(100, 112):
        story(Changes, seed, LENGTH)
    while time.monotonic() < ends:
        story(Changes, random.SystemRandom().getrandbits(48), LENGTH)


def shorten(seed: int) -> None:
    """Leave out one step after the other as long as the story still fails; then let it fail."""
    without: set[int] = set()
    for number in reversed(range(LENGTH)):
        try:
            story(Changes, seed, LENGTH, without | {number})
        except Exception:
            without.add(number)
    story(Changes, seed, LENGTH, without)


if __name__ == "__main__":
    shorten(int(sys.argv[1]))
