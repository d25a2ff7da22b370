"""Questions to upstreams: connected sockets on random ports, one pipelined TCP connection."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from filterd.model.upstream import Upstream
from filterd.net import upstream as module
from filterd.net.stream import Times
from filterd.net.upstream import Upstreams
from filterd.wire.frame import frame
from tests.unit.net.bench import Bench, answer_to, question


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench with upstreams joined to its edge."""
    with Bench() as bench:
        join(bench)
        yield bench


def join(bench: Bench, times: Times | None = None) -> Upstreams:
    """Give the bench its upstreams."""
    upstreams = Upstreams(bench.loop, bench.engine.upstream, bench.edge, times)
    bench.edge.upstreams = upstreams
    bench.keep(upstreams)
    return upstreams


def udp_server(bench: Bench, address: str = "127.0.0.1") -> socket.socket:
    """A socket that stands for upstream 0."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    bench.keep(sock)
    sock.bind((address, 0))
    sock.settimeout(2)
    bench.engine.upstreams[0] = Upstream("udp", address, sock.getsockname()[1])
    return sock


class TcpServer:
    """Stands for upstream 0 over TCP; the test accepts, reads and answers."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.listener = bench.keep(socket.socket())
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.listener.settimeout(2)
        bench.engine.upstreams[0] = Upstream("tcp", "127.0.0.1", self.listener.getsockname()[1])
        self.sock: socket.socket = None  # type: ignore[assignment] # set by accept

    def accept(self) -> TcpServer:
        """Take the next connection."""
        self.sock, _ = self.listener.accept()
        self.bench.keep(self.sock)
        self.sock.setblocking(False)
        return self

    def read(self, count: int) -> list[bytes]:
        """The next messages."""
        return self.bench.messages(self.sock, count)

    def say(self, *packets: bytes) -> None:
        """Send messages."""
        self.sock.sendall(b"".join(map(frame, packets)))


def heard(bench: Bench, count: int, seconds: float = 3.0) -> list[tuple[Any, ...]]:
    """What the engine has heard once it has heard `count` things."""
    bench.turn(lambda: len(bench.engine.heard) >= count, seconds)
    return bench.engine.heard


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_datagram_goes_out_and_its_answer_comes_in(bench: Bench, address: str) -> None:
    server = udp_server(bench, address)
    assert bench.edge.upstreams.send(0, 3, b"question")
    packet, client = server.recvfrom(100)
    server.sendto(b"answer", client)
    assert packet == b"question"
    assert heard(bench, 1) == [(0, 3, b"answer")]


def test_an_answer_from_elsewhere_is_not_heard(bench: Bench) -> None:
    server = udp_server(bench)
    bench.edge.upstreams.send(0, 0, b"question")
    _, client = server.recvfrom(100)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
        forger.sendto(b"forged", client)
    server.sendto(b"true", client)
    assert heard(bench, 2, 0.2) == [(0, 0, b"true")]


def test_every_lane_has_a_port_of_its_own_and_gives_it_up_after_a_while(bench: Bench) -> None:
    upstreams = bench.edge.upstreams
    assert isinstance(upstreams, Upstreams)
    server = udp_server(bench)
    ports: dict[int, set[int]] = {}
    for number in range(module.LANE_USES + 10):
        for lane in range(3):
            assert upstreams.send(0, lane, b"%d" % number)
            ports.setdefault(lane, set()).add(server.recvfrom(100)[1][1])
    assert all(len(used) == 2 for used in ports.values())
    assert len(set.union(*ports.values())) == 6
    assert upstreams.open_lanes == 6  # the old ones still hear their answers


def test_an_answer_to_a_given_up_port_is_still_heard_and_then_the_port_is_closed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DRAIN_S", 0.3)
    upstreams = bench.edge.upstreams
    assert isinstance(upstreams, Upstreams)
    server = udp_server(bench)
    upstreams.send(0, 0, b"before")
    _, before = server.recvfrom(100)
    upstreams.renew()
    upstreams.send(0, 0, b"after")
    _, after = server.recvfrom(100)
    assert before != after
    server.sendto(b"late", before)
    assert heard(bench, 1) == [(0, 0, b"late")]
    assert bench.turn(lambda: upstreams.open_lanes == 1)


