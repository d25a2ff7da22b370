"""Devices: new ones assigned in a tap, known ones renamed, given away, switched, removed; hostile names; roles."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

import webui.devices as page
from filterd.control import devices as use_cases
from filterd.control import seen as presence
from filterd.control.household import load
from filterd.control.newest import Newest
from filterd.model.activity import Entry
from filterd.model.change import Who
from filterd.model.decision import Action, Row
from filterd.model.household import Device
from filterd.model.seen import SeenDevice
from tests.unit.webui.client import Browser, logged_in, made
from webui import askers

PRIVATE, BURNT_IN = "da:1a:2b:3c:4d:5e", "3c:22:fb:00:11:22"
HOSTILE = '<script>alert("x")</script>\u202egnp'
WHO = Who("test", "cli")


def entry(client: str, device: str = "", ago_s: float = 30) -> Entry:
    at_ms = int((time.time() - ago_s) * 1000)
    return Entry(at_ms, at_ms, client, "minh", device, "www.example.org", 1, Action.ALLOW, Row.DEFAULT, 0, 0)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Entry], dict[str, str]]:
    """What asked lately, and which hardware addresses the box sees: to be filled by a test."""
    entries: list[Entry] = []
    macs: dict[str, str] = {}

    def newest(_state: Path, at: float, *_: object) -> Newest:
        found = Newest()
        for one in entries:
            found.note(one.at_ms / 1000, one.profile, one.device, one.client, at)
        return found

    monkeypatch.setattr(askers, "newest_questions", newest)
    for module in (page, askers):
        monkeypatch.setattr(module, "hardware_addresses", lambda: macs)
    return entries, macs


def of(state: Path, name: str) -> Device:
    return next(d for d in load(state).devices if d.name == name)


def test_known_ones_stand_by_person(visitor: Browser) -> None:
    seen = visitor.get("/devices/?lang=en").text
    assert "3 devices" in seen and "Máy của Lan" in seen and "Not seen lately" in seen
    assert seen.index('id="of-lan"') < seen.index("Máy của Lan") < seen.index('id="of-minh"')


def test_a_new_one_is_assigned_by_its_hardware_address(
    visitor: Browser, state: Path, network: tuple[list[Entry], dict[str, str]]
) -> None:
    entries, macs = network
    entries += [entry("192.168.1.77"), entry("127.0.0.1"), entry("127.0.0.11", "may-lan", 4000)]
    macs["192.168.1.77"] = BURNT_IN
    seen = visitor.get("/devices/?lang=en").text
    assert "Whose device is 192.168.1.77?" in seen and "127.0.0.1?" not in seen and "Minh's rules" in seen
    assert "Last seen: 1 hour ago" in seen
    answer = visitor.post("/devices/assign", {"address": "192.168.1.77", "profile": "lan", "name": "iPad"})
    assert answer.status_code == 303 and answer.location == "/devices/"
    assert (of(state, "iPad").mac, of(state, "iPad").profile) == (BURNT_IN, "lan")
    assert "Whose device" not in visitor.get("/devices/?lang=en").text


def test_without_one_its_address_is_taken(visitor: Browser, state: Path, network: object) -> None:
    visitor.post("/devices/assign?lang=en", {"address": "192.168.1.78", "profile": "lan"})
    assert of(state, "Lan's device").ip == "192.168.1.78"


def test_a_phone_that_changed_its_address_is_the_same_again(
    visitor: Browser, state: Path, network: tuple[list[Entry], dict[str, str]]
) -> None:
    entries, macs = network
    entries.append(entry("192.168.1.77"))
    macs["192.168.1.77"] = PRIVATE
    seen = visitor.get("/devices/?lang=en").text
    assert "uses a private address" in seen
    visitor.post("/devices/assign", {"address": "192.168.1.77", "device": "may-lan"})
    device = of(state, "Máy của Lan")
    assert (device.id, device.mac, device.ip, device.profile) == ("may-lan", PRIVATE, "", "lan")
    assert "This is a private address" in visitor.get("/devices/may-lan?lang=en").text


def test_the_same_again_needs_a_hardware_address(visitor: Browser, state: Path, network: object) -> None:
    answer = visitor.post("/devices/assign", {"address": "192.168.1.77", "device": "may-lan"})
    assert answer.status_code == 422 and of(state, "Máy của Lan").ip == "127.0.0.11"


@pytest.mark.parametrize(
    "fields",
    [{"address": "nowhere", "profile": "lan"}, {"address": "192.168.1.9", "profile": "king"}, {}],
)
def test_what_cannot_be_assigned_is_refused(visitor: Browser, state: Path, fields: dict[str, str]) -> None:
    assert visitor.post("/devices/assign", fields).status_code == 422 and len(load(state).devices) == 3


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("DA-1A-2B-3C-4D-5E", {"mac": PRIVATE}),
        ("192.168.1.20", {"ip": "192.168.1.20"}),
        ("FD00::0001", {"ip": "fd00::1"}),
        ("10.0.12.7/24", {"range": "10.0.12.0/24"}),
        ("10.0.12.0/33", None),
        ("da:1a:2b:3c:4d", None),
        ("", None),
        ("<b>", None),
    ],
)
def test_what_people_type(where: str, found: dict[str, str] | None) -> None:
    assert page.place_of(where) == found


def test_a_range_is_added_for_a_room(visitor: Browser, state: Path) -> None:
    answer = visitor.post("/devices/add", {"name": "Phòng 12", "where": "10.0.12.0/24", "profile": "minh"})
    assert answer.status_code == 303 and of(state, "Phòng 12").range == "10.0.12.0/24"
    seen = visitor.get("/devices/phong-12?lang=en").text
    assert "Every device with an address in 10.0.12.0/24" in seen


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "where": "10.0.0.9"}, "1 to 80 letters"),
        ({"name": "x" * 81, "where": "10.0.0.9"}, "1 to 80 letters"),
        ({"name": "a\u0007b", "where": "10.0.0.9"}, "1 to 80 letters"),
        ({"name": "a", "where": "room 12"}, "Expected an address such as"),
        ({"name": "a", "where": "127.0.0.11"}, "This does not fit"),  # that is Lan's
        ({"name": "a", "where": "10.0.0.9", "profile": "king"}, "This does not fit"),
    ],
)
def test_what_does_not_fit_is_said_and_the_form_stays(
    visitor: Browser, state: Path, fields: dict[str, str], said: str
) -> None:
    answer = visitor.post("/devices/add?lang=en", {"profile": "lan", **fields})
    assert answer.status_code == 422 and said in answer.text and len(load(state).devices) == 3
    assert f'value="{fields["where"]}"' in answer.text
    assert visitor.post("/devices/add", {"name": "x" * 80, "where": "10.0.0.9", "profile": "lan"}).status_code == 303


def test_renamed_given_away_removed_and_back(visitor: Browser, state: Path) -> None:
    visitor.post("/devices/may-lan", {"name": "Điện thoại", "profile": "tuan"})
    assert (of(state, "Điện thoại").id, of(state, "Điện thoại").profile) == ("may-lan", "tuan")
    visitor.post("/devices/may-lan/remove")
    assert "may-lan" not in {d.id for d in load(state).devices}
    toast = visitor.get("/devices/").text
    number = toast.split('name="number" value="')[1].split('"')[0]
    visitor.post("/undo", {"number": number, "back": "/devices/"})
    assert of(state, "Điện thoại").profile == "tuan"
    assert visitor.post("/devices/may-lan?lang=en", {"name": " ", "profile": "lan"}).status_code == 422


def test_off_and_on_of_one_device(visitor: Browser, state: Path) -> None:
    visitor.post("/devices/may-minh/off")
    assert [o.device for o in load(state).internet_off if o.ended is None] == ["may-minh"]
    seen = visitor.get("/devices/?lang=en").text
    assert "/devices/may-minh/on" in seen and "/devices/may-tuan/off" in seen
    visitor.post("/devices/may-minh/on")
    assert "/devices/may-minh/off" in visitor.get("/devices/").text


def test_hostile_names_are_text(visitor: Browser, state: Path) -> None:
    ident = use_cases.add_device(state, WHO, HOSTILE.replace("\u202e", ""), "lan", ip="192.168.1.99")[1]
    for path in ("/devices/", f"/devices/{ident}"):
        seen = visitor.get(path).text
        assert "<script>alert" not in seen and "&lt;script&gt;alert" in seen
    assert visitor.post("/devices/may-lan", {"name": HOSTILE, "profile": "lan"}).status_code == 422  # turns text round


def test_nobody_has_what_is_not_there(visitor: Browser) -> None:
    assert visitor.get("/devices/king").status_code == 404
    assert visitor.post("/devices/king/off").status_code == 404


def test_a_teacher_sees_and_switches_own_rooms_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role="teacher", ranges=["may-lan"])
    visitor = logged_in(state)
    seen = visitor.get("/devices/").text
    assert "Máy của Lan" in seen and "Máy của Minh" not in seen
    assert visitor.get("/devices/may-minh").status_code == 403
    assert visitor.post("/devices/may-minh/off").status_code == 403
    assert visitor.post("/devices/may-lan/off").status_code == 303
    for path in ("/devices/may-lan", "/devices/may-lan/remove", "/devices/add"):
        assert visitor.post(path, {"name": "x", "where": "10.0.0.9", "profile": "lan"}).status_code == 403
    assert visitor.get("/devices/add").status_code == 403


def test_a_viewer_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role="viewer")
    visitor = logged_in(state)
    assert 'method="post"' not in visitor.get("/devices/may-lan", headers={"X-Sheet": "1"}).text
    for path in ("/devices/may-lan", "/devices/may-lan/off", "/devices/may-lan/remove", "/devices/assign"):
        fields = {"name": "x", "address": "192.168.1.9", "profile": "lan"}
        assert visitor.post(path, fields).status_code == 403
    assert len(load(state).devices) == 3


# --- what presence saw ---


OLD = "da:00:00:00:00:01"  # Lan's phone until today


def saw(monkeypatch: pytest.MonkeyPatch, *found: SeenDevice) -> None:
    """What presence saw."""
    monkeypatch.setattr(presence, "devices", lambda *_: list(found))


def lans_phone_again(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    """Lan's phone comes back under another private address."""
    now = time.time()
    use_cases.change_device(state, WHO, "may-lan", mac=OLD)
    was = SeenDevice(
        OLD, ("192.168.1.20",), ("Lan-iPhone",), "1,3,6", "", first=now - 9e6, last=now - 7200, asked=now - 7200
    )
    new = SeenDevice(
        PRIVATE, ("192.168.1.77",), ("Lan-iPhone",), "1,3,6", "", first=now - 600, last=now - 60, asked=now - 90
    )
    saw(monkeypatch, new, was)


