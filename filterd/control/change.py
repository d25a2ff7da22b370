"""One change of the household, from the call to the workers' acknowledgement; and taking one back.

Every use case (profiles.py, devices.py, moves.py, requests.py) is a function from a household to a household, applied
here: read the newest state, change it, judge the result, write it with its row of history in one transaction, publish.
What was acknowledged here is on disk; when publishing fails it is said ("saved, not active yet") and the manager tries
again.

    done = apply(state, Who("mẹ"), "off", lambda h: replace(h, internet_off=(*h.internet_off, off)))
    undo(state, Who("mẹ"))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filterd.control.entities import HOUSEHOLD, as_written, bodies_of, household_of, is_household, with_ids
from filterd.control.harm import refuse_unproved
from filterd.control.household import Compiled, compile_bytes, known_words, open_store, republish
from filterd.control.publish import Published
from filterd.errors import ConfigError, Conflict, FilterdError
from filterd.host.clock import rules_time
from filterd.model.change import OUTSIDE, UNDO_S, Body, Change, Key, Who
from filterd.model.household import Household
from filterd.policy.compile import given_now
from filterd.store.household import Stored, conflict_text

MAX_BY = 80  # characters of a person's name
_UNDO_AMONG = 100  # newest changes among which Undo looks for its own
MAX_LIVE = 500  # grants and offs at once, each: more is a mistake or an attack

Alter = Callable[[Household], Household]
More = Callable[[dict[Key, Body]], Mapping[Key, Body]]


@dataclass(frozen=True, slots=True)
class Done:
    """What a change did. `change` None: everything was like that already. `problem`: saved, but not in force yet."""

    change: Change | None
    household: Household
    published: Published | None = None
    problem: str = ""

    @property
    def revision(self) -> int | None:
        """The household's revision after the change, to be sent along with the next one."""
        return None if self.change is None else self.change.number


def apply(
    state: Path,
    who: Who,
    verb: str,
    alter: Alter = lambda household: household,
    *,
    more: More | None = None,
    seen: int | None = None,
    now: float | None = None,
    reverts: int | None = None,
) -> Done:
    """Change the household of `state` and put it into force.

    `alter` gets the newest household; `more`, when given, the bodies of everything else (requests, settings) and
    returns them changed. Both run inside the transaction and may raise. `seen`: see HouseholdStore.change. Raises
    ConfigError (the result does not fit together), Conflict, ProofNeeded, StoreError; then nothing has changed.
    """
    at = rules_time(state) if now is None else now
    known = known_words(state)
    result: list[Compiled] = []

    def make(stored: Stored) -> Mapping[Key, Body]:
        others = {key: body for key, body in stored.bodies().items() if not is_household(key)}
        before = household_of(stored.bodies(), known)
        altered = alter(before)
        if altered is before:
            result.append(Compiled(stored.revision, before, b""))
            own = {key: body for key, body in stored.bodies().items() if is_household(key)}
        else:
            after = given_now(with_ids(altered, stored.revision + 1), at)
            own = as_written(bodies_of(after), stored.bodies())
            judged = household_of(own, known)  # everything that the file's reader refuses is refused here too
            _check_bounds(before, judged)
            refuse_unproved(state, who, before, judged)
            result.append(Compiled(stored.revision + 1, judged, compile_bytes(judged, at)))
        return {**own, **(more(others) if more is not None else others)}

    check_who(who)
    with open_store(state) as store:
        change = store.change(who, verb, at, make, seen=seen, reverts=reverts)
    household = result[-1].household
    if change is None or not any(is_household((e.kind, e.id)) for e in change.edits):
        return Done(change, household)
    published, problem = put_into_force(state, at, result[-1])
    return Done(change, household, published, problem)


def put_into_force(state: Path, now: float | None = None, made: Compiled | None = None) -> tuple[Published | None, str]:
    """Publish the newest state of the store; return what the workers said, and a sentence when it is not in force."""
    try:
        published = republish(state, now, made)
    except FilterdError as exc:
        return None, f"saved, not active yet: {exc}"
    if published.late:
        return published, f"saved, not active everywhere yet: {'; '.join(published.late)}"
    return published, ""