def test_a_dead_upstream_is_known_by_the_kernels_word(bench: Bench) -> None:
    udp_server(bench).close()
    assert bench.edge.upstreams.send(0, 5, b"question")
    assert heard(bench, 1) == [("error", 0, 5)]
    for _ in range(3):  # an error that waits in the socket does not cost the next question
        assert bench.edge.upstreams.send(0, 5, b"question")


def test_an_upstream_that_cannot_be_sent_to_is_said_at_once(bench: Bench) -> None:
    bench.engine.upstreams[0] = Upstream("udp", "255.255.255.255")  # no permission to broadcast
    assert not bench.edge.upstreams.send(0, 0, b"question")


def test_a_number_that_means_another_address_gets_another_socket(bench: Bench) -> None:
    first = udp_server(bench)
    bench.edge.upstreams.send(0, 0, b"1")
    assert first.recv(10) == b"1"
    second = udp_server(bench)
    bench.edge.upstreams.send(0, 0, b"2")
    assert second.recv(10) == b"2"


def test_a_flood_of_answers_leaves_the_others_their_turn(bench: Bench) -> None:
    server = udp_server(bench)
    bench.edge.upstreams.send(0, 0, b"question")
    _, client = server.recvfrom(100)
    for _ in range(100):
        server.sendto(b"x", client)
    bench.loop.run_once(0.1)
    assert len(bench.engine.heard) == 1
    assert len(heard(bench, 100)) == 100


# --- TCP


def test_messages_share_one_connection_and_answers_find_their_question_in_any_order(bench: Bench) -> None:
    server = TcpServer(bench)
    for token in (1, 2, 3):
        assert bench.edge.upstreams.send_tcp(0, token, question(f"n{token}.example", 7))  # one id for all
    bench.loop.run_once(0.01)
    packets = server.accept().read(3)
    assert len({p[:2] for p in packets}) == 3
    server.say(*(answer_to(p) for p in reversed(packets)))
    expected = [("tcp", 0, token, answer_to(question(f"n{token}.example", 7))) for token in (3, 2, 1)]
    assert heard(bench, 3) == expected


def test_an_answer_to_nothing_is_ignored(bench: Bench) -> None:
    server = TcpServer(bench)
    bench.edge.upstreams.send_tcp(0, 1, question("a.example"))
    bench.loop.run_once(0.01)
    (packet,) = server.accept().read(1)
    wrong = bytes((packet[0] ^ 1,)) + packet[1:]
    server.say(answer_to(wrong), b"x", answer_to(packet), answer_to(packet))
    assert len(heard(bench, 2, 0.3)) == 1


def test_a_connection_that_ends_after_each_answer_is_made_again_for_the_rest(bench: Bench) -> None:
    server = TcpServer(bench)
    for token in (1, 2, 3):
        bench.edge.upstreams.send_tcp(0, token, question(f"n{token}.example"))
    for _ in range(3):
        bench.turn(lambda: False, 0.05)
        packet = server.accept().read(1)[0]
        server.say(answer_to(packet))
        server.sock.shutdown(socket.SHUT_RDWR)
        server.sock.close()
        bench.turn(lambda: False, 0.05)
    assert sorted(h[2] for h in heard(bench, 3)) == [1, 2, 3]
    assert all(h[3] for h in bench.engine.heard)


def test_a_connection_that_ends_without_any_answer_is_tried_once_more(bench: Bench) -> None:
    server = TcpServer(bench)
    bench.edge.upstreams.send_tcp(0, 1, question("a.example"))
    for _ in range(2):
        bench.turn(lambda: False, 0.05)
        server.accept().read(1)
        server.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.sock.close()
    assert heard(bench, 1) == [("tcp", 0, 1, None)]


def test_a_refused_connection_is_told(bench: Bench) -> None:
    TcpServer(bench).listener.close()
    bench.edge.upstreams.send_tcp(0, 1, question("a.example"))
    assert heard(bench, 1) == [("tcp", 0, 1, None)]


