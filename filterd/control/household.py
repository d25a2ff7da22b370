"""The household as a whole: read it, replace it, compile and publish it. One thing of it is changed by change.py.

It lies in the store (store/household.py). Order of a change: judge, write, compile from what was written, publish; a
process killed in between leaves the old or the new household, and the manager or the next start publishes what is
there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from filterd.config.catalogue import Catalogue
from filterd.config.catalogue import load as load_catalogue
from filterd.config.household import read
from filterd.config.household_out import write
from filterd.config.household_words import Known
from filterd.control.entities import HOUSEHOLD, as_written, bodies_of, household_of, is_household, with_ids
from filterd.control.lists import ensure_bundle
from filterd.control.publish import Published, current, publish
from filterd.errors import ConfigError, StoreError
from filterd.host.clock import rules_time
from filterd.host.files import locked, make_folder, read_bounded
from filterd.model.change import Body, Key, Who
from filterd.model.household import Household
from filterd.policy.compile import Knowledge, Spent, compile_snapshot, given_now
from filterd.policy.snapshot import MAX_BYTES as MAX_SNAPSHOT_BYTES
from filterd.policy.snapshot import dump

if TYPE_CHECKING:
    from filterd.store.household import HouseholdStore, Stored

FILE = "household.yaml"  # of an export, and of the version before the database
_MAX_BYTES = 4 * 1024 * 1024

# Three children on one machine, so that `dig -b 127.0.0.11` shows what each of them gets (DECISIONS 6)
DEMONSTRATION = """\
version: 1
timezone: Asia/Ho_Chi_Minh
language: vi
default_profile: minh
profiles:
  - id: lan
    name: Lan
    preset: age-10-13
    categories: {social: allow}
    services: {tiktok: block}
    windows:
      - {name: Giờ ngủ, from: "21:30", to: "06:00", effect: offline}
  - id: minh
    name: Minh
    preset: age-7-9
  - id: tuan
    name: Tuấn
    preset: age-14-17
    windows:
      - {name: Game cuối tuần, days: [sat, sun], from: "14:00", to: "17:00", effect: permit, services: [roblox]}
  - {id: bo-me, name: Bố mẹ, preset: adult}
devices:
  - {id: may-lan, name: Máy của Lan, profile: lan, ip: 127.0.0.11}
  - {id: may-minh, name: Máy của Minh, profile: minh, ip: 127.0.0.12}
  - {id: may-tuan, name: Máy của Tuấn, profile: tuan, ip: 127.0.0.13}
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    household: Household
    published: Published


def known_words(state: Path | None) -> Known:
    """Return the ids a household may use: the catalogue's, and the categories of this state's own lists."""
    catalogue = load_catalogue()
    return Known(
        categories=frozenset(catalogue.categories) | (_own_categories(state) if state is not None else frozenset()),
        services=frozenset(catalogue.services),
        presets=frozenset(catalogue.presets) | {"none"},
        engines=tuple(e for e in catalogue.engines if e != "youtube"),
    )


def knowledge_of(catalogue: Catalogue) -> Knowledge:
    """Return the part of the catalogue that a snapshot carries."""
    return Knowledge(
        categories=catalogue.categories,
        services=catalogue.services,
        presets=catalogue.presets,
        safe_hosts=catalogue.safe_hosts,
        safe_targets={name: engine.targets for name, engine in catalogue.engines.items()},
        safe_fallbacks={name: engine.fallback_a for name, engine in catalogue.engines.items()},
    )


@contextmanager
def open_store(state: Path, *, make: bool = False) -> Iterator[HouseholdStore]:
    """The household's store, closed at the end of the block. StoreError when there is none, unless `make`."""
    from filterd.store.household import HouseholdStore

    if not make and not has_store(state):
        raise StoreError(f"{state}: no household yet; start `filterd up` once, or import one: `filterd policy import`")
    make_folder(state)
    store = HouseholdStore.open(state)
    try:
        yield store
    finally:
        store.close()


def load(state: Path) -> Household:
    """Return the household of `state`; StoreError when there is none, ConfigError when it is damaged."""
    return read_stored(state)[0]


def read_stored(state: Path) -> tuple[Household, int]:
    """Return the household and its revision, as of one moment."""
    with open_store(state) as store:
        stored = store.stored()
    return household_of(stored.bodies(), known_words(state)), stored.revision


def has_store(state: Path, which: str = "household") -> bool:
    """Return whether there is a database (household, activity), without making one."""
    return (state / f"{which}.db").exists() or (state / "database").exists()


def check(text: bytes, state: Path | None, file: str) -> Household:
    """Return the household in `text`; ConfigError names path and line of every error. Changes nothing."""
    return read(text, known_words(state), file)


