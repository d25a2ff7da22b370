"""What is missing in the log, from when to when, and why: rows that wait for the next batch. Bounded.

gaps.lost("worker-0.allowed", 12, at_ms)     # overwritten before it was read, until at_ms
gaps.note("rate", at_ms, 1)                  # counted, but not kept in detail
writer.put_gaps(gaps.rows())
"""

from __future__ import annotations

JOIN_MS = 10_000  # gaps of a kind that are closer than this are one
MAX_GAPS = 256  # that wait; after that the newest of a kind grows
_Gap = list[int]  # from, to, lost


class Gaps:
    """Gaps that are not stored yet."""

    def __init__(self) -> None:
        self._found: dict[str, list[_Gap]] = {}
        self._seen: dict[str, int] = {}  # ring -> time of its last record
        self._start = 0

    def __bool__(self) -> bool:
        return bool(self._found)

    def began(self, at_ms: int) -> None:
        """Note the time of the newest record that is stored: what is missing now came after it."""
        self._start = at_ms

    def seen(self, ring: str, at_ms: int) -> None:
        """Note that a ring was read up to `at_ms`."""
        self._seen[ring] = at_ms

    def lost(self, ring: str, n: int, until_ms: int) -> None:
        """Note that `n` records of a ring were lost before `until_ms`."""
        since = self._seen.get(ring, self._start) or until_ms
        self._add("ring", min(since, until_ms), until_ms, n)

    def note(self, kind: str, at_ms: int, n: int) -> None:
        """Note that `n` questions at `at_ms` are not kept in detail."""
        self._add(kind, at_ms, at_ms, n)

    def rows(self) -> list[tuple[int, int, int, str]]:
        """Return them as rows: from, to, lost, kind."""
        return sorted((*gap, kind) for kind, gaps in self._found.items() for gap in gaps)  # type: ignore[misc]

    def clear(self) -> None:
        """They are stored."""
        self._found.clear()

    def _add(self, kind: str, since: int, until: int, n: int) -> None:
        gaps = self._found.setdefault(kind, [])
        if gaps:
            newest = gaps[-1]
            full = len(gaps) >= MAX_GAPS
            if full or (since <= newest[1] + JOIN_MS and until >= newest[0] - JOIN_MS):
                newest[:] = min(newest[0], since), max(newest[1], until), newest[2] + n
                return
        gaps.append([since, until, n])
