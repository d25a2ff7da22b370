"""The office's web side: a report once, bounds, rates; the published files and nothing else of the folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from filterd.store.inbox import Added, Inbox
from webui.office import create_office_app

SAID = {"layout": 1, "site": "0123456789abcdef" * 2, "sequence": 1, "kind": "mistake", "name": "example.org",
        "category": "", "reason": "trang học"}  # fmt: skip
Make = Callable[..., FlaskClient]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    boxes: list[Inbox] = []

    def made(**options: Any) -> FlaskClient:
        app = create_office_app(tmp_path, **options)
        boxes.append(app.extensions["inbox"])
        return app.test_client()

    yield made
    for box in boxes:
        box.close()


@pytest.fixture
def office(make: Make) -> FlaskClient:
    return make()


def test_a_report_comes_in_once(office: FlaskClient) -> None:
    answers = [office.post("/report", json=SAID) for _ in range(3)]
    assert [(a.status_code, a.json["report"]) for a in answers] == [(201, "new"), (200, "same"), (200, "same")]
    assert office.post("/report", json=SAID | {"name": "other.example"}).status_code == 409


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {}}, 400), ({"json": []}, 400), ({"json": SAID | {"site": "x"}}, 400), ({"data": SAID}, 415),
        ({"data": b"{", "content_type": "application/json"}, 400), ({"data": b"{}", "content_type": "text/plain"}, 415),
        ({"data": b"[" * 8000, "content_type": "application/json"}, 400), ({"json": SAID | {"reason": "x" * 9000}}, 413),
        ({"data": b"\xff\xfe", "content_type": "application/json"}, 400),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(office: FlaskClient, sent: dict[str, Any], status: int) -> None:
    assert office.post("/report", **sent).status_code == status
    assert office.application.extensions["inbox"].rows() == ()


def test_there_is_nothing_to_read(office: FlaskClient) -> None:
    assert office.get("/report").status_code == 405
    assert office.get("/").status_code == 404 and office.get("/healthz").json == {"office": True}


def test_one_address_cannot_flood_and_is_told_how_long_to_wait(office: FlaskClient) -> None:
    codes = [office.post("/report", json=SAID | {"sequence": n}).status_code for n in range(1, 33)]
    assert codes.count(201) == 30 and codes[-1] == 429
    late = office.post("/report", json=SAID)
    assert late.status_code == 429 and 0 < int(late.headers["Retry-After"]) <= 3600
    other = {"environ_overrides": {"REMOTE_ADDR": "198.51.100.7"}}
    assert office.post("/report", json=SAID | {"sequence": 99}, **other).status_code == 201


def test_a_network_of_ipv6_is_one_subscriber(office: FlaskClient) -> None:
    codes = [
        office.post(
            "/report", json=SAID | {"sequence": n}, environ_overrides={"REMOTE_ADDR": f"2001:db8:1:2::{n:x}"}
        ).status_code
        for n in range(1, 33)
    ]
    assert codes.count(201) == 30


def test_who_asks_is_believed_of_our_own_proxy_alone(make: Make) -> None:
    def codes(office: FlaskClient, first: int) -> list[int]:
        return [
            office.post(
                "/report", json=SAID | {"sequence": n}, headers={"X-Forwarded-For": f"203.0.113.{n % 250}"}
            ).status_code
            for n in range(first, first + 32)
        ]

    assert codes(make(), 1).count(201) == 30
    assert codes(make(behind_proxy=True), 100).count(201) == 32


def test_a_full_inbox_says_when_to_come_again(office: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.application.extensions["inbox"], "add", lambda _: Added.FULL)
    answer = office.post("/report", json=SAID)
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "3600"


def test_a_sick_inbox_tells_no_paths(office: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filterd.errors import StoreError

    def sick(_: Any) -> Added:
        raise StoreError(f"cannot use {tmp_path}")

    monkeypatch.setattr(office.application.extensions["inbox"], "add", sick)
    answer = office.post("/report", json=SAID)
    assert answer.status_code == 503 and str(tmp_path) not in answer.text and answer.headers["Retry-After"]


def test_the_published_feed_is_served_and_nothing_else(make: Make, tmp_path: Path) -> None:
    repository = tmp_path / "build" / "repository"
    (repository / "metadata").mkdir(parents=True)
    (repository / "targets" / "lists" / "a").mkdir(parents=True)
    (repository / "metadata" / "timestamp.json").write_text("{}")
    (repository / "targets" / "lists" / "a" / "ab.base-1.zz").write_bytes(b"zz")
    (tmp_path / "feed.yaml").write_text("id: x")
    office = make()
    timestamp = office.get("/metadata/timestamp.json", buffered=True)
    assert timestamp.data == b"{}" and "max-age=60" in timestamp.headers["Cache-Control"]
    assert office.get("/targets/lists/a/ab.base-1.zz", buffered=True).data == b"zz"
    for path in (
        "/metadata/../../../feed.yaml", "/targets/../../../feed.yaml", "/targets/%2e%2e/%2e%2e/%2e%2e/feed.yaml", "/feed.yaml",
        "/build/inbox.db", "/targets/../../inbox.db", "/metadata/", "/targets/lists/", "/targets//etc/passwd",
    ):  # fmt: skip
        assert office.get(path).status_code in (404, 308), path
    alone = make(repository=False)
    assert alone.get("/metadata/timestamp.json").status_code == 404


def test_no_browser_is_led_astray(office: FlaskClient) -> None:
    answer = office.get("/healthz")
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in office.options("/report").headers
