"""Rings of event records in shared memory: one writer that never waits, many readers that count what they miss.

A ring is a mapped file in the run folder. The writer appends frames and overwrites the oldest; a reader keeps its own
position and finds a gap by the sequence number in each frame. What the records say is model/event.py; the two rings of
a worker (blocked 2 MiB, allowed 4 MiB) are separate so that a flood of allowed questions evicts no blocked attempt.

    ring = Ring.create(folder / "worker-0.blocked", BLOCKED_BYTES)
    ring.append(record, count=1)
    records, lost = Reader(folder / "worker-0.blocked", after=cursor).records()

Layout (native 64-bit words; positions count bytes since the ring began and only grow):
  0 magic, 8 capacity, 16 generation, 24 tail (oldest frame), 32 head (end of the newest), 40 records ever appended;
  from 64: `capacity` bytes of frames {u32 bytes, u32 records, u64 number of the first record} + records, padded to 16.
Order of stores: tail, bytes, head. A word is stored at once, so that a writer killed anywhere leaves a whole ring.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import secrets
import struct
import time
from pathlib import Path

from filterd.errors import LayoutError, StoreError
from filterd.model.event import Event, Raw, decode_tail, split

BLOCKED_BYTES = 2 * 1024 * 1024
ALLOWED_BYTES = 4 * 1024 * 1024
POLL_BYTES = 256 * 1024  # a reader takes at most about this much at once
_MAGIC = int.from_bytes(b"FILTRNG1", "little")
_START = 64
_FRAME = struct.Struct("=IIQ")
_ALIGN = 16  # frames start on it and the capacity is a multiple, so that no frame header wraps
# Frames are given up this long before they are overwritten: a reader that copied one still sees that in time, also
# where another core sees stores out of order (ARM).
_MARGIN = 4096
_CAPACITY, _GENERATION, _TAIL, _HEAD, _COUNT = 1, 2, 3, 4, 5  # indexes of words
_WORDS = struct.Struct("=6Q")
_NAME = re.compile(r"worker-\d{1,4}\.(blocked|allowed)")
MAX_RINGS = 256  # that a reader of all of them opens


def reading_order(name: str) -> tuple[bool, str]:
    """Return the sorting key of a ring's name: blocked ones first, which decides the place of records of one time."""
    return name.endswith("allowed"), name


def ring_names(folder: Path) -> list[str]:
    """Return the names of the workers' rings in a run folder, in the order of reading; none when there is no folder."""
    try:
        return sorted((p.name for p in folder.iterdir() if _NAME.fullmatch(p.name)), key=reading_order)
    except OSError:
        return []


def written(path: Path) -> tuple[int, int] | None:
    """Return a ring's generation and how many records were ever written to it; None when it is no ring."""
    try:
        with path.open("rb") as file:
            words = _WORDS.unpack(file.read(_WORDS.size))
    except (OSError, struct.error):
        return None
    return (words[_GENERATION], words[_COUNT]) if words[0] == _MAGIC else None


class _Map:
    """A mapped ring file and its words."""

    def __init__(self, fd: int, writable: bool) -> None:
        size = os.fstat(fd).st_size
        if size < _START + _MARGIN:
            raise LayoutError(f"ring of {size} bytes is too short")
        self.map = mmap.mmap(fd, size, prot=mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0))
        self.words = memoryview(self.map)[:_START].cast("Q")
        self.capacity = self.words[_CAPACITY]
        if self.words[0] != _MAGIC or self.capacity != size - _START or self.capacity % _ALIGN:
            self.close()
            raise LayoutError("no ring, or a ring of another layout")

    def close(self) -> None:
        """Release the mapping."""
        self.words.release()
        self.map.close()

    def frame(self, position: int) -> tuple[int, int, int]:
        """Return bytes, records and first number of the frame at `position`."""
        return _FRAME.unpack_from(self.map, _START + position % self.capacity)

    def copy(self, position: int, length: int) -> bytes:
        """Return `length` bytes from `position`, over the end of the buffer if need be."""
        at = position % self.capacity
        first = min(length, self.capacity - at)
        data = self.map[_START + at : _START + at + first]
        return data if first == length else data + self.map[_START : _START + length - first]


