"""Questions over UDP."""

from __future__ import annotations

import socket
import struct

import pytest

from filterd.net.udp import UdpListener, plain
from filterd.wire.constants import SERVFAIL
from tests.unit.net.bench import Bench, answer_to, question


def test_a_question_is_answered_from_the_address_that_was_asked() -> None:
    with Bench() as bench:
        client = bench.udp_client(bench.udp("127.0.0.1").sock.getsockname(), "127.0.0.11")
        client.send(question("now.example"))
        assert bench.receive(client) == answer_to(question("now.example"))
        source = bench.engine.sources[0]
        assert (source.address, source.packed, source.tcp, source.local) == (
            "127.0.0.11", b"\x7f\0\0\x0b", False, "127.0.0.1",
        )  # fmt: skip
        assert source.port == client.getsockname()[1]


@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.77"])
def test_a_wildcard_socket_answers_from_each_of_our_addresses(asked: str) -> None:
    with Bench() as bench:
        port = bench.udp("0.0.0.0").sock.getsockname()[1]
        client = bench.udp_client((asked, port))  # connected: an answer from elsewhere is not heard
        client.send(question("now.example"))
        assert bench.receive(client) == answer_to(question("now.example"))
        assert bench.engine.sources[0].local == asked


@pytest.mark.parametrize("bound", ["::1", "::"])
def test_ipv6_is_served_alike(bound: str) -> None:
    with Bench() as bench:
        listener = bench.udp(bound)
        client = bench.udp_client(("::1", listener.sock.getsockname()[1]))
        client.send(question("now.example"))
        assert bench.receive(client) == answer_to(question("now.example"))
        source = bench.engine.sources[0]
        assert (source.address, source.local, len(source.packed)) == ("::1", "::1", 16)


def test_a_link_local_client_has_no_scope_in_its_address() -> None:
    found = link_local()
    if found is None:
        pytest.skip("no link-local address here")
    address, interface = found
    with Bench() as bench:
        port = bench.udp("::").sock.getsockname()[1]
        client = bench.udp_client((address, port, 0, socket.if_nametoindex(interface)))
        client.send(question("now.example"))
        assert bench.receive(client) == answer_to(question("now.example"))
        assert bench.engine.sources[0].address == address
        assert bench.engine.sources[0].local == address


def link_local() -> tuple[str, str] | None:
    """A link-local address and its interface."""
    try:
        with open("/proc/net/if_inet6") as file:
            for line in file:
                packed, _, _, scope, _, name = line.split()
                if scope == "20":
                    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(packed)), name
    except OSError:
        pass
    return None


def test_an_inherited_socket_of_both_families_shows_ipv4_addresses_as_such() -> None:
    with Bench() as bench:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.bind(("::", 0))
        sock.setblocking(False)
        bench.keep(UdpListener(bench.loop, sock, bench.edge))
        client = bench.udp_client(("127.0.0.9", sock.getsockname()[1]), "127.0.0.11")
        client.send(question("now.example"))
        assert bench.receive(client) == answer_to(question("now.example"))
        assert (bench.engine.sources[0].address, bench.engine.sources[0].local) == ("127.0.0.11", "127.0.0.9")


def test_an_unforeseen_error_is_a_servfail_for_its_asker_and_nothing_for_the_others() -> None:
    with Bench() as bench:
        to = bench.udp("127.0.0.1").sock.getsockname()
        one, other = bench.udp_client(to), bench.udp_client(to)
        one.send(question("boom.example", 9))
        other.send(question("now.example"))
        answer = bench.receive(one)
        assert answer is not None and answer[:2] == b"\0\x09" and answer[3] & 15 == SERVFAIL
        assert bench.receive(other) == answer_to(question("now.example"))
        assert bench.edge.failures == 1
        one.send(answer_to(question("boom.example")))  # an answer: never answered, or two servers talk for ever
        one.send(b"short")
        assert bench.turn(lambda: bench.edge.failures == 3)
        assert bench.receive(one, 0.05) is None


def test_an_answer_that_cannot_be_sent_is_counted() -> None:
    with Bench() as bench:
        client = bench.udp_client(bench.udp("127.0.0.1").sock.getsockname())
        client.send(question("big-70000.example"))  # longer than a datagram can be
        assert bench.turn(lambda: bench.edge.unsent == 1)
        client.send(question("now.example"))
        assert bench.receive(client)


def test_what_has_arrived_is_served_before_the_end() -> None:
    with Bench() as bench:
        listener = bench.udp("127.0.0.1")
        clients = [bench.udp_client(listener.sock.getsockname()) for _ in range(200)]
        for client in clients:
            client.send(question("later.example"))
        listener.finish()
        assert len(bench.engine.waiting) == 200
        bench.release()  # answers still leave
        assert all(bench.receive(client) for client in clients)


def test_records_go_to_their_rings() -> None:
    with Bench() as bench:
        client = bench.udp_client(bench.udp("127.0.0.1").sock.getsockname())
        client.send(question("record.example"))
        assert bench.receive(client)
        assert bench.rings == ([(b"blocked", 1)], [(b"allowed", 1)])
        bench.engine.fast.sink(True, b"two", 2)  # the inner loop's way
        assert bench.rings[0][-1] == (b"two", 2)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:1", "::ffff:1"),
    ],
)
def test_plain_addresses(host: str, expected: str) -> None:
    assert plain(host) == expected
    assert struct.calcsize("i4s4s") == 12
