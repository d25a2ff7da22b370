"""The small pure parts of resolve/: addresses, special names, attempts, timers."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterd.resolve import rebind, special
from filterd.resolve.inflight import TICK_S, Wheel
from filterd.resolve.transaction import TYPE_CLASS, Attempt, Verdict, message, scramble, verdict
from filterd.wire.name import to_wire


@pytest.mark.parametrize(
    ("address", "mark"),
    [
        ("8.8.8.8", 0), ("9.255.255.255", 0), ("11.0.0.0", 0), ("100.63.255.255", 0), ("100.128.0.0", 0), ("126.1.1.1", 0),
        ("128.0.0.1", 0), ("169.253.0.1", 0), ("172.15.0.1", 0), ("172.32.0.1", 0), ("192.167.0.1", 0), ("192.169.0.1", 0),
        ("10.0.0.0", 1), ("100.64.0.0", 1), ("127.255.255.255", 1), ("169.254.0.0", 1), ("172.16.0.0", 1),
        ("172.31.255.255", 1), ("192.168.0.0", 1), ("0.0.0.1", 1), ("255.255.255.255", 1), ("0.0.0.0", 2),
        ("2001:db8::1", 0), ("fb00::1", 0), ("fe00::1", 0), ("fe7f::1", 0), ("::ffff:8.8.8.8", 0), ("64:ff9b::808:808", 0),
        ("fc00::", 1), ("fdff::1", 1), ("fe80::1", 1), ("febf::1", 1), ("fec0::1", 1), ("::1", 1), ("::2", 1),
        ("::ffff:10.0.0.1", 1), ("::ffff:127.0.0.1", 1), ("::10.0.0.1", 1), ("64:ff9b::c0a8:101", 1), ("::8.8.8.8", 0),
        ("::ffff:0.0.0.0", 2), ("::", 2),
    ],
)  # fmt: skip
def test_marks_of_addresses(address: str, mark: int) -> None:
    assert not mark or ipaddress.ip_address(address).packed[0] in rebind.FIRST_BYTES
    assert rebind.marks([ipaddress.ip_address(address).packed]) == mark


def test_marks_add_up() -> None:
    assert rebind.marks([]) == 0
    assert rebind.marks([b"\x08\x08\x08\x08", b"\x0a\0\0\1", bytes(16)]) == rebind.PRIVATE | rebind.NULL


@given(st.integers(0, 2**32 - 1))
def test_private_agrees_with_the_standard_library_where_both_speak(value: int) -> None:
    address = ipaddress.IPv4Address(value)
    found = rebind.marks([address.packed])
    if found:
        assert not address.is_global
    if any(
        address in ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")
    ):
        assert found == rebind.PRIVATE


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=0, max_size=6))
def test_special_zone_of_any_name_is_a_zone_above_it(labels: list[bytes]) -> None:
    name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    zone = special.special_zone(name.lower())
    if zone is not None:
        assert name.lower().endswith(zone)
        special.local_answer(name.lower(), zone, 1)


@given(st.binary(min_size=0, max_size=60).filter(lambda label: b"\0" not in label))
def test_scrambled_names_are_the_same_names(text: bytes) -> None:
    name = bytes((len(text),)) + text + b"\0" if text else b"\0"
    assert scramble(name, b"\xff" * len(name)).swapcase() == name or not name.isalpha()
    assert scramble(name, b"\xff" * len(name)).lower() == name.lower()
    assert scramble(name, bytes(len(name))) == name


def test_question_is_made_of_what_it_is_given() -> None:
    question = to_wire("a.example") + TYPE_CLASS(28, 1)
    assert message(0x1234, question, False, False, False) == b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + question
    assert message(1, question, True, True, True, True) == (
        b"\0\1\1\x30\0\1\0\0\0\0\0\1" + question + b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"
    )


def test_verdicts() -> None:
    question = b"\x01A\0" + TYPE_CLASS(1, 1)
    attempt = Attempt(None, 0, 0, 0x1234, question, 0.0)
    good = b"\x12\x34\x81\x80\0\1\0\0\0\0\0\0" + question
    assert verdict(attempt, good) is Verdict.GOOD
    assert verdict(attempt, good.lower()) is Verdict.FOLDED
    assert verdict(attempt, b"\x12\x35" + good[2:]) is Verdict.BAD
    assert verdict(attempt, good[:3] + b"\x81\0\0" + good[6:12]) is Verdict.BARE_ERROR
    assert verdict(attempt, good[:3] + b"\x80\0\0" + good[6:12]) is Verdict.BAD  # NOERROR without a question
    assert verdict(attempt, good[:3] + b"\x81\0\0\0\1" + good[8:12]) is Verdict.BAD
    assert verdict(attempt, good[:-1]) is Verdict.BAD
    plain = Attempt(None, 0, 0, 0x1234, question, 0.0, case=False)
    assert verdict(plain, good.lower()) is Verdict.GOOD


@given(st.binary(max_size=40))
def test_verdict_never_raises(packet: bytes) -> None:
    verdict(Attempt(None, 0, 0, 0, b"\0" + TYPE_CLASS(1, 1), 0.0), packet)


def test_wheel_gives_back_in_time_and_once() -> None:
    wheel: Wheel[str] = Wheel()
    assert wheel.next() == float("inf")
    wheel.add(1.0, "a")
    wheel.add(1.001, "b")
    wheel.add(3.0, "c")
    assert len(wheel) == 3
    assert wheel.due(1.0) == []
    assert 1.0 < wheel.next() <= 1.0 + TICK_S
    assert wheel.due(1.0 + TICK_S) == ["a", "b"]
    assert wheel.due(2.9) == []
    assert wheel.due(100.0) == ["c"]
    assert len(wheel) == 0


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=30))
def test_nothing_comes_back_early_or_much_too_late(times: list[float]) -> None:
    wheel: Wheel[float] = Wheel()
    for when in times:
        wheel.add(when, when)
    seen = []
    while (now := wheel.next()) != float("inf"):
        for when in wheel.due(now):
            assert when <= now <= when + 2 * TICK_S
            seen.append(when)
    assert sorted(seen) == sorted(times)
