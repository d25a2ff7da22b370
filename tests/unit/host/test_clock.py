"""Is the clock right?"""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.host.clock import BUILD_TIME, Clock, kernel_is_synchronised, read_floor, save_floor

DAY = 86_400.0


def test_a_clock_after_the_floor_is_trusted_without_asking_the_kernel(tmp_path: Path) -> None:
    clock = Clock(tmp_path, lambda: BUILD_TIME + 5, lambda: pytest.fail("not needed"))
    assert clock(0.0) == (BUILD_TIME + 5, True)
    assert clock.trusted


def test_a_board_in_1970_runs_on_the_floor_until_it_knows_better(tmp_path: Path) -> None:
    save_floor(tmp_path, BUILD_TIME + DAY)
    system, synchronised = 100.0, False
    clock = Clock(tmp_path, lambda: system, lambda: synchronised)
    assert clock(0.0) == (BUILD_TIME + DAY, False)
    assert not clock.trusted
    system = BUILD_TIME + 2 * DAY  # a time server has answered
    assert clock(1.0) == (BUILD_TIME + 2 * DAY, True)


def test_a_kernel_that_is_synchronised_is_believed_also_before_the_floor(tmp_path: Path) -> None:
    asked: list[float] = []

    def synchronised() -> bool:
        asked.append(1)
        return len(asked) > 1

    clock = Clock(tmp_path, lambda: 100.0, synchronised)
    assert clock(0.0) == (BUILD_TIME, False)
    assert clock(5.0) == (BUILD_TIME, False)  # the kernel is not asked for every question
    assert clock(10.0) == (100.0, True)
    assert len(asked) == 2


def test_the_floor_never_goes_back(tmp_path: Path) -> None:
    save_floor(tmp_path, BUILD_TIME + 2 * DAY)
    save_floor(tmp_path, BUILD_TIME + DAY)
    assert read_floor(tmp_path) == BUILD_TIME + 2 * DAY


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"floor": "x"}', b'{"floor": 5}', b'{"floor": 9e99}', b'{"floor": NaN}']
)
def test_a_damaged_floor_is_the_builds_time(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clock.json").write_bytes(content)
    assert read_floor(tmp_path) == BUILD_TIME


def test_a_time_beyond_reason_is_not_remembered(tmp_path: Path) -> None:
    save_floor(tmp_path, 9e12)
    assert read_floor(tmp_path) == BUILD_TIME


def test_the_kernel_gives_an_answer() -> None:
    assert kernel_is_synchronised() in (True, False)


def test_a_system_without_the_call_is_not_synchronised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("no libc")

    monkeypatch.setattr("ctypes.CDLL", refused)
    assert not kernel_is_synchronised()
