"""Every route of the page as every role: allowed or refused as the table says. A route without a row fails.

A row names who may: A admin, P parent, T a teacher (for what is wholly theirs), V viewer; nobody is sent to the log-in but
for what is open. Routes about one person or device are tried by the teacher with somebody else's too: refused, and nothing
of anybody else has changed at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from filterd.control import accounts, moves, moves_many, requests
from filterd.control.change import Done, history
from filterd.control.devices import change_device
from filterd.control.household import load
from filterd.control.moves import Whom
from filterd.control.profiles import patch, patch_household
from filterd.model.account import Account, Role, reached
from filterd.model.change import Who
from filterd.model.household import Household, Scope
from tests.unit.webui.client import PASSWORD, Browser, app_of, browser_of, logged_in, made

WHO = Who("test", "cli")
ALL, LOOKS, SWITCHES, DECIDES, ADMIN = "APTV", "APV", "APT", "AP", "A"
OPEN = "APTV, and nobody"  # without a session

TABLE: dict[str, str] = {
    "account.account": ALL, "account.add_token": DECIDES, "account.advice": ALL, "account.end_session": ALL,
    "account.look": ALL, "account.password": ALL, "account.revoke_token": DECIDES, "account.totp": ALL,
    "account.totp_begin": ALL, "account.totp_code": ALL, "account.totp_codes": ALL, "account.totp_confirm": ALL,
    "account.totp_off": ALL,
    "activity.activity": LOOKS, "activity.chart": LOOKS, "activity.delete.ask": DECIDES,
    "activity.delete.delete": DECIDES, "activity.file": LOOKS, "activity.new": LOOKS, "activity.row.allow": DECIDES,
    "activity.row.always": DECIDES, "activity.row.block": DECIDES, "activity.row.hint": LOOKS,
    "activity.row.report": LOOKS, "activity.row.send_report": DECIDES, "activity.row.why": LOOKS, "activity.top": LOOKS,
    "alerts.alerts": LOOKS, "alerts.channel": DECIDES, "alerts.save": DECIDES, "alerts.seen": DECIDES,
    "alerts.settings": DECIDES, "alerts.test": DECIDES,
    "ask.ask": ALL,
    "backup.look": ADMIN, "backup.make": ADMIN, "backup.restore": ADMIN, "backup.show_all": ADMIN,
    "bypass.again": DECIDES, "bypass.fine": DECIDES, "bypass.later": DECIDES, "bypass.way": LOOKS, "bypass.ways": LOOKS,
    "children.add": DECIDES, "children.child": ALL, "children.children": ALL, "children.house.house": DECIDES,
    "children.house.save": DECIDES, "children.icons": ALL, "children.names": ALL, "children.new": DECIDES,
    "children.removal": DECIDES, "children.remove": DECIDES, "children.rules.age": DECIDES,
    "children.rules.rename": DECIDES, "children.rules.rule": DECIDES, "children.rules.safe": DECIDES,
    "children.rules.sees": DECIDES, "children.services": ALL, "children.shares.remove_budget": DECIDES,
    "children.shares.set_budget": DECIDES, "children.sites.add_name": DECIDES, "children.sites.remove_name": DECIDES,
    "children.time": ALL,
    "confirm.go_on": ALL,
    "devices.add": DECIDES, "devices.apart": DECIDES, "devices.assign": DECIDES, "devices.change": DECIDES,
    "devices.device": ALL, "devices.devices": ALL, "devices.new": DECIDES, "devices.new_devices": DECIDES,
    "devices.off": SWITCHES, "devices.on": SWITCHES, "devices.remove": DECIDES,
    "home.all_off": SWITCHES, "home.filter_again": DECIDES, "home.fragment": ALL, "home.healthz": OPEN,
    "home.home": ALL, "home.meal": SWITCHES, "home.no_school": SWITCHES, "home.no_school_choice": SWITCHES,
    "home.off": SWITCHES, "home.on": SWITCHES, "home.pause": DECIDES, "home.pause_choice": DECIDES,
    "home.plus": DECIDES,
    "login.enter": OPEN, "login.language": OPEN, "login.leave": ALL, "login.show": OPEN,
    "more.more": ALL,
    "province.look": ADMIN, "province.notes": DECIDES, "province.province": ALL, "province.read": DECIDES,
    "province.recall": DECIDES, "province.report": DECIDES, "province.take_back": DECIDES,
    "reports.reports": LOOKS,
    "requests.answer": DECIDES, "requests.one": ALL, "requests.requests": ALL,
    "secure.show_all": ALL, "secure.switch": ADMIN,
    "static": OPEN,
    "system.history": DECIDES, "system.lists": ALL, "system.lists_now": ALL, "system.revert": DECIDES,
    "system.rollback": ADMIN, "system.rollback_one": ADMIN, "system.settings": DECIDES, "system.switch": ADMIN, "system.system": ALL,
    "system.update": ADMIN,
    "upstreams.show_all": ALL, "upstreams.now": ALL, "upstreams.test": ADMIN, "upstreams.add": ADMIN,
    "upstreams.remove": ADMIN, "upstreams.move": ADMIN, "upstreams.defaults": ADMIN,
    "undo.undo": DECIDES,
    "users.add": ADMIN, "users.new": ADMIN, "users.password": ADMIN, "users.remove": ADMIN, "users.role": ADMIN,
    "users.totp": ADMIN, "users.user": ADMIN, "users.users": ADMIN,
    "week.copy": SWITCHES, "week.copy_choice": SWITCHES, "week.days.add_special": SWITCHES,
    "week.days.remove_special": SWITCHES, "week.days.special": SWITCHES, "week.move": SWITCHES, "week.save": SWITCHES,
    "week.say": ALL, "week.tomorrow": SWITCHES, "week.week": ALL, "week.window": SWITCHES,
    "wizard.advice": ALL, "wizard.assign": DECIDES, "wizard.check_code": ALL, "wizard.choose_language": ALL,
    "wizard.code": ALL, "wizard.devices": DECIDES, "wizard.family": DECIDES, "wizard.found": DECIDES,
    "wizard.language": ALL, "wizard.make_account": ALL, "wizard.password": ALL, "wizard.prepare": DECIDES,
    "wizard.proof": DECIDES, "wizard.router": DECIDES, "wizard.save_family": DECIDES, "wizard.seen": DECIDES,
    "wizard.start": ALL, "wizard.test": DECIDES, "wizard.test_code": DECIDES,
}  # fmt: skip
ABOUT = {"home": "lan", "week": "lan", "week.days": "lan", "children": "lan", "devices": "may-lan"}
OTHERS = {"lan": "minh", "may-lan": "may-minh"}
FORM = {
    "minutes": "15", "number": "1", "profile": "lan", "name": "x", "kind": "off", "day": "0", "from": "20:00", "to": "21:00",
    "index": "0", "source": "lan", "first": "2030-01-01", "last": "2030-01-01",
}  # fmt: skip
ROLES = {"A": "admin", "P": "parent", "T": "teacher", "V": "viewer"}
LAST = {"login.leave", "login.enter", "account.password", "account.end_session"}  # they end the session, or replace it


def state_of(folder: Path, role: str) -> Path:
    """Make a household with requests of two children and an off of each; the teacher's are Lan and her device."""
    state = made(folder, role=role, ranges=("may-lan",) if role == "teacher" else ())
    for device, profile in (("may-lan", "lan"), ("may-minh", "minh")):
        requests.ask(state, Who("", "child"), profile=profile, device=device, scope=Scope.SERVICE, value="tiktok")
    return state


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))

    def make(role: str) -> tuple[Path, Flask]:
        state = state_of(tmp_path / role, role)
        return state, app_of(state)

    yield make


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Return endpoint, method and rule of every route, those that end a session last."""
    found = [
        (rule.endpoint, method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda one: (one[0] in LAST, one))


def path_of(endpoint: str, rule: str, about: str | None, state: Path) -> str:
    """Return an address for a rule. `about`: whom, or which device; None: as the endpoint's blueprint says."""
    blueprint = endpoint.rpartition(".")[0]
    ident = about or ABOUT.get(blueprint) or ABOUT.get(blueprint.partition(".")[0]) or "x"
    if blueprint == "requests":
        ident = request_of(state, about or "lan")
    if blueprint == "users":
        ident = next(a.id for a in accounts.list_accounts(state) if a.name == "me")
    if endpoint == "alerts.channel":
        ident = "ntfy"
    return re.sub(r"<(?:(int|path):)?[^>]+>", lambda m: "1" if m.group(1) == "int" else ident, rule)


