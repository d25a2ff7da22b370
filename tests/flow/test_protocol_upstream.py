"""The other side: forged and broken answers, failing upstreams, stale answers, and what a forger would have to guess."""

from __future__ import annotations

import itertools
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.flow.protocol_stub import (
    FORMERR,
    KID,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    PLAIN,
    QNAME,
    QR,
    RD,
    REFUSED,
    SERVFAIL,
    TC,
    TXT,
    A,
    Asked,
    Lab,
    Message,
    Upstream,
    a,
    exchange,
    lab,
    opt,
    query,
    soa,
    start,
    wire,
)
from tests.processes import Service

__all__ = ["lab"]

GOOD, EVIL = "192.0.2.90", "192.0.2.66"


# ---- answers that are none (RFC 5452) ------------------------------------------------------------------------------


def _folded(asked: Asked) -> bytes:
    folded = asked.message.question.lower()
    return folded if folded != asked.message.question else asked.message.question.upper()


FORGED: dict[str, Callable[[Asked], bytes]] = {
    "id": lambda q: q.answer(a(QNAME, EVIL), ident=q.message.id ^ 1),
    "id swapped": lambda q: q.answer(a(QNAME, EVIL), ident=(q.message.id >> 8 | q.message.id << 8) & 0xFFFF ^ 0x0100),
    "name": lambda q: q.answer(a(QNAME, EVIL), question=wire("evil.example") + q.message.question[-4:]),
    "name longer": lambda q: q.answer(a(QNAME, EVIL), question=b"\1x" + q.message.question),
    "type": lambda q: q.answer(a(QNAME, EVIL), question=q.message.question[:-4] + b"\0\x1c\0\1"),
    "class": lambda q: q.answer(a(QNAME, EVIL), question=q.message.question[:-2] + b"\0\3"),
    "no question": lambda q: q.answer(a(wire(q.name), EVIL), question=b""),
    "a question": lambda q: q.packet,
    "QR clear": lambda q: q.answer(a(QNAME, EVIL), header=RD),
    "opcode": lambda q: q.answer(a(QNAME, EVIL), header=QR | 4 << 11),
    "letters": lambda q: q.answer(a(QNAME, EVIL), question=_folded(q)),
    "garbage": lambda q: b"\xff" * 40,
    "empty": lambda q: b"",
    "id alone": lambda q: q.packet[:2],
    "header alone": lambda q: q.packet[:2] + b"\x80\0" + bytes(8),
    "cut question": lambda q: q.answer()[: 12 + 5],
    "cut record": lambda q: q.answer(a(QNAME, EVIL), edns=None)[:-2],
    "counts": lambda q: q.answer(a(QNAME, EVIL), edns=None)[:6] + b"\0\2" + q.answer(a(QNAME, EVIL), edns=None)[8:],
    "pointer loop": lambda q: q.answer(a(b"\xc0" + bytes([12 + len(q.message.question)]), EVIL)),
    "two questions": lambda q: q.packet[:2] + b"\x81\x80\0\2\0\1\0\0\0\0" + q.message.question * 2 + a(QNAME, EVIL),
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_does_not_fit_is_ignored_and_the_good_one_is_still_heard(lab: Lab, kind: str) -> None:
    """RFC 5452 4, 9.1: id, question, address, port; the real answer comes later on the same socket."""
    name = f"{kind.replace(' ', '-')}.forged.example"

    def script(asked: Asked):
        if asked.tcp:
            return asked.answer(a(QNAME, GOOD))
        asked.later(0.1, asked.answer(a(QNAME, GOOD)))
        return [FORGED[kind](asked)] * 3

    lab.upstream.on(name, script)
    assert lab.ask(name).addresses == [GOOD]
    assert lab.ask(name).addresses == [GOOD]


@pytest.mark.parametrize("where", ["port", "address"])
def test_an_answer_from_elsewhere_is_ignored(lab: Lab, where: str) -> None:
    name = f"{where}.forged.example"

    def script(asked: Asked) -> None:
        if where == "port":
            asked.from_elsewhere(asked.answer(a(QNAME, EVIL)))
        else:
            asked.from_elsewhere(asked.answer(a(QNAME, EVIL)), "127.0.0.2")
        asked.later(0.1, asked.answer(a(QNAME, GOOD)))

    lab.upstream.on(name, script)
    assert lab.ask(name).addresses == [GOOD]


def test_a_forged_answer_to_a_finished_question_changes_nothing(lab: Lab) -> None:
    def script(asked: Asked) -> list[bytes]:
        return [asked.answer(a(QNAME, GOOD)), asked.answer(a(QNAME, EVIL))]

    lab.upstream.on("twice.forged.example", script)
    for _ in range(3):
        assert lab.ask("twice.forged.example").addresses == [GOOD]
        time.sleep(0.02)


def test_an_upstream_that_folds_letters_works(lab: Lab) -> None:
    """0x20 where the upstream copes: one that answers in lower case is asked again, and heard."""
    with (
        Upstream(
            everything=lambda q: q.answer(
                a(QNAME, GOOD), question=q.message.question[:-4].lower() + q.message.question[-4:]
            ),
            tcp=False,
        ) as folds,
        running(lab, folds) as server,
    ):
        for i in range(8):
            assert ask(server, f"www{i}.folding-letters.example").addresses == [GOOD]


def test_what_a_forger_must_guess(lab: Lab) -> None:
    """RFC 5452 9.2: ids and ports all over their ranges; letters too."""
    lab.upstream.on("guess.example", lambda q: q.answer(a(QNAME, GOOD)), below=True)
    names = [f"host-{i:03}.abcdefghij.guess.example" for i in range(120)]
    for name in names:
        assert lab.ask(name).addresses == [GOOD]
    asked = [q for q in lab.upstream.seen if q.name.endswith("guess.example")]
    ids = [q.message.id for q in asked]
    ports = [q.source[1] for q in asked]
    assert len(set(ids)) > 110 and max(ids) - min(ids) > 40_000
    assert sum(abs(x - y) < 16 for x, y in itertools.pairwise(ids)) < 5, "ids that count up"
    assert len(set(ports)) >= 30 and min(ports) >= 1024
    letters = {q.message.qname.partition(".")[2] for q in asked}
    assert len(letters) > 110
    upper = sum(c.isupper() for q in asked for c in q.message.qname)
    total = sum(c.isalpha() for q in asked for c in q.message.qname)
    assert 0.4 < upper / total < 0.6


# ---- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rcode", [SERVFAIL, NOTIMP, REFUSED, 9, 23])
def test_errors_of_the_only_upstream(lab: Lab, rcode: int) -> None:
    name = f"r{rcode}.errors.example"
    lab.upstream.on(name, lambda q: q.answer(rcode=rcode))
    began = time.monotonic()
    assert lab.ask(name, edns=opt()).rcode in (SERVFAIL, rcode & 15)
    assert lab.ask(name).rcode in (SERVFAIL, rcode & 15)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("rcode", [FORMERR, NOTIMP])
@pytest.mark.parametrize("bare", [False, True])
def test_an_upstream_without_edns_is_asked_without(lab: Lab, rcode: int, bare: bool) -> None:
    """RFC 6891 7: FORMERR (also without the question) to a question with OPT: ask again without it."""

    def script(asked: Asked) -> bytes:
        if asked.message.edns:
            return asked.answer(rcode=rcode, question=b"" if bare else None, edns=None)
        return asked.answer(a(QNAME, GOOD))

    with Upstream(everything=script) as old, running(lab, old) as server:
        for name in ("www.old.example", "www2.old.example"):
            got = ask(server, name, edns=opt(do=True))
            assert got.addresses == [GOOD] and got.edns and got.do and got.udp_size == 1232


def test_badvers_of_an_upstream(lab: Lab) -> None:
    lab.upstream.on(
        "badvers.errors.example", lambda q: q.answer(rcode=16) if q.message.edns else q.answer(a(QNAME, GOOD))
    )
    assert lab.ask("badvers.errors.example").addresses == [GOOD]


def test_yxdomain_passes(lab: Lab) -> None:
    """RFC 6672 2.2: a DNAME that makes a name too long."""
    lab.upstream.on("yx.errors.example", lambda q: q.answer(rcode=6))
    assert lab.ask("yx.errors.example").rcode in (6, SERVFAIL)


def test_truncation_without_a_good_tcp_answer_fails_in_time(lab: Lab) -> None:
    """RFC 2181 9, RFC 7766 5: silence, garbage, another id, TC again, no TCP at all; never what was truncated."""

    def script(asked: Asked) -> bytes | None:
        if not asked.tcp:
            return asked.answer(a(QNAME, EVIL), flags=TC)
        return {
            "silent": None, "garbage": b"\xff" * 30, "id": asked.answer(a(QNAME, EVIL), ident=asked.message.id ^ 1),
            "again": asked.answer(flags=TC),
        }[asked.name.partition(".")[0]]  # fmt: skip

    got: dict[str, tuple[Message, float]] = {}

    def one(server: tuple[str, int], kind: str) -> None:
        began = time.monotonic()
        got[kind] = ask(server, f"{kind}.truncated2.example"), time.monotonic() - began

    with (
        Upstream(everything=script) as upstream,
        Upstream(everything=script, tcp=False) as without,
        running(lab, upstream) as server,
        running(lab, without) as other_server,
    ):
        together(
            *[lambda k=k: one(server, k) for k in ("silent", "garbage", "id", "again")],
            lambda: one(other_server, "none"),
        )
    assert len(got) == 5
    for kind, (message, took) in got.items():
        assert took < 5, kind
        assert message.rcode == SERVFAIL or message.tc or (kind == "again" and message.rcode == NOERROR), kind
        assert EVIL not in message.addresses, kind


def test_a_tcp_upstream(lab: Lab) -> None:
    """tcp://: pipelined on few connections, never UDP."""
    with Upstream(everything=lambda q: q.answer(a(QNAME, GOOD))) as upstream:
        service = start(lab.state, [upstream.url.replace("udp", "tcp")])
        try:
            got: list[list[str]] = []
            together(
                *[lambda i=i: got.append(ask(service.bound[0], f"t{i}.over-tcp.example").addresses) for i in range(20)]
            )
            assert got == [[GOOD]] * 20
            assert {q.transport for q in upstream.seen} == {"tcp"} and upstream.connections <= 4
        finally:
            service.end()


# ---- silence, failover, stale answers ------------------------------------------------------------------------------


@contextmanager
def running(lab: Lab, *upstreams: Upstream, more: tuple[str, ...] = ()) -> Iterator[tuple[str, int]]:
    """A service of its own over these upstreams."""
    service: Service = start(lab.state, [u.url for u in upstreams], *more)
    try:
        yield service.bound[0]
    finally:
        service.end(signal.SIGKILL)  # it would wait for what is under way


def together(*calls: Callable[[], object]) -> None:
    """Call all at once; wait for all."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def ask(server: tuple[str, int], name: str, qtype: int = A, client: str = PLAIN, edns: bytes | None = None) -> Message:
    data = exchange(server, query(name, qtype, edns=edns), client, 8)
    assert data is not None
    return Message(data)


def zone(asked: Asked) -> bytes | None:
    """An upstream that knows everything but its own probes."""
    if asked.name.endswith("arpa"):
        return asked.answer(ns=[soa("arpa")], rcode=NXDOMAIN)
    return asked.answer(a(QNAME, GOOD))


def other(asked: Asked) -> bytes | None:
    return asked.answer(a(QNAME, "192.0.2.91"))


FAILING: dict[str, Callable[[Asked], bytes | None]] = {
    "silent": lambda q: None,
    "refusing": lambda q: None,
    "errors": lambda q: q.answer(rcode=SERVFAIL if "1" in q.name else REFUSED),
}


def test_the_second_upstream_answers_for_the_first(lab: Lab) -> None:
    """For each way to fail: within two seconds at first, at once when it is known that the first one is dead."""
    took: dict[str, list[float]] = {}

    def one(kind: str) -> None:
        with (
            Upstream(everything=FAILING[kind]) as first,
            Upstream(everything=zone) as second,
            running(lab, first, second) as server,
        ):
            if kind == "refusing":
                first.close()
            times = []
            for i in range(7):
                began = time.monotonic()
                assert ask(server, f"www{i}.failover.example").addresses == [GOOD]
                times.append(time.monotonic() - began)
            took[kind] = times

    together(*[lambda k=k: one(k) for k in FAILING])
    assert sorted(took) == sorted(FAILING)
    for kind, times in took.items():
        assert max(times) < 2, (kind, times)
        assert sorted(times[-3:])[1] < 0.25, (kind, times)  # the machine may be busy once


def test_nxdomain_is_an_answer(lab: Lab) -> None:
    with (
        Upstream(everything=lambda q: q.answer(ns=[soa("example")], rcode=NXDOMAIN)) as first,
        Upstream(everything=other) as second,
        running(lab, first, second) as server,
    ):
        assert ask(server, "www.exists-not.example").rcode == NXDOMAIN
        assert not second.asked("www.exists-not.example")


def test_silence_of_all_is_servfail_within_5_seconds_and_holds_up_nobody(lab: Lab) -> None:
    with (
        Upstream(everything=lambda q: zone(q) if "ok" in q.name or "arpa" in q.name else None) as only,
        running(lab, only) as server,
    ):
        assert ask(server, "ok0.silence.example").addresses == [GOOD]
        got: list[Message] = []
        began = time.monotonic()
        threads = [
            threading.Thread(target=lambda i=i: got.append(ask(server, f"n{i % 3}.silence.example", edns=opt())))
            for i in range(12)
        ]
        for thread in threads:
            thread.start()
        for i in range(5):
            before = time.monotonic()
            assert ask(server, f"ok{i}.silence.example").addresses == [GOOD]
            assert ask(server, "localhost").addresses == ["127.0.0.1"]
            assert time.monotonic() - before < 0.3
        for thread in threads:
            thread.join()
        assert time.monotonic() - began < 5
        assert {m.rcode for m in got} == {SERVFAIL} and not any(m.aa or m.tc for m in got)
        assert all(set(m.ede) <= {22, 23} for m in got)
        assert len(only.asked("n0.silence.example")) <= 10


def test_stale_answers(lab: Lab) -> None:
    """RFC 8767 4, 5: within about 1.8 s, TTL 30, EDE 3 (19 for NXDOMAIN, RFC 8914 4.4, 4.20); at once after a failure."""
    alive = True

    def script(asked: Asked) -> bytes | None:
        if not alive:
            return None
        if asked.name.startswith("no"):
            return asked.answer(ns=[soa("stale.example", 1, 1)], rcode=NXDOMAIN)
        if asked.qtype == TXT:
            return asked.answer(ns=[soa("stale.example", 1, 1)])
        return asked.answer(a(QNAME, GOOD, 1))

    with Upstream(everything=script) as upstream, running(lab, upstream) as server:
        for name, qtype in (
            ("www.stale.example", A),
            ("no.stale.example", A),
            ("www.stale.example", TXT),
            ("kid.stale.example", A),
        ):
            assert ask(server, name, qtype, edns=opt()).ede == []
        alive = False
        time.sleep(1.2)
        got: dict[str, Message] = {}

        def one(key: str, name: str, qtype: int = A, client: str = PLAIN, edns: bytes | None = None) -> None:
            began = time.monotonic()
            got[key] = ask(server, name, qtype, client, edns)
            assert time.monotonic() - began < 2.6, key

        together(
            lambda: one("plain", "www.stale.example", A, PLAIN, opt()),
            lambda: one("no edns", "www.stale.example"),
            lambda: one("nxdomain", "no.stale.example", A, PLAIN, opt()),
            lambda: one("nodata", "www.stale.example", TXT, PLAIN, opt()),
            lambda: one("kid", "kid.stale.example", A, KID, opt()),
        )
        assert got["plain"].addresses == [GOOD] and got["plain"].ttls == [30] and 3 in got["plain"].ede
        assert got["no edns"].addresses == [GOOD] and got["no edns"].ttls == [30] and not got["no edns"].edns
        assert got["nxdomain"].rcode == NXDOMAIN and 19 in got["nxdomain"].ede and got["nxdomain"].negative_ttl <= 30
        assert got["nodata"].is_nodata and 3 in got["nodata"].ede
        assert got["kid"].addresses == [GOOD] and got["kid"].ttls == [30]
        began = time.monotonic()
        again = ask(server, "www.stale.example", edns=opt())
        assert again.addresses == [GOOD] and 3 in again.ede
        assert time.monotonic() - began < 0.5  # RFC 8767 5: not every question waits anew


def test_stale_answers_when_the_upstream_fails_and_none_when_it_says_no(lab: Lab) -> None:
    """RFC 8767 4: SERVFAIL and REFUSED are failures; NXDOMAIN is news and replaces what was known. What row 11 blocks
    stays blocked when it is stale.
    """
    answer = "good"

    def script(asked: Asked) -> bytes | None:
        if answer == "good":
            return asked.answer(a(QNAME, "10.0.0.1" if asked.name[0] == "p" else GOOD, 1))
        if answer == "gone":
            return asked.answer(ns=[soa("stale2.example")], rcode=NXDOMAIN)
        return asked.answer(rcode=SERVFAIL if answer == "servfail" else REFUSED)

    with Upstream(everything=script) as upstream, running(lab, upstream) as server:
        for name in ("a.stale2.example", "b.stale2.example", "c.stale2.example", "p.stale2.example"):
            assert ask(server, name, edns=opt()).ede == ([15] if name[0] == "p" else [])
        time.sleep(1.2)
        answer = "servfail"
        assert ask(server, "a.stale2.example", edns=opt()).addresses == [GOOD]
        blocked = ask(server, "p.stale2.example", edns=opt())
        assert blocked.addresses == ["0.0.0.0"] and blocked.ede == [15]
        answer = "refused"
        assert 3 in ask(server, "b.stale2.example", edns=opt()).ede
        answer = "gone"
        assert ask(server, "c.stale2.example", edns=opt()).rcode == NXDOMAIN


def test_a_lost_datagram_is_sent_again(lab: Lab) -> None:
    lost: list[str] = []

    def script(asked: Asked) -> bytes | None:
        if asked.name not in lost:
            lost.append(asked.name)
            return None
        return asked.answer(a(QNAME, GOOD))

    lab.upstream.on("lost.example", script)
    began = time.monotonic()
    assert lab.ask("lost.example").addresses == [GOOD]
    assert time.monotonic() - began < 3
    first, second = lab.upstream.asked("lost.example")
    assert first.message.id != second.message.id or first.source != second.source


def test_a_slow_upstream_is_asked_once(lab: Lab) -> None:
    """RFC 1035 4.2.1: seconds before a repetition; a resolver that looks for a cold name takes half of one, and so
    fifty who wait for it are one question upstream.
    """

    def script(asked: Asked) -> bytes | None:
        if asked.name.startswith("cold"):
            return asked.later(0.5, asked.answer(a(QNAME, GOOD)))
        return zone(asked)

    with Upstream(everything=script) as upstream, running(lab, upstream) as server:
        for i in range(10):
            ask(server, f"warm{i}.slow.example")
        assert ask(server, "cold.slow.example").addresses == [GOOD]
        time.sleep(0.05)
        assert len(upstream.asked("cold.slow.example")) == 1


def test_a_client_that_asks_again_makes_no_second_question(lab: Lab) -> None:
    lab.upstream.on("repeat.slow.example", lambda q: q.later(0.2, q.answer(a(QNAME, GOOD))))
    packet = query("repeat.slow.example")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PLAIN, 0))
        sock.connect(lab.server)
        sock.settimeout(2)
        for _ in range(3):
            sock.send(packet)
            time.sleep(0.03)
        assert Message(sock.recv(4096)).addresses == [GOOD]
    assert len(lab.upstream.asked("repeat.slow.example")) == 1


def test_a_loop_is_found(lab: Lab) -> None:
    """Our upstream is ourselves: SERVFAIL soon, and not a storm."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    service = start(lab.state, [f"udp://127.0.0.1:{port}"], dns=(f"127.0.0.1:{port}",))
    try:
        time.sleep(0.3)
        began = time.monotonic()
        assert ask(service.bound[0], "www.round.example").rcode == SERVFAIL
        assert time.monotonic() - began < 5
        assert "loop" in service.said or "back" in service.said
        assert ask(service.bound[0], "localhost").addresses == ["127.0.0.1"]
    finally:
        service.end()


def test_a_flood_from_one_client_leaves_others_their_answers(lab: Lab) -> None:
    """Admission: over the limit some questions get TC=1 or nothing, others are answered as ever."""
    packet = query("localhost", TXT)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.bind(("127.0.0.99", 0))
        sock.connect(lab.server)
        sent = 0
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            for _ in range(20):
                sock.send(packet)
            sent += 20
            time.sleep(0.004)
        assert lab.ask("localhost").addresses == ["127.0.0.1"]
        time.sleep(0.2)
        sock.setblocking(False)
        got = []
        try:
            while True:
                got.append(sock.recv(4096))
        except BlockingIOError:
            pass
    assert len(got) < sent * 0.9, (len(got), sent)
    assert lab.ask("localhost", client="127.0.0.99", tcp=True).addresses == ["127.0.0.1"]
