"""Questions over TCP: many at once, out of order, within every limit."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from filterd.net.tcp import Limits
from filterd.wire.frame import frame
from tests.unit.net.bench import Bench, answer_to, few_descriptors, question


def test_many_questions_on_one_connection_are_answered_as_they_get_ready() -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp())
        late, soon = question("later.example", 1), question("now.example", 2)
        client.sendall(frame(late) + frame(soon))
        assert bench.messages(client, 1) == [answer_to(soon)]
        bench.release()
        assert bench.messages(client, 1) == [answer_to(late)]
        source = bench.engine.sources[0]
        assert (source.tcp, source.address, source.local, source.port) == (
            True, "127.0.0.1", "127.0.0.1", client.getsockname()[1],
        )  # fmt: skip


def test_ipv6_is_served_alike() -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp("::1"))
        client.sendall(frame(question("now.example")))
        assert bench.messages(client, 1) == [answer_to(question("now.example"))]
        assert bench.engine.sources[0].address == "::1"


def test_questions_in_any_pieces() -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp())
        for byte in frame(question("now.example", 5)) + frame(question("now.example", 6)):
            client.send(bytes((byte,)))
            bench.loop.run_once(0.001)
        assert [m[1] for m in bench.messages(client, 2)] == [5, 6]


def test_the_longest_message_is_taken_and_given() -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp())
        packet = question("big-65535.example").ljust(65_535, b"\0")  # bytes after the question: padding
        client.setblocking(True)
        client.settimeout(0.01)
        data = frame(packet)
        while data:
            try:
                data = data[client.send(data) :]
            except TimeoutError:
                pass
            bench.loop.run_once(0.001)
        client.setblocking(False)
        assert [len(m) for m in bench.messages(client, 1)] == [65_535]


def test_after_a_half_close_the_answers_still_come() -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(frame(question("later.example", 1)) + frame(question("now.example", 2)))
        client.shutdown(socket.SHUT_WR)
        assert len(bench.messages(client, 1)) == 1
        bench.idle(0.1)
        bench.release()
        assert len(bench.messages(client, 1)) == 1
        assert bench.is_closed(client)
        assert not bench.listeners.connections


def test_a_connection_without_questions_ends_after_its_idle_time() -> None:
    with Bench(Limits(idle_s=0.6)) as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(frame(question("now.example")))
        assert bench.messages(client, 1)
        assert not bench.is_closed(client, 0.3)
        assert bench.is_closed(client, 2)


def test_a_connection_that_waits_for_its_answer_is_not_idle() -> None:
    with Bench(Limits(idle_s=0.3)) as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(frame(question("later.example")))
        assert not bench.is_closed(client, 0.9)
        bench.release()
        assert bench.messages(client, 1)


def test_a_question_that_gets_no_answer_holds_its_connection_only_so_long() -> None:
    with Bench(Limits(idle_s=0.3, answer_s=0.5)) as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(frame(question("silent.example")))
        assert bench.is_closed(client, 3)


def test_with_few_places_left_the_idle_time_is_short() -> None:
    with Bench(Limits(connections=4, idle_s=60, idle_full_s=0.3)) as bench:
        listener = bench.tcp()
        two = [bench.tcp_client(listener) for _ in range(2)]
        bench.idle(0.8)
        assert len(bench.listeners.connections) == 2
        new = bench.tcp_client(listener)
        assert bench.is_closed(two[0]) and bench.is_closed(two[1])
        new.sendall(frame(question("now.example")))
        assert bench.messages(new, 1)


def test_a_question_must_be_whole_in_time_however_it_drips() -> None:
    """Slowloris: a byte now and then keeps no connection."""
    with Bench(Limits(message_s=0.5, idle_s=60)) as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(frame(question("now.example")))
        assert bench.messages(client, 1)
        start = time.monotonic()
        drip = frame(question("now.example"))
        try:
            for byte in drip:
                client.send(bytes((byte,)))
                bench.idle(0.1)
        except ConnectionError:
            pass
        assert bench.is_closed(client)
        assert time.monotonic() - start < 2
        assert bench.listeners.cut == 1


def test_questions_one_after_the_other_reset_the_clock_of_the_slow() -> None:
    with Bench(Limits(message_s=0.5, idle_s=60)) as bench:
        client = bench.tcp_client(bench.tcp())
        whole = frame(question("now.example"))
        client.send(whole[:5])
        for _ in range(10):
            bench.idle(0.1)
            client.send(whole[5:] + whole[:5])  # always a part of the next one
        assert len(bench.messages(client, 10)) == 10
        assert bench.listeners.cut == 0


def test_no_more_than_so_many_questions_are_under_way() -> None:
    with Bench(Limits(outstanding=4)) as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(b"".join(frame(question("later.example", n)) for n in range(10)))
        assert bench.turn(lambda: len(bench.engine.waiting) == 4)
        bench.idle(0.2)
        assert len(bench.engine.waiting) == 4
        client.sendall(frame(question("later.example", 10)))  # waits in the kernel
        bench.release()
        assert bench.turn(lambda: len(bench.engine.waiting) == 4)
        bench.release()
        assert bench.turn(lambda: len(bench.engine.waiting) == 3)
        bench.release()
        assert [m[1] for m in bench.messages(client, 11)] == list(range(11))


def test_not_reading_is_not_the_clients_slowness() -> None:
    with Bench(Limits(outstanding=1, message_s=0.4)) as bench:
        client = bench.tcp_client(bench.tcp())
        whole = frame(question("later.example", 1))
        client.sendall(whole + whole[:7])
        assert bench.turn(lambda: bench.engine.waiting)
        client.sendall(whole[7:])
        bench.idle(1.0)
        bench.release()
        assert bench.turn(lambda: bench.engine.waiting)
        bench.release()
        assert len(bench.messages(client, 2)) == 2


def slow_reader(bench: Bench) -> socket.socket:
    """A client with the smallest receive buffer."""
    listener = bench.tcp()
    client = socket.socket()
    bench.keep(client)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    client.settimeout(2)
    client.connect(listener.sock.getsockname())
    client.setblocking(False)
    bench.turn(lambda: bench.listeners.connections)
    for connection in bench.listeners.connections:
        connection._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024)
    return client


def test_who_does_not_read_is_asked_no_more_and_then_cut() -> None:
    with Bench(Limits(buffer_pause=40_000, drain_s=0.7, idle_s=60)) as bench:
        client = slow_reader(bench)
        client.sendall(b"".join(frame(question("big-20000.example", n)) for n in range(30)))
        bench.idle(0.3)
        assert 2 <= len(bench.engine.sources) < 12
        assert bench.turn(lambda: bench.listeners.cut == 1)
        assert not bench.listeners.connections


def test_unread_answers_are_bounded() -> None:
    with Bench(Limits(buffer=100_000, buffer_pause=10**6)) as bench:
        client = slow_reader(bench)
        client.sendall(b"".join(frame(question("big-20000.example", n)) for n in range(30)))
        assert bench.turn(lambda: bench.listeners.cut == 1)
        assert len(bench.engine.sources) < 30


def test_who_reads_slowly_but_reads_gets_everything() -> None:
    with Bench(Limits(buffer_pause=40_000)) as bench:
        client = slow_reader(bench)
        client.sendall(b"".join(frame(question("big-20000.example", n)) for n in range(30)))
        assert [m[1] for m in bench.messages(client, 30)] == list(range(30))


def test_connections_of_one_client_are_limited() -> None:
    with Bench(Limits(per_client=3)) as bench:
        listener = bench.tcp()
        mine = [bench.tcp_client(listener, "127.0.0.21") for _ in range(4)]
        assert bench.is_closed(mine[3])
        other = bench.tcp_client(listener, "127.0.0.22")
        other.sendall(frame(question("now.example")))
        assert bench.messages(other, 1)
        assert bench.listeners.refused == 1
        mine[0].close()
        bench.turn(lambda: len(bench.listeners.connections) == 3)
        again = bench.tcp_client(listener, "127.0.0.21")
        again.sendall(frame(question("now.example")))
        assert bench.messages(again, 1)


def test_when_all_places_are_taken_the_longest_idle_one_makes_room() -> None:
    with Bench(Limits(connections=3)) as bench:
        listener = bench.tcp()
        clients = [bench.tcp_client(listener) for _ in range(3)]
        bench.turn(lambda: len(bench.listeners.connections) == 3)
        clients[0].sendall(frame(question("later.example")))  # at work
        clients[2].sendall(frame(question("now.example")))
        assert bench.messages(clients[2], 1)  # used after the second
        new = bench.tcp_client(listener)
        new.sendall(frame(question("later.example", 3)))
        assert bench.is_closed(clients[1])
        clients[2].sendall(frame(question("later.example", 4)))
        bench.turn(lambda: len(bench.engine.waiting) == 3)
        assert bench.is_closed(bench.tcp_client(listener))  # all at work: the newcomer is refused
        bench.release()
        assert bench.messages(new, 1)


def test_without_descriptors_it_neither_spins_nor_dies() -> None:
    with Bench() as bench:
        listener = bench.tcp()
        idle = bench.tcp_client(listener)
        bench.turn(lambda: bench.listeners.connections)
        waiting = bench.tcp_client(listener)  # in the backlog
        with few_descriptors(0):
            turns = 0
            start = time.monotonic()
            while time.monotonic() - start < 0.3:
                bench.loop.run_once(0.1)
                turns += 1
            assert turns < 12
        assert bench.is_closed(idle)  # its descriptor was needed
        waiting.sendall(frame(question("now.example")))
        assert bench.messages(waiting, 1)


def test_a_paused_listener_can_be_closed() -> None:
    with Bench() as bench:
        listener = bench.tcp()
        waiting = bench.tcp_client(listener)
        with few_descriptors(0):
            bench.loop.run_once(0.1)
        listener.close()
        bench.idle(0.7)
        assert bench.is_closed(waiting)


def test_a_connection_that_is_reset_is_forgotten() -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(frame(question("later.example")))
        bench.turn(lambda: bench.engine.waiting)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        assert bench.turn(lambda: not bench.listeners.connections)
        bench.release()  # an answer that nobody waits for
        assert bench.listeners.clients == {}


def test_a_client_that_is_gone_while_it_is_answered_is_forgotten() -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(frame(question("later.example", 1)) + frame(question("later.example", 2)))
        client.shutdown(socket.SHUT_WR)
        bench.turn(lambda: len(bench.engine.waiting) == 2)
        client.close()
        bench.idle(0.05)
        bench.release()
        assert bench.turn(lambda: not bench.listeners.connections)


@pytest.mark.parametrize("rubbish", [b"\0\x03abc", frame(answer_to(question("now.example"))), b"\0\0" * 50])
def test_rubbish_gets_no_answer_and_holds_no_place(rubbish: bytes) -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(rubbish + frame(question("now.example", 3)))
        assert [m[1] for m in bench.messages(client, 1)] == [3]
        assert not bench.listeners.is_busy


def test_a_connection_at_work_counts_as_such_until_it_is_answered() -> None:
    with Bench() as bench:
        client = bench.tcp_client(bench.tcp())
        client.sendall(frame(question("later.example")))
        bench.turn(lambda: bench.engine.waiting)
        assert bench.listeners.is_busy
        bench.release()
        assert bench.turn(lambda: not bench.listeners.is_busy)
