"""The part of an event record that an answer has in common for all who get it (model.event.Tail), put together fast.

Everything behind the two names depends on who asks and on the decision alone; it is encoded once and remembered in
the seat.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from filterd.fast.clients import Seat
from filterd.model.decision import Action, Decision
from filterd.model.event import Tail

_HEAD: Final = Struct("<BBHHBB")  # as model/event.py packs it: action, row, qtype, rcode, origin, number of strings
_STRINGS: Final = 8
_NAMES: Final = 2  # bytes of the two empty names
_MAX_TAILS: Final = 4096  # decisions remembered in one seat


def tail_of(
    seat: Seat, decision: Decision, action: Action, qtype: int, rcode: int, origin: int, qname: bytes, matched: bytes
) -> bytes:
    """Return Tail(...).encode() of these."""
    found = seat.tails.get(id(decision))
    if found is None:
        if len(seat.tails) >= _MAX_TAILS:
            seat.tails.clear()
        whole = Tail(
            decision.action, decision.row, 0, 0, 0, b"", seat.profile, seat.device, decision.category, decision.service,
            decision.list_id, decision.rule,
        ).encode()  # fmt: skip
        found = seat.tails[id(decision)] = (decision, whole[_HEAD.size + _NAMES :])
    return b"%b%c%b%c%b%b" % (
        _HEAD.pack(action, decision.row, qtype, rcode, origin, _STRINGS),
        len(qname), qname, len(matched), matched, found[1],
    )  # fmt: skip
