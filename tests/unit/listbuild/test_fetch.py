"""Fetching over a real local HTTP server: sizes, statuses, redirects, marks, faults; only Refused comes out."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filterd.listbuild import fetch as fetching
from filterd.listbuild import target
from filterd.listbuild.fetch import MAX_REDIRECTS, Fetched, Limits, fetch
from filterd.listbuild.refusal import Refused, Why
from tests.list_server import (
    MODIFIED,
    Handler,
    ListServer,
    bomb,
    endless,
    leads_to,
    silent,
    slow,
    slow_header,
    truncated,
    truncated_gzip,
)

BODY = b"ads.example.org\n" * 100
QUICK = Limits(wait_s=5.0, total_s=0.5)


def chunked(handler: Handler) -> None:
    handler.protocol_version = "HTTP/1.1"
    handler.begin(200, Transfer_Encoding="chunked")
    for piece in (BODY[:700], BODY[700:]):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    if handler.path == "/chunked":
        handler.wfile.write(b"0\r\n\r\n")
    handler.close_connection = True


def seen(handler: Handler) -> None:
    names = ("Authorization", "Cookie", "User-Agent", "Referer", "Proxy-Authorization")
    handler.answer(200, repr([handler.headers.get(name) for name in names]).encode())


@pytest.fixture(scope="module")
def server() -> Iterator[ListServer]:
    content: dict[str, Any] = {
        "/list": BODY,
        "/agent": seen,
        "/moved": leads_to("/list"),
        "/login": lambda handler: handler.answer(302, Location="/agent", Set_Cookie="id=1"),
        "/loop": leads_to("/loop"),
        "/nowhere": lambda handler: handler.answer(302),
        "/file": leads_to("file:///etc/passwd"),
        "/ftp": leads_to("ftp://lists.example.org/ads.txt"),
        "/inside": leads_to("http://192.168.1.1/setup"),
        "/password": leads_to("http://me:secret@127.0.0.1/list"),
        "/odd": leads_to("http://[::1/list"),
        "/chunked": chunked,
        "/chunked-cut": chunked,
        "/truncated": truncated,
        "/truncated-gzip": truncated_gzip,
        "/not-gzip": lambda handler: handler.answer(200, BODY, Content_Encoding="gzip"),
        "/brotli": lambda handler: handler.answer(200, BODY, Content_Encoding="br"),
        "/bomb": bomb,
        "/endless": endless,
        "/announced": lambda handler: handler.answer(200, b"x", length=10**12),
        "/slow": slow,
        "/slow-header": slow_header,
        "/silent": silent,
        "/304": lambda handler: handler.answer(304),
        "/rubbish": lambda handler: handler.wfile.write(b"\0\1\2 hello\r\n\r\n"),
        "/hang-up": lambda handler: handler.connection.shutdown(socket.SHUT_RDWR),
    }
    content |= {f"/hop{n}": leads_to(f"/hop{n - 1}" if n > 1 else "/list") for n in range(1, MAX_REDIRECTS + 2)}
    with ListServer(content) as running:
        yield running


def refused(url: str, limits: Limits | None = None, **more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        fetch(url, limits=limits, loopback=True, **more)
    return caught.value


def test_a_body_and_its_marks(server: ListServer) -> None:
    found = fetch(server.url("/list"), loopback=True)
    assert (found.data, found.modified) == (BODY, MODIFIED) and found.etag
    again = fetch(server.url("/list"), found.etag, found.modified, loopback=True)
    assert again == Fetched(None, found.etag, found.modified)
    headers = server.requests[-1][1]
    assert headers["If-None-Match"] == found.etag and headers["If-Modified-Since"] == MODIFIED
    assert fetch(server.url("/list"), '"another"', loopback=True).data == BODY
    assert fetch(server.url("/moved"), loopback=True).data == BODY
    assert fetch(server.url("/chunked"), loopback=True).data == BODY


def test_nothing_of_the_environment_is_used(
    server: ListServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    for path in ("/agent", "/login"):  # a redirect with a cookie carries none on
        assert fetch(server.url(path), loopback=True).data == b"[None, None, 'filterd', None, None]"


@pytest.mark.parametrize(
    ("path", "why", "sentence"),
    [
        ("/none", Why.STATUS, "expected status 200, got 404"),
        ("/304", Why.STATUS, "got 304"),
        ("/loop", Why.REDIRECTS, "more than 5 redirects"),
        ("/nowhere", Why.REDIRECTS, "without a target"),
        ("/file", Why.ADDRESS, "http or https"),
        ("/ftp", Why.ADDRESS, "http or https"),
        ("/password", Why.ADDRESS, "without a name and password"),
        ("/odd", Why.ADDRESS, ""),
        ("/inside", Why.PRIVATE, "192.168.1.1"),
        ("/truncated", Why.TRUNCATED, "broke off"),
        ("/truncated-gzip", Why.TRUNCATED, "stops in the middle"),
        ("/chunked-cut", Why.TRUNCATED, "broke off"),
        ("/not-gzip", Why.TRUNCATED, "damaged"),
        ("/brotli", Why.NOT_TEXT, "content encoding 'br'"),
        ("/announced", Why.TOO_LARGE, "announced"),
        ("/bomb", Why.BOMB, "packed bytes become more than"),
        ("/rubbish", Why.TRUNCATED, ""),
        ("/hang-up", Why.TRUNCATED, ""),
    ],
)
def test_every_fault_has_its_code_and_names_the_address(server: ListServer, path: str, why: Why, sentence: str) -> None:
    error = refused(server.url(path))
    assert error.why is why, error
    assert sentence in str(error) and server.url(path) in str(error)


@pytest.mark.parametrize("path", ["/slow", "/slow-header", "/silent"])
def test_a_server_that_dribbles_is_cut_when_the_time_for_the_whole_is_over(server: ListServer, path: str) -> None:
    """Every single read of these is short: only a bound on the whole ends them, in the header too."""
    error = refused(server.url(path), QUICK)
    assert (error.why, "not complete after 0.5 s" in str(error)) == (Why.SLOW, True)


def test_a_server_that_says_nothing_is_left(server: ListServer) -> None:
    error = refused(server.url("/silent"), Limits(wait_s=0.2, total_s=30.0))
    assert error.why is Why.SLOW and "nothing came for 0.2 s" in str(error)


def test_an_endless_body_ends_at_the_bound(server: ListServer) -> None:
    error = refused(server.url("/endless"), Limits(max_bytes=1 << 20))
    assert error.why is Why.TOO_LARGE and "longer than 1 MiB" in str(error)


def test_the_size_is_bounded_exactly(server: ListServer) -> None:
    assert fetch(server.url("/list"), limits=Limits(max_bytes=len(BODY)), loopback=True).data == BODY
    assert refused(server.url("/list"), Limits(max_bytes=len(BODY) - 1)).why is Why.TOO_LARGE


def test_redirects_are_bounded_exactly(server: ListServer) -> None:
    assert fetch(server.url(f"/hop{MAX_REDIRECTS}"), loopback=True).data == BODY
    assert refused(server.url(f"/hop{MAX_REDIRECTS + 1}")).why is Why.REDIRECTS


def test_only_files_and_http(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(BODY)
    assert fetch(str(tmp_path / "list")).data == BODY
    for origin in ("ftp://lists.example.org/x", "file:///etc/passwd", "http://", "http://a b/", "https://x.org:0/"):
        assert refused(origin).why is Why.ADDRESS
    assert refused(str(tmp_path)).why is Why.FILE
    assert refused(str(tmp_path / "list"), Limits(max_bytes=10)).why is Why.FILE


def test_nobody_there_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "RETRIES", 0)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))  # taken, and nobody listens
        error = refused(f"http://127.0.0.1:{sock.getsockname()[1]}/list")
    assert error.why is Why.NO_CONNECTION
    assert refused("http://name.invalid/list").why is Why.NO_CONNECTION


def test_a_server_without_a_good_certificate_is_not_asked(server: ListServer) -> None:
    error = refused(server.url("/list").replace("http:", "https:"), Limits(wait_s=5.0))
    assert error.why is Why.UNSAFE_CONNECTION


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0", "10.1.2.3"])
def test_this_machine_and_the_home_network_are_no_sources(host: str) -> None:
    with pytest.raises(Refused) as caught:
        fetch(f"http://{host}/list")
    assert caught.value.why is Why.PRIVATE


def test_the_judged_address_is_the_one_connected_to(server: ListServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means a public address when it is checked and this machine when it is connected to."""
    port = int(server.url("").rpartition(":")[2])
    answers = iter(["192.0.43.8", "127.0.0.1", "127.0.0.1"])
    asked: list[str] = []

    def rebinding(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    connected: list[Any] = []
    monkeypatch.setattr(target.socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(target.socket.socket, "connect", lambda _, address: connected.append(address) or _fail())
    monkeypatch.setattr(fetching, "RETRIES", 0)
    before = len(server.requests)
    with pytest.raises(Refused) as caught:
        fetch(f"http://rebind.example.org:{port}/list")
    assert caught.value.why is Why.NO_CONNECTION and connected == [("192.0.43.8", port)] and len(asked) == 1
    with pytest.raises(Refused) as caught:
        fetch(f"http://rebind.example.org:{port}/list")
    assert caught.value.why is Why.PRIVATE and len(connected) == 1 and len(server.requests) == before


def _fail() -> None:
    raise OSError(111, "refused")


def test_who_knows_the_names_is_asked_first_and_its_answer_is_judged_too(server: ListServer) -> None:
    url = server.url("/list").replace("127.0.0.1", "lists.example.org")
    assert fetch(url, loopback=True, resolve=lambda host: {"lists.example.org": ["127.0.0.1"]}[host]).data == BODY
    with pytest.raises(Refused) as caught:
        fetch(url, resolve=lambda _: ["127.0.0.1", "192.168.1.1"])
    assert caught.value.why is Why.PRIVATE
    with pytest.raises(Refused) as caught:
        fetch("http://name.invalid/", resolve=lambda _: [])
    assert caught.value.why is Why.NO_CONNECTION
    assert refused("http://10.1.2.3/", resolve=lambda _: ["127.0.0.1"]).why is Why.PRIVATE  # an address is no name


def test_a_protected_address_must_stay_protected(server: ListServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain server stands in for a TLS one: what is tested is the judgement of where it leads."""
    asked: list[str] = []
    original = fetching._answer

    def plain(url: str, *rest: Any) -> Any:
        asked.append(url)
        return original(url.replace("https:", "http:"), *rest)

    monkeypatch.setattr(fetching, "_answer", plain)
    port = server.url("").rpartition(":")[2]
    server.content["/down"] = leads_to(server.url("/list"))
    error = refused(f"https://127.0.0.1:{port}/down")
    assert error.why is Why.UNSAFE_CONNECTION and "unprotected" in str(error) and len(asked) == 1


def test_a_way_round_the_check_is_noticed(server: ListServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a new version of the library open its connections in another way, nothing is fetched any more."""
    from requests.adapters import HTTPAdapter

    monkeypatch.setattr(fetching, "_adapter", lambda *_: HTTPAdapter())
    error = refused(server.url("/list"))
    assert error.why is Why.PRIVATE and "checked way" in str(error)


def test_a_packed_file_as_such_is_not_unpacked(server: ListServer) -> None:
    """Only what is packed for the way is unpacked; judging an archive is body.py's."""
    server.content["/list.gz"] = lambda handler: handler.answer(200, gzip.compress(BODY))
    found = fetch(server.url("/list.gz"), loopback=True).data
    assert found is not None and gzip.decompress(found) == BODY
