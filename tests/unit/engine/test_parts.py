"""Parts of the engine on their own."""

from __future__ import annotations

import dataclasses

import pytest

from filterd.engine import shape, tails
from filterd.engine.stats import Stats
from filterd.engine.zones import Zones
from filterd.fast.clients import Seat
from filterd.model.decision import Action, Decision, Row
from filterd.model.event import Tail
from filterd.model.household import ForwardZone
from filterd.wire.name import to_wire


def _decision(number: int) -> Decision:
    return Decision(Action.BLOCK, Row.CATEGORY, rule=f"r{number}", category="adult", list_id="l", service="s")


@pytest.mark.parametrize("matched", [b"", to_wire("bad.example")])
def test_tail_is_what_the_model_encodes(matched: bytes) -> None:
    seat = Seat(0, "lan", "phone")
    decision = _decision(1)
    for _ in range(2):  # the second time from memory
        got = tails.tail_of(seat, decision, Action.BLOCK, 28, 3, 1, to_wire("www.example.org"), matched)
        assert got == Tail(
            Action.BLOCK, Row.CATEGORY, 28, 3, 1, to_wire("www.example.org"), "lan", "phone", "adult", "s", "l", "r1",
            matched,
        ).encode()  # fmt: skip
    assert len(seat.tails) == 1


def test_tails_of_a_seat_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "_MAX_TAILS", 8)
    seat = Seat(0, "lan", "phone")
    decisions = [_decision(number) for number in range(20)]
    for decision in decisions:
        tails.tail_of(seat, decision, Action.BLOCK, 1, 0, 0, b"\0", b"")
    assert len(seat.tails) <= 8


def test_page_addresses_prefer_the_asked_one() -> None:
    own = (b"\1\2\3\4", bytes(15) + b"\7")
    assert shape.page_addresses("192.168.1.2", own) == (b"\xc0\xa8\1\2", own[1])
    assert shape.page_addresses("fd00::1", own)[0] == own[0]
    assert shape.page_addresses("", own) == own


def test_zones_without_and_with_the_root() -> None:
    numbers: dict[object, int] = {}
    empty = Zones((), (), lambda upstreams: numbers.setdefault(upstreams, len(numbers)))
    assert empty.group(to_wire("a.example")) is None
    assert not empty.rebind_allowed(to_wire("a.example"))
    zones = Zones(
        (ForwardZone(b"\0", ("udp://192.0.2.1",)), ForwardZone(to_wire("example"), ("udp://192.0.2.2",))),
        (to_wire("ok.example"),),
        lambda upstreams: numbers.setdefault(upstreams, len(numbers)),
    )
    assert zones.group(to_wire("x.example")) == 1
    assert zones.group(to_wire("x.org")) == 0
    assert zones.rebind_allowed(to_wire("a.ok.example"))
    assert not zones.rebind_allowed(to_wire("ok.example.org"))


def test_counters_have_names() -> None:
    stats = Stats()
    stats.blocked += 2
    assert stats.as_dict()["blocked"] == 2
    assert set(stats.as_dict()) == {field.name for field in dataclasses.fields(Stats)}