def revert(state: Path, who: Who, number: int, *, now: float | None = None) -> Done:
    """Take change `number` back: each of its entities becomes what it was before.

    Conflict when one of them has changed since; ConfigError when the rest does not fit without it (a profile that has
    devices by now); ProofNeeded. The reverting is a change of its own, and can be taken back too.
    """
    at = rules_time(state) if now is None else now
    known = known_words(state)
    check_who(who)
    result: list[Compiled] = []
    with open_store(state) as store:
        old = store.find(number)
        outside = next((e.kind for e in old.edits if e.kind in OUTSIDE), "")
        if outside in ("account", "token"):
            raise ConfigError(f"change {number} is of an account: it is not taken back here; change the account itself")
        if outside in ("list", "lists"):
            raise ConfigError(
                f"change {number} is of the lists: it is not taken back here; change the lists themselves"
            )
        if outside:
            raise ConfigError(f"change {number} deleted from the log: that cannot be taken back")
        later = [c for c in store.history(limit=200) if c.number > number]

        def make(stored: Stored) -> Mapping[Key, Body]:
            bodies = _taken_back(stored, old, later)
            if HOUSEHOLD not in bodies:
                raise ConfigError(f"change {number} began the household: it cannot be taken back")
            household = household_of(bodies, known)
            if not 0 <= at - old.at <= UNDO_S:  # a slip of seconds ago is nobody's way round
                refuse_unproved(state, who, household_of(stored.bodies(), known), household)
            result.append(Compiled(stored.revision + 1, household, compile_bytes(household, at)))
            return bodies

        change = store.change(who, "revert", at, make, reverts=number)
    if change is None:
        return Done(None, result[-1].household)
    published, problem = put_into_force(state, at, result[-1])
    return Done(change, result[-1].household, published, problem)


def undo(state: Path, who: Who, *, now: float | None = None) -> Done:
    """Take the newest change of this source back, while it is at most UNDO_S old. ConfigError when it is older.

    Not what came in between from elsewhere: a child's request, the manager's tidying.
    """
    at = rules_time(state) if now is None else now
    with open_store(state) as store:
        newest = [c for c in store.history(limit=_UNDO_AMONG) if c.who.source == who.source]
    if not newest:
        raise ConfigError("there is no change yet that could be taken back")
    age = at - newest[0].at
    if age > UNDO_S:
        raise ConfigError(
            f"the newest change is number {newest[0].number} ({newest[0].verb}) and {age:.0f} s old, expected at most "
            f"{UNDO_S:g} s; `filterd history` shows them, `filterd undo {newest[0].number}` takes it back"
        )
    return revert(state, who, newest[0].number, now=at)


def history(
    state: Path, *, limit: int = 50, before: int | None = None, kind: str = "", ident: str = ""
) -> list[Change]:
    """Return changes, newest first; with `kind` those of one entity."""
    with open_store(state) as store:
        return store.history(limit=limit, before=before, key=(kind, ident) if kind else None)


def check_who(who: Who) -> None:
    """Raise ConfigError when their name is none that a history can show."""
    if len(who.by) > MAX_BY or not who.by.isprintable():
        raise ConfigError(f"by: expected a name of at most {MAX_BY} printable characters")


def _taken_back(stored: Stored, old: Change, later: list[Change]) -> dict[Key, Body]:
    """Return all bodies with those of `old` as they were, and where they were, before it."""
    bodies = stored.bodies()
    places = {key: (found.position, 1) for key, found in stored.entities.items()}
    for edit in old.edits:
        key = (edit.kind, edit.id)
        if edit.before == edit.after:  # it stood at another place, no more: that is nobody's conflict
            if key in bodies and stored.entities[key].position == edit.position_after:
                places[key] = (edit.position_before, 0)
            continue
        if bodies.get(key) != edit.after:
            others = tuple(c for c in later if any((e.kind, e.id) == key for e in c.edits))
            raise Conflict(conflict_text(others), others)
        if edit.before is None:
            del bodies[key]
            continue
        bodies[key] = edit.before
        if edit.after is None or edit.position_before != edit.position_after:
            places[key] = (edit.position_before, 0)  # before what stands there by now
    return dict(sorted(bodies.items(), key=lambda item: places[item[0]]))


def _check_bounds(before: Household, after: Household) -> None:
    for what, was, found in (
        ("grants", before.grants, after.grants),
        ("internet_off", before.internet_off, after.internet_off),
    ):
        if len(found) > max(MAX_LIVE, len(was)):
            raise ConfigError(f"{what}: {len(found)} at once, expected at most {MAX_LIVE}; take some back first")
