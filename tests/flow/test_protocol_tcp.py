"""Questions over TCP (RFC 7766), over IPv6, and at addresses that nobody bound by name."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from tests.flow.protocol_stub import (
    FORMERR,
    KID,
    NOERROR,
    NOTIMP,
    PLAIN,
    QNAME,
    QR,
    RD,
    SERVFAIL,
    TXT,
    A,
    Lab,
    Message,
    Stream,
    a,
    exchange,
    lab,
    opt,
    option,
    query,
    rr,
    silent,
    start,
    wire,
)
from tests.processes import Service

__all__ = ["lab"]


def frame(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet


def test_many_questions_one_after_the_other(lab: Lab) -> None:
    with Stream(lab.server, PLAIN) as stream:
        for _ in range(50):
            assert stream.ask(query("localhost")).addresses == ["127.0.0.1"]


def test_many_questions_in_one_segment(lab: Lab) -> None:
    """RFC 7766 6.2.1.1: pipelining."""
    packets = [query("localhost" if i % 2 else "blocked.example") for i in range(30)]
    with Stream(lab.server, KID) as stream:
        stream.send(*packets)
        answers = {int.from_bytes((stream.read() or b"")[:2], "big") for _ in packets}
    assert answers == {int.from_bytes(packet[:2], "big") for packet in packets}


def test_two_hundred_pipelined_questions_that_go_upstream(lab: Lab) -> None:
    """More than may be outstanding: they wait, none is lost."""
    names = [f"p{i}.pipe.example" for i in range(200)]
    for name in names:
        lab.upstream.on(name, [a(QNAME, "192.0.2.20")])
    with Stream(lab.server, PLAIN) as stream:
        stream.send(*[query(name) for name in names])
        got = [Message(stream.read() or b"") for _ in names]
    assert sorted(m.qname for m in got) == sorted(names)
    assert all(m.addresses == ["192.0.2.20"] for m in got)


def test_answers_come_as_they_get_ready(lab: Lab) -> None:
    """RFC 7766 6.2.1.1, 7: out of order, matched by id and question."""
    lab.upstream.on("slow.tcp.example", lambda q: q.later(0.5, q.answer(a(QNAME, "192.0.2.21"))))
    with Stream(lab.server, PLAIN) as stream:
        slow, fast = query("slow.tcp.example"), query("localhost")
        stream.send(slow, fast)
        first, second = stream.read(), stream.read()
    assert first is not None and second is not None
    assert (first[:2], second[:2]) == (fast[:2], slow[:2])


@pytest.mark.parametrize("size", [1, 2, 3, 13])
def test_frames_in_pieces(lab: Lab, size: int) -> None:
    """RFC 7766 8: a server must cope with a length field and a message in any number of segments."""
    data = frame(query("localhost")) + frame(query("localhost", TXT))
    with Stream(lab.server, PLAIN) as stream:
        for at in range(0, len(data), size):
            stream.sock.sendall(data[at : at + size])
            time.sleep(0.002)
        assert [Message(stream.read() or b"").qtype for _ in range(2)] == [A, TXT]


@pytest.mark.parametrize(
    "junk", [b"\0\0", b"\0\0\0\0", b"\0\x01x", b"\0\x0b" + bytes(11)], ids=["empty", "two empty", "1", "11"]
)
def test_frames_without_a_header_do_not_disturb_the_next(lab: Lab, junk: bytes) -> None:
    with Stream(lab.server, PLAIN) as stream:
        stream.sock.sendall(junk + frame(query("localhost")))
        answer = stream.read()
        assert answer is None or Message(answer).addresses == ["127.0.0.1"]  # closing is allowed too
    with Stream(lab.server, PLAIN) as stream:
        assert stream.ask(query("localhost")).addresses == ["127.0.0.1"]


def test_errors_leave_the_connection_open(lab: Lab) -> None:
    with Stream(lab.server, PLAIN) as stream:
        assert stream.ask(query("a.example", counts=(2, 0, 0, 0))).rcode == FORMERR
        assert stream.ask(query("a.example", flags=4 << 11)).rcode == NOTIMP
        stream.send(query("localhost", flags=QR | RD))
        assert stream.ask(query("localhost")).rcode == NOERROR


def test_a_question_of_65535_bytes(lab: Lab) -> None:
    padding = 65535 - len(query("localhost")) - len(opt()) - 4
    with Stream(lab.server, PLAIN) as stream:
        assert stream.ask(query("localhost", edns=opt(options=option(12, bytes(padding))))).addresses == ["127.0.0.1"]


def test_half_closed_connections_get_their_answers(lab: Lab) -> None:
    """RFC 7766 6.2.4 and RFC 9293: who has said all may say so."""
    lab.upstream.on("half.tcp.example", lambda q: q.later(0.3, q.answer(a(QNAME, "192.0.2.22"))))
    with Stream(lab.server, PLAIN) as stream:
        stream.send(query("half.tcp.example"), query("localhost"))
        stream.sock.shutdown(socket.SHUT_WR)
        got = [Message(stream.read() or b"") for _ in range(2)]
        assert {m.addresses[0] for m in got} == {"192.0.2.22", "127.0.0.1"}
        assert stream.read() is None


def test_a_question_cut_by_the_end_of_the_stream(lab: Lab) -> None:
    with Stream(lab.server, PLAIN) as stream:
        stream.sock.sendall(frame(query("localhost"))[:-3])
        stream.sock.shutdown(socket.SHUT_WR)
        assert stream.read() is None


def test_a_client_that_goes_away_harms_nobody(lab: Lab) -> None:
    lab.upstream.on("gone.tcp.example", lambda q: q.later(0.2, q.answer(a(QNAME, "192.0.2.23"))))
    for _ in range(5):
        with Stream(lab.server, PLAIN) as stream:
            stream.send(query("gone.tcp.example"))
            stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    time.sleep(0.3)
    assert lab.ask("gone.tcp.example").addresses == ["192.0.2.23"]


def test_an_idle_connection_lives_for_seconds(lab: Lab) -> None:
    """RFC 7766 6.2.3: idle time of the order of seconds; not closed after each answer."""
    with Stream(lab.server, PLAIN) as stream:
        stream.ask(query("localhost"))
        time.sleep(1.5)
        assert stream.ask(query("localhost")).rcode == NOERROR


def test_connections_of_one_client_are_bounded_and_others_get_in(lab: Lab) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            with contextlib.suppress(OSError):
                stack.enter_context(Stream(lab.server, "127.0.0.77"))
        with Stream(lab.server, PLAIN) as stream:
            assert stream.ask(query("localhost")).rcode == NOERROR
    time.sleep(0.1)
    with Stream(lab.server, "127.0.0.77") as stream:
        assert stream.ask(query("localhost")).rcode == NOERROR


def test_a_reader_that_does_not_read_harms_nobody(lab: Lab) -> None:
    lab.upstream.on(
        "fat.tcp.example",
        lambda q: (
            q.answer(*[rr(QNAME, TXT, b"\xff" + bytes([i]) * 255) for i in range(200)], edns=None)
            if q.tcp
            else q.answer(flags=0x200)
        ),
    )
    assert len(lab.ask("fat.tcp.example", TXT, tcp=True).answer) == 200
    with Stream(lab.server, PLAIN) as stuck:
        with contextlib.suppress(OSError):
            stuck.sock.settimeout(0.3)
            for _ in range(40):
                stuck.send(*[query("fat.tcp.example", TXT) for _ in range(10)])
        began = time.monotonic()
        assert lab.ask("localhost").rcode == NOERROR
        assert lab.ask("localhost", tcp=True).rcode == NOERROR
        assert time.monotonic() - began < 1


def test_the_same_answer_over_both_transports(lab: Lab) -> None:
    lab.upstream.on("both.tcp.example", [a(QNAME, "192.0.2.24", 1000)])
    for name, client in (
        ("both.tcp.example", PLAIN),
        ("blocked.example", KID),
        ("localhost", PLAIN),
        ("x.invalid", PLAIN),
    ):
        one, two = lab.ask(name, client=client, edns=opt()), lab.ask(name, client=client, edns=opt(), tcp=True)
        assert one.packet[2:] == two.packet[2:] or abs(one.ttls[0] - two.ttls[0]) <= 1


# ---- other addresses -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everywhere(lab: Lab) -> Iterator[Service]:
    """A service on all addresses of both families, and on ::1 by name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    service = start(lab.state, [lab.upstream.url], dns=(f"0.0.0.0:{port}", f"[::]:{port}", "[::1]:0"))
    yield service
    service.end()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "127.200.1.2", "::1"])
