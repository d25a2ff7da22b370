"""Who may call what: tokens and nothing else, scopes, roles as on the pages, the house alone, and bounds on all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from filterd.control import accounts, accounts_tokens
from filterd.control.accounts import find
from filterd.control.household import load
from filterd.model import account as model
from filterd.model.account import Account, Action, Role, Scope, may, reached
from tests.unit.webui.api.program import PLENTY, Program, program_of, token_of
from tests.unit.webui.client import PASSWORD, WHO, logged_in
from webui.api.app import create_api
from webui.api.gate import MAX_BODY, Rates
from webui.api.problem import MEDIA

OPERATIONS = [
    (endpoint, view.needs, rule.rule, next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"})))
    for endpoint, view in create_api(Path("/nonexistent")).view_functions.items()
    for rule in create_api(Path("/nonexistent")).url_map.iter_rules(endpoint)
    if hasattr(view, "needs")
]


def call(program: Program, rule: str, method: str) -> Any:
    path = rule.removeprefix("/api/v1").replace("<int:number>", "1").replace("<int:index>", "0")
    path = path.replace("<ident>", "lan").replace("<part>", "block").replace("<name>", "example.org")
    return program.call(method, path, {} if method in ("POST", "PUT", "PATCH") else None)


def test_there_are_operations_and_each_names_scope_and_right() -> None:
    assert len(OPERATIONS) > 35
    for _endpoint, (scope, action), _rule, method in OPERATIONS:
        assert isinstance(scope, Scope) and isinstance(action, Action)
        assert method == "GET" or scope in (Scope.HOUSEHOLD, Scope.LISTS), "a token for reading changes something"


def test_without_a_good_token_nothing_is_answered(state: Path) -> None:
    app = create_api(state, PLENTY)
    for token in ("", "ftd_" + "x" * 43, "x", "ftd_" + "y" * 500, "ftd_é"):
        for _endpoint, _needs, rule, method in OPERATIONS:
            answer = call(Program(app, token.encode("latin-1", "replace").decode("latin-1")), rule, method)
            assert (answer.status_code, answer.mimetype) == (401, MEDIA), (rule, token)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_browser_that_is_logged_in_reaches_nothing_here(state: Path) -> None:
    """No cookie counts, so that no page of another site can make a parent's browser do anything."""
    browser = logged_in(state)
    assert browser.get("/api/v1/now").status_code == 401
    answer = browser.post("/api/v1/off", {"profile": "lan"})
    assert answer.status_code == 401 and not load(state).internet_off
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("given", list(Scope))
def test_a_scope_reaches_its_own_operations_alone(state: Path, given: Scope) -> None:
    program = program_of(state, scopes=[given])
    for _endpoint, (scope, _action), rule, method in OPERATIONS:
        answer = call(program, rule, method)
        assert (answer.status_code == 403) == (scope is not given), (rule, method, answer.text)
        if answer.status_code == 403:
            assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"]


def test_a_token_loses_at_once_what_its_owner_loses(state: Path) -> None:
    accounts.add(state, WHO, "hang", PASSWORD, "admin", shown="dì Hằng")
    program = program_of(state, "hang")
    assert program.post("/off", {"profile": "lan"}).status_code == 200
    hang = find(state, "hang").id
    accounts.set_role(state, WHO, hang, "parent")
    assert program.post("/lists/update").status_code == 403 and program.get("/history").status_code == 200
    accounts.set_role(state, WHO, hang, "viewer")
    before = load(state)
    for _endpoint, _needs, rule, method in OPERATIONS:
        assert call(program, rule, method).status_code == 403, rule
    assert load(state) == before
    accounts.remove(state, WHO, hang)
    assert program.get("/now").status_code == 401


def test_a_token_that_was_revoked_or_has_ended_is_none(state: Path) -> None:
    app = create_api(state, PLENTY)
    old = token_of(state, days=1, now=1_000_000.0)
    assert Program(app, old).get("/now").status_code == 401
    text, made = accounts_tokens.create(state, WHO, find(state, "me").id, "x", ["read"])
    assert Program(app, text).get("/now").status_code == 200
    accounts_tokens.revoke(state, WHO, made.id)
    assert Program(app, text).get("/now").status_code == 401


def teacher(*rooms: str) -> Account:
    return Account("co", "co", "cô", Role.TEACHER, ranges=rooms)


def test_a_teacher_sees_the_own_rooms_and_who_is_in_no_other(state: Path) -> None:
    household = load(state)
    seen = reached(household, teacher("may-lan"))
    assert [d.id for d in seen.devices] == ["may-lan"] and [p.id for p in seen.profiles] == ["lan"]
    assert reached(household, teacher()).profiles == ()
    assert reached(household, Account("me", "me", "mẹ", Role.PARENT)) is household


