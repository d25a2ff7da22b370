"""The child's page as a WSGI application: any name, no cookie, words by age, a form that only its own page sends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import Client, TestResponse, create_environ, run_wsgi_app

from filterd.control import child, moves, profiles, requests
from filterd.control.child import Closed
from filterd.control.household import ensure
from filterd.control.moves import Whom
from filterd.control.now import see
from filterd.model.change import Who
from webui.child import MAX_BODY, create_child_app

LAN, MINH, TUAN, GUEST = "127.0.0.11", "127.0.0.12", "127.0.0.13", "192.168.1.99"
HOME = "http://192.168.1.53"
OWN = {"Origin": HOME}
EVENING = datetime(2026, 11, 24, 20, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp()
WHO = Who("mẹ", "web")


class Device:
    """A browser on a device of the house."""

    def __init__(self, state: Path) -> None:
        self.client = Client(create_child_app(state), use_cookies=False)

    def get(self, path: str = "/", *, who: str = LAN, base: str = HOME) -> TestResponse:
        return self.client.get(path, base_url=base, environ_overrides={"REMOTE_ADDR": who})

    def post(
        self, fields: dict[str, str], *, who: str = LAN, base: str = HOME, headers: dict[str, str] | None = None
    ) -> TestResponse:
        return self.client.post(
            "/ask?lang=en", data=fields, base_url=base, headers=OWN if headers is None else headers,
            environ_overrides={"REMOTE_ADDR": who},
        )  # fmt: skip


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    ensure(tmp_path / "state")
    monkeypatch.setattr(child, "see", lambda state, now=None: see(state, EVENING if now is None else now))
    monkeypatch.setattr(requests, "moment", lambda state, now: EVENING if now is None else now)
    yield tmp_path / "state"


@pytest.fixture
def device(state: Path) -> Device:
    return Device(state)


def closed_as(monkeypatch: pytest.MonkeyPatch, why: Closed) -> None:
    monkeypatch.setattr(child, "why_closed", lambda *_, **__: why)


def test_words_by_age(device: Device) -> None:
    assert "On until 21:30." in device.get("/?lang=en").text
    young = device.get("/?lang=en", who=MINH).text
    assert "You can use it now." in young and "Hello Minh!" in young and 'class="child young"' in young
    teen = device.get("/?lang=en", who=TUAN).text
    assert "The Internet is on." in teen and "day and night, free" in teen
    assert "Bây giờ con dùng máy được." in device.get(who=MINH).text
    assert "Mạng đang mở đến 21:30." in device.get().text


def test_off_says_until_when_and_who(device: Device, state: Path) -> None:
    moves.off(state, WHO, Whom(profile="lan"), minutes=30, now=EVENING - 60)
    moves.off(state, WHO, Whom(profile="minh"), minutes=90, now=EVENING - 60)
    assert "Off until 20:29." in device.get("/?lang=en").text
    assert "mẹ switched it off." in device.get("/?lang=en").text
    young = device.get("/?lang=en", who=MINH).text
    assert "mẹ switched it off for a while." in young and "in the evening" in young


def test_no_cookie_no_foreign_file_no_trace(device: Device) -> None:
    answer = device.get()
    assert "Set-Cookie" not in answer.headers and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Referrer-Policy"] == "same-origin" and answer.headers["X-Frame-Options"] == "DENY"
    assert "<style" not in answer.text and "style=" not in answer.text and "<script>" not in answer.text


def test_its_files_and_no_others(device: Device) -> None:
    for name in ("pico.css", "app.css", "child.css", "icons.svg", "icon.svg", "child.js"):
        answer = device.get(f"/s/{name}")
        assert answer.status_code == 200 and len(answer.data) > 100 and "max-age" in answer.headers["Cache-Control"]
    for path in ("/s/", "/s/app.js", "/s/../__init__.py", "/s/%2e%2e/words.py", "/s/vendor/pico-2.1.1.min.css"):
        assert device.get(path).status_code in (303, 404), path


def test_strangers_are_refused(device: Device) -> None:
    assert device.get(who="203.0.113.7").status_code == 403
    assert device.get("/s/app.css", who="203.0.113.7").status_code == 403


def test_a_device_that_is_nobodys(device: Device, state: Path) -> None:
    seen = device.get("/?lang=en", who=GUEST).text
    assert "This device has no name yet" in seen and 'action="/ask"' not in seen and "Minh" not in seen
    assert device.post({"what": "time"}, who=GUEST).status_code == 403 and requests.requests(state) == []


def test_asking_for_time_a_site_and_with_words(device: Device, state: Path) -> None:
    answer = device.post({"what": "time", "minutes": "30", "why": "school", "words": "Toán <b>"})
    assert answer.status_code == 303 and answer.headers["Location"] == "/?sent=1"
    made = requests.requests(state)[0]
    assert (made.profile, made.device, made.scope, made.reason) == (
        "lan", "may-lan", "time", "30 min, Homework: Toán <b>",
    )  # fmt: skip
    device.post({"what": "site", "site": "https://www.example.org/path?q=1", "minutes": "999"})
    asked = {(r.scope, r.value, r.reason) for r in requests.requests(state)}
    assert len(asked) == 2 and ("name", "www.example.org", "") in asked
    seen = device.get("/?lang=en&sent=1").text
    assert "Sent. Your parents will see it." in seen and "www.example.org" in seen and "waiting" in seen
    assert 'data-every="15"' in seen and 'data-every="60"' in device.get(who=TUAN).text
    assert "www.example.org" not in device.get(who=TUAN).text


def test_what_became_of_it(device: Device, state: Path) -> None:
    device.post({"what": "time"})
    requests.answer(state, WHO, "r1", False, note="<i>Mai nhé</i>", now=EVENING + 1)
    seen = device.get("/?lang=en").text
    assert "Not this time." in seen and "&lt;i&gt;Mai nhé" in seen and "<i>Mai" not in seen


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": "https://192.168.1.53"},
     {"Origin": "http://192.168.1.53:8080"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
     {"Sec-Fetch-Site": "none"}, {**OWN, "Sec-Fetch-Site": "cross-site"}],
)  # fmt: skip
def test_a_form_from_elsewhere_asks_for_nothing(device: Device, state: Path, headers: dict[str, str]) -> None:
    assert device.post({"what": "time"}, headers=headers).status_code == 403 and requests.requests(state) == []


def test_a_site_that_leads_here_asks_for_nothing(device: Device, state: Path) -> None:
    site = "http://rebound.example"
    answer = device.post({"what": "time"}, base=site, headers={"Origin": site})
    assert answer.status_code == 405 and requests.requests(state) == []
    assert device.post({"what": "time"}, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422), ({"what": "filter"}, 422), ({"what": "site"}, 422), ({"what": "site", "site": "a b"}, 422),
        ({"what": "service:nothing"}, 422), ({"what": "time", "words": "x" * 121}, 422),
        ({"what": "time", "words": "a\u0007"}, 422), ({"what": "time", "words": "x" * 120}, 303),
        ({"what": "time", "words": "x" * (MAX_BODY + 1)}, 413),
    ],
)  # fmt: skip
def test_bad_forms(device: Device, state: Path, fields: dict[str, str], status: int) -> None:
    answer = device.post(fields)
    assert answer.status_code == status and bool(requests.requests(state)) is (status == 303)
    assert status != 422 or 'role="alert"' in answer.text


def test_too_many_is_said_kindly(device: Device, state: Path) -> None:
    assert device.post({"what": "time"}).status_code == 303
    again = device.post({"what": "time"})
    assert again.status_code == 429 and "It waits for an answer." in again.text
    for count in range(requests.MAX_HOURLY - 1):
        assert device.post({"what": "site", "site": f"a{count}.example.org"}).status_code == 303
    more = device.post({"what": "site", "site": "more.example.org"})
    assert more.status_code == 429 and "6 requests an hour are the most." in more.text
    assert "6 requests an hour at most, 0 left." in device.get("/?lang=en").text


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Closed("age", "tiktok", "video"), "Not for your age yet."),
        (Closed("scam", "", "scam"), "This page plays tricks"),
        (Closed("off", until=EVENING + 1800), "It opens again at 20:30."),
        (Closed("hours", until=EVENING + 36_000), "It opens again at tomorrow 6:00."),
        (Closed("budget"), "A new one comes at 0:00."),
        (Closed("open"), "Try once more in a minute."),
    ],
)
def test_a_closed_name_says_why(device: Device, monkeypatch: pytest.MonkeyPatch, why: Closed, said: str) -> None:
    closed_as(monkeypatch, why)
    answer = device.get("/any/path?lang=en", base="http://www.tiktok.com")
    assert answer.status_code == 403 and said in answer.text and "111" in answer.text
    assert ('href="http://' in answer.text) and ("/?site=www.tiktok.com" in answer.text) is (
        why.kind in ("age", "off", "hours", "budget")
    )


def test_help_comes_first_where_a_child_may_be_in_danger(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_as(monkeypatch, Closed("abuse"))
    for who, said in ((LAN, "hurt children"), (MINH, "whom you trust"), (TUAN, "child abuse")):
        seen = device.get("/?lang=en", who=who, base="http://bad.example").text
        assert "You did nothing wrong" in seen and said in seen and "data-leave" in seen
        assert "bad.example" not in seen and "<form" not in seen and "site=" not in seen
        assert not any(name in seen for name in ("Lan", "Minh", "Tuấn"))
        assert seen.index("tel:111") < seen.index("vn-cop.vn")


def test_pictures_and_scripts_of_a_closed_site_get_nothing(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "why_closed", lambda *_, **__: pytest.fail("nobody reads it"))
    answer = device.client.get(
        "/pixel.png", base_url="http://ads.example", headers={"Accept": "image/avif,*/*;q=0.8"},
        environ_overrides={"REMOTE_ADDR": LAN},
    )  # fmt: skip
    assert answer.status_code == 403 and answer.data == b""


@pytest.mark.parametrize(
    "host", ["x" * 300 + ".example", "-bad-.example", "a..b", "xn--.example", "<script>", "", "a b"]
)
def test_hostile_host_names(device: Device, host: str) -> None:
    environ = create_environ("/", HOME, environ_overrides={"REMOTE_ADDR": LAN, "HTTP_HOST": host})
    body, status, _ = run_wsgi_app(device.client.application, environ, buffered=True)
    assert status[:3] in ("400", "403", "503") and b"<script>" not in b"".join(body)


def test_what_parents_see_is_said_truthfully(device: Device, state: Path) -> None:
    def said(who: str = LAN) -> str:
        return device.get("/?lang=en", who=who).text

    assert "names of sites for 7 days" in said()
    profiles.patch(state, WHO, "lan", {"parent_sees": "categories"})
    assert "a name only when you ask for it" in said() and "names of sites for 7 days" in said(TUAN)
    profiles.patch_household(state, WHO, {"privacy": {"level": "blocked", "detail_days": 1}})
    assert "names of closed sites for 1 day," in said(TUAN)
    profiles.patch_household(state, WHO, {"privacy": {"level": "counts"}})
    assert "numbers only" in said()
    profiles.patch_household(state, WHO, {"privacy": {"level": "nothing"}})
    assert "writes nothing down" in said() and "writes nothing down" in said(MINH)


def test_hostile_names_are_text(device: Device, state: Path) -> None:
    profiles.patch(state, WHO, "lan", {"name": '<img src=x onerror="alert(1)">'})
    assert "<img" not in device.get().text and "&lt;img" in device.get().text


def test_a_box_without_a_household_says_so(tmp_path: Path) -> None:
    answer = Device(tmp_path / "none").get("/?lang=en")
    assert answer.status_code == 503 and "cannot say at the moment" in answer.text and "111" in answer.text


def test_other_methods_and_paths(device: Device) -> None:
    assert device.client.delete("/", base_url=HOME, environ_overrides={"REMOTE_ADDR": LAN}).status_code == 405
    assert device.get("/elsewhere").status_code == 303
    assert device.get("/healthz").status_code == 200


def test_parents_are_called_as_the_children_call_them(device: Device, state: Path) -> None:
    assert "Xin bố mẹ" in device.get().text and "Gửi cho bố mẹ" in device.get().text
    profiles.patch_household(state, WHO, {"parents": "ông bà"})
    for who in (LAN, MINH, TUAN, GUEST):
        page = device.get(who=who).text
        assert "ông bà" in page and "bố mẹ" not in page.replace("Bố mẹ", "bố mẹ")
    assert "Ông bà biết con chơi bao lâu." in device.get(who=MINH).text
    profiles.patch_household(state, WHO, {"parents": "<b>mẹ</b>"})
    assert "<b>" not in device.get().text


def test_a_teenager_is_called_by_name(device: Device, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles.patch(state, WHO, "tuan", {"parent_sees": "categories"})
    page = device.get(who=TUAN).text
    assert "khi Tuấn tự gửi lời xin" in page and " con " not in page.lower().split("<main")[1]
    assert "khi con tự gửi" not in page
    closed_as(monkeypatch, Closed("abuse"))
    assert "Tuấn không có lỗi gì cả" in device.get(who=TUAN, base="http://bad.example").text
    assert "Con không có lỗi gì cả" in device.get(who=LAN, base="http://bad.example").text
    assert "<title>Tuấn" not in device.get(who=TUAN, base="http://bad.example").text


def send(device: Device, path: str, fields: dict[str, str] | None = None, **more: str) -> TestResponse:
    headers = {"Origin": more.get("origin", HOME)}
    return device.client.post(
        f"{path}?lang=en", data=fields or {}, base_url=HOME, headers=headers,
        environ_overrides={"REMOTE_ADDR": more.get("who", LAN)},
    )  # fmt: skip


def test_one_sentence_home_and_nothing_else(device: Device, state: Path) -> None:
    assert "This one sentence is sent" in device.get("/talk?lang=en").text
    assert "“Con cần nói chuyện với bố mẹ.”" in device.get("/talk").text
    assert send(device, "/talk", {"words": "secret", "site": "x.example"}).headers["Location"] == "/?sent=talk"
    (made,) = requests.requests(state)
    assert (made.kind, made.profile, made.value, made.reason) == ("talk", "lan", "", "")
    assert send(device, "/talk").status_code == 303 and len(requests.requests(state)) == 1  # it waits already
    page = device.get("/?lang=en&sent=talk").text
    assert "Sent. Your parents will see it." in page and "I need to talk to you." in page
    requests.answer(state, WHO, made.id, False, now=EVENING + 1)
    assert "mẹ has seen it." in device.get("/?lang=en").text
    assert "6 requests an hour at most, 6 left." in device.get("/?lang=en").text


def test_talks_are_bounded_kindly(device: Device, state: Path) -> None:
    for _ in range(requests.MAX_TALKS):
        assert send(device, "/talk").status_code == 303
        requests.answer(state, WHO, requests.requests(state, pending=True)[0].id, False, now=EVENING + 1)
    more = send(device, "/talk")
    assert more.status_code == 429 and "Call 111" in more.text


def test_a_mistake_shows_what_is_sent(device: Device, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_as(monkeypatch, Closed("age", "tiktok", "video"))
    page = device.get("/mistake?lang=en&site=www.tiktok.com").text
    assert "Your parents will see the name of this site" in page and "www.tiktok.com" in page
    assert send(device, "/mistake", {"site": "www.tiktok.com", "words": "Toán"}).headers["Location"] == "/?sent=mistake"
    (made,) = requests.requests(state)
    assert (made.kind, made.scope, made.value, made.reason) == ("mistake", "name", "www.tiktok.com", "Toán")
    assert send(device, "/mistake", {"site": "www.tiktok.com"}).status_code == 429
    assert send(device, "/mistake", {"site": "a b"}).status_code == 422
    assert send(device, "/mistake", {"site": "www.tiktok.com", "words": "x" * 121}).status_code == 422
    closed_as(monkeypatch, Closed("open"))
    assert "This page is open." in send(device, "/mistake", {"site": "open.example.org"}).text
    assert len(requests.requests(state)) == 1


def test_the_name_of_a_dangerous_category_is_sent_nowhere(
    device: Device, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_as(monkeypatch, Closed("abuse"))
    page = device.get("/?lang=en", base="http://bad.example").text
    assert 'mistake"' in page and "bad.example" not in page and "/talk" in page
    assert "kept nowhere" in device.get("/mistake?lang=en").text
    assert send(device, "/mistake", {"site": "bad.example", "words": "bad.example"}).status_code == 303
    (made,) = requests.requests(state)
    assert made.value == "" and not made.can_be_granted and "bad.example" not in str(made.body() | {"reason": ""})


@pytest.mark.parametrize("path", ["/talk", "/mistake"])
def test_messages_come_from_this_page_and_from_somebody_alone(device: Device, state: Path, path: str) -> None:
    assert send(device, path, origin="http://evil.example").status_code == 403
    assert send(device, path, who=GUEST).status_code == 403
    assert device.get(path, who=GUEST).status_code == 303
    assert requests.requests(state) == []


def test_the_childs_process_loads_nothing_of_the_parents_page() -> None:
    code = "import sys, webui.child, webui.serve; print({'flask', 'flask_babel', 'wtforms'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
