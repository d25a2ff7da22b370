"""The page: for the house alone, in two languages, without a name of anybody, strict towards the browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from filterd.control.household import ensure
from webui import create_app
from webui.home import WORDS
from webui.peers import is_of_the_house, is_our_name


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return tmp_path / "state"


@pytest.fixture
def client(state: Path) -> FlaskClient:
    ensure(state)
    return create_app(state).test_client()


def test_vietnamese_comes_first_and_english_when_asked_for(client: FlaskClient) -> None:
    assert "Bộ lọc của gia đình" in client.get("/").text
    assert "Bộ lọc của gia đình" in client.get("/", headers={"Accept-Language": "de"}).text
    assert "The family's filter" in client.get("/", headers={"Accept-Language": "en-GB,vi;q=0.5"}).text.replace(
        "&#39;", "'"
    )
    page = client.get("/?lang=en", headers={"Accept-Language": "vi"})
    assert '<html lang="en">' in page.text and page.headers["Content-Language"] == "en"
    assert client.get("/?lang=<script>").headers["Content-Language"] == "vi"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_whom_to_call_is_always_there(client: FlaskClient, language: str) -> None:
    page = client.get(f"/?lang={language}").text
    assert 'href="tel:111"' in page and 'href="https://vn-cop.vn"' in page


def test_it_shows_counts_and_no_name(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "Số hồ sơ trong nhà: 4" in page
    for name in ("Lan", "Minh", "Tuấn", "may-lan", "127.0.0.11"):
        assert name not in page


def test_a_dead_filter_is_said_with_what_to_do(client: FlaskClient) -> None:
    page = client.get("/?lang=en").text
    assert WORDS["en"]["silent"] in page and WORDS["en"]["silent_hint"] in page


def test_a_household_that_cannot_be_read_is_said(state: Path) -> None:
    assert WORDS["vi"]["unknown"] in create_app(state).test_client().get("/").text


@pytest.mark.parametrize("path", ["/", "/healthz", "/static/style.css", "/absent"])
def test_every_answer_is_strict(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        assert answer.data
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


def test_the_page_loads_nothing_from_elsewhere_and_has_no_script(client: FlaskClient) -> None:
    page = client.get("/").text
    for link in re.findall(r'(?:src|<link[^>]*href)="([^"]*)"', page):
        assert link.startswith("/static/")
        with client.get(link) as answer:
            assert answer.status_code == 200 and answer.data
    assert "<script" not in page and "style=" not in page and "<form" not in page


def test_machines_get_a_word(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"page": True}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(client: FlaskClient, method: str) -> None:
    assert client.open("/", method=method).status_code == 405


def test_strangers_get_nothing(client: FlaskClient) -> None:
    answer = client.get("/", environ_base={"REMOTE_ADDR": "203.0.113.7"})
    assert answer.status_code == 403 and "111" not in answer.text
    assert client.get("/", headers={"Host": "rebound.example.com"}).status_code == 421
    assert client.get("/", headers={"Host": "192.168.1.2:8080"}).status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.7", "10.1.2.3", "172.31.0.1", "169.254.1.1", "::1", "fd00::1", "fe80::1%eth0", "::ffff:192.168.1.7"])  # fmt: skip
def test_the_house(address: str) -> None:
    assert is_of_the_house(address)


@pytest.mark.parametrize("address", ["", "x", "8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8", "100.64.0.1", "0.0.0.0"])  # fmt: skip
def test_not_the_house(address: str) -> None:
    assert not is_of_the_house(address)


@pytest.mark.parametrize("host", ["192.168.1.2", "192.168.1.2:8080", "[fd00::2]:8080", "[fd00::2]", "localhost", "filterd", "filterd.home.arpa:8080", "box.LAN."])  # fmt: skip
def test_our_names(host: str) -> None:
    assert is_our_name(host)


@pytest.mark.parametrize("host", ["", ":80", "example.com", "192.168.1.2.nip.io", "home.arpa.example:80"])
def test_others_names(host: str) -> None:
    assert not is_our_name(host)
