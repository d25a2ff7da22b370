"""Sending reports: once each, in order, patient while nobody answers; over the Internet never without encryption."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from filterd.control import feed_report_send as sending
from filterd.control import feed_reports as reports
from filterd.control.feed_report_job import ReportJob
from filterd.control.feed_report_send import NotSent, Post, post_report, send_waiting
from filterd.errors import StoreError
from filterd.host.files import locked
from filterd.model.notice import ReportKind
from tests.unit.control.province import NOW, follow, index

Asked = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    follow(tmp_path)
    for name in ("a.example", "b.example", "c.example"):
        reports.report(tmp_path, ReportKind.MISSED, name, "gambling", now=NOW)
    return tmp_path


def office(asked: Asked, *answers: int | Exception, pause: float = 0.0) -> Post:
    """Return an office that gives these answers, the last one for ever."""

    def post(address: str, proxy: str, body: bytes) -> tuple[int, float]:
        asked.append((address, proxy, json.loads(body)))
        found = answers[min(len(asked), len(answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return found, pause

    return post


def states(state: Path) -> list[str]:
    return [one.state for one in reports.load(state).reports]


def send(state: Path, post: Post, at: float = NOW) -> sending.Sent:
    return send_waiting(state, now=lambda: at, post=post)


def test_all_that_wait_are_sent_in_order_beside_the_feed(state: Path) -> None:
    asked: Asked = []
    done = send(state, office(asked, 201))
    assert (done.sent, done.left, done.problem) == (3, 0, "") and states(state) == ["sent"] * 3
    assert [said["name"] for _, _, said in asked] == ["a.example", "b.example", "c.example"]
    assert {address for address, _, _ in asked} == {"https://feed.example.org/report"}
    assert not reports.is_due(state, NOW + 10**7)


def test_the_index_may_name_another_address(state: Path) -> None:
    index(state, inbox="https://office.example.org/in/report")
    asked: Asked = []
    send(state, office(asked, 200))
    assert asked[0][0] == "https://office.example.org/in/report"


def test_a_feed_from_a_stick_names_no_address(tmp_path: Path) -> None:
    follow(tmp_path, url="/media/usb")
    reports.report(tmp_path, ReportKind.MISSED, "a.example", now=NOW)
    assert "folder" in send(tmp_path, office([], 201)).problem
    assert states(tmp_path) == ["waiting"]


def test_offline_they_wait_longer_each_time(state: Path) -> None:
    asked: Asked = []
    waits = []
    for number in range(9):
        done = send(state, office(asked, NotSent("the office cannot be reached")))
        waits.append(reports.load(state).next_at - NOW)
        assert done.left == 3 and len(asked) == number + 1
    assert 240 <= waits[0] <= 360 and all(wait <= sending.MAX_RETRY_S * 1.2 for wait in waits)
    assert waits[8] >= sending.MAX_RETRY_S * 0.8
    assert reports.load(state).problem == "the office cannot be reached"
    send(state, office(asked, 201))
    assert states(state) == ["sent"] * 3 and reports.load(state).problem == ""


def test_what_was_sent_before_the_connection_broke_is_not_sent_again(state: Path) -> None:
    asked: Asked = []
    assert send(state, office(asked, 201, NotSent("gone"))).sent == 1
    assert states(state) == ["sent", "waiting", "waiting"]
    send(state, office(asked, 201))
    assert [said["name"] for _, _, said in asked] == ["a.example", "b.example", "b.example", "c.example"]


@pytest.mark.parametrize("status", [429, 503, 500, 404, 302])
def test_an_office_that_is_not_well_is_asked_later(state: Path, status: int) -> None:
    done = send(state, office([], status, pause=4000))
    assert done.sent == 0 and f"status {status}" in done.problem and states(state) == ["waiting"] * 3
    assert reports.load(state).next_at >= NOW + 4000


def test_a_wish_to_wait_for_ever_is_bounded(state: Path) -> None:
    send(state, office([], 429, pause=10.0**9))
    assert reports.load(state).next_at <= NOW + sending.MAX_RETRY_S


def test_what_the_office_does_not_take_is_said_and_the_others_go_on(state: Path) -> None:
    done = send(state, office([], 422, 201))
    assert (done.sent, done.refused, done.left) == (2, 1, 0)
    assert states(state) == ["refused", "sent", "sent"] and reports.load(state).reports[0].problem == "status 422"


def test_a_restored_backup_takes_new_numbers(state: Path) -> None:
    before = reports.load(state)
    asked: Asked = []
    done = send(state, office(asked, 409, 201))
    after = reports.load(state)
    assert done.sent == 3 and after.site != before.site and states(state) == ["sent"] * 3
    assert [(said["site"] == after.site, said["sequence"]) for _, _, said in asked[1:]] == [
        (True, 1),
        (True, 2),
        (True, 3),
    ]
    fresh = reports.report(state, ReportKind.MISSED, "d.example", now=NOW)
    assert (fresh.site, fresh.sequence) == (after.site, 4)


def test_one_sends_at_a_time(state: Path) -> None:
    with locked(state / "feed" / "send.lock"), pytest.raises(StoreError, match="held by another"):
        send(state, office([], 201))


def test_the_proxy_of_the_feed_is_used(state: Path) -> None:
    from dataclasses import replace

    from filterd.feed.state import load_followed, save_followed

    save_followed(state, (replace(load_followed(state)[0], proxy="http://192.0.2.9:3128"),))
    asked: Asked = []
    send(state, office(asked, 201))
    assert asked[0][1] == "http://192.0.2.9:3128"


# --- over real HTTP ---


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    found = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{found.server_port}/report"
    finally:
        found.shutdown()
        found.server_close()
        thread.join()


def test_a_redirect_is_not_followed_and_the_wish_to_wait_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # of the environment, which does not decide

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "http://127.0.0.1:1/elsewhere")
        handler.send_header("Retry-After", "120")
        handler.end_headers()

    with server(answer) as address:
        assert post_report(address, "", b"{}") == (302, 120.0)


def test_nobody_there_is_a_sentence() -> None:
    with server(lambda _: None) as address:
        pass
    with pytest.raises(NotSent, match="cannot be reached"):
        post_report(address, "", b"{}")


def test_what_is_no_http_is_a_sentence() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\0\1 what\r\n\r\n")

    with server(answer) as address, pytest.raises(NotSent, match="cannot be reached"):
        post_report(address, "", b"{}")


def test_without_encryption_nothing_leaves_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("1.1.1.1", 80))])
    monkeypatch.setattr("requests.Session.post", lambda *_, **__: pytest.fail("it was sent"))
    with pytest.raises(NotSent, match="no encryption"):
        post_report("http://feed.example.org/report", "", b"{}")


# --- the manager's hand ---


class Child:
    """A child that ends when it is told to."""

    def __init__(self) -> None:
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.code = -15

    def kill(self) -> None:
        self.code = -9

    def wait(self, timeout: float | None = None) -> int:
        return self.code or 0


def test_a_child_is_started_when_a_report_waits_one_at_a_time(state: Path) -> None:
    started: list[tuple[list[str], Child]] = []

    def start(words: Any) -> Child:
        started.append((list(words), Child()))
        return started[-1][1]

    job = ReportJob(state, start=start)
    job.step(NOW)
    job.step(NOW + 1000)
    assert [words for words, _ in started] == [["report", "send", "--state", str(state), "--child"]] and job.is_running
    started[0][1].code = 1
    job.step(NOW + 1001)  # it wrote down no patience (it was killed): soon again
    assert len(started) == 2
    started[1][1].code = 0
    send(state, office([], 201))
    job.step(NOW + 5000)
    assert len(started) == 2 and not job.is_running
    reports.report(state, ReportKind.MISSED, "d.example", now=NOW)
    job.step(NOW - 10**7)  # the clock was set back
    assert len(started) == 3
    job.close()
    assert started[2][1].code == -15


def test_a_quiet_box_starts_nothing(tmp_path: Path) -> None:
    job = ReportJob(tmp_path, start=lambda _: pytest.fail("a child was started"))
    for second in range(0, 7200, 5):
        job.step(NOW + second)
    job.close()


# --- the power goes at any write ---


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(4))
def test_cut_at_any_write_each_report_is_there_once(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, written: bool
) -> None:
    from filterd.control.feed_inbox import inbox, take
    from filterd.host.files import write_atomic
    from filterd.store.inbox import Added

    class Cut(BaseException):
        pass

    writes = 0

    def cutting(path: Path, data: bytes, mode: int = 0o640) -> None:
        nonlocal writes
        writes += 1
        if writes - 1 == number and not written:
            raise Cut
        write_atomic(path, data, mode)
        if writes - 1 == number:
            raise Cut

    with inbox(tmp_path / "office") as box:

        def post(_address: str, _proxy: str, body: bytes) -> tuple[int, float]:
            return {Added.NEW: 201, Added.SAME: 200, Added.OTHER: 409, Added.FULL: 503}[
                take(box, json.loads(body), NOW)
            ], 0.0

        monkeypatch.setattr(reports, "write_atomic", cutting)
        try:
            send(state, post)
        except Cut:
            assert number < 3
        monkeypatch.setattr(reports, "write_atomic", write_atomic)
        send(state, post)
        assert states(state) == ["sent"] * 3
        assert sorted(row.name for row in box.rows()) == ["a.example", "b.example", "c.example"]