class Ring:
    """The writing side. One a file: held by a lock, so that a late predecessor and its successor never share one."""

    def __init__(self, fd: int) -> None:
        """Use `create`."""
        self._fd = fd
        self._map = _Map(fd, writable=True)
        words = self._map.words
        self._tail, self._head, self.count = words[_TAIL], words[_HEAD], words[_COUNT]
        self._check()

    @classmethod
    def create(cls, path: Path, capacity: int) -> Ring:
        """Return the ring at `path`: the one left there by a dead writer, else a new one. Raises StoreError."""
        try:
            return cls._adopt(path, capacity)
        except (OSError, LayoutError):
            pass
        temp = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
        try:
            fd = os.open(temp, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # reserve the memory now: a page that cannot be had later is a SIGBUS, not an error
                os.posix_fallocate(fd, 0, _START + capacity)
                os.pwrite(fd, struct.pack("=QQQ", _MAGIC, capacity, secrets.randbits(63)), 0)
                ring = cls(fd)
                temp.rename(path)
            except BaseException:
                os.close(fd)
                temp.unlink(missing_ok=True)
                raise
        except OSError as exc:
            raise StoreError(f"cannot create the ring {path}: {exc.strerror or exc}") from exc
        return ring

    def append(self, data: bytes, count: int = 1) -> None:
        """Append `count` whole records (joined). Never waits, never raises; the oldest make room."""
        length = len(data)
        need = (_FRAME.size + length + _ALIGN - 1) & -_ALIGN
        view, first = self._map, self.count
        self.count = first + count
        if need > view.capacity - _MARGIN:
            view.words[_COUNT] = self.count  # readers see the gap in the numbers
            return
        head = self._head
        limit = head + need + _MARGIN - view.capacity
        if self._tail < limit:
            tail = self._tail
            while tail < limit and tail < head:
                tail += (_FRAME.size + view.frame(tail)[0] + _ALIGN - 1) & -_ALIGN
            self._tail = view.words[_TAIL] = tail
        at = head % view.capacity
        buffer = view.map
        _FRAME.pack_into(buffer, _START + at, length, count, first)
        at += _START + _FRAME.size
        end = _START + view.capacity
        if at + length <= end:
            buffer[at : at + length] = data
        else:
            buffer[at:end] = data[: end - at]
            buffer[_START : _START + length - (end - at)] = data[end - at :]
        self._head = head + need
        view.words[_COUNT] = self.count
        view.words[_HEAD] = self._head

    def close(self) -> None:
        """Unmap. The file stays for readers and for the next writer."""
        self._map.close()
        os.close(self._fd)

    @classmethod
    def _adopt(cls, path: Path, capacity: int) -> Ring:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_size != _START + capacity:
                raise LayoutError("ring of another size")
            return cls(fd)
        except BaseException:
            os.close(fd)
            raise

    def _check(self) -> None:
        """Walk the frames: a ring that was tampered with is not adopted."""
        position, last = self._tail, 0
        if not 0 <= self._head - self._tail <= self._map.capacity:
            raise LayoutError("ring with impossible positions")
        while position < self._head:
            length, count, first = self._map.frame(position)
            if first < last or first + count > self.count:
                raise LayoutError(f"ring with record {first} after {last}")
            last = first + count
            position += (_FRAME.size + length + _ALIGN - 1) & -_ALIGN
        if position != self._head:
            raise LayoutError("ring whose frames do not end at its head")


class Reader:
    """One reader's position in a ring. Follows the file when a new ring takes its name."""

    def __init__(self, path: Path, *, from_end: bool = False, after: tuple[int, int] | None = None) -> None:
        """Start at the oldest record, after the newest, or `after` a cursor. The ring may come later.

        `after`: generation and number of the last record that is known; what was overwritten since counts as lost.
        """
        self.path = path
        self._map: _Map | None = None
        self._file: tuple[int, int] = (0, 0)
        self._position = self._stuck = 0
        self._number = -1  # of the next record; -1: not known before it comes
        self._late = 0  # lost behind the records that the last call returned
        self._after = after
        self._open(from_end)

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Generation and number of the last record that was returned (-1: none yet); None when it is not known."""
        if self._map is None or self._number < 0:
            return None
        return self._map.words[_GENERATION], self._number - 1

    def poll(self) -> tuple[list[Event], int]:
        """Return new events, oldest first, and how many were lost before or between them. Never waits, never raises."""
        records, lost = self.records()
        events: list[Event] = []
        for at_ms, client, tail in records:
            try:
                events.append(Event(at_ms, client, decode_tail(tail)))
            except ValueError:
                lost += 1
        return events, lost

    def records(self) -> tuple[list[Raw], int]:
        """Return new records, oldest first, and how many were lost before the first of them. Never waits or raises.

        About POLL_BYTES at once; a gap ends what one call returns.
        """
        out: list[Raw] = []
        lost, self._late = self._late, 0
        if self._map is not None:
            lost += self._read(self._map, out)
        if not out and self._replaced():  # the old ring is read to its end first
            self._after = None
            self._open(from_end=False)
            self._number = 0  # a new ring is missed from its first record on
            if self._map is not None:
                lost += self._read(self._map, out)
        return out, lost

    def close(self) -> None:
        """Unmap."""
        if self._map is not None:
            self._map.close()
            self._map = None

    def _read(self, view: _Map, out: list[Raw]) -> int:
        head = view.words[_HEAD]
        if head == self._position:
            return 0
        time.sleep(0.0002)  # until the bytes before `head` are seen by this core too
        want = POLL_BYTES
        for _ in range(8):  # a writer that overtakes us again and again: next time
            start = self._position
            data = view.copy(start, min(head - start, want, view.capacity))
            tail = view.words[_TAIL]
            if tail > start:  # overtaken: what was copied may be half overwritten
                self._position = tail
                head = view.words[_HEAD]
                if tail >= start + len(data):
                    continue
                data = data[tail - start :]
            lost, want = self._frames(data, head, view.words[_COUNT], out)
            if not want:
                return lost
        return 0

    def _frames(self, data: bytes, head: int, appended: int, out: list[Raw]) -> tuple[int, int]:
        """Take the frames in `data`; return what was lost before them, and the bytes needed to take even one."""
        lost = at = 0
        end, left = len(data), head - self._position
        while at + _FRAME.size <= end:
            length, count, first = _FRAME.unpack_from(data, at)
            size = (_FRAME.size + length + _ALIGN - 1) & -_ALIGN
            if size > left - at or first < self._number or length < count:
                if not out:
                    lost += self._skip_broken(head, appended)
                    return lost, 0
                break
            if at + size > end:
                if not out:
                    return lost, size
                break
            if first > self._number >= 0:
                if out:
                    break
                lost += first - self._number
            self._stuck = 0
            self._number = first + count
            at += size
            self._late = max(count - split(data, at - size + _FRAME.size, at - size + _FRAME.size + length, out), 0)
            if self._late:
                break
        self._position += at
        return lost, 0

    def _skip_broken(self, head: int, count: int) -> int:
        """A frame that makes no sense: wait for its bytes a few polls long, then give up what is there."""
        self._stuck += 1
        if self._stuck < 3:
            return 0
        self._stuck = 0
        lost = max(count - max(self._number, 0), 0)
        self._position, self._number = head, max(count, self._number)
        return lost

    def _open(self, from_end: bool) -> None:
        self.close()
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            status = os.fstat(fd)
            self._map = _Map(fd, writable=False)
        except (OSError, LayoutError, ValueError):
            return
        finally:
            os.close(fd)
        self._file = (status.st_dev, status.st_ino)
        words = self._map.words
        self._position = words[_HEAD if from_end else _TAIL]
        self._number = -1
        after, self._after = self._after, None
        if after is not None:
            self._resume(self._map, *after)
        elif self._position == 0:
            self._number = 0
        elif not from_end and self._position < words[_HEAD]:
            first = self._map.frame(self._position)[2]
            if words[_TAIL] == self._position:  # not overwritten while it was read
                self._number = first

    def _resume(self, view: _Map, generation: int, number: int) -> None:
        """Go to the record after `number`; a ring of another generation is missed from its first record on."""
        words = view.words
        if words[_GENERATION] != generation or number >= words[_COUNT]:
            self._number = 0
            return
        self._number = number + 1
        position, head = self._position, words[_HEAD]
        while position < head:
            length, count, first = view.frame(position)
            if words[_TAIL] > position:
                position = words[_TAIL]
                continue
            if first + count > self._number:
                self._number = min(self._number, first)  # a frame is taken whole
                break
            position += (_FRAME.size + length + _ALIGN - 1) & -_ALIGN
        self._position = position

    def _replaced(self) -> bool:
        try:
            status = self.path.stat()
        except OSError:
            return False
        return self._map is None or (status.st_dev, status.st_ino) != self._file