def test_answers_leave_from_the_address_that_was_asked(everywhere: Service, address: str) -> None:
    """RFC 2181 4.1. A connected socket hears no other."""
    port = everywhere.bound[0][1]
    client = "" if ":" in address else KID
    for name in ("localhost", "blocked.example", "www.anywhere.example"):
        for _ in range(2):  # the second comes out of the inner loop
            packet = query(name)
            data = exchange((address, port), packet, client, seconds=3)
            assert data is not None and data[:2] == packet[:2]
        with Stream((address, port), client) as stream:
            assert stream.ask(query(name)).qr


@pytest.mark.parametrize("name", ["localhost", "www.six.example", "nothing.six.example", "x.onion"])
def test_ipv6_answers_are_those_of_ipv4(lab: Lab, everywhere: Service, name: str) -> None:
    lab.upstream.on("www.six.example", [a(QNAME, "192.0.2.25", 77)])
    six = everywhere.bound[2]
    assert six[0] == "::1"
    for edns in (None, opt(do=True)):
        packet = query(name, edns=edns)
        one = exchange(six, packet)
        two = exchange(("127.0.0.1", everywhere.bound[0][1]), packet, PLAIN)
        with Stream(six) as stream:
            three = stream.ask(packet).packet
        assert one is not None and two is not None
        for other in (two, three):
            assert Message(other).rcode == Message(one).rcode and Message(other).addresses == Message(one).addresses


def test_malformed_packets_over_ipv6(everywhere: Service) -> None:
    six = everywhere.bound[2]
    assert silent(six, b"\0\1\2")
    data = exchange(six, query(b"\xc0\x0c"))
    assert data is not None and Message(data).rcode == FORMERR


def test_dead_upstreams_leave_local_answers_alone(lab: Lab) -> None:
    service = start(lab.state, ["udp://127.0.0.1:9"])
    try:
        server = service.bound[0]
        assert Message(exchange(server, query("localhost"), KID) or b"").addresses == ["127.0.0.1"]
        assert Message(exchange(server, query("blocked.example"), KID) or b"").addresses == ["0.0.0.0"]
        began = time.monotonic()
        assert Message(exchange(server, query("www.dead.example"), KID) or b"").rcode == SERVFAIL
        assert time.monotonic() - began < 5
    finally:
        service.end()


def test_wire_is_what_the_stub_thinks(lab: Lab) -> None:
    """The tests' own codec against a packet written by hand (RFC 1035 4.1)."""
    assert query("a.b", ident=0x1234) == bytes.fromhex("1234 0100 0001 0000 0000 0000 0161 0162 00 0001 0001")
    assert wire(".") == b"\0"
