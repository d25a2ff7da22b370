"""The n-th write, sync or rename fails, for every n: what was acknowledged is there, and the next change succeeds.

A shim in C (shim.c, compiled here, loaded with LD_PRELOAD) fails one call, or all from that one on, with "I/O error" or
"no space", below the state folder; n grows until the operation ends without reaching it. A real worker answers all the
time. This is not a power cut: what was written before the failure is in the kernel's cache and stays readable, nothing
is torn or reordered. It shows that every failing call is noticed, said, and got over.

    python -m tests.faults.test_store_faults STATE        # what the child process runs, under the shim
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from filterd.control import household as use
from filterd.control.change import apply
from filterd.control.explain import Explainer
from filterd.control.explain_question import Question
from filterd.control.tidy import tidy
from filterd.errors import FilterdError
from filterd.model.change import Who
from filterd.store.household import HouseholdStore, SpentRow
from tests.flow.test_store_kill import BLOCKED, HOUSEHOLD, KID, SITE, is_whole, number_of, step
from tests.flow.test_story_kill import everywhere
from tests.processes import Service, UpstreamStub, addresses, load

MOST = 300  # calls of one operation; more is a loop
SOAK = "FILTERD_SOAK_S" in os.environ
pytestmark = pytest.mark.slow
HOW = [(error, sticky) for error in (errno.EIO, errno.ENOSPC) for sticky in (False, True)]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled shim."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed: the shim that fails writes cannot be compiled")
    target = tmp_path_factory.mktemp("shim") / "faults.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(["gcc", "-Wall", "-O1", "-shared", "-fPIC", "-o", target, source, "-ldl"], check=True)
    return target


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A household in force and a worker that serves it."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    (tmp_path / "state.run").mkdir()
    use.import_household(tmp_path / "state", HOUSEHOLD.encode(), "h.yaml")
    with UpstreamStub(behave=everywhere) as upstream, Service.serve(tmp_path / "state", upstream) as service:
        yield service


def under(shim: Path, operation: str, state: Path, *, seconds: float = 280) -> dict[str, Any]:
    """Run an operation in a process under the shim; return what it told."""
    environment = os.environ | {"LD_PRELOAD": str(shim), "FAULT_FOLDER": str(state)}
    command = [sys.executable, "-m", __name__, operation, str(state)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["calls"], f"the shim saw no call of {operation}"
    return told


@pytest.mark.parametrize("operation", ["change", "housekeeping"])
def test_after_every_failing_call_all_is_there_and_the_next_change_succeeds(
    shim: Path, box: Service, operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with load(box.bound[0], [f"free-{n}.example" for n in range(50)], 100, client="127.0.0.22") as asked:
        told = under(shim, operation, box.state)
        assert addresses(box.ask(f"x.rule-{told['saved']}.example", client=KID)) == BLOCKED
        assert addresses(box.ask(f"x.rule-{told['saved'] + 1}.example", client=KID)) == SITE
    assert asked.lost == 0 and set(asked.rcodes) == {0}
    assert "Traceback" not in box.said
    with capsys.disabled():
        print(f"\n{operation}: " + ", ".join(f"{key} {value}" for key, value in told.items() if key != "kinds"))
    assert set(told["kinds"]) >= {"pwrite", "fdatasync"}
    if operation == "change":
        assert set(told["kinds"]) >= {"write", "fsync", "rename"}
        assert told["refused"] and told["not in force"]  # both happened: before and after the commit


def test_after_every_failing_call_of_the_first_start_the_next_start_succeeds(
    shim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    told = under(shim, "first start", tmp_path / "states")
    with capsys.disabled():
        print("\nfirst start: " + ", ".join(f"{key} {value}" for key, value in told.items() if key != "kinds"))
    assert set(told["kinds"]) >= {"write", "pwrite", "fdatasync", "rename"}


# ---- under the shim


class Faults:
    """The shim's switch."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.fault_last.restype = ctypes.c_char_p
        self.kinds: dict[str, int] = {}
        self.calls = 0

    @contextlib.contextmanager
    def armed(self, number: int, error: int, sticky: bool) -> Iterator[None]:
        """Fail the call `number` in the block."""
        self._library.fault_arm(ctypes.c_long(number), error, sticky)
        try:
            yield
        finally:
            self.count, self.last = self._library.fault_count(), self._library.fault_last().decode()
            self._library.fault_arm(ctypes.c_long(0), 0, 0)
            self.reached = bool(self.last)
            self.calls = max(self.calls, self.count)
            if self.reached:
                word = self.last.split()[0]
                self.kinds[word] = self.kinds.get(word, 0) + 1

    def each(self) -> Iterator[tuple[int, int, bool]]:
        """Every number with the first way of failing, every second one with the others (soak: all); the caller arms."""
        for way, (error, sticky) in enumerate(HOW):
            for number in range(1 + way % 2, MOST, 1 if SOAK else 2 if way == 0 else 4):
                self.reached = False
                yield number, error, sticky
                if not self.reached:
                    break
            else:
                raise AssertionError(f"more than {MOST} calls")


