"""Hosts are looked up through the workers; what a worker answers badly is passed over."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dnslib
import pytest

from filterd.control.sync_names import Names
from filterd.host.run import listen

Answer = Callable[[dict[str, object]], bytes]


@pytest.fixture
def worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int, Answer], list[dict[str, object]]]]:
    """Start a worker's control socket that answers as told; returns what it was asked."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path))
    threads, sockets = [], []

    def start(number: int, answer: Answer) -> list[dict[str, object]]:
        asked: list[dict[str, object]] = []
        listener = listen(tmp_path / f"worker-{number}.sock")
        listener.settimeout(5.0)

        def serve() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with sock:
                    asked.append(json.loads(sock.recv(4096)))
                    sock.sendall(answer(asked[-1]))

        thread = threading.Thread(target=serve)
        thread.start()
        threads.append(thread)
        sockets.append(listener)
        return asked

    yield start
    for sock in sockets:
        sock.shutdown(2)
        sock.close()
    for thread in threads:
        thread.join()


def packet(request: dict[str, object]) -> bytes:
    question = dnslib.DNSRecord.question(str(request["name"]), {1: "A", 28: "AAAA"}[int(str(request["type"]))])
    reply = question.reply()
    reply.add_answer(*dnslib.RR.fromZone(f"{request['name']}. 60 CNAME cdn.example.net."))
    data = dnslib.A("192.0.2.7") if request["type"] == 1 else dnslib.AAAA("2001:db8::7")
    reply.add_answer(dnslib.RR("cdn.example.net", question.q.qtype, ttl=60, rdata=data))
    return json.dumps({"packet": base64.b64encode(reply.pack()).decode()}).encode() + b"\n"


def test_both_families_and_only_once(worker, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    asked = worker(0, packet)
    names = Names(tmp_path)
    assert names("lists.example.org") == ("192.0.2.7", "2001:db8::7") == names("lists.example.org")
    assert asked == [{"op": "resolve", "name": "lists.example.org", "type": kind} for kind in (1, 28)]


@pytest.mark.parametrize(
    "bad", [b"", b"[]\n", b"{}\n", b"nul\n", b'{"packet": "AAAA"}\n', b'{"packet": 7}\n', b'{"error": "x"}\n']
)
def test_a_worker_that_answers_badly_is_passed_over(worker, tmp_path: Path, bad: bytes) -> None:  # type: ignore[no-untyped-def]
    worker(0, lambda _: bad)
    assert Names(tmp_path)("lists.example.org") == ()
    worker(1, packet)
    assert Names(tmp_path)("lists.example.org") == ("192.0.2.7", "2001:db8::7")


def test_without_workers_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "none"))
    assert Names(tmp_path)("lists.example.org") == () == Names(tmp_path)("x" * 300)
    (tmp_path / "worker-0.sock").touch()  # a file where a socket was
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path))
    assert Names(tmp_path)("lists.example.org") == ()
