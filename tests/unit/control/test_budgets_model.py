"""Any evening of a family, with a manager that is killed anywhere in it, against a model of a few lines."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filterd.control.budgets import Budgets
from filterd.control.budgets_status import status
from filterd.control.household import load, open_store
from filterd.errors import StoreError
from filterd.model.decision import Action, Row
from filterd.model.event import Tail
from filterd.model.household import Grant, Household, Scope
from filterd.policy.budget import day_of, key_of, slots_of, spent_for
from filterd.store.activity import open_activity
from filterd.store.engine import writing
from tests.examples import examples
from tests.unit.control.budget_home import asked, set_up

# both changes of the clock in Berlin, an ordinary evening, and the eve of a weekend's budget
STARTS = ("2026-03-29T00:40", "2026-10-25T01:30", "2026-11-24T23:30", "2026-11-27T22:00")
# what the names of budget_home.py mean, said once more by hand: (profile, budget) pairs that they count for
COUNTS_FOR = {
    "www.tube.example": {("anna", 0), ("ben", 0), ("ben", 1)},
    "tok.example": {("anna", 0)},
    "log.tok.example": set(),
    "both.example": {("anna", 0), ("anna", 1)},
    "blox.example": {("anna", 1)},
    "log.blox.example": set(),
    "play.example": {("anna", 1)},
    "hotline.example": set(),
    "other.example": set(),
}
OWNERS = {"phone": "anna", "pad": "anna", "tv": "ben", "": "dad"}
WEEKEND = ("ben", 1)
BACK_S = 3 * 3600  # a clock goes back so far at most


class Model:
    """The whole rule: slots are sets, a day is a date."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.slots: set[tuple[str, int, int]] = set()

    def day(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.zone)

    def ask(self, at: float, name: str, profile: str, passes: bool, gift: bool) -> None:
        if passes and not gift:
            for owner, number in COUNTS_FOR[name]:
                if owner == profile and ((owner, number) != WEEKEND or self.day(at).weekday() >= 5):
                    self.slots.add((owner, number, int(at) // 300))

    def used(self, profile: str, number: int, now: float) -> int:
        today = self.day(now).date()
        mine = (s for p, n, s in self.slots if (p, n) == (profile, number))
        return sum(self.day(slot * 300).date() == today for slot in mine)


class House:
    """Workers, one ring, and a manager that may be killed."""

    def __init__(self, state: Path, start: float) -> None:
        self.state = state
        self.now = self.latest = start
        self.household = load(state)
        self.ring: list[tuple[int, bytes, Tail]] = []
        self.taken = self.cursor = 0
        self.begin()

    def begin(self) -> None:
        """A manager starts: what it takes next is what follows the committed cursor."""
        self.taken = self.cursor
        self.budgets = Budgets(self.state, lambda: None, clock=lambda: self.now)
        self.budgets.reload(self.household)

    def take(self, count: int) -> None:
        self.budgets.take(self.ring[self.taken : self.taken + count])
        self.taken = min(self.taken + count, len(self.ring))
        self.budgets.step()

    def commit(self, fails: bool) -> None:
        engine = open_activity(self.state)
        try:
            with writing(engine, "activity") as connection:
                self.budgets.flush(connection)
                if fails:
                    raise StoreError("the disk is full")
                self.cursor = self.taken
            self.budgets.stored()
        except StoreError:
            assert fails
        finally:
            engine.dispose()

    def spent(self) -> set[tuple[str, int]]:
        """What row 8 blocks now."""
        with open_store(self.state) as store:
            rows = store.spent(day_of(self.now, ZoneInfo(self.household.timezone)))
        return {(s.profile, s.budget) for s in spent_for(self.household, rows, self.now)}


asking = st.tuples(
    st.just("ask"), st.sampled_from(sorted(COUNTS_FOR)), st.sampled_from(sorted(OWNERS)),
    st.sampled_from([True, True, True, False]),
)  # fmt: skip
operations = st.lists(
    st.one_of(
        asking,
        asking,
        asking,
        st.tuples(st.just("wait"), st.sampled_from([1, 240, 300, 301, 1500, 3600, 86_400])),
        st.tuples(st.just("back"), st.sampled_from([1, 299, 300, 3600])),
        st.tuples(st.just("take"), st.integers(1, 5)),
        st.tuples(st.just("commit"), st.booleans()),
        st.tuples(st.just("kill")),
        st.tuples(st.just("minutes"), st.sampled_from([5, 10, 15, 60])),
        st.tuples(st.just("bonus"), st.sampled_from([5, 15])),
    ),
    min_size=5,
    max_size=40,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state whose databases are made already."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FILTERD_RUN", str(folder / "run"))
        state = set_up(folder / "state")
        open_activity(state).dispose()
        for which in ("household", "activity"):
            db = sqlite3.connect(state / f"{which}.db")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()
        yield state


def with_minutes(household: Household, minutes: int) -> Household:
    """Anna's first budget gets other minutes."""
    anna, *others = household.profiles
    first, *more = anna.budgets
    return replace(household, profiles=(replace(anna, budgets=(replace(first, minutes=minutes), *more)), *others))


def agree(house: House, model: Model) -> dict[tuple[str, int], int]:
    """Have the manager see everything; what it counted and what it said are what the model has. Return the counts."""
    house.take(len(house.ring))
    weekend = model.day(house.now).weekday() >= 5
    budgets = {(p.id, n): b for p in house.household.profiles for n, b in enumerate(p.budgets)}
    used = {key: model.used(*key, house.now) for key in budgets if key != WEEKEND or weekend}
    day = slots_of(day_of(house.now, model.zone), model.zone)
    counted = {}
    for profile, number in used:
        meter = house.budgets._meters.find((profile, key_of(budgets[profile, number])))
        assert meter is not None
        counted[profile, number] = meter.used(day)
    assert counted == used
    assert house.spent() == {key for key, n in used.items() if n * 5 >= budgets[key].minutes}
    return used


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(STARTS), steps=operations)
def test_it_agrees_with_the_model(template: Path, start: str, steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(shutil.copytree(template, Path(folder) / "state"))
        zone = ZoneInfo("Europe/Berlin")
        house, model = House(state, datetime.fromisoformat(start).replace(tzinfo=zone).timestamp()), Model(zone)
        gifts: list[tuple[float, float]] = []  # to Anna
        for word, *values in steps:
            match word:
                case "ask":
                    name, device, passes = values
                    profile = OWNERS[device]
                    action, row = (Action.ALLOW, Row.DEFAULT) if passes else (Action.BLOCK, Row.BUDGET)
                    house.ring.append(asked(name, house.now, profile, device, action=action, row=row))
                    gift = profile == "anna" and any(a <= house.now < b for a, b in gifts)
                    model.ask(house.now, name, profile, passes, gift)
                case "wait":
                    house.now += values[0]
                    house.latest = max(house.latest, house.now)
                case "back":
                    house.now = max(house.now - values[0], house.latest - BACK_S)
                case "take":
                    house.take(values[0])
                case "commit":
                    house.commit(values[0])
                case "kill":
                    before = house.spent()
                    house.begin()
                    house.budgets.step()
                    assert before <= house.spent()
                    agree(house, model)
                case "minutes":
                    house.take(len(house.ring))
                    house.household = with_minutes(house.household, values[0])
                    house.budgets.reload(house.household)
                case "bonus":
                    house.take(len(house.ring))
                    # later than every question: of one in that span nobody could say whether it came before the bonus
                    house.now = house.latest = house.latest + 1
                    end = (house.now + values[0] * 60) // 60 * 60  # ends are rounded up to the minute: this one is not
                    gifts.append((house.now, end))
                    given_ = Grant(Scope.TIME, profile="anna", start=house.now, until=end)
                    house.household = replace(house.household, grants=(*house.household.grants, given_))
                    house.budgets.reload(house.household)
        used = agree(house, model)
        house.commit(False)
        house.commit(False)
        told = {(b.profile, b.number): b for b in status(state, now=house.now)}
        for key, n in used.items():
            assert told[key].used == min(n * 5, told[key].minutes), key
        house.household = load(state)
        house.begin()
        agree(house, model)
