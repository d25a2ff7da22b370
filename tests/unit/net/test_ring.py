"""Rings: the writer never waits, a reader counts what it missed."""

from __future__ import annotations

import os
import random
import signal
import struct
import time
from pathlib import Path

import pytest

from filterd.errors import StoreError
from filterd.model.decision import Action, Row
from filterd.model.event import Event, Origin, Tail, decode_tail, record
from filterd.net.ring import POLL_BYTES, Reader, Ring

SMALL = 64 * 1024


def event(number: int, name_len: int = 11) -> bytes:
    """An event record that carries its number as its time."""
    label = b"a" * min(name_len - 2, 63)
    tail = Tail(Action.BLOCK, Row.CATEGORY, 1, 0, Origin.HERE, bytes((len(label),)) + label + b"\0", profile="lan")
    return record(number, b"\x7f\0\0\x0b", tail.encode())


def numbers(events: list[Event]) -> list[int]:
    """The numbers that `event` put in."""
    return [e.at_ms for e in events]


def read_all(reader: Reader) -> tuple[list[int], int]:
    """Poll until nothing new comes."""
    seen: list[int] = []
    lost = 0
    while True:
        events, missed = reader.poll()
        seen += numbers(events)
        lost += missed
        if not events and not missed:
            return seen, lost


