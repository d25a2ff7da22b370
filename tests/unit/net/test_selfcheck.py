"""A worker's question to itself."""

from __future__ import annotations

import socket

import pytest

from filterd.net import selfcheck
from filterd.net.selfcheck import SelfQuestion
from tests.unit.net.bench import Bench


def test_ready_is_said_once_when_every_socket_has_answered() -> None:
    with Bench() as bench:
        bench.engine.on_query = lambda packet, source, now: [  # type: ignore[method-assign] # answers anything
            bench_reply(source, packet)
        ]
        sockets = [bench.udp(address).sock for address in ("127.0.0.1", "0.0.0.0", "::1", "::")]
        said: list[int] = []
        question = bench.keep(SelfQuestion(bench.loop, sockets, lambda: said.append(1)))
        assert bench.turn(lambda: said)
        bench.idle(0.5)
        assert said == [1] and not question.failed


def bench_reply(source: object, packet: bytes) -> object:
    """The packet with QR set, to its sender."""
    from filterd.engine.commands import Reply
    from tests.unit.net.bench import answer_to

    return Reply(source, answer_to(packet))  # type: ignore[arg-type] # a Source


def test_a_socket_that_does_not_answer_is_a_failure_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "LIMIT_S", 0.5)
    with Bench() as bench:
        silent = bench.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind(("127.0.0.1", 0))
        question = bench.keep(SelfQuestion(bench.loop, [silent], lambda: pytest.fail("it did not answer")))
        packet, asker = silent.recvfrom(512) if bench.turn(lambda: question.failed) else (b"", None)
        assert question.failed and len(packet) == 12 and asker is not None


def test_rubbish_is_no_answer_and_an_address_that_cannot_be_sent_to_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selfcheck, "LIMIT_S", 0.6)
    with Bench() as bench:
        other = bench.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        other.bind(("127.0.0.1", 0))
        question = bench.keep(SelfQuestion(bench.loop, [other], lambda: pytest.fail("that was no answer")))
        bench.loop.run_once(0.05)
        packet, asker = other.recvfrom(512)
        for rubbish in (b"", b"x" * 12, packet):
            other.sendto(rubbish, asker)
        other.close()
        assert bench.turn(lambda: question.failed)