def import_household(state: Path, text: bytes, file: str, now: float | None = None, who: Who | None = None) -> Imported:
    """Replace the whole household, grants and off included, and publish it. ConfigError changes nothing."""
    now = rules_time(state) if now is None else now
    household = given_now(check(text, state, file), now)
    check(write(household), state, FILE)  # written out it is longer: it must be readable from then on
    compile_bytes(household, now)
    with open_store(state, make=True) as store:
        _store_whole(store, household, who or Who(), "import", now)
    published = republish(state, now)
    before = current(state)
    if before is None or before.bundle is None:  # a fresh state: what is shipped protects from the first question on
        published = publish(state, bundle=ensure_bundle(state))
    return Imported(load(state), published)  # as it lies there, with ids for its grants


def _store_whole(store: HouseholdStore, household: Household, who: Who, verb: str, now: float) -> None:
    """Write a whole household into the store; what is not of the household (requests, settings) stays."""

    def make(stored: Stored) -> dict[Key, Body]:
        others = {k: b for k, b in stored.bodies().items() if not is_household(k)}
        own = bodies_of(with_ids(household, stored.revision + 1))
        return {**as_written(own, stored.bodies()), **others}

    store.change(who, verb, now, make)


def export_household(state: Path) -> bytes:
    """Return the household as YAML."""
    return write(load(state))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A household and its snapshot (without used-up budgets) at a revision of the store, as its change left them."""

    revision: int
    household: Household
    snapshot: bytes


def republish(state: Path, now: float | None = None, made: Compiled | None = None) -> Published:
    """Compile the household that lies in the store right now and put it into force.

    It is read under the lock of the publication, so whoever publishes last publishes the newest. `made`: what the
    caller has just compiled; it is taken when nobody was faster.
    """

    def compiled() -> bytes:
        at = rules_time(state) if now is None else now
        with open_store(state) as store:
            newest = made if made is not None and store.revision() == made.revision else None
            household = (
                household_of(store.stored().bodies(), known_words(state)) if newest is None else newest.household
            )
            spent = _spent(store, household, at)
        return compile_bytes(household, at, spent) if newest is None or spent else newest.snapshot

    return publish(state, snapshot=compiled)


def _spent(store: HouseholdStore, household: Household, now: float) -> list[Spent]:
    """Return the budgets that are used up today: part of what is in force, whoever publishes."""
    if not any(p.budgets for p in household.profiles):
        return []
    from filterd.policy.budget import day_of, spent_for

    return spent_for(household, store.spent(day_of(now, ZoneInfo(household.timezone))), now)


def compile_bytes(household: Household, now: float, spent: Sequence[Spent] = ()) -> bytes:
    """Return the snapshot of `household` as bytes; ConfigError when it is too large to be published."""
    data = dump(compile_snapshot(household, knowledge_of(load_catalogue()), now, spent))
    if len(data) > MAX_SNAPSHOT_BYTES:
        raise ConfigError(
            f"the household compiles to {len(data) >> 20} MiB, expected at most {MAX_SNAPSHOT_BYTES >> 20} MiB: "
            "use fewer windows"
        )
    return data


def ensure(state: Path) -> bool:
    """Make sure that `state` has a household in force. Returns True when the demonstration was set up.

    The household.yaml of a version before the database is taken over once and kept as household.yaml.old.
    """
    make_folder(state)
    path = state / FILE
    fresh = False
    with locked(state / "household.lock"), open_store(state, make=True) as store:
        if HOUSEHOLD not in store.stored().entities:
            now = time.time()
            if path.exists():
                household = read(read_bounded(path, _MAX_BYTES), known_words(state), str(path))
                _store_whole(store, given_now(household, now), Who(source="upgrade"), "import", now)
                path.rename(path.with_name(f"{FILE}.old"))
            else:
                household = read(DEMONSTRATION, known_words(state), "demonstration")
                _store_whole(store, household, Who(source="upgrade"), "demonstration", now)
                fresh = True
    republish(state)
    return fresh


def is_demonstration(state: Path) -> bool:
    """Return True while the household is still the one of the first start."""
    try:
        return load(state) == read(DEMONSTRATION, known_words(state), "demonstration")
    except (StoreError, ConfigError):
        return False


def _own_categories(state: Path) -> frozenset[str]:
    """Return the categories of the lists in this state (control/lists.py keeps them)."""
    path = state / "lists" / "registry.json"
    try:
        document = json.loads(path.read_bytes())
        return frozenset(str(entry["category"]) for entry in document["lists"])
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()  # a damaged registry is reported by the lists' own commands
