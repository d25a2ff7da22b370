"""The edge: commands are done in order, time is given, nothing ends the worker."""

from __future__ import annotations

from collections.abc import Sequence

from filterd.engine.commands import Ask, Command, Reply, Source
from filterd.net.edge import NoRing
from tests.unit.net.bench import Bench, question


class Handle:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, packet: bytes) -> None:
        """Keep, or fail."""
        if packet == b"fail":
            raise RuntimeError("a bug")
        self.sent.append(packet)


class Senders:
    """Upstreams that cannot be reached."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, upstream: int, lane: int, packet: bytes) -> bool:
        """Refuse."""
        self.sent += 1
        return False

    def send_tcp(self, upstream: int, token: int, packet: bytes) -> bool:
        """Refuse."""
        self.sent += 1
        return False


def source(handle: Handle) -> Source:
    """A client."""
    return Source("127.0.0.1", b"\x7f\0\0\1", False, "127.0.0.1", 1, handle)


def test_one_failing_command_does_not_keep_the_others_back() -> None:
    with Bench() as bench:
        handle = Handle()
        bench.edge.execute([Reply(source(handle), b"1"), Reply(source(handle), b"fail"), Reply(source(handle), b"2")])
        assert handle.sent == [b"1", b"2"]
        assert bench.edge.failures == 1


def test_an_upstream_that_cannot_be_reached_is_told_to_the_engine_until_it_gives_up() -> None:
    with Bench() as bench:
        senders = bench.edge.upstreams = Senders()
        tries = iter(range(3))

        def on_error(upstream: int, lane: int, now: float) -> Sequence[Command]:
            bench.engine.heard.append(("error", upstream, lane))
            return [Ask(0, lane + 1, b"")] if next(tries, None) is not None else ()

        bench.engine.on_upstream_error = on_error  # type: ignore[method-assign] # the fake's behaviour for this story
        bench.edge.question(question("ask.example"), source(Handle()))
        assert bench.engine.heard == [("error", 0, n) for n in range(4)]
        assert senders.sent == 4
        bench.edge.question(question("asktcp-5.example"), source(Handle()))
        assert bench.engine.heard[-1] == ("tcp", 0, 5, None)


def test_before_there_are_upstreams_nothing_is_asked() -> None:
    with Bench() as bench:
        bench.edge.question(question("ask.example"), source(Handle()))
        assert bench.engine.heard == []


def test_the_engine_gets_its_time_when_it_is_due() -> None:
    with Bench() as bench:
        assert bench.edge.idle(10.0) == 11.0
        assert bench.edge.idle(10.5) == 11.5  # not due: asked again when the next time is
        assert bench.engine.timers == [(10.0, 10.0 + 1e9, True)]


def test_an_engine_that_fails_on_an_answer_is_reported() -> None:
    with Bench() as bench:

        def fails(*_: object) -> Sequence[Command]:
            raise RuntimeError("a bug")

        bench.engine.on_upstream = fails  # type: ignore[method-assign] # the fake's behaviour for this story
        bench.edge.answer(0, 0, b"x")
        assert bench.edge.failures == 1


def test_events_without_a_ring_are_counted() -> None:
    ring = NoRing()
    ring.append(b"x")
    ring.append(b"xy", 2)
    assert ring.lost == 3
