"""How soon a change is in force: from the call to the moment at which a worker answers by it.

A real `filterd serve` worker with a bundle of a million made-up names and a household of 50 profiles with windows.
Each run makes one change through the use case itself (block a name, allow it again, off, on, bonus, a window) and asks
one DNS question when the call has returned: it must be answered by the new rules, or the run is no run. With --phases
each part's share is printed too. The target is 200 ms in the median.

    python -m tests.bench.publish [--names 1000000] [--profiles 50] [--runs 50] [--phases]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filterd.control import change, household, moves, profiles, publish
from filterd.control.change import Done
from filterd.control.lists import add_list
from filterd.control.moves import Whom
from filterd.lists.bundle import Bundle
from filterd.model.change import Who
from filterd.model.household import Effect, Window
from filterd.store import household as store
from tests.processes import Service, UpstreamStub, addresses

TARGET_MS = 200.0
SITE, NAME = "192.0.2.80", "free.example"
MUM = Who("mẹ")
# what is timed with --phases: where it stands, and under which name it is shown; some lie inside others
PHASES = (
    (change, "known_words", "read the catalogue"),
    (change, "household_of", "read the entities"),
    (change, "bodies_of", "write the entities"),
    (change, "compile_bytes", "compile and dump"),
    (store, "_write", "store: insert"),
    (store.HouseholdStore, "change", "store: whole transaction"),
    (store.HouseholdStore, "open", "store: open"),
    (change, "republish", "publish: whole"),
    (publish, "_write_part", "publish: snapshot file"),
    (publish, "_commit", "publish: revision files"),
    (publish, "_remove_unused", "publish: remove old files"),
    (publish, "announce", "publish: workers"),
)


@dataclass(frozen=True)
class Step:
    """One change; from then on `client` gets `answer` for NAME."""

    kind: str
    make: Callable[[Path], Done]
    client: str
    answer: str


def family(count: int) -> str:
    """A household of so many profiles, each with a bedtime, lessons, a game window and a device."""
    windows = (
        "[{name: Bedtime, from: '21:30', to: '21:31', effect: offline}, "
        "{name: Lessons, days: [mon, tue, wed, thu, fri], from: '08:00', to: '08:01', effect: only}, "
        "{name: Games, days: [sat, sun], from: '14:00', to: '17:00', effect: permit, services: [roblox]}]"
    )
    lines = ["version: 1", "language: en", "profiles:"]
    for number in range(count):
        names = f"{{block: [own-{number}.example, other-{number}.example]}}"
        lines.append(
            f"  - {{id: p{number}, name: Child {number}, preset: age-7-9, names: {names}, windows: {windows}}}"
        )
    lines.append("devices:")
    for number in range(count):
        lines.append(f"  - {{id: d{number}, name: Phone {number}, profile: p{number}, ip: {address(number)}}}")
    return "\n".join(lines) + "\n"


def address(number: int) -> str:
    """The address of a profile's device."""
    return f"127.0.{1 + number // 200}.{10 + number % 200}"


def steps(count: int) -> Iterator[Step]:
    """Changes without an end, in pairs that leave everything as it was; each is seen by one question."""
    number = 0
    while True:
        ident, client = f"p{number % count}", address(number % count)
        whom = Whom(profile=ident)
        yield Step("name block", lambda s: profiles.add_name(s, MUM, ident, "block", NAME), client, "0.0.0.0")
        yield Step("name removed", lambda s: profiles.remove_name(s, MUM, ident, "block", NAME), client, SITE)
        yield Step("off", lambda s: moves.off(s, MUM, whom, minutes=60), client, "0.0.0.0")
        yield Step("bonus", lambda s: moves.bonus(s, MUM, whom, 15), client, SITE)
        yield Step("undo", lambda s: change.undo(s, MUM), client, "0.0.0.0")
        yield Step("on", lambda s: moves.on(s, MUM, whom), client, SITE)
        always = (Window("Now", Effect.OFFLINE, 0, 1440),)
        yield Step("windows", lambda s: profiles.set_windows(s, MUM, ident, always), client, "0.0.0.0")
        yield Step("windows", lambda s: profiles.set_windows(s, MUM, ident, ()), client, SITE)
        number += 1


