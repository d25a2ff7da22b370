"""The first run, seven steps without a terminal: language, setup code, password, family, devices, router, test.

Until there is an admin everything but this is closed, and the code that the box shows must have been typed in this
browser (the signed cookie says so) before an account can be made. From then on the steps are pages of a parent who is
logged in; each can be opened again, and "later" never blocks. Limits of guessing are control/accounts_login.py's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import accounts, devices, setup
from filterd.control import family as who_lives_here
from filterd.control.accounts_login import LoginRefused
from filterd.control.accounts_passwords import WeakPassword
from filterd.control.accounts_words import strength
from filterd.control.change import Done
from filterd.control.household import is_demonstration
from filterd.errors import ConfigError
from filterd.model.account import may
from filterd.model.change import Who
from webui import wizard_family, wizard_router, wizard_seen, words
from webui.catalogue import LANGUAGES
from webui.change import changed, who
from webui.frame import house, state
from webui.security import begin
from webui.words import gettext as _
from webui.words import ngettext

page = Blueprint("wizard", __name__, url_prefix="/setup")

STEPS = ("language", "code", "password", "family", "devices", "router", "test")
CODE_S = 3600.0  # so long the typed code counts in this browser
_CODE = "setup"
_YEAR_S = 365 * 86_400
_MAX_TEXT = 400

F = TypeVar("F", bound=Callable[..., Any])


def _parent(view: F) -> F:
    """Let a parent pass who is logged in; who is not yet begins at the first step."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if g.account is None:
            return redirect(url_for("wizard.start"), 303)
        if not may(g.account.role, "household"):
            abort(403)
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


@page.get("/")
def start() -> Answer:
    """Go to where the first run stands."""
    if g.account is None:
        return redirect(url_for("wizard.password" if _code_is_known() else "wizard.language"))
    return redirect(url_for("wizard.family" if is_demonstration(state()) else "wizard.router"))


# --- 1: language ---


@page.get("/language")
def language() -> str:
    """Two buttons, each in its own language."""
    return _step("language")


@page.post("/language")
def choose_language() -> Answer:
    """Keep the language in this browser, later in the account and the household."""
    code = request.form.get("language", "")
    if code not in LANGUAGES:
        abort(422)
    if g.account is not None:
        accounts.change(state(), who(), g.account.id, language=code)
    answer = redirect(url_for("wizard.code"), 303)
    answer.set_cookie(words.COOKIE, code, max_age=_YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure)
    return answer


# --- 2: the code ---


@page.get("/code")
def code() -> str:
    """Where the code is and a field for it."""
    return _step("code", known=g.account is not None or _code_is_known(), error="")


@page.post("/code")
def check_code() -> Any:
    """Look at the code; a wrong one is slowed down like a wrong password."""
    if g.account is not None:
        return redirect(url_for("wizard.password"), 303)
    try:
        setup.check(state(), request.form.get("code", "")[:_MAX_TEXT], request.remote_addr or "")
    except LoginRefused as refused:
        return _step("code", known=False, error=_slow(refused.wait)), 429
    except setup.WrongCode as wrong:
        text = _("That was not the code. Look at the box's screen once more.")
        if wrong.renewed:
            text = _("Too many tries: the box shows a new code now.")
        return _step("code", known=False, error=text), 422
    except ConfigError:
        return redirect(url_for("login.show"), 303)
    session[_CODE] = time.time()
    return redirect(url_for("wizard.password"), 303)


# --- 3: the first account ---


@page.get("/password")
def password() -> Any:
    """Name and password of whoever looks after the box."""
    if g.account is None and not _code_is_known():
        return redirect(url_for("wizard.code"))
    return _step("password", name="", error="", name_error="", advice=None)


@page.post("/password")
def make_account() -> Any:
    """Make the first account and log in to it."""
    if g.account is not None:
        return redirect(url_for("wizard.family"), 303)
    if not _code_is_known():
        return redirect(url_for("wizard.code"), 303)
    name, secret = request.form.get("name", "")[:_MAX_TEXT], request.form.get("password", "")[:_MAX_TEXT]
    by = Who(name.strip()[:60] if name.isprintable() else "", "web", request.remote_addr or "")
    try:
        made = setup.first_admin(state(), by, name, secret, language=words.language())
    except WeakPassword as weak:
        return _step("password", name=name, error=weak.sentence(words.language()), name_error="", advice=None), 422
    except ConfigError as error:
        if not setup.needed(state()):
            return redirect(url_for("login.show"), 303)
        text = _name_error(error)
        return _step("password", name=name, error="", name_error=text, advice=None), 422
    token = accounts.begin_session(
        state(), made, request.remote_addr or "", request.headers.get("User-Agent", ""), instead=""
    )
    if token is None:
        return redirect(url_for("login.show"), 303)
    begin(token)
    return redirect(url_for("wizard.family"), 303)


