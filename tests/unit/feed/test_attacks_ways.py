"""Attacks on a look at the feed that are none of the textbook's: strange HTTP, strange addresses, sticks with devices."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filterd.errors import FeedError
from filterd.feed.fetch import base_of
from filterd.model.feed import Refusal
from tests import list_server
from tests.feed_box import Box, attacked
from tests.list_server import Handler

STAMP = "/metadata/timestamp.json"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with attacked(tmp_path / "state") as made:
        yield made


# --- HTTP


@pytest.mark.parametrize("status", [201, 204, 206, 304, 300, 302, 307, 308])
def test_an_answer_that_is_no_file(box: Box, status: int) -> None:
    body = b"" if status in (204, 304) else box.province.files[STAMP]
    box.faults[STAMP] = lambda handler: handler.answer(status, body, Location="http://192.0.2.1/x")
    assert box.code() is Refusal.OFFLINE


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:1/x", "file:///etc/passwd", "http://[::1]/", "/metadata/1.root.json"]
)
def test_a_redirect_leads_nowhere(box: Box, where: str) -> None:
    box.faults[STAMP] = lambda handler: handler.answer(302, Location=where)
    asked = len(box.server.requests)
    assert box.code() is Refusal.OFFLINE
    assert STAMP in [path for path, _ in box.server.requests[asked:]][-1:]


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "x" * 5000])
def test_a_packed_answer_is_taken_as_it_is(box: Box, coding: str) -> None:
    packed = gzip.compress(box.province.files[STAMP])
    box.faults[STAMP] = lambda handler: handler.answer(200, packed, Content_Encoding=coding)
    assert box.code() is Refusal.TAMPERED
    assert all("gzip" not in headers.get("Accept-Encoding", "") for _, headers in box.server.requests)


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "0x10", "٣", "12, 13", ""])
def test_a_length_that_is_no_number(box: Box, length: str) -> None:
    body = box.province.files[STAMP]

    def lie(handler: Handler) -> None:
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode() + body)
        handler.close_connection = True

    box.faults[STAMP] = lie
    assert box.code() in (None, Refusal.TRUNCATED, Refusal.ENDLESS, Refusal.OFFLINE, Refusal.BOMB)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nabc",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\x00\x01\x02garbage\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
)
def test_broken_http(box: Box, answer: bytes) -> None:
    def say(handler: Handler) -> None:
        with contextlib.suppress(OSError):
            handler.wfile.write(answer)
        handler.close_connection = True

    box.faults[STAMP] = say
    assert box.code(total_s=5.0) in (Refusal.OFFLINE, Refusal.TRUNCATED, Refusal.ENDLESS, Refusal.TAMPERED)


def test_a_header_that_never_ends(box: Box) -> None:
    box.faults[STAMP] = list_server.slow_header
    assert box.code(total_s=2.0) is Refusal.ENDLESS


def test_a_server_date_out_of_this_world_changes_nothing(box: Box) -> None:
    body = box.province.files[STAMP]
    box.faults[STAMP] = lambda handler: handler.answer(200, body, Date="Mon, 31 Feb 99999 99:99:99 GMT")
    assert box.code() is None


# --- addresses


@pytest.mark.parametrize(
    "source",
    [
        "ftp://feed.example.org",
        "file:///etc",
        "http://",
        "http://user:secret@feed.example.org",
        "https://feed.example.org/?x=1",
        "http://[::1",
        "http://feed.example.org:99999999",
        "http://feed.example.org:abc",
        "javascript://x",
    ],
)
def test_an_address_that_is_none(source: str) -> None:
    with pytest.raises(FeedError):
        base_of(source)


def test_an_ipv6_address(box: Box) -> None:
    class Six(list_server._Server):
        address_family = socket.AF_INET6

    server = Six(("::1", 0), list_server.Handler)
    server.owner = box.server
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        assert box.code(source=f"http://[::1]:{server.server_port}") is None
        assert box.blocks("new.example")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- sticks


def test_a_stick_with_links_pipes_and_devices(box: Box, tmp_path: Path) -> None:
    stick = box.province.write(tmp_path / "stick")
    stamp = stick / STAMP[1:]
    good = stamp.read_bytes()

    def put(make: Callable[[], object]) -> Refusal | None:
        stamp.unlink(missing_ok=True)
        make()
        return box.code(source=str(stick))

    assert put(lambda: os.mkfifo(stamp)) is not None
    assert put(lambda: stamp.symlink_to("/dev/zero")) in (Refusal.ENDLESS, Refusal.BOMB, Refusal.OFFLINE)
    assert put(lambda: stamp.symlink_to(stamp)) is Refusal.OFFLINE  # a loop
    assert put(lambda: stamp.symlink_to("/etc/passwd")) is Refusal.TAMPERED
    assert put(lambda: stamp.symlink_to("/nowhere")) is Refusal.OFFLINE
    assert put(stamp.mkdir) is Refusal.OFFLINE
    stamp.rmdir()
    assert put(lambda: stamp.write_bytes(good)) is None


def test_a_stick_that_is_no_folder(box: Box, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    for source in (str(file), "/dev/null", str(tmp_path / "nowhere"), str(tmp_path) + "\0x"):
        assert box.code(source=source) is Refusal.OFFLINE, source


def test_a_stick_whose_name_has_percent_signs(box: Box, tmp_path: Path) -> None:
    folder = tmp_path / "100%25 đĩa #1?x"
    assert box.code(source=str(box.province.write(folder))) is None
    assert box.blocks("new.example")