def one_step(state: Path) -> tuple[bool, str]:
    """One change; whether it was acknowledged, and what was said."""
    try:
        done = apply(state, Who("mẹ"), "step", step)
    except FilterdError as exc:
        assert "\n" not in str(exc) and str(state) in str(exc), exc
        return False, ""
    assert done.change is not None
    return True, done.problem


def check(state: Path, saved: int, why: object) -> int:
    """Everything acknowledged is there, whole. Returns what there is: one more may be, refused as it was."""
    with contextlib.closing(sqlite3.connect(state / "household.db", timeout=5)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], why
    household, revision = use.read_stored(state)
    number = number_of(household)
    assert is_whole(household) and revision == number + 1, why
    assert number - saved in (0, 1), f"{why}: acknowledged {saved}, there is {number}"
    return number


def changes(state: Path) -> dict[str, Any]:
    """The operation: one change, from the call to the worker's acknowledgement."""
    faults = Faults()
    saved = refused = late = kept = 0
    for number, error, sticky in faults.each():
        with faults.armed(number, error, sticky):
            acknowledged, problem = one_step(state)
        why = (faults.last, os.strerror(error), sticky)
        if acknowledged and faults.reached:
            late += bool(problem)
            # SQLite's copying into the file (a checkpoint) may fail unsaid: it is done again. Ours is said.
            assert problem or not faults.last.startswith(("fsync", "rename")), why
            assert not problem or problem.startswith("saved, not active"), why
        refused += not acknowledged
        saved += acknowledged
        found = check(state, saved, why)
        kept += found - saved
        saved = found
        explainer = Explainer(state, live=False)  # what is in force is whole
        assert explainer.explain(Question("free.example", "A", KID))["action"] == "allow"
        explainer.close()
        assert one_step(state) == (True, ""), why
        saved += 1
    return {"saved": saved, "refused": refused, "not in force": late, "refused and yet there": kept, **told(faults)}


def housekeeping(state: Path) -> dict[str, Any]:
    """The operation: what the manager writes beside changes. None of it may cost a rule."""
    faults = Faults()
    saved = refused = 0
    for number, error, sticky in faults.each():
        assert one_step(state) == (True, "")
        saved += 1
        with faults.armed(number, error, sticky):
            try:
                with use.open_store(state) as store:
                    store.set_spent([SpentRow("kid", "tube", 740_000, 0.0, 1.0, number)])
                    store.prune(keep=3)
                tidy(state)
                use.republish(state)
            except FilterdError as exc:
                refused += 1
                assert "\n" not in str(exc), exc
        why = (faults.last, os.strerror(error), sticky)
        assert check(state, saved, why) == saved, why
        assert use.republish(state).acknowledged == 1, why
        with use.open_store(state) as store:
            store.prune(keep=3)  # so that there is as much to do each time
    return {"saved": saved, "refused": refused, **told(faults)}


def first_start(folder: Path) -> dict[str, Any]:
    """The operation: the first start on an empty folder; then the same again without a fault."""
    faults = Faults()
    refused = 0
    for number, error, sticky in faults.each():
        if sticky and error == errno.ENOSPC:
            break  # as with an I/O error: enough of a slow one
        state = folder / f"{number}-{error}-{sticky}"
        with faults.armed(number, error, sticky):
            try:
                use.ensure(state)
            except FilterdError as exc:
                refused += 1
                assert "\n" not in str(exc), exc
        use.ensure(state)
        assert use.is_demonstration(state), (faults.last, os.strerror(error), sticky)
        with HouseholdStore.open(state).engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() == 2, faults.last
        shutil.rmtree(state)
    return {"refused": refused, **told(faults)}


def told(faults: Faults) -> dict[str, Any]:
    """What the shim saw."""
    return {"calls": faults.calls, "failed": sum(faults.kinds.values()), "kinds": faults.kinds}


if __name__ == "__main__":
    operations: dict[str, Callable[[Path], dict[str, Any]]] = {
        "change": changes,
        "housekeeping": housekeeping,
        "first start": first_start,
    }
    began = time.monotonic()
    result = operations[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps(result | {"seconds": round(time.monotonic() - began, 1)}))