@page.post("/strength")
def advice() -> Any:
    """How well a password resists guessing, while it is typed. Nothing is kept of it."""
    if g.account is None and not _code_is_known():
        abort(403)
    text = request.form.get("password", "")[:_MAX_TEXT]
    names = [request.form.get("name", "")[:_MAX_TEXT]]
    found = strength(text, names, words.language()) if text else None
    return render_template("wizard/strength.html", advice=found)


# --- 4: who lives here ---


@page.get("/family")
@_parent
def family() -> str:
    """The children with their ages; the demonstration's are not shown as if they were this family's."""
    rows = [] if is_demonstration(state()) else who_lives_here.of_household(house())
    return _family(rows or [who_lives_here.Child("", "", "")])


@page.post("/family")
@_parent
def save_family() -> Any:
    """Add a row, take one away, or make the household of them."""
    rows = wizard_family.of_form(request.form)
    act = request.form.get("do", "")
    if act == "add":
        return _family([*rows, who_lives_here.Child("", "", "")][: wizard_family.MOST], focus=len(rows))
    if act.startswith("drop-"):
        return _family([row for n, row in enumerate(rows) if act != f"drop-{n}"])
    rows = [row for row in rows if row.name or row.ident]
    problems = {n: _row_error(row) for n, row in enumerate(rows) if _row_error(row)}
    if problems:
        return _family(rows, problems), 422

    def use(by: Who, seen: int | None) -> Done:
        return who_lives_here.settle(
            state(), by, rows, grown_ups=_("Grown-ups"), language=words.language(), seen=seen
        )  # fmt: skip

    return changed(use, _("The family is saved."), back=url_for("wizard.devices"))


# --- 5: whose device ---


@page.get("/devices", endpoint="devices")
@_parent
def devices_step() -> str:
    """Who asked so far, with one button for each person."""
    return _step("devices", **_found())


@page.post("/devices")
@_parent
def assign() -> Any:
    """Give one device to somebody."""
    address, ident = request.form.get("address", "")[:64], request.form.get("device", "")[:80]
    profile = request.form.get("profile", "")[:80]
    name = request.form.get("name", "").strip()[:80]
    person = next((p.name for p in house().profiles if p.id == profile), "")
    if not person or not (address or ident):
        abort(422)

    def use(by: Who, seen: int | None) -> Done:
        if ident:
            return devices.change_device(state(), by, ident, profile=profile, seen=seen)
        mac = wizard_seen.mac_of(address)
        called = name or _("%(name)s's device", name=person)
        where = {"mac": mac} if mac else {"ip": address}
        return devices.add_device(state(), by, called, profile, **where, seen=seen)[0]

    return changed(
        use, _("This device follows %(name)s's rules.", name=person), back=url_for("wizard.devices"),
        fragment=lambda: render_template("wizard/found.html", **_found()),
    )  # fmt: skip


@page.get("/devices/found")
@_parent
def found() -> str:
    """The part that changes, for polling."""
    return render_template("wizard/found.html", **_found())


# --- 6: the router ---


@page.get("/router")
@_parent
def router() -> str:
    """The box's address, the steps for this provider, and how many devices ask by now."""
    chosen = request.args.get("provider", "")
    if chosen not in wizard_router.PROVIDERS:
        chosen = "other"
    where = wizard_seen.addresses(request.remote_addr or "", request.host)
    return _step(
        "router", addresses=where, provider=chosen, providers=wizard_router.PROVIDERS,
        names=wizard_router.names(), guess=wizard_router.guess(chosen), gateway=wizard_seen.gateway(), **_found(),
    )  # fmt: skip


@page.get("/seen")
@_parent
def seen() -> str:
    """How many devices ask, for polling every two seconds."""
    return render_template("wizard/seen.html", **_found())


# --- 7: the test ---


