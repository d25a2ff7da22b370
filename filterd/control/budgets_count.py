"""Counts, in memory, the five-minute slots in which profiles used what their budgets limit.

Slots are sets of numbers: the same question twice, another device, a ring that is read again after a restart add
nothing. Which names count is looked up in the published bundle and remembered; what counts at all is
policy/budget.py's. Stored by budgets.py, shown by budgets_status.py.

    meters = Meters(Names(state).tags)
    meters.plan(household, now)
    for new in meters.take(events): ...          # New(meter, slot, at_ms): slots that were not there
    new.meter.used(slots_of(day, zone))          # how many of a local day
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from filterd.control.known import halve
from filterd.errors import FilterdError
from filterd.host import revision as revisions
from filterd.lists.bundle import Bundle
from filterd.model.event import Tail
from filterd.model.household import Budget, Household
from filterd.model.tags import NO_TAGS, TagSet
from filterd.policy.budget import (
    SLOT_S,
    Gifts,
    charges,
    counts_on,
    day_of,
    gifts,
    is_gift,
    key_of,
    reaches_row,
)

MAX_TAILS = 8192  # records that are known by their identity
MAX_NAMES = 16_384  # names of profiles that are known
MAX_SLOTS = 1200  # of one budget: four days, so that a clock that jumps and comes back loses nothing
_SLOT_MS = SLOT_S * 1000
_LAST_SLOT = 253_370_764_800 // SLOT_S  # the year 9999: what is later is a clock gone mad

Event = tuple[int, bytes, Tail]
Key = tuple[str, str]  # profile, key of the budget


class Meter:
    """One budget of one profile, and the slots that it has counted."""

    __slots__ = ("budget", "idle", "key", "slots")

    def __init__(self, key: Key, budget: Budget) -> None:
        self.key = key
        self.budget = budget  # its minutes are nobody's business here
        self.slots: set[int] = set()
        self.idle = -1  # a slot of a day on which the budget does not hold

    def used(self, day: range) -> int:
        """Return how many slots of a local day (policy/budget.py: slots_of) were counted."""
        return sum(slot in day for slot in self.slots)


class New(NamedTuple):
    """A slot that was counted just now, and when the question came."""

    meter: Meter
    slot: int
    at_ms: int


class Meters:
    """All budgets of a household. Bounded by what a household may have, times MAX_SLOTS."""

    def __init__(self, tags: Callable[[bytes], TagSet]) -> None:
        """`tags`: what is known of a lower-case wire name."""
        self._tags = tags
        self._plans: dict[str, tuple[Meter, ...]] = {}  # profile -> its budgets, without doubles
        self._tails: dict[int, tuple[Tail, tuple[Meter, ...]]] = {}  # by identity; the tail is held, so it stays one
        self._names: dict[tuple[str, bytes], tuple[Meter, ...]] = {}
        self._gifts: Gifts = {}
        self.zone = ZoneInfo("UTC")

    def plan(self, household: Household, now: float, only: str | None = None) -> bool:
        """Count for the budgets of `household` (of the profile `only`); True when one of them was not known before.

        What was counted stays; a budget whose minutes alone were changed is the same one. A budget that is taken away
        is forgotten here.
        """
        before = {meter.key: meter for meter in self}
        self.zone = ZoneInfo(household.timezone)
        self._gifts = gifts(household, now)
        self._plans = {}
        fresh = False
        for profile in household.profiles:
            found: dict[Key, Meter] = {}
            for budget in profile.budgets if only in (None, profile.id) else ():
                key = (profile.id, key_of(budget))
                fresh = fresh or key not in before
                found.setdefault(key, before.get(key) or Meter(key, budget))
            if found:
                self._plans[profile.id] = tuple(found.values())
                for meter in found.values():
                    meter.idle = -1  # its days are those of another zone, perhaps
        self.forget_names()
        return fresh

    def forget_names(self) -> None:
        """There is another bundle: names may mean something else."""
        self._tails.clear()
        self._names.clear()

    def __bool__(self) -> bool:
        return bool(self._plans)

    def __iter__(self) -> Iterator[Meter]:
        for plan in self._plans.values():
            yield from plan

    def find(self, key: Key) -> Meter | None:
        """Return the meter of a budget, None when there is no such budget."""
        return next((meter for meter in self._plans.get(key[0], ()) if meter.key == key), None)

    def take(self, events: Sequence[Event]) -> list[New]:
        """Count some events; return the slots that are new."""
        new: list[New] = []
        plans, tails = self._plans, self._tails
        if not plans:
            return new
        for at_ms, _, tail in events:
            if tail.profile not in plans:
                continue
            known = tails.get(id(tail)) or self._learn(tail)
            for meter in known[1]:
                slot = at_ms // _SLOT_MS
                if slot not in meter.slots and slot != meter.idle and self._add(meter, slot, at_ms, tail):
                    new.append(New(meter, slot, at_ms))
        return new

    def put(self, key: Key, slot: int) -> None:
        """Add a slot that was counted before, if there is still such a budget."""
        meter = self.find(key)
        if meter is not None:
            meter.slots.add(slot)

    def _learn(self, tail: Tail) -> tuple[Tail, tuple[Meter, ...]]:
        found: tuple[Meter, ...] = ()
        if reaches_row(tail):
            key = (tail.profile, tail.qname)
            known = self._names.get(key)
            if known is None:
                tags = self._tags(tail.qname)
                known = tuple(m for m in self._plans[tail.profile] if charges(m.budget, tags))
                if len(self._names) >= MAX_NAMES:
                    halve(self._names)
                self._names[key] = known
            found = known
        if len(self._tails) >= MAX_TAILS:
            halve(self._tails)
        learnt = self._tails[id(tail)] = (tail, found)
        return learnt

    def _add(self, meter: Meter, slot: int, at_ms: int, tail: Tail) -> bool:
        if not 0 <= slot < _LAST_SLOT or is_gift(self._gifts, tail.profile, tail.device, at_ms / 1000):
            return False
        day = day_of(slot * SLOT_S, self.zone)
        if not counts_on(meter.budget, day):
            meter.idle = slot
            return False
        if len(meter.slots) >= MAX_SLOTS:
            near = range(slot - MAX_SLOTS // 4, slot + MAX_SLOTS // 4)
            meter.slots = {s for s in meter.slots if s in near}
        meter.slots.add(slot)
        return True


class Names:
    """What is known of names: the tag sets of the bundle in force."""

    def __init__(self, state: Path, *, verify: bool = True) -> None:
        """`verify=False`: do not hash the file once more; for a short look."""
        self._state = state
        self._verify = verify
        self._bundle: Bundle | None = None
        self._signature: tuple[int, int, int] | None = None

    def refresh(self) -> bool:
        """Open the published bundle when it is another one; return whether it was. Costs one stat() when it is not.

        One that cannot be opened leaves the one before.
        """
        try:
            status = (self._state / revisions.NAME).stat()
        except OSError:
            return False
        signature = (status.st_ino, status.st_size, status.st_mtime_ns)
        if signature == self._signature:
            return False
        self._signature = signature  # also when none can be opened: not again before there is another file
        for revision in revisions.candidates(self._state):
            part = revision.bundle
            if part is None:
                continue
            if self._bundle is not None and self._bundle.digest == part.digest:
                return False
            try:
                opened = Bundle.open(self._state / part.file, part.digest, verify=self._verify)
            except FilterdError:
                continue
            self.close()
            self._bundle, self._signature = opened, signature
            return True
        return False

    def tags(self, name: bytes) -> TagSet:
        """Return the tag set of a lower-case wire name; nothing is known of what is no name."""
        if self._bundle is None and not self.refresh():
            return NO_TAGS
        assert self._bundle is not None  # opened just now
        try:
            return self._bundle.tagsets[self._bundle.lookup(name)]
        except IndexError:
            return NO_TAGS

    def close(self) -> None:
        """Let go of the mapped bundle."""
        if self._bundle is not None:
            self._bundle.close()
            self._bundle = self._signature = None
