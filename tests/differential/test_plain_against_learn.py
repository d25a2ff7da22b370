"""The short cut for usual answers says what the long way says, or nothing at all."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from filterd.errors import ParseError
from filterd.resolve.cache import Fact
from filterd.resolve.learn import learn
from filterd.resolve.plain import learn_plain
from filterd.wire.name import to_wire
from filterd.wire.scan import scan_response

NAME = to_wire("www.example.org")
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
END = 12 + len(NAME) + 4


def _packet(qtype: int, ttls: list[int], addresses: list[bytes], opt: bytes, flags: int) -> bytes:
    head = b"\x12\x34" + flags.to_bytes(2, "big") + b"\0\1" + len(ttls).to_bytes(2, "big") + b"\0\0"
    head += b"\0\1" if opt else b"\0\0"
    kind = qtype.to_bytes(2, "big") + b"\0\1"
    out = head + NAME + kind
    for ttl, address in zip(ttls, addresses, strict=True):
        out += b"\xc0\x0c" + kind + ttl.to_bytes(4, "big") + len(address).to_bytes(2, "big") + address
    return out + opt


@st.composite
def answers(draw: Any) -> tuple[int, bytes]:
    """A plain answer, or one that is nearly plain."""
    qtype = draw(st.sampled_from([1, 28]))
    size = 4 if qtype == 1 else 16
    count = draw(st.integers(0, 20))
    ttls = draw(st.lists(st.integers(0, 0xFFFFFFFF), min_size=count, max_size=count))
    private = [
        b"\0" * size,
        b"\x0a" + b"\1" * (size - 1),
        b"\x7f\0\0\1".ljust(size, b"\0"),
        b"\xfd" + b"\1" * (size - 1),
    ]
    one = st.one_of(st.binary(min_size=size, max_size=size), st.sampled_from(private))
    addresses = draw(st.lists(one, min_size=count, max_size=count))
    opt = draw(st.sampled_from([b"", OPT]))
    packet = bytearray(
        _packet(qtype, ttls, addresses, opt, draw(st.sampled_from([0x8180, 0x8480, 0x81A0, 0x8380, 0x8183])))
    )
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):  # damage behind the question, or in the counts
        at = draw(st.one_of(st.integers(6, 11), st.integers(END, max(END, len(packet) - 1))))
        if at < len(packet):
            packet[at] = draw(st.integers(0, 255))
    cut = draw(st.one_of(st.just(len(packet)), st.integers(END, len(packet))))
    return qtype, bytes(packet[:cut]) + draw(st.sampled_from([b"", b"", b"trailing"]))


def _facts(fact: Fact) -> tuple[Any, ...]:
    return (
        fact.pieces, fact.ttls, fact.an, fact.ns, fact.rcode, fact.stored, fact.lifetime, fact.marks, fact.ad, fact.targets, fact.ede,
    )  # fmt: skip


@given(answers(), st.booleans())
@example((1, _packet(1, [300], [b"\xc0\0\2\1"], OPT, 0x81A0)), True)
def test_short_cut_says_what_the_long_way_says(answer: tuple[int, bytes], secure: bool) -> None:
    qtype, packet = answer
    short = learn_plain(packet, END, qtype, secure, 5.0)
    if short is None:
        return
    response = scan_response(packet)  # whatever the short cut takes is well-formed
    assert not response.tc
    assert response.rcode == 0
    assert _facts(learn(packet, response, False, secure, 5.0)) == _facts(short)


def test_usual_answers_do_take_the_short_cut() -> None:
    for count in (1, 2, 16):
        for qtype, address in ((1, b"\xc0\0\2\1"), (28, b"\x20\1\x0d\xb8" + bytes(12))):
            for opt in (b"", OPT):
                packet = _packet(qtype, [300] * count, [address[:-1] + bytes([n]) for n in range(count)], opt, 0x8180)
                assert learn_plain(packet, END, qtype, False, 0.0) is not None
    assert learn_plain(_packet(1, [1] * 17, [b"abcd"] * 17, b"", 0x8180), END, 1, False, 0.0) is None
    assert learn_plain(_packet(1, [1], [b"abcd"], b"", 0x8180), END, 16, False, 0.0) is None


@given(st.binary(max_size=80))
def test_short_cut_never_raises(tail: bytes) -> None:
    packet = b"\x12\x34\x81\x80\0\1\0\2\0\0\0\1" + NAME + b"\0\1\0\1" + tail
    fact = learn_plain(packet, END, 1, False, 0.0)
    if fact is not None:
        try:
            scan_response(packet)
        except ParseError:
            raise AssertionError("taken, though it is malformed") from None