@page.get("/test")
@_parent
def test() -> str:
    """A name to open on the child's phone; it turns green by itself."""
    return _step("test", **_proved())


@page.post("/test")
@_parent
def prepare() -> Any:
    """Block the test name for the children who do not have it blocked."""

    def use(by: Who, seen: int | None) -> Done:
        done = None
        for child in who_lives_here.of_household(house()):
            if not who_lives_here.is_testable(house(), child.ident):
                done = who_lives_here.prepare_test(state(), by, child.ident, seen=seen)
        return done or Done(None, house())

    return changed(use, _("The test is ready."), back=url_for("wizard.test"))


@page.get("/proof")
@_parent
def proof() -> str:
    """Whether a real question for the test name was blocked, for polling."""
    return render_template("wizard/proof.html", **_proved())


@page.get("/test.svg")
@_parent
def test_code() -> Response:
    """The test's link as a picture for a phone's camera."""
    import segno

    svg = segno.make(f"http://{who_lives_here.TEST_NAME}/", error="m").svg_inline(scale=4, border=2, omitsize=True)
    svg = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return Response(svg, mimetype="image/svg+xml")


# --- what the templates show ---


def _step(name: str, /, **values: Any) -> str:
    return render_template(f"wizard/{name}.html", step=name, number=STEPS.index(name) + 1, steps=STEPS, **values)


def _family(rows: list[who_lives_here.Child], problems: dict[int, str] | None = None, focus: int = -1) -> str:
    adults = next((p.name for p in house().profiles if p.preset == "adult"), "")
    return _step(
        "family", rows=rows, problems=problems or {}, focus=focus, ages=ages(), full=len(rows) >= wizard_family.MOST,
        youngest=who_lives_here.youngest(rows), demonstration=is_demonstration(state()), adults=adults,
    )  # fmt: skip


def ages() -> list[tuple[str, str, str]]:
    """Return the ages to choose from: preset, words, and what it does in one sentence (true of blocklists/)."""
    return [
        ("age-0-6", _("Under 7"), _("Social media, messengers and games are closed. YouTube is strict, search is safe.")),
        ("age-7-9", _("7 to 9"), _("Social media is closed, games are open. YouTube is strict, search is safe.")),
        ("age-10-13", _("10 to 13"), _("Social media is closed, shops and games are open. Search is safe.")),
        ("age-14-17", _("14 to 17"), _("Social media is open. Harmful sites stay closed, search is safe.")),
    ]  # fmt: skip


def _row_error(row: who_lives_here.Child) -> str:
    if not row.name:
        return _("A name, please, or take this child away.")
    if len(row.name) > 80 or not row.name.isprintable():
        return _("A name of at most 80 letters, please.")
    return "" if row.preset else _("Please choose an age.")


def _found() -> dict[str, Any]:
    household = house()
    people = {p.id: p for p in household.profiles}
    seen = wizard_seen.asked(state(), household)
    default = people.get(household.default_profile) or household.profiles[0]
    return {
        "seen": seen,
        "count_text": ngettext("This box now sees %(num)s device", "This box now sees %(num)s devices", len(seen)),
        "people": list(household.profiles)[: wizard_family.MOST + 4],
        "owner": {p.id: p.name for p in household.profiles},
        "default": default.name,
    }


def _proved() -> dict[str, Any]:
    household = house()
    names = {p.id: p.name for p in household.profiles}
    known = {d.id: d.name for d in household.devices}
    children = who_lives_here.of_household(household)
    entries = wizard_seen.proofs(state())
    return {
        "proofs": [(names.get(e.profile, ""), known.get(e.device, e.client)) for e in entries],
        "test_name": who_lives_here.TEST_NAME,
        "children": children,
        "ready": any(who_lives_here.is_testable(household, c.ident) for c in children),
    }


def _code_is_known() -> bool:
    at = session.get(_CODE)
    return isinstance(at, float) and 0 <= time.time() - at < CODE_S


def _slow(wait: float) -> str:
    return ngettext(
        "Many tries. Wait %(num)s second and try again.", "Many tries. Wait %(num)s seconds and try again.", int(wait)
    )


def _name_error(error: ConfigError) -> str:
    if "shown" in str(error) or "name" in str(error):
        return _("A name has 2 to 40 letters or figures, with or without diacritics.")
    return str(error)