def made_up(count: int) -> Iterator[str]:
    """Names that look like a list's: scattered, the same each time."""
    for number in range(count):
        yield f"{(number * 2_654_435_761) & 0xFFFF_FFFF:08x}-bet.{('com', 'net', 'xyz', 'com.vn')[number % 4]}\n"


def prepare(state: Path, names: int, count: int) -> None:
    """Put the family and a bundle of so many names into force."""
    household.import_household(state, family(count).encode(), "household.yaml")
    file = state.parent / "names.txt"
    with file.open("w") as out:
        out.writelines(made_up(names))
    add_list(state, "big", str(file), category="gambling", format="domains", shrink=1.0)
    file.unlink()
    current = publish.current(state)
    assert current is not None and current.bundle is not None and current.snapshot is not None
    bundle = Bundle.open(state / current.bundle.file, verify=False)
    snapshot = (state / current.snapshot.file).stat().st_size
    print(f"bundle of {bundle.names:,} names, snapshot of {snapshot >> 10} KiB, {count} profiles", flush=True)
    bundle.close()


class Phases:
    """Times functions where they stand. What they call is in their time."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        for owner, name, shown in PHASES:
            self._wrap(owner, name, shown)

    def _wrap(self, owner: Any, name: str, shown: str) -> None:
        function = owner.__dict__[name]
        plain = function.__func__ if isinstance(function, classmethod) else function

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return plain(*args, **kwargs)
            finally:
                self.spent[shown] += time.perf_counter() - start

        setattr(owner, name, classmethod(timed) if isinstance(function, classmethod) else timed)


def measure(service: Service, runs: int, count: int) -> tuple[dict[str, list[float]], list[float]]:
    """Make changes; return the milliseconds of each kind, and all of them."""
    kinds: dict[str, list[float]] = defaultdict(list)
    every: list[float] = []
    changes = steps(count)
    for number in range(-4, runs):  # the first ones import and read what stays
        step = next(changes)
        start = time.perf_counter()
        done = step.make(service.state)
        took = 1000 * (time.perf_counter() - start)
        found = addresses(service.ask(NAME, client=step.client))
        assert found == [step.answer], f"{step.kind} is not in force when the call returns: {found}"
        assert done.published is not None and done.published.acknowledged == 1 and not done.problem, done
        if number >= 0:
            kinds[step.kind].append(took)
            every.append(took)
    return kinds, every


def main() -> int:
    """Measure and print; 1 when the median misses the target."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--names", type=int, default=1_000_000)
    options.add_argument("--profiles", type=int, default=50)
    options.add_argument("--runs", type=int, default=50)
    options.add_argument("--phases", action="store_true")
    args = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="filterd-publish-") as folder:
        state = Path(folder) / "state"
        os.environ["FILTERD_RUN"] = str(Path(folder) / "state.run")
        Path(os.environ["FILTERD_RUN"]).mkdir()
        prepare(state, args.names, args.profiles)
        with UpstreamStub({NAME: [SITE]}) as upstream, Service.serve(state, upstream) as service:
            kinds, every = measure(service, args.runs, args.profiles)
            middle = statistics.median(every)
            print(f"in force after {middle:.1f} ms (median of {len(every)}; {min(every):.1f} .. {max(every):.1f})")
            for kind, found in sorted(kinds.items()):
                print(f"  {kind:14} {statistics.median(found):7.1f} ms")
            if args.phases:
                phases = Phases()
                measure(service, args.runs, args.profiles)
                for _, _, shown in PHASES:
                    print(f"  {shown:26} {1000 * phases.spent[shown] / (args.runs + 4):7.1f} ms")
    return 0 if middle <= TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
