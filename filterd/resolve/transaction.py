"""One question to one upstream, and whether what comes back answers it (RFC 5452).

A forger outside the path must guess the id, the port (a lane of net/upstream.py) and the case of every letter (0x20).
What does not fit is ignored and the answer is still awaited. Leaves to others: whom to ask (choose.py), when to give
up (inflight.py), what the answer says (learn.py).

    question = scramble(name, noise) + TYPE_CLASS(qtype, 1)
    attempt = Attempt(flight, number, ident, question, now)
    verdict(attempt, packet) is Verdict.GOOD
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Any, Final

from filterd.wire import build
from filterd.wire.constants import FORMERR, NOTIMP, REFUSED, SERVFAIL, UDP_SIZE

TYPE_CLASS: Final = Struct(">HH").pack
_HEADER: Final = Struct(">HHHHHH").pack
_OPT: Final = build.opt(UDP_SIZE, False)  # no options: nothing about the asker leaves the house
_OPT_DO: Final = build.opt(UDP_SIZE, True)
_RD: Final = 0x0100
_AD: Final = 0x0020
_CD: Final = 0x0010
_EMPTY_ERRORS: Final = frozenset((FORMERR, SERVFAIL, NOTIMP, REFUSED))
_CASE_BITS: Final = bytes(0x20 if chr(byte).isalpha() and byte < 0x80 else 0 for byte in range(256))


class Verdict(IntEnum):
    """How an incoming packet relates to the question that carried its id."""

    GOOD = 0
    FOLDED = 1  # all fits but the case of the letters
    BARE_ERROR = 2  # an error without its question: some servers send that for what they cannot parse
    BAD = 3  # someone else's answer, or a forgery: wait on


class Attempt:
    """A question that was sent, as it was sent. `question`: the name as sent, type and class."""

    __slots__ = ("case", "edns", "flight", "id", "lane", "number", "question", "sent_at", "suspect", "token")

    def __init__(
        self, flight: Any, number: int, lane: int, ident: int, question: bytes, now: float,
        case: bool = True, edns: bool = True, suspect: bool = False,
    ) -> None:  # fmt: skip
        """Fill in.

        `flight`: whoever waits (only carried); `number`: the upstream's; `lane`: -1 for TCP; `case`: the letters are
        mixed; `suspect`: asked to find out whether an answer in folded letters was genuine.
        """
        self.flight = flight
        self.number = number
        self.lane = lane
        self.id = ident
        self.question = question
        self.sent_at = now
        self.case = case
        self.edns = edns
        self.suspect = suspect
        self.token = -1  # of a question over TCP


def scramble(name: bytes, noise: bytes) -> bytes:
    """Return `name` with the case of its letters flipped where `noise` (as many random bytes) says."""
    flips = int.from_bytes(name.translate(_CASE_BITS), "big") & int.from_bytes(noise, "big")
    return (int.from_bytes(name, "big") ^ flips).to_bytes(len(name), "big")


def message(ident: int, question: bytes, edns: bool, do: bool, cd: bool, ad: bool = False) -> bytes:
    """Return the packet that asks `question`. `ad`: we want to know whether it was validated (RFC 6840 section 5.7)."""
    flags = _RD | _CD if cd else _RD
    if ad:
        flags |= _AD
    if edns:
        return _HEADER(ident, flags, 1, 0, 0, 1) + question + (_OPT_DO if do else _OPT)
    return _HEADER(ident, flags, 1, 0, 0, 0) + question


def verdict(attempt: Attempt, packet: bytes) -> Verdict:
    """Judge a packet that came from the asked upstream to the asking port. Never raises."""
    if len(packet) < 12 or packet[2] & 0xF8 != 0x80 or packet[0] << 8 | packet[1] != attempt.id:
        return Verdict.BAD  # cut off, no answer, not opcode 0, or not ours
    questions = packet[4] << 8 | packet[5]
    if questions == 1:
        if packet.startswith(attempt.question, 12):
            return Verdict.GOOD
        size = len(attempt.question) - 4
        asked = packet[12 : 12 + size]
        if asked.lower() == attempt.question[:size].lower() and packet.startswith(attempt.question[size:], 12 + size):
            return Verdict.FOLDED if attempt.case else Verdict.GOOD
        return Verdict.BAD
    if questions == 0 and packet[3] & 15 in _EMPTY_ERRORS and not any(packet[6:10]):
        return Verdict.BARE_ERROR
    return Verdict.BAD