def request_of(state: Path, profile: str) -> str:
    return next(r.id for r in requests.requests(state) if r.profile == profile)


def is_about_one(endpoint: str, rule: str) -> bool:
    blueprint = endpoint.rpartition(".")[0].partition(".")[0]
    return "<" in rule and (blueprint in ABOUT or blueprint == "requests")


def refused(browser: Browser, method: str, path: str, form: dict[str, str], token: str) -> str:
    """Return "" when it was allowed, else how it was refused."""
    answer = browser.get(path) if method == "GET" else browser.post(path, form, token=token)
    where = answer.headers.get("Location", "")
    status = answer.status_code
    answer.close()
    if status == 403:
        return "forbidden"
    if status == 401 or (status in (302, 303) and where.startswith("/login")):
        return "log in"
    assert status < 500, (method, path, status)
    return ""


def test_every_route_has_a_row_and_every_row_a_route(house: Any) -> None:
    _state, app = house("admin")
    assert {endpoint for endpoint, _method, _rule in routes(app)} == set(TABLE)


@pytest.mark.parametrize("letter", ROLES)
def test_a_role_may_what_the_table_says_and_nothing_else(house: Any, letter: str) -> None:
    state, app = house(ROLES[letter])
    browser = logged_in(state, app=app)
    token = browser.token()
    wrong = []
    for endpoint, method, rule in routes(app):
        if endpoint.startswith("login."):
            continue  # for everybody; who logs out is sent to the log-in
        found = refused(browser, method, path_of(endpoint, rule, None, state), FORM, token)
        if (found == "") is not (letter in TABLE[endpoint]):
            wrong.append((endpoint, method, found or "allowed"))
        if endpoint in LAST:
            browser = logged_in(state, app=app)
            token = browser.token()
    assert not wrong


