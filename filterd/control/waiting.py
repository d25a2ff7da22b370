"""What waits for the log's next batch: questions in detail, questions that are only counted, and gaps. All bounded.

Decides how a question is kept: by the household's level, by the rate (above it only counted, blocked ones last), and by
the room there is while the disk takes nothing.

    waiting = Waiting(masks)
    seen = waiting.take(records)      # rows, counts and gaps grow
    waiting.sift(deleted)             # what may not be kept any more goes
    waiting.clear()                   # it is stored
"""

from __future__ import annotations

from collections.abc import Sequence

from filterd.control.gaps import Gaps
from filterd.control.known import CountKey, Kind, Memo, Pending
from filterd.control.privacy import HOUR_MS, Keep, Masks
from filterd.model.event import Raw
from filterd.store.activity import Forgotten

MAX_ROWS = 50_000  # that wait while the disk takes none; after that questions are only counted
MAX_COUNTED = 65_536  # kinds of questions that are only counted and wait
RATE = 10_000  # questions a second that are kept in detail
WINDOW_SHIFT = 12  # the rate is that of 4.096 s together
QUARTER_MS = 900_000  # local days begin on a quarter of an hour everywhere
_WINDOWS = 1024  # that are remembered
_WINDOW_ROWS = RATE * (1 << WINDOW_SHIFT) // 1000


class Waiting:
    """A batch in the making."""

    def __init__(self, masks: Masks) -> None:
        self.memo = Memo(masks)
        self.rows: list[Pending] = []
        self.counted: dict[tuple[int, CountKey], int] = {}  # quarter of an hour, kind -> questions without detail
        self.hours: dict[tuple[int, bytes, Kind], int] = {}  # blocked ones among them
        self.gaps = Gaps()
        self._windows: dict[int, list[int]] = {}  # number -> questions in it: allowed, blocked

    def judge(self, masks: Masks) -> None:
        """Keep by other masks from now on, also what waits."""
        if masks == self.memo.masks:
            return
        self.memo.clear(masks)
        for kind in {known.kind for _, _, known in self.rows}:
            kind.judge(masks)
        self.sift()

    def clear(self) -> None:
        """Begin anew."""
        self.rows = []
        self.counted.clear()
        self.hours.clear()
        self.gaps.clear()

    def give_up(self) -> None:
        """Begin anew, and say what that costs."""
        rows = self.rows
        self.clear()
        for at_ms, _, _ in rows:
            self.gaps.note("disk", at_ms, 1)

    def oldest_ms(self, now_ms: int) -> int:
        """Return the time of the oldest question that waits. `now_ms`: when none does."""
        counted = [quarter * QUARTER_MS for quarter, _ in self.counted]
        return min([now_ms, *counted, *(at_ms for at_ms, _, _ in self.rows)])

    def take(self, records: Sequence[Raw]) -> list[Pending]:
        """Take some records of one ring, oldest first; return all that are records, as they came."""
        get, learn, keep = self.memo.tails.get, self.memo.learn, self.rows.append
        seen: list[Pending] = []
        see = seen.append
        free = self._room(records)
        for at_ms, client, tail in records:
            known = get(tail) or learn(tail)
            if known is None:
                self.gaps.note("ring", at_ms, 1)
                continue
            row = (at_ms, client, known)
            see(row)
            kind = known.kind
            if free and kind.plain:
                keep(row)
                continue
            why = "" if free or kind.keep is not Keep.DETAIL else self._refuse(at_ms, kind)
            if kind.cuts_time:
                at_ms -= at_ms % HOUR_MS
            if why or kind.keep is not Keep.DETAIL:
                self._count(at_ms, client, kind, why)
            else:
                keep((at_ms, client, known))
        return seen

    def sift(self, gone: Sequence[Forgotten] = ()) -> None:
        """Take out of what waits what may not be kept: by the household's new level, or because it was deleted."""

        def deleted(at_ms: int, profile: str, device: str) -> bool:
            return any(f.covers(at_ms, profile, device) for f in gone)

        kept: list[Pending] = []
        for at_ms, client, known in self.rows:
            tail = known.kind.tail
            if gone and deleted(at_ms, tail.profile, tail.device):
                continue
            if known.kind.keep is Keep.DETAIL:
                kept.append((at_ms, client, known))
            else:
                self._count(at_ms, client, known.kind, "")
        self.rows = kept
        for key in [k for k in self.counted if deleted(k[0] * QUARTER_MS, k[1][0], k[1][1])]:
            del self.counted[key]
        for hour in [h for h in self.hours if deleted(h[0] * HOUR_MS, h[2].tail.profile, h[2].tail.device)]:
            del self.hours[hour]

    def _room(self, records: Sequence[Raw]) -> bool:
        """Note the rate; True when all of `records`, which came close together, can be kept in detail."""
        n = len(records)
        first, last = records[0][0] >> WINDOW_SHIFT, records[-1][0] >> WINDOW_SHIFT
        begin, end = self._window(first), self._window(last)
        if len(self.rows) + n > MAX_ROWS or max(sum(begin), sum(end)) + n > _WINDOW_ROWS:
            return False
        # below the rate it does not matter which are blocked, nor what is between the first window and the last
        share = n // (abs(last - first) + 1) + 1
        begin[0] += share
        if end is not begin:
            end[0] += share
        return True

    def _refuse(self, at_ms: int, kind: Kind) -> str:
        """Note one question; return why it cannot be kept in detail, "" when it can."""
        window = self._window(at_ms >> WINDOW_SHIFT)
        window[kind.blocked] += 1
        if (window[1] if kind.blocked else sum(window)) > _WINDOW_ROWS:
            return "rate"
        return "disk" if len(self.rows) >= MAX_ROWS else ""

    def _window(self, number: int) -> list[int]:
        found = self._windows.get(number)
        if found is None:
            if len(self._windows) >= _WINDOWS:
                del self._windows[next(iter(self._windows))]
            found = self._windows[number] = [0, 0]
        return found

    def _count(self, at_ms: int, client: bytes, kind: Kind, why: str) -> None:
        """Count a question that is not kept in detail. `why`: the gap to note, "" when the household wants it so."""
        if kind.keep is Keep.NOTHING:
            return
        key = (at_ms // QUARTER_MS, kind.count_key)
        if key not in self.counted and len(self.counted) >= MAX_COUNTED:
            self.gaps.note("ring", at_ms, 1)
            return
        self.counted[key] = self.counted.get(key, 0) + 1
        if why:
            self.gaps.note(why, at_ms, 1)
            if kind.blocked:
                hour = (at_ms // HOUR_MS, client, kind)
                if hour not in self.hours and len(self.hours) >= MAX_COUNTED // 16:
                    hour = (at_ms // HOUR_MS, b"", kind)
                self.hours[hour] = self.hours.get(hour, 0) + 1
