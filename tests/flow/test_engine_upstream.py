"""The upstream side: forgers, letters, failures of every kind, and that no question waits for another."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from filterd.engine.commands import Ask, AskTcp
from filterd.engine.commands import Reply as ReplyCommand
from filterd.model.upstream import parse
from tests.playbook import (
    ADULT,
    KID,
    Answer,
    Asked,
    Logged,
    NoTcp,
    Nothing,
    Playbook,
    Query,
    Reply,
    Unreachable,
    Wait,
)

NAME = "www.example.org"
A = f"{NAME} 300 A 192.0.2.1"
SERVFAIL, REFUSED, FORMERR, NOTIMP = 2, 5, 1, 4
ONE = (parse("udp://192.0.2.53"),)


@pytest.fixture
def book() -> Playbook:
    return Playbook()


def test_question_carries_nothing_of_the_asker(book: Playbook) -> None:
    options = [(8, b"\0\1\x18\0\xc0\0\2"), (10, b"12345678"), (65001, b"x")]
    book >> Query(NAME, edns=4096, options=options, ad=True) << Asked(NAME, edns=True) << Nothing()


def test_ids_lanes_and_letters_vary() -> None:
    book = Playbook(lanes=16)
    ids, lanes, letters = set(), set(), set()
    for number in range(64):
        book >> Query(f"name-of-some-length{number}.example.org")
        ask = book.commands.pop()
        assert isinstance(ask, Ask)
        ids.add(ask.packet[:2])
        lanes.add(ask.lane)
        letters.add(ask.packet[13:30])
    assert len(ids) > 60
    assert len(lanes) == 16
    assert len(letters) > 60


def _byte(index: int, value: int) -> Any:
    return lambda packet: packet[:index] + bytes([value]) + packet[index + 1 :]


@pytest.mark.parametrize(
    "forge",
    [
        lambda packet: bytes([packet[0] ^ 1]) + packet[1:],  # another id
        lambda packet: packet[:2] + bytes([packet[2] & 0x7F]) + packet[3:],  # QR=0
        lambda packet: packet[:2] + bytes([packet[2] | 0x08]) + packet[3:],  # opcode
        lambda packet: packet[:14] + b"\x01" + packet[15:],  # another name
        lambda packet: packet[: 12 + len(NAME) + 2] + b"\0\x1c" + packet[12 + len(NAME) + 4 :],  # another type
        lambda packet: packet[: 12 + len(NAME) + 4] + b"\0\3" + packet[12 + len(NAME) + 6 :],  # another class
        lambda packet: packet[:4] + b"\0\0" + packet[6:],  # no question
        lambda packet: packet[:4] + b"\0\2" + packet[6:],
        lambda packet: packet[:11],
        lambda packet: b"",
        lambda packet: packet[:-3],  # cut off
    ],
)
def test_answer_that_does_not_fit_is_ignored_and_the_good_one_is_awaited(book: Playbook, forge: Any) -> None:
    book >> Query(NAME) << Asked(NAME)
    book >> Answer(f"{NAME} 300 A 192.0.2.66", change=forge) << Nothing()
    book >> Answer(A) << Reply(a=["192.0.2.1"]) << Nothing()
    stats = book.engine.stats()
    assert stats["upstream_bad"] + stats["upstream_unexpected"] + stats["upstream_malformed"] == 1


def test_answer_to_another_lane_or_upstream_is_ignored(book: Playbook) -> None:
    book >> Query(NAME) << Asked(NAME)
    ask = book.asked[-1]
    assert isinstance(ask, Ask)
    packet = Answer(A).packet(ask.packet)
    for upstream, lane in ((ask.upstream, (ask.lane + 1) % 4), (1 - ask.upstream, ask.lane), (9, 0), (0, 99)):
        assert not book.engine.on_upstream(upstream, lane, packet, book.now)
    assert book.engine.stats()["upstream_unexpected"] == 4
    book >> Answer(A) << Reply(a=["192.0.2.1"])
    book >> Answer(A) << Nothing()  # a second one is of no use


def _fold(packet: bytes) -> bytes:
    end = 12 + len(NAME) + 2
    return packet[:12] + packet[12:end].lower() + packet[end:]


def test_folded_letters_are_believed_over_tcp_only(book: Playbook) -> None:
    book >> Query(NAME) << Asked(NAME)
    book >> Answer(f"{NAME} 300 A 192.0.2.66", change=_fold) << Asked(NAME, tcp=True, upstream=0) << Nothing()
    book >> Answer(f"{NAME} 300 A 192.0.2.66", change=_fold, to=0) << Nothing()  # once is enough
    book >> Answer(A, change=_fold) << Reply(a=["192.0.2.1"])
    book >> Query("next.example")  # TCP showed it for certain: no more games with this one
    assert b"\x04next\x07example" in book.commands[0].packet  # type: ignore[union-attr]
    book << Asked(upstream=0)
    book >> Answer("next.example 300 A 192.0.2.2", change=lambda p: p.replace(b"next", b"NEXT")) << Reply()


def test_forgers_folded_answer_does_no_harm_when_the_upstream_keeps_letters(book: Playbook) -> None:
    book >> Query(NAME) << Asked(NAME)
    book >> Answer(f"{NAME} 300 A 192.0.2.66", change=_fold) << Asked(tcp=True)
    book >> Answer(A, to=0) << Reply(a=["192.0.2.1"]) << Nothing()  # the true one came after all
    book >> Answer(A) << Nothing()
    book >> Query("another-name.example")
    assert b"another-name" not in book.commands[0].packet  # type: ignore[union-attr]


def test_folding_upstream_without_tcp_is_asked_again_from_another_port() -> None:
    book = Playbook(upstreams=ONE)
    for number in range(3):
        name = f"www{number}.example.org"
        book >> Query(name) << Asked(name)
        book >> Answer(f"{name} 300 A 192.0.2.1", change=lambda p: p[:12] + p[12:32].lower() + p[32:])
        book << Asked(tcp=True) >> NoTcp() << Asked(name)
        assert book.asked[-1].packet[12:30] == book.asked[-1].packet[12:30].lower()
        book >> Answer(f"{name} 300 A 192.0.2.1") << Reply(a=["192.0.2.1"]) << Nothing()
    book >> Query("four.example") << Asked("four.example")
    book >> Answer("four.example 300 A 192.0.2.4") << Reply(a=["192.0.2.4"])
    assert b"\x04four\x07example" in book.asked[-1].packet


def test_truncated_answer_is_fetched_over_tcp(book: Playbook) -> None:
    book >> Query(NAME) << Asked(NAME, upstream=0)
    book >> Answer(tc=True) << Asked(NAME, tcp=True, upstream=0) << Nothing()
    book >> Answer(A) << Reply(a=["192.0.2.1"]) << Nothing()


def test_truncated_scrap_is_fetched_over_tcp_too(book: Playbook) -> None:
    book >> Query(NAME) << Asked(NAME)
    book >> Answer(A, tc=True, change=lambda packet: packet[:-20]) << Asked(NAME, tcp=True)


@pytest.mark.parametrize("bad", [NoTcp(), Answer(A, change=_byte(20, 1)), Answer(A, change=lambda p: p[:-15])])
def test_tcp_that_fails_leads_to_the_next_upstream(book: Playbook, bad: Any) -> None:
    book >> Query(NAME) << Asked(upstream=0) >> Answer(tc=True) << Asked(tcp=True, upstream=0)
    book >> bad << Asked(NAME, upstream=1, tcp=False)
    book >> Answer(A) << Reply(a=["192.0.2.1"])


def test_tcp_upstream_is_asked_over_tcp_alone() -> None:
    book = Playbook(upstreams=(parse("tcp://192.0.2.53"), parse("tcp://192.0.2.54")))
    book >> Query(NAME) << Asked(NAME, tcp=True, upstream=0) >> Answer(A) << Reply(a=["192.0.2.1"])
    book >> Query("b.example") << Asked(tcp=True) >> NoTcp() << Asked(tcp=True) >> NoTcp() << Reply(SERVFAIL)
    assert not book.engine.on_upstream_tcp(0, 999, b"x", book.now)
    assert not book.engine.on_upstream_tcp(1, 1, None, book.now)


@pytest.mark.parametrize("rcode", [FORMERR, NOTIMP, 16])
@pytest.mark.parametrize("bare", [False, True])
def test_upstream_without_edns_is_asked_without(book: Playbook, rcode: int, bare: bool) -> None:
    if bare and rcode == 16:
        return
    change = (lambda packet: packet[:4] + b"\0\0\0\0\0\0\0\0") if bare else None
    book >> Query(NAME) << Asked(NAME, edns=True, upstream=0)
    book >> Answer(rcode=rcode, change=change) << Asked(NAME, edns=False, upstream=0) << Nothing()
    book >> Answer(A) << Reply(a=["192.0.2.1"])
    book >> Query("b.example") << Asked("b.example", edns=False, upstream=0)  # it is remembered


def test_upstream_that_answers_formerr_all_the_time(book: Playbook) -> None:
    book >> Query(NAME) << Asked(upstream=0, edns=True) >> Answer(rcode=FORMERR) << Asked(upstream=0, edns=False)
    book >> Answer(rcode=FORMERR) << Asked(upstream=1, edns=True) >> Answer(A) << Reply(a=["192.0.2.1"])
    book >> Query("b.example") << Asked(edns=True)


@pytest.mark.parametrize("rcode", [SERVFAIL, REFUSED, 9])
def test_error_of_one_upstream_leads_to_the_next(book: Playbook, rcode: int) -> None:
    book >> Query(NAME) << Asked(NAME, upstream=0) >> Answer(rcode=rcode) << Asked(NAME, upstream=1) << Nothing()
    book >> Answer(A) << Reply(a=["192.0.2.1"])


def test_errors_of_all_upstreams_are_a_servfail(book: Playbook) -> None:
    book >> Query(NAME, edns=1232) << Asked(upstream=0) >> Answer(rcode=REFUSED) << Asked(upstream=1)
    book >> Answer(rcode=REFUSED) << Reply(SERVFAIL, ede=0) << Nothing()


def test_answer_whose_records_make_no_sense_leads_to_the_next(book: Playbook) -> None:
    book >> Query(NAME, "HTTPS") << Asked(NAME, upstream=0)
    book >> Answer(f"{NAME} 300 TYPE65 0001ff") << Asked(NAME, "HTTPS", upstream=1)
    book >> Answer(f"{NAME} 300 HTTPS 1 .") << Reply(count=1)


def test_silence_leads_to_the_next_and_then_all_over(book: Playbook) -> None:
    book >> Query(NAME) << Asked(NAME, upstream=0) >> Wait(0.85) << Asked(NAME, upstream=1) << Nothing()
    book >> Answer(A, to=0) << Reply(a=["192.0.2.1"]) << Nothing()  # late, but it is the answer


def test_servfail_within_five_seconds_when_all_are_dead(book: Playbook) -> None:
    book >> Query(NAME, edns=1232) >> Query("b.example", client=ADULT) >> Wait(4.6)
    asks = [command for command in book.commands if isinstance(command, Ask)]
    assert {ask.upstream for ask in asks} == {0, 1}
    assert 8 <= len(asks) <= 20
    book << Reply(SERVFAIL, ede=23, to=KID) << Reply(SERVFAIL, to=ADULT)
    book.commands.clear()
    book >> Query(NAME, edns=1232) << Reply(SERVFAIL, ede=23) << Nothing()  # not again at once
    assert book.engine.stats()["inflight"] == 0


def test_single_upstream_is_asked_again_with_another_id() -> None:
    book = Playbook(upstreams=ONE)
    book >> Query(NAME) << Asked(NAME) >> Wait(0.85) << Asked(NAME)
    assert book.asked[0].packet[:2] != book.asked[1].packet[:2]
    book >> Answer(A) << Reply(a=["192.0.2.1"])


def test_dead_upstream_is_left_alone_and_asked_after_in_the_background() -> None:
    book = Playbook(probes=True)
    probes = [command for command in book.commands if isinstance(command, Ask)]
    assert [probe.upstream for probe in probes] == [0, 1]
    book.commands.clear()
    for number in range(3):
        name = f"n{number}.example"
        book >> Query(name) << Asked(name, upstream=0) >> Wait(0.85) << Asked(name, upstream=1)
        book >> Answer(f"{name} 300 A 192.0.2.1") << Reply()
    book >> Query("x.example") << Asked("x.example", upstream=1)  # nobody waits for the dead one any more
    book >> Answer("x.example 300 A 192.0.2.1") << Reply()
    assert book.engine.stats()["upstreams_down"] == 1
    while not book.commands:
        book >> Wait(0.02)
    assert isinstance(book.commands[0], Ask)
    assert book.commands[0].upstream == 0
    assert b"filterd-loop-check" in book.commands[0].packet.lower()
    book.asked.append(book.commands[0])
    book.commands.clear()
    book >> Answer(rcode=3)
    assert book.engine.stats()["upstreams_down"] == 0
    book >> Query("y.example") << Asked("y.example", upstream=0)


def test_all_on_probation_are_asked_all_the_same() -> None:
    book = Playbook()
    for number in range(4):
        book >> Query(f"n{number}.example") >> Wait(4.6)
    assert book.engine.stats()["upstreams_down"] == 2
    book.commands.clear()
    book >> Query(NAME) << Asked(NAME) >> Answer(A) << Reply(a=["192.0.2.1"])
    assert book.engine.stats()["upstreams_down"] == 1


def test_slow_upstream_gives_way_to_a_fast_one() -> None:
    book = Playbook(probes=True)
    asks = [command for command in book.commands if isinstance(command, Ask)]
    book.commands.clear()
    book.now += 0.01
    book._take(book.engine.on_upstream(1, asks[1].lane, Answer(rcode=3).packet(asks[1].packet), book.now))
    book.now += 0.2
    book._take(book.engine.on_upstream(0, asks[0].lane, Answer(rcode=3).packet(asks[0].packet), book.now))
    book >> Query(NAME) << Asked(NAME, upstream=1)


def test_unreachable_host_leads_to_the_next_at_once(book: Playbook) -> None:
    book >> Query(NAME) << Asked(NAME, upstream=0) >> Unreachable() << Asked(NAME, upstream=1) << Nothing()
    book >> Answer(A) << Reply(a=["192.0.2.1"])
    book >> Unreachable(to=0) << Nothing()  # nothing is under way there any more
    assert not book.engine.on_upstream_error(0, 99, book.now)


def test_only_host_unreachable_is_tried_once_more_and_then_given_up() -> None:
    book = Playbook(upstreams=ONE)
    book >> Query(NAME, edns=1232) << Asked(NAME) >> Unreachable() << Nothing() >> Wait(0.35) << Asked(NAME)
    book >> Unreachable() << Reply(SERVFAIL, ede=23) << Nothing()


def test_many_ask_the_same_and_one_question_goes_out(book: Playbook) -> None:
    for number in range(20):
        book >> Query(NAME, client=f"192.168.1.{100 + number}", id=number)
    book >> Query(NAME.upper(), client=ADULT, id=99)
    book << Asked(NAME) << Nothing()
    book >> Answer(A)
    replies = [command for command in book.commands if isinstance(command, ReplyCommand)]
    assert [int.from_bytes(reply.packet[:2], "big") for reply in replies] == [*range(20), 99]
    assert book.engine.stats()["coalesced"] == 20


def test_client_that_repeats_itself_gets_one_answer(book: Playbook) -> None:
    book >> Query(NAME) >> Query(NAME) >> Query(NAME, id=2) << Asked(NAME) << Nothing()
    book >> Query(NAME, tcp=True) >> Query(NAME, tcp=True) << Nothing()  # over TCP these are two questions
    book >> Answer(A) << Reply() << Reply() << Reply() << Reply() << Nothing()


def test_limits_on_what_is_under_way() -> None:
    book = Playbook(max_inflight=10, max_inflight_per_client=6)
    for number in range(8):
        book >> Query(f"a{number}.example", client=KID)
    replies = [command for command in book.commands if isinstance(command, ReplyCommand)]
    assert len(replies) == 2
    book.commands.clear()
    for number in range(6):
        book >> Query(f"b{number}.example", client=ADULT)
    assert len([command for command in book.commands if isinstance(command, ReplyCommand)]) == 2
    assert book.engine.stats()["drop_busy"] == 4
    assert book.engine.stats()["inflight"] == 10
    book >> Query("b0.example", client="192.168.1.77", id=5)  # joining is possible
    book >> Wait(5)
    assert book.engine.stats()["inflight"] == 0
    book.commands.clear()
    book >> Query("c.example", client=KID) << Asked("c.example")


def test_waiters_of_one_question_are_bounded() -> None:
    book = Playbook(max_inflight_per_client=1000)
    for number in range(300):
        book >> Query(NAME, id=number)
    assert len([command for command in book.commands if isinstance(command, ReplyCommand)]) == 300 - 256


def test_dead_question_delays_no_other(book: Playbook) -> None:
    book >> Query("dead.example") << Asked("dead.example") >> Wait(0.1)
    book >> Query(NAME) << Asked(NAME) >> Answer(A) << Reply(a=["192.0.2.1"]) << Nothing()


def test_loop_is_found_said_and_not_used(caplog: pytest.LogCaptureFixture) -> None:
    book = Playbook(probes=True)
    probe = next(command for command in book.commands if isinstance(command, Ask) and command.upstream == 0)
    book.commands.clear()
    with caplog.at_level(logging.WARNING):
        raw = b"\x77\x77" + probe.packet[2:]  # comes back to us by way of the router
        book >> Query(raw=raw, client="192.168.1.1") << Reply(REFUSED) << Nothing()
        book >> Query(raw=raw.lower(), client="192.168.1.1") << Reply(REFUSED)
    assert [record.message.count("192.0.2.53") for record in caplog.records] == [1]
    assert book.engine.stats()["upstreams_looping"] == 1
    assert book.engine.stats()["loops"] == 2
    book.asked.append(probe)
    book >> Answer(rcode=REFUSED)
    assert book.engine.stats()["upstreams_looping"] == 1
    book >> Query(NAME) << Asked(NAME, upstream=1) >> Answer(rcode=SERVFAIL) << Reply(SERVFAIL) << Nothing()
    assert not [event for event in book.events if b"filterd-loop-check" in event.tail.qname]
    # the router is set right
    book >> Wait(61)
    again = next(c for c in book.commands if isinstance(c, Ask) and b"loop" in c.packet.lower() and c.upstream == 0)
    book.asked.append(again)
    book.commands.clear()
    book >> Answer(rcode=3)
    assert book.engine.stats()["upstreams_looping"] == 0


def test_only_upstream_leads_back_to_us() -> None:
    book = Playbook(probes=True, upstreams=ONE)
    probe = book.commands[0]
    assert isinstance(probe, Ask)
    book.commands.clear()
    book >> Query(raw=probe.packet) << Reply(REFUSED)
    book >> Query(NAME, edns=1232) << Reply(SERVFAIL, ede=23) << Nothing()
    book >> Query("nonce.filterd-loop-check.arpa")  # somebody else's is an ordinary question
    book << Reply(SERVFAIL)


def test_refused_loop_question_is_asked_again_since_another_worker_may_have_seen_it() -> None:
    book = Playbook(probes=True, upstreams=ONE, loop_key=b"shared by all workers")
    for _ in range(9):
        probe = book.commands.pop()
        assert isinstance(probe, Ask)
        book.asked.append(probe)
        book >> Answer(rcode=REFUSED) >> Wait(1.01)
    assert not book.commands
    other = Playbook(probes=True, upstreams=ONE, loop_key=b"shared by all workers")
    other.commands.clear()
    other >> Query(raw=probe.packet)
    assert other.engine.stats()["upstreams_looping"] == 1


def test_probes_of_tcp_upstreams_and_lost_ones_are_forgotten() -> None:
    book = Playbook(probes=True, upstreams=(parse("tcp://192.0.2.53"), *ONE))
    tcp, udp = book.commands
    book.commands.clear()
    assert isinstance(tcp, AskTcp)
    assert isinstance(udp, Ask)
    book.asked += [tcp, udp]
    book >> Answer(rcode=3, to=0) >> Unreachable(to=1) << Nothing()
    book >> Wait(601)
    again = [command for command in book.commands if isinstance(command, AskTcp)]
    assert len(again) == 1
    book.asked.append(again[0])
    book >> NoTcp()
    book >> Wait(6)
    assert book.engine._forward._probes._open == []


def test_events_say_where_the_answer_came_from(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply() << Logged("allow", "default", NAME, origin=3)
    book >> Query(NAME) << Reply() << Logged("allow", origin=1)