def test_nobody_is_sent_to_the_log_in(house: Any) -> None:
    state, app = house("admin")
    browser = browser_of(state, app)
    token = browser.token()
    for endpoint, method, rule in routes(app):
        found = refused(browser, method, path_of(endpoint, rule, None, state), FORM, token)
        if TABLE[endpoint] == OPEN:
            assert found != "forbidden", endpoint
        else:
            assert found == "log in", endpoint


def others(household: Household) -> Any:
    """Return everything that is not the teacher's."""
    return (
        [p for p in household.profiles if p.id != "lan"], [d for d in household.devices if d.id != "may-lan"],
        [o for o in household.internet_off if o.profile != "lan" and o.device != "may-lan"],
        [g for g in household.grants if g.profile != "lan" and g.device != "may-lan"], household.privacy, household.timezone,
    )  # fmt: skip


def test_a_teacher_reaches_nobody_elses(house: Any) -> None:
    state, app = house("teacher")
    moves.off(state, WHO, Whom(profile="tuan"))
    number = history(state, limit=1)[0].number
    browser = logged_in(state, app=app)
    token, before = browser.token(), others(load(state))
    tried = 0
    for endpoint, method, rule in routes(app):
        if endpoint in LAST:
            continue
        form = {**FORM, "profile": "minh", "source": "minh", "number": str(number)}
        if not is_about_one(endpoint, rule):
            refused(
                browser, method, path_of(endpoint, rule, None, state), form, token
            )  # for all at once: the own alone
            continue
        tried += 1
        path = path_of(endpoint, rule, OTHERS[ABOUT.get(endpoint.partition(".")[0], "lan")], state)
        answer = browser.get(path) if method == "GET" else browser.post(path, form, token=token)
        assert answer.status_code in (403, 404), (endpoint, method, answer.status_code)
    assert tried > 30 and others(load(state)) == before
    # the own ones were switched by what is for all
    assert any(o.profile == "lan" for o in load(state).internet_off)