def test_it_asks_whether_it_is_lans_phone_again_says_why_and_one_tap_joins(
    visitor: Browser, state: Path, network: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    lans_phone_again(monkeypatch, state)
    seen = visitor.get("/devices/?lang=en").text
    assert "Is this Lan's Máy của Lan again?" in seen and "Very probably the same." in seen
    assert "“Lan-iPhone”, as that one does" in seen and "in the same way" in seen and "has not been seen since" in seen
    answer = visitor.post("/devices/assign", {"mac": PRIVATE, "address": "", "device": "may-lan"})
    assert answer.status_code == 303 and of(state, "Máy của Lan").mac == PRIVATE
    after = visitor.get("/devices/?lang=en").text
    assert "again?" not in after and "Lan-iPhone" not in after  # nor is its old address somebody new
    now = time.time()
    old, new = (replace(one, last=now, asked=now) for one in presence.devices(state))
    saw(monkeypatch, old, new)  # the old one is heard again: that is another device
    assert "Lan-iPhone" in visitor.get("/devices/?lang=en").text


def test_another_device_is_remembered_and_asked_about_as_a_new_one(
    visitor: Browser, state: Path, network: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    lans_phone_again(monkeypatch, state)
    assert visitor.post("/devices/apart", {"mac": PRIVATE, "device": "may-lan"}).status_code == 303
    seen = visitor.get("/devices/?lang=en").text
    assert "Máy của Lan again?" not in seen and "Whose device is Lan-iPhone?" in seen
    assert visitor.post("/devices/apart", {"mac": BURNT_IN, "device": "may-lan"}).status_code == 422
    assert visitor.post("/devices/apart", {"mac": PRIVATE, "device": "nobody"}).status_code == 404


def test_one_that_never_asked_is_found_too_with_its_maker_and_its_own_name_harmless(
    visitor: Browser, state: Path, network: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    printer = SeenDevice(
        BURNT_IN, ("192.168.1.30",), ('<script>alert("x")</script>',), vendor="Apple <b>", first=now - 99, last=now - 9
    )
    router = SeenDevice("00:11:22:33:44:55", ("192.168.1.1",), is_router=True, first=now - 99, last=now - 1)
    gone = SeenDevice("00:11:22:33:44:66", ("192.168.1.31",), first=now - 9e5, last=now - 2e5)
    saw(monkeypatch, printer, router, gone)
    seen = visitor.get("/devices/?lang=en").text
    assert "<script>alert" not in seen and "Apple &lt;b&gt;" in seen and "it has not asked this box" in seen
    assert "192.168.1.1?" not in seen and "192.168.1.31" not in seen
    visitor.post("/devices/assign", {"mac": BURNT_IN, "address": "192.168.1.30", "profile": "minh"})
    added = next(d for d in load(state).devices if d.mac == BURNT_IN)
    assert added.profile == "minh" and added.name.startswith("<script>")  # as it calls itself; pages escape it
    assert "<script>alert" not in visitor.get(f"/devices/{added.id}?lang=en").text


def test_a_made_up_hardware_address_in_the_form_is_not_taken(visitor: Browser, state: Path, network: object) -> None:
    assert visitor.post("/devices/assign", {"mac": PRIVATE, "address": "", "profile": "lan"}).status_code == 422


def test_new_devices_may_wait_and_the_page_says_so(visitor: Browser, state: Path, network: object) -> None:
    assert "They wait without Internet" in visitor.get("/devices/?lang=en").text
    visitor.post("/devices/new", {"new_devices": "wait"})
    assert load(state).new_devices == "wait"
    assert "New devices and guests follow the rules" not in visitor.get("/devices/?lang=en").text
    visitor.post("/devices/new", {"new_devices": "default"})
    assert load(state).new_devices == "default"


def test_two_at_odds_and_many_behind_one_are_said(
    visitor: Browser, state: Path, network: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    use_cases.change_device(state, WHO, "may-lan", mac=OLD)
    saw(monkeypatch, SeenDevice(OLD, ("192.168.1.20",), first=now - 99, last=now, rival=PRIVATE, is_shared=True))
    seen = visitor.get("/devices/may-lan?lang=en").text
    assert f"Another device ({PRIVATE}) claims" in seen and "Several devices stand behind this one" in seen
