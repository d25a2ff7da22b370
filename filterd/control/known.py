"""Records that were seen before: what they said, how they are kept, and the ids they have in the log.

Records are remembered by their bytes: what was seen before costs a look-up, and what differs from it in its name alone
costs little more. The ids are control/dictionary.py's.

    memo = Memo(masks)
    known = memo.tails.get(data) or memo.learn(data)      # None: no record
"""

from __future__ import annotations

import itertools
from typing import Any

from filterd.control.privacy import Keep, Masks
from filterd.model.decision import Action
from filterd.model.event import Tail, decode_tail, name_apart
from filterd.store.activity import NOT_KEPT

MAX_TAILS = 32_768  # records that are known by their bytes
MAX_KINDS = 4096  # of them without their names

CountKey = tuple[str, str, int, int, str, str]  # profile, device, action, row, category, service


class Kind:
    """What records have in common that differ in their name alone."""

    __slots__ = (
        "blocked",
        "count_key",
        "cuts_time",
        "day",
        "hides_name",
        "keep",
        "plain",
        "seen",
        "tail",
        "what",
        "whos",
    )

    def __init__(self, tail: Tail, masks: Masks) -> None:
        self.seen = tail
        self.blocked = tail.action is Action.BLOCK
        self.day: object = None  # of the dictionary that gave the ids
        self.what = 0
        self.whos: dict[bytes, int] = {}
        self.judge(masks)

    def judge(self, masks: Masks) -> None:
        """Note what may be kept."""
        tail = self.seen
        self.keep = masks.keep(tail)
        self.cuts_time = masks.time(1, tail.category) == 0
        self.plain = self.keep is Keep.DETAIL and not self.cuts_time
        self.hides_name = masks.hides_name(tail.profile, tail.category)
        tail = self.tail = masks.mask(tail)  # what may be kept
        service = "" if masks.hides_service(tail.profile) else tail.service
        self.count_key: CountKey = (tail.profile, tail.device, int(tail.action), int(tail.row), tail.category, service)
        self.day = None


class Known:
    """A record's kind and name, and the name's id on the day it was last stored."""

    __slots__ = ("_tail", "day", "kind", "name", "qname")

    def __init__(self, kind: Kind, qname: bytes) -> None:
        self.kind = kind
        self.qname = qname
        self.day: object = None  # of the dictionary that gave the ids
        self.name = NOT_KEPT
        self._tail: Tail | None = None

    @property
    def tail(self) -> Tail:
        """All that the record said."""
        found = self._tail
        if found is None:
            t = self.kind.seen
            found = self._tail = Tail(
                t.action, t.row, t.qtype, t.rcode, t.origin, self.qname,
                t.profile, t.device, t.category, t.service, t.list_id, t.rule, t.matched,
            )  # fmt: skip
        return found


Pending = tuple[int, bytes, Known]  # time in ms, client, tail


class Memo:
    """Tails by their bytes. Bounded: when it is full, the older half goes."""

    def __init__(self, masks: Masks) -> None:
        self.masks = masks
        self.tails: dict[bytes, Known] = {}
        self.kinds: dict[bytes, Kind] = {}

    def learn(self, data: bytes) -> Known | None:
        """Return what `data` says, None when it is no tail; `tails` has it from then on."""
        qname, rest = name_apart(data)
        kind = self.kinds.get(rest)
        if kind is None:
            try:
                tail = decode_tail(data)
            except ValueError:
                return None
            if len(self.kinds) >= MAX_KINDS:
                halve(self.kinds)
            kind = self.kinds[rest] = Kind(tail, self.masks)
        if len(self.tails) >= MAX_TAILS:
            halve(self.tails)
        known = self.tails[data] = Known(kind, qname)
        return known

    def clear(self, masks: Masks) -> None:
        """Forget everything; judge by `masks` from now on."""
        self.masks = masks
        self.tails.clear()
        self.kinds.clear()


def halve(found: dict[Any, Any]) -> None:
    """Make room: forget the older half of a dictionary."""
    for key in list(itertools.islice(found, len(found) // 2)):
        del found[key]