def test_a_teacher_with_a_token_would_reach_the_own_rooms_alone(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Teachers have no tokens today; the API judges their rooms all the same, as the pages do."""
    rights = {**model._MAY, Role.TEACHER: model._TEACHER | {Action.TOKENS, Action.HOUSEHOLD}}
    monkeypatch.setattr(model, "_MAY", rights)
    accounts.add(state, WHO, "co", PASSWORD, "teacher", shown="cô Hoa", ranges=["may-lan"])
    program = program_of(state, "co", ["read", "household"])
    assert [d["id"] for d in program.get("/devices").json["items"]] == ["may-lan"]
    assert [p["id"] for p in program.get("/now").json["people"]] == ["lan"]
    assert program.get("/profiles/minh").status_code == program.get("/devices/may-minh").status_code == 404
    for body in ({"profile": "minh"}, {"device": "may-minh"}):
        answer = program.post("/off", body)
        assert answer.status_code == 422 and "there is no" in answer.json["problems"][0]
    assert program.post("/off", {"everyone": True}).status_code == 403
    assert not load(state).internet_off
    assert program.post("/off", {"device": "may-lan"}).status_code == 200
    assert program.get("/ask?name=example.org&profile=lan").status_code == 403


def test_the_roles_table_is_what_the_gate_asks() -> None:
    assert not may(Role.VIEWER, Action.TOKENS) and not may(Role.TEACHER, Action.TOKENS)


def test_strangers_and_names_that_lead_here_are_refused(program: Program) -> None:
    assert program.get("/now", address="203.0.113.7").status_code == 403
    assert program.get("/openapi.json", address="203.0.113.7").status_code == 403
    answer = program.get("/now", host="http://evil.example")
    assert (answer.status_code, answer.mimetype) == (421, MEDIA)


def test_wrong_addresses_and_methods_are_problems(program: Program) -> None:
    answer = program.get("/nothing")
    assert (answer.status_code, answer.mimetype, answer.json["status"]) == (404, MEDIA, 404)
    answer = program.delete("/now")
    assert (answer.status_code, answer.mimetype) == (405, MEDIA) and "GET" in answer.headers["Allow"]
    assert program.call("OPTIONS", "/now").status_code == 405
    for answer in (program.get("/nothing"), program.get("/now")):
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[" * 50_000,
        b'{"minutes": NaN}',
        b'{"minutes": ' + b"9" * 5_000 + b"}",
        b'{"reason": "\\ud800"}',
        b"\xff",
    ],
)
def test_a_body_that_is_no_json_is_refused(program: Program, raw: bytes) -> None:
    answer = program.call("POST", "/off", raw=raw)
    assert (answer.status_code, answer.mimetype) == (400, MEDIA)


def test_a_body_of_another_kind_or_size_is_refused(program: Program) -> None:
    assert program.call("POST", "/off", raw=b"profile=lan", kind="application/x-www-form-urlencoded").status_code == 415
    fits = b'{"profile": "lan"}'
    assert program.call("POST", "/off", raw=fits.ljust(MAX_BODY)).status_code == 200
    answer = program.call("POST", "/off", raw=fits.ljust(MAX_BODY + 1))
    assert (answer.status_code, answer.mimetype) == (413, MEDIA)
    answer = program.call("POST", "/off")
    assert answer.status_code == 422 and answer.json["problems"] == ["body: expected a JSON object, {} at least"]


def test_what_is_not_described_is_refused(program: Program) -> None:
    answer = program.post("/off", {"profile": "lan", "minuts": 5})
    assert answer.status_code == 422 and answer.json["type"] == "/problems/invalid"
    assert answer.json["problems"] == ["json.minuts: Unknown field."]
    assert program.get("/activity?profil=lan").status_code == 422  # must not mean everybody
    for minutes in ("5", 5.0, True, 0, 10**6):
        assert program.post("/off", {"profile": "lan", "minutes": minutes}).status_code == 422, minutes


def test_a_token_calls_so_often_and_no_more(state: Path) -> None:
    app = create_api(state, Rates(calls=5, changes=2, strangers=3))
    program = Program(app, token_of(state))
    other = Program(app, token_of(state))
    assert [program.post("/lists/update").status_code for _ in range(3)] == [202, 202, 429]
    assert [program.get("/truth").status_code for _ in range(3)] == [200, 200, 429]
    answer = program.get("/truth")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60 and answer.mimetype == MEDIA
    assert other.get("/truth").status_code == 200


def test_who_tries_tokens_is_slowed_down_by_address(state: Path) -> None:
    app = create_api(state, Rates(strangers=3))
    stranger, friend = Program(app, "ftd_wrong"), Program(app, token_of(state))
    assert [stranger.get("/now").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert friend.get("/now", address="192.168.1.21").status_code == 200
    one, two = "fd00::1:2:3:4", "fd00::5:6:7:8"  # one device may have both
    assert [stranger.get("/now", address=a).status_code for a in (one, two, one, two)] == [401, 401, 401, 429]


def test_ipv4_seen_through_a_socket_for_both_families_is_one_address_each(state: Path) -> None:
    stranger = Program(create_api(state, Rates(strangers=1)), "ftd_wrong")
    seen = ["::ffff:192.168.1.7", "::ffff:192.168.1.8", "::ffff:192.168.1.7", "192.168.1.8"]
    assert [stranger.get("/now", address=a).status_code for a in seen] == [401, 401, 429, 429]


def test_a_program_that_asks_for_too_much_slows_nobody_else(state: Path) -> None:
    app = create_api(state, Rates(calls=3, strangers=2))
    small, other = Program(app, token_of(state, scopes=["activity"])), Program(app, token_of(state))
    assert [small.get("/now").status_code for _ in range(4)] == [403, 403, 403, 429]
    assert other.get("/now").status_code == 200


def test_before_the_first_run_there_is_nobody_to_answer(tmp_path: Path) -> None:
    assert Program(create_api(tmp_path), "ftd_" + "x" * 43).get("/now").status_code == 401