def test_what_is_written_is_read_by_everybody(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    early, second = Reader(tmp_path / "r"), Reader(tmp_path / "r")
    ring.append(event(1))
    ring.append(event(2) + event(3), count=2)
    events, lost = early.poll()
    assert (numbers(events), lost) == ([1, 2, 3], 0)
    assert events[0].tail.profile == "lan" and events[0].client == b"\x7f\0\0\x0b"
    assert early.poll() == ([], 0)
    assert read_all(second) == ([1, 2, 3], 0)
    assert read_all(Reader(tmp_path / "r", from_end=True)) == ([], 0)


def test_a_reader_that_lags_counts_exactly_what_it_missed(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    reader = Reader(tmp_path / "r")
    dice = random.Random(1)
    written = 0
    seen: list[int] = []
    lost = 0
    for _ in range(60):
        for _ in range(dice.randrange(0, 600)):
            count = dice.randrange(1, 4)
            ring.append(b"".join(event(written + i, dice.randrange(3, 60)) for i in range(count)), count)
            written += count
        got, missed = read_all(reader)
        assert got == list(range(written - len(got), written))  # the newest, without holes
        seen += got
        lost += missed
        assert len(seen) + lost == written
    assert lost > 0


def test_a_reader_that_was_lapped_many_times_goes_on_at_once(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    reader = Reader(tmp_path / "r")
    for number in range(20_000):  # far more than a reader takes at once
        ring.append(event(number))
    events, lost = reader.poll()
    assert numbers(events)[-1] == 19_999 and len(events) + lost == 20_000


def test_a_new_reader_starts_at_the_oldest_that_is_left(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    for number in range(5000):
        ring.append(event(number))
    seen, lost = read_all(Reader(tmp_path / "r"))
    assert seen == list(range(seen[0], 5000)) and lost == 0
    assert len(seen) > (SMALL - 8192) // 80


def test_records_too_long_for_the_ring_are_a_gap(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    reader = Reader(tmp_path / "r")
    ring.append(event(0))
    ring.append(b"x" * SMALL, count=7)
    ring.append(event(8))
    assert read_all(reader) == ([0, 8], 7)


def test_bytes_that_are_no_record_count_as_lost(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    reader = Reader(tmp_path / "r")
    ring.append(event(0) + b"\xff" * 40, count=3)
    ring.append(event(3))
    assert read_all(reader) == ([0, 3], 2)


def test_a_frame_that_never_becomes_whole_is_given_up_after_a_few_polls(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    reader = Reader(tmp_path / "r")
    ring.append(event(0))
    ring.append(event(1))
    struct.pack_into("=I", ring._map.map, 64, SMALL)  # the first frame's length
    assert [reader.poll() for _ in range(3)] == [([], 0), ([], 0), ([], 2)]
    ring.append(event(2))
    assert read_all(reader) == ([2], 0)


def test_the_ring_of_a_killed_writer_is_taken_over_with_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "r"
    reader = Reader(path)
    Ring.create(path, SMALL).close()
    inode = path.stat().st_ino
    dice = random.Random(2)
    last = -1
    for _ in range(15):
        pid = os.fork()
        if pid == 0:  # pragma: no cover - dies
            try:
                ring = Ring.create(path, SMALL)
                for _ in range(10_000_000):
                    ring.append(event(ring.count, 40))
            finally:
                os._exit(1)
        time.sleep(dice.uniform(0.005, 0.03))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        seen, _ = read_all(reader)
        assert seen == list(range(seen[0], seen[0] + len(seen))) if seen else True
        assert all(n > last for n in seen)
        last = seen[-1] if seen else last
    assert path.stat().st_ino == inode
    assert last > 1000


def test_reading_while_the_writer_runs_never_yields_a_torn_record(tmp_path: Path) -> None:
    path = tmp_path / "r"
    Ring.create(path, SMALL).close()
    reader = Reader(path)
    pid = os.fork()
    if pid == 0:  # pragma: no cover - ends by itself
        try:
            ring = Ring.create(path, SMALL)
            for number in range(60_000):
                ring.append(event(number, 3 + number % 50))
        finally:
            os._exit(0)
    total = lost = 0
    last = -1
    ended = False
    while True:
        events, missed = reader.poll()
        got = numbers(events)
        assert all(len(e.tail.qname) == len(event(0, 3 + e.at_ms % 50)) - len(event(0, 3)) + 3 for e in events)
        assert got == sorted(set(got)) and (not got or got[0] > last)
        last = got[-1] if got else last
        total += len(got)
        lost += missed
        if ended and not events:
            break
        ended = ended or os.waitpid(pid, os.WNOHANG)[0] == pid
    assert total + lost == 60_000


def test_two_writers_never_share_a_ring(tmp_path: Path) -> None:
    path = tmp_path / "r"
    late = Ring.create(path, SMALL)
    reader = Reader(path)
    late.append(event(1))
    new = Ring.create(path, SMALL)
    late.append(event(2))
    new.append(event(3))
    assert read_all(reader) == ([1, 2, 3], 0)  # the old one to its end, then the new one


@pytest.mark.parametrize("damage", ["magic", "positions", "length", "size", "numbers", "ends"])
def test_a_ring_that_makes_no_sense_is_replaced(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "r"
    ring = Ring.create(path, SMALL)
    for number in range(3):
        ring.append(event(number))
    ring.close()
    inode = path.stat().st_ino
    with path.open("r+b") as file:
        at, data = {
            "magic": (0, b"\0"),
            "positions": (32, struct.pack("=Q", SMALL * 5)),
            "length": (64, struct.pack("=I", 5000)),
            "size": (64 + SMALL, b"more"),
            "numbers": (64 + 8, struct.pack("=Q", 77)),
            "ends": (32, struct.pack("=Q", 200)),
        }[damage]
        file.seek(at)
        file.write(data)
    ring = Ring.create(path, SMALL)
    assert path.stat().st_ino != inode
    assert ring.count == 0
    assert os.listdir(tmp_path) == ["r"]


def test_a_ring_that_cannot_be_made_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="cannot create the ring"):
        Ring.create(tmp_path / "absent" / "r", SMALL)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StoreError, match="No space left"):
        Ring.create(tmp_path / "r", SMALL)
    assert os.listdir(tmp_path) == []


def test_a_reader_waits_for_a_ring_that_comes_later(tmp_path: Path) -> None:
    path = tmp_path / "r"
    reader = Reader(path)
    assert reader.poll() == ([], 0)
    path.write_bytes(b"short")
    assert reader.poll() == ([], 0)
    path.write_bytes(b"\0" * 100_000)
    assert reader.poll() == ([], 0)
    path.unlink()
    ring = Ring.create(path, SMALL)
    ring.append(event(5))
    assert read_all(reader) == ([5], 0)
    path.unlink()  # a name that is gone takes nothing away from who has it open
    ring.append(event(6))
    assert read_all(reader) == ([6], 0)
    reader.close()
    reader.close()


def test_a_reader_goes_on_after_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "r"
    ring = Ring.create(path, SMALL)
    first = Reader(path)
    assert first.cursor is not None and first.cursor[1] == -1
    for number in range(10):
        ring.append(event(number) + event(100 + number), count=2)
    records, lost = first.records()
    assert [r[0] for r in records[:3]] == [0, 100, 1] and len(records) == 20 and lost == 0
    assert records[0][1] == b"\x7f\0\0\x0b" and decode_tail(records[0][2]).profile == "lan"
    cursor = first.cursor
    assert cursor is not None and cursor[1] == 19
    assert Reader(path, after=cursor).records() == ([], 0)
    ring.append(event(7))
    assert [r[0] for r in Reader(path, after=cursor).records()[0]] == [7]
    assert [r[0] for r in Reader(path, after=(cursor[0], 15)).records()[0]] == [8, 108, 9, 109, 7]
    assert [r[0] for r in Reader(path, after=(cursor[0], -1)).records()[0]][:2] == [0, 100]


def test_what_was_overwritten_after_the_cursor_is_counted_before_the_first_record(tmp_path: Path) -> None:
    path = tmp_path / "r"
    ring = Ring.create(path, SMALL)
    ring.append(event(0))
    reader = Reader(path)
    reader.records()
    cursor = reader.cursor
    for number in range(1, 5000):
        ring.append(event(number))
    records, lost = Reader(path, after=cursor).records()
    assert lost > 0 and records[0][0] == 1 + lost
    assert reader.records()[1] == lost


def test_a_gap_ends_what_one_call_returns(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    reader = Reader(tmp_path / "r")
    ring.append(event(0))
    ring.append(b"x" * SMALL, count=7)
    ring.append(event(8) + b"\xff" * 40, count=3)
    ring.append(event(11))
    found = [([r[0] for r in records], lost) for records, lost in (reader.records() for _ in range(4))]
    assert found == [([0], 0), ([8], 7), ([11], 2), ([], 0)]


@pytest.mark.parametrize("after", [(1, 5), None])
def test_a_cursor_of_another_ring_means_all_of_this_one(tmp_path: Path, after: tuple[int, int] | None) -> None:
    path = tmp_path / "r"
    waiting = Reader(path, after=(1, 5))  # comes later
    ring = Ring.create(path, SMALL)
    for number in range(3):
        ring.append(event(number))
    for reader in (waiting, Reader(path, after=after)):
        records, lost = reader.records()
        assert ([r[0] for r in records], lost) == ([0, 1, 2], 0)
    generation = waiting.cursor[0] if waiting.cursor else 0
    records, lost = Reader(path, after=(generation, 900)).records()  # a number that this ring never had
    assert ([r[0] for r in records], lost) == ([0, 1, 2], 0)


def test_tails_that_are_none_are_lost_to_who_decodes_them(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", SMALL)
    ring.append(event(0) + record(1, b"", b"\x07nothing"), count=2)
    reader, raw = Reader(tmp_path / "r"), Reader(tmp_path / "r")
    events, lost = reader.poll()
    assert (numbers(events), lost) == ([0], 1)
    assert [r[2] for r in raw.records()[0]][1] == b"\x07nothing"


def test_a_frame_larger_than_a_poll_is_read(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "r", 4 * POLL_BYTES)
    reader = Reader(tmp_path / "r")
    data = b"".join(event(n) for n in range(8000))
    assert len(data) > POLL_BYTES
    ring.append(event(0))
    ring.append(data, 8000)
    assert read_all(reader) == ([0, *range(8000)], 0)