def test_a_teacher_sees_nobody_elses(house: Any) -> None:
    state, app = house("teacher")
    for ident, name in (("minh", "Khoai"), ("tuan", "Xoài")):
        patch(state, WHO, ident, {"name": name})
        change_device(state, WHO, f"may-{ident}", name=f"Máy {name}")
    browser = logged_in(state, app=app)
    for endpoint, method, rule in routes(app):
        if method == "GET" and endpoint not in LAST and TABLE[endpoint] != OPEN:
            answer = browser.get(path_of(endpoint, rule, None, state))
            assert not re.search(r"Khoai|Xoài|may-minh|may-tuan|[/:]minh|[/:]tuan", answer.text), endpoint
            answer.close()
    assert "Lan" in browser.get("/").text and "Lan" in browser.get("/requests/").text


def test_a_teacher_takes_back_what_a_teacher_may_do_and_no_more(house: Any) -> None:
    state, app = house("teacher")
    browser = logged_in(state, app=app)

    def back() -> int:
        return int(browser.post("/undo", {"number": str(history(state, limit=1)[0].number)}).status_code)

    for path, form in (
        ("/home/off/lan", {}), ("/home/all-off", {}), ("/home/no-school", {"profile": "lan"}), ("/devices/may-lan/off", {}),
        ("/week/lan/window", {"kind": "off", "day": "0", "from": "20:00", "to": "21:00"}),
    ):  # fmt: skip
        assert browser.post(path, form).status_code == 303 and back() == 303, path
    changes: tuple[Callable[[], Done], ...] = (
        lambda: moves.off(state, WHO, Whom(profile="minh")), lambda: moves.off(state, WHO, Whom(everyone=True)),
        lambda: moves.pause(state, WHO, Whom(profile="lan"), 15), lambda: moves_many.off_for(state, WHO, ["lan", "minh"]),
        lambda: moves.bonus(state, WHO, Whom(profile="lan"), 15), lambda: patch_household(state, WHO, {"language": "en"}),
    )  # fmt: skip
    for change in changes:
        assert change().change is not None and back() == 403
    assert browser.post("/undo", {"number": "999"}).status_code == 403


def test_whose_rules_hold_for_whoever_comes_is_nobodys_alone(house: Any) -> None:
    state, _app = house("admin")
    patch_household(state, WHO, {"new_devices": "default"})
    household = load(state)
    minh = Account("co", "co", "cô", Role.TEACHER, ranges=("may-minh",))  # the default profile of this house
    assert reached(household, minh).profiles == () and [d.id for d in reached(household, minh).devices] == ["may-minh"]
    patch_household(state, WHO, {"new_devices": "wait"})
    assert [p.id for p in reached(load(state), minh).profiles] == ["minh"]


def test_a_device_of_somebody_who_is_not_theirs_is_still_shown_and_switched(tmp_path: Path, house: Any) -> None:
    state, _app = house("admin")
    patch_household(state, WHO, {"new_devices": "default"})  # and so Minh's rules are not the teacher's
    made(state, role="teacher", name="co", ranges=("may-minh",))
    browser = logged_in(state, "co", PASSWORD)
    assert "Máy của Minh" in browser.get("/devices/").text and browser.get("/devices/may-minh").status_code == 200
    assert browser.post("/devices/may-minh/off").status_code == 303
    assert browser.post("/home/off/minh").status_code == 403 and browser.get("/").status_code == 200
    assert browser.post("/home/all-off").status_code == 422  # there is nobody


@pytest.mark.parametrize(("role", "seen"), [("admin", True), ("viewer", True), ("teacher", False)])
def test_the_navigation_leads_nowhere_where_one_may_not_go(house: Any, role: str, seen: bool) -> None:
    state, app = house(role)
    browser = logged_in(state, app=app)
    page = browser.get("/").text
    navigation = "".join(re.findall(r"<nav.*?</nav>", page, re.S))
    assert ('href="/activity/"' in navigation) is ('href="/reports/"' in navigation) is seen
    for path in set(re.findall(r'href="(/[^"#]*)"', navigation + browser.get("/more").text)):
        if not path.startswith("/static"):
            assert browser.get(path).status_code in (200, 304), path
