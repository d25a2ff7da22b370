"""A trial of an upstream: what an answer, silence and a refusal are told as; nothing stays open."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from filterd.model.upstream import Upstream
from filterd.net.trial import Trial
from tests.unit.net.bench import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench."""
    with Bench() as bench:
        yield bench


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A name server's socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


def tried(bench: Bench, server: socket.socket, rcode: int | None, *, ident: bool = True) -> tuple[float | None, str]:
    """Try `server`, which answers with `rcode`, or with another's id first."""
    told: list[tuple[float | None, str]] = []
    upstream = Upstream("udp", "127.0.0.1", server.getsockname()[1])
    trial = Trial(bench.loop, upstream, lambda ms, failed: told.append((ms, failed)))
    question, source = server.recvfrom(512)
    assert question[12:17] == b"\0\0\x02\0\x01"  # the root's name servers: nothing about the house
    if rcode is not None:
        answer = bytes((question[2] | 0x80, rcode)) + question[4:]
        if not ident:
            server.sendto(bytes((question[0] ^ 1, question[1])) + answer, source)
        else:
            server.sendto(question[:2] + answer, source)
        bench.turn(lambda: bool(told)) if ident else bench.idle(0.1)
    trial.close()
    return told[0] if told else (None, "nothing")


def test_an_answer_is_told_with_its_time(bench: Bench, server: socket.socket) -> None:
    ms, failed = tried(bench, server, 0)
    assert ms is not None and ms >= 0 and failed == ""


def test_a_refusal_is_no_answer(bench: Bench, server: socket.socket) -> None:
    assert tried(bench, server, 5) == (None, "refused")


def test_what_answers_another_question_is_passed_over(bench: Bench, server: socket.socket) -> None:
    assert tried(bench, server, 0, ident=False) == (None, "nothing")


def test_nobody_there_is_told_as_unreachable(bench: Bench) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told: list[tuple[float | None, str]] = []
    for scheme in ("udp", "tcp"):
        trial = Trial(bench.loop, Upstream(scheme, "127.0.0.1", port), lambda ms, failed: told.append((ms, failed)))

        bench.turn(lambda wanted=scheme: len(told) == (1 if wanted == "udp" else 2))
        trial.close()
    assert set(told) == {(None, "unreachable")}