def test_a_connection_that_does_not_come_about_is_given_up() -> None:
    with Bench() as bench:
        upstreams = join(bench, Times(connect_s=0.3))
        server = TcpServer(bench)
        server.listener.listen(0)
        hold = [socket.socket() for _ in range(4)]  # fill the backlog, so that a connection hangs
        for sock in hold:
            bench.keep(sock)
            sock.setblocking(False)
            sock.connect_ex(server.listener.getsockname())
        assert upstreams.send_tcp(0, 1, question("a.example"))
        assert heard(bench, 1, 2.0) == [("tcp", 0, 1, None)]


def test_an_upstream_that_falls_silent_is_given_up() -> None:
    with Bench() as bench:
        upstreams = join(bench, Times(stalled_s=0.4))
        server = TcpServer(bench)
        upstreams.send_tcp(0, 1, question("a.example"))
        bench.loop.run_once(0.01)
        server.accept().read(1)
        upstreams.send_tcp(0, 2, question("b.example"))
        assert sorted(heard(bench, 2, 2.0)) == [("tcp", 0, 1, None), ("tcp", 0, 2, None)]


def test_an_idle_connection_is_closed_by_us_and_made_again_when_needed() -> None:
    with Bench() as bench:
        upstreams = join(bench, Times(idle_s=0.3))
        server = TcpServer(bench)
        for token in (1, 2):
            upstreams.send_tcp(0, token, question("a.example"))
            bench.loop.run_once(0.01)
            server.accept()
            server.say(answer_to(server.read(1)[0]))
            heard(bench, token)
            assert bench.is_closed(server.sock, 2)
        assert [h[2] for h in bench.engine.heard] == [1, 2]


def test_new_addresses_of_ours_mean_a_new_connection(bench: Bench) -> None:
    upstreams = bench.edge.upstreams
    assert isinstance(upstreams, Upstreams)
    server = TcpServer(bench)
    upstreams.send_tcp(0, 1, question("a.example"))
    bench.loop.run_once(0.01)
    (packet,) = server.accept().read(1)
    upstreams.renew()  # something is under way: it may finish
    server.say(answer_to(packet))
    heard(bench, 1)
    upstreams.send_tcp(0, 2, question("a.example"))
    bench.loop.run_once(0.01)
    first = server.sock
    server.accept().say(answer_to(server.read(1)[0]))
    assert [h[2] for h in heard(bench, 2)] == [1, 2]
    assert bench.is_closed(first)
    upstreams.renew()
    assert bench.is_closed(server.sock)


def test_what_is_under_way_is_bounded(bench: Bench) -> None:
    TcpServer(bench)
    taken = [bench.edge.upstreams.send_tcp(0, token, question("a.example")) for token in range(300)]
    assert taken.count(True) == 256
    assert not bench.edge.upstreams.send_tcp(0, 1, b"short")


def test_bytes_that_are_not_taken_are_bounded(bench: Bench) -> None:
    TcpServer(bench)
    taken = [bench.edge.upstreams.send_tcp(0, token, bytes(60_000)) for token in range(6)]
    assert taken == [True] * 4 + [False] * 2


def test_a_long_question_is_sent_as_the_upstream_takes_it(bench: Bench) -> None:
    server = TcpServer(bench)
    server.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    for token in range(4):
        bench.edge.upstreams.send_tcp(0, token, question("a.example").ljust(60_000, b"\0"))
    bench.loop.run_once(0.01)
    packets = server.accept().read(4)
    assert [len(p) for p in packets] == [60_000] * 4
    server.say(*(answer_to(p[:30]) for p in packets))
    assert len(heard(bench, 4)) == 4


def test_another_address_under_the_number_closes_the_connection(bench: Bench) -> None:
    first = TcpServer(bench)
    bench.edge.upstreams.send_tcp(0, 1, question("a.example"))
    bench.loop.run_once(0.01)
    first.accept().say(answer_to(first.read(1)[0]))
    heard(bench, 1)
    second = TcpServer(bench)
    bench.edge.upstreams.send_tcp(0, 2, question("a.example"))
    bench.loop.run_once(0.01)
    second.accept().say(answer_to(second.read(1)[0]))
    assert len(heard(bench, 2)) == 2
    assert bench.is_closed(first.sock)
