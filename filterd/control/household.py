"""The household's use cases so far: read it, replace it as a whole, compile and publish it.

The household lies in STATE/household.yaml, written whole and by rename. Order of a change: validate, write, compile
from what was written, publish; a process killed in between leaves the old or the new household, and the next `ensure`
publishes what is there.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from filterd.config.catalogue import Catalogue
from filterd.config.catalogue import load as load_catalogue
from filterd.config.household import Known, read
from filterd.config.household_out import write
from filterd.control.lists import ensure_bundle
from filterd.control.publish import Published, current, publish
from filterd.errors import ConfigError, StoreError
from filterd.host.files import locked, make_folder, read_bounded, write_atomic
from filterd.model.household import Household
from filterd.policy.compile import Knowledge, compile_snapshot, given_now
from filterd.policy.snapshot import MAX_BYTES as MAX_SNAPSHOT_BYTES
from filterd.policy.snapshot import dump

FILE = "household.yaml"
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


def load(state: Path) -> Household:
    """Return the household of `state`; StoreError when there is none, ConfigError when it is damaged."""
    path = state / FILE
    if not path.exists():
        raise StoreError(
            f"{path}: no household yet; start `filterd up` once, or import one with `filterd policy import`"
        )
    return read(read_bounded(path, _MAX_BYTES), known_words(state), str(path))


def check(text: bytes, state: Path | None, file: str) -> Household:
    """Return the household in `text`; ConfigError names path and line of every error. Changes nothing."""
    return read(text, known_words(state), file)


def import_household(state: Path, text: bytes, file: str, now: float | None = None) -> Imported:
    """Replace the whole household, grants and off included, and publish it. ConfigError changes nothing."""
    now = time.time() if now is None else now
    household = given_now(check(text, state, file), now)
    data = write(household)
    check(data, state, FILE)  # written out it is longer: it must be readable from then on
    compile_bytes(household, now)
    make_folder(state)
    with locked(state / "household.lock"):
        write_atomic(state / FILE, data)
    published = republish(state, now)
    before = current(state)
    if before is None or before.bundle is None:  # a fresh state: what is shipped protects from the first question on
        published = publish(state, bundle=ensure_bundle(state))
    return Imported(household, published)


def export_household(state: Path) -> bytes:
    """Return the household as YAML."""
    return write(load(state))


def republish(state: Path, now: float | None = None) -> Published:
    """Compile the household that lies in `state` right now and put it into force.

    It is read under the lock of the publication, so whoever publishes last publishes the newest.
    """

    def compiled() -> bytes:
        return compile_bytes(load(state), time.time() if now is None else now)

    return publish(state, snapshot=compiled)


def compile_bytes(household: Household, now: float) -> bytes:
    """Return the snapshot of `household` as bytes; ConfigError when it is too large to be published."""
    data = dump(compile_snapshot(household, knowledge_of(load_catalogue()), now))
    if len(data) > MAX_SNAPSHOT_BYTES:
        raise ConfigError(
            f"the household compiles to {len(data) >> 20} MiB, expected at most {MAX_SNAPSHOT_BYTES >> 20} MiB: "
            "use fewer windows"
        )
    return data


def ensure(state: Path) -> bool:
    """Make sure that `state` has a household in force. Returns True when the demonstration was set up."""
    make_folder(state)
    path = state / FILE
    fresh = False
    with locked(state / "household.lock"):
        if not path.exists():
            household = read(DEMONSTRATION, known_words(state), "demonstration")
            write_atomic(path, write(household))
            fresh = True
    republish(state)
    return fresh


def is_demonstration(state: Path) -> bool:
    """Return True while the household is still the one of the first start."""
    try:
        return (state / FILE).read_bytes() == write(read(DEMONSTRATION, known_words(state), "demonstration"))
    except (OSError, ConfigError):
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
