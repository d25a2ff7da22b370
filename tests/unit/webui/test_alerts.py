"""Alerts on the page: what is said, who has seen it, and how it is sent; nothing leaves the house by itself."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from filterd.control.alerts_rows import add, list_alerts
from filterd.control.alerts_settings import set_settings, settings
from filterd.model.alert import AlertKind
from filterd.model.change import Who
from filterd.store.activity import open_activity
from filterd.store.engine import writing
from tests.unit.control.receivers import Web
from tests.unit.webui.client import app_of, logged_in, made
from webui.alerts import kinds, wrong

MUM = Who("mẹ", "web")
HX = {"HX-Request": "true"}
SECRET = "https://hooks.example.org/s3cret-path"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return made(tmp_path / "state")


def alert(
    state: Path, kind: AlertKind, key: str, detail: Mapping[str, Any], profile: str = "", device: str = ""
) -> None:
    engine = open_activity(state)
    with writing(engine, "activity") as connection:
        add(connection, kind, key, int(time.time() * 1000), profile=profile, device=device, detail=detail)
    engine.dispose()


def test_the_list_says_what_happened_and_who_has_seen_it(home: Path) -> None:
    alert(home, AlertKind.HARM_FIRST, "a", {"category": "gambling"}, "minh", "may-minh")
    alert(home, AlertKind.NEW_DEVICE, "b", {"mac": "aa:bb:cc:dd:ee:ff", "private": True})
    browser = logged_in(home)
    page = browser.get("/alerts/").text
    assert "Minh" in page and "aa:bb:cc:dd:ee:ff" in page and 'href="tel:111"' in page
    first = list_alerts(home)[-1].id
    assert browser.post("/alerts/seen", {"alert": str(first)}).status_code == 303
    assert [a.state for a in list_alerts(home)] == ["new", "seen"]
    assert "mẹ đã xem" in browser.get("/alerts/").text
    assert browser.post("/alerts/seen").status_code == 303
    assert not list_alerts(home, unseen=True)
    assert browser.post("/alerts/seen", {"alert": "99"}).status_code == 303
    assert browser.post("/alerts/seen", {"alert": "x"}).status_code == 422


def test_hostile_words_are_only_words(home: Path) -> None:
    bad = "<script>alert(1)</script>‮"
    alert(home, AlertKind.RULES_LOOSENED, "c", {"what": [["service", bad]], "by": bad, "source": "web"}, bad, bad)
    alert(home, AlertKind.STALE_LISTS, "d", {"list": bad, "days": 12})
    page = logged_in(home).get("/alerts/").text
    assert "<script>alert" not in page and "‮" not in page and page.count("<article") == 2


def test_older_alerts_are_a_link_away(home: Path) -> None:
    for number in range(33):
        alert(home, AlertKind.STALE_LISTS, f"k{number}", {"list": f"list-{number}", "days": 12})
    browser = logged_in(home)
    page = browser.get("/alerts/").text
    older = re.search(r'href="(/alerts/\?before=\d+)"', page)
    assert older is not None and page.count("<article") == 30
    assert browser.get(older.group(1)).text.count("<article") == 3
    assert browser.get("/alerts/?before=x").status_code == 200


def test_nothing_is_sent_until_a_way_is_set(home: Path) -> None:
    browser = logged_in(home)
    page = browser.get("/alerts/settings").text
    assert page.count("Chưa cài") == 3 and "không gửi ra khỏi nhà" in browser.get("/alerts/").text
    assert not settings(home).names and settings(home).quiet is None and settings(home).channels == ()
    answer = browser.post("/alerts/test", headers=HX)
    assert answer.status_code == 200 and "chưa gửi được" in answer.text


def test_kinds_names_and_quiet_hours(home: Path) -> None:
    browser = logged_in(home)
    form = {
        "kind": ["harm_first", "new_device", "nonsense"],
        "names": "1",
        "quiet": "1",
        "from": "22:00",
        "to": "06:30",
    }
    assert browser.post("/alerts/settings", form).status_code == 303
    found = settings(home)
    assert found.kinds == {AlertKind.HARM_FIRST, AlertKind.NEW_DEVICE} and found.names and found.quiet == (1320, 390)
    page = browser.get("/alerts/settings").text
    assert 'value="06:30"' in page
    same = browser.post("/alerts/settings", form | {"to": "22:00"})
    assert same.status_code == 422 and "Cần hai giờ khác nhau" in same.text
    assert browser.post("/alerts/settings", {"from": "22:00", "to": "06:30"}).status_code == 303
    assert settings(home).quiet is None and not settings(home).names and not settings(home).kinds


def test_a_way_is_set_shown_without_its_secret_and_stopped(home: Path) -> None:
    browser = logged_in(home)
    assert browser.post("/alerts/settings/webhook", {"url": SECRET, "secret": "k3y"}).status_code == 303
    page = browser.get("/alerts/settings").text
    assert "hooks.example.org" in page and "s3cret" not in page and "k3y" not in page
    assert browser.post("/alerts/settings/ntfy", {"server": "https://ntfy.sh", "topic": "nha-x7"}).status_code == 303
    mail = {
        "host": "smtp.example.org",
        "tls": "starttls",
        "to": "a@example.org, b@example.org",
        "user": "",
        "password": "",
    }
    assert browser.post("/alerts/settings/email", mail).status_code == 303
    found = settings(home)
    assert found.channels == ("webhook", "ntfy", "email") and found.email is not None
    assert found.email.to == ("a@example.org", "b@example.org")
    assert browser.post("/alerts/settings/webhook", {"off": "1"}).status_code == 303
    assert settings(home).channels == ("ntfy", "email")
    assert browser.post("/alerts/settings/pigeon", {"off": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("way", "form", "said"),
    [
        ("webhook", {"url": "ftp://x"}, "Cần địa chỉ như https://example.org/"),
        ("webhook", {"url": "http://hooks.example.org/s3cret"}, "không mã hóa thì chỉ được trong nhà"),
        ("ntfy", {"server": "https://ntfy.sh", "topic": "có dấu"}, "Từ 1 đến 64 chữ"),
        ("email", {"host": "smtp.example.org", "to": "nobody"}, "Cần từ 1 đến 10 địa chỉ"),
        ("email", {"host": "smtp.example.org", "to": "a@example.org", "port": "0"}, "1 đến 65535"),
        ("email", {"host": "smtp.example.org", "to": "a@example.org", "user": "me"}, "Cần cả tên và mật khẩu"),
        ("email", {"host": "smtp.example.org", "to": "a@example.org", "tls": "none"}, "máy chủ trong nhà"),
        ("email", {"host": "<script>", "to": "a@example.org"}, "Cần tên máy chủ thư"),
    ],
)
def test_a_wrong_field_says_the_way_out(home: Path, way: str, form: dict[str, str], said: str) -> None:
    answer = logged_in(home).post(f"/alerts/settings/{way}", form)
    assert answer.status_code == 422 and said in answer.text and 'role="alert"' in answer.text
    assert "s3cret" not in answer.text and '<script>"' not in answer.text and settings(home).channels == ()


def test_the_test_button_says_what_became_of_it(home: Path) -> None:
    browser = logged_in(home)
    with Web() as receiver:
        set_settings(home, MUM, {"webhook": {"url": receiver.url}})
        good = browser.post("/alerts/test", headers=HX).text
        assert "Webhook: đã gửi" in good and len(receiver.documents) == 1
    with Web(codes=(500,)) as broken:
        set_settings(home, MUM, {"webhook": {"url": broken.url}})
        bad = browser.post("/alerts/test").text
        assert "Webhook: chưa gửi được." in bad and "500" in bad and "<html" in bad


@pytest.mark.parametrize("role", ["viewer", "teacher"])
def test_only_who_decides_for_the_family_may_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role=role, ranges=("may-lan",) if role == "teacher" else ())
    alert(state, AlertKind.STALE_LISTS, "k", {"list": "x", "days": 12})
    browser = logged_in(state)
    page = browser.get("/alerts/")
    assert page.status_code == (200 if role == "viewer" else 403)
    assert "/alerts/seen" not in page.text and "/alerts/settings" not in page.text
    assert browser.get("/alerts/settings").status_code == 403
    for path in ("seen", "settings", "settings/webhook", "test"):
        assert browser.post(f"/alerts/{path}").status_code == 403
    assert list_alerts(state, unseen=True)


def test_every_kind_and_every_refusal_has_words(home: Path) -> None:
    with app_of(home).test_request_context("/?lang=vi"):
        assert set(kinds()) == {kind.value for kind in AlertKind}
        assert wrong("something new: x")[1] != wrong("email.port: x")[1]
