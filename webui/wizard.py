"""The first run, seven steps without a terminal: language, setup code, password, family, devices, router, test.

The first three, until there is an admin, are wizard_account.py's. From then on the steps are pages of a parent who is
logged in; each can be opened again, and "later" never blocks.
"""

from __future__ import annotations

from typing import Any

from flask import Response, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import devices
from filterd.control import family as who_lives_here
from filterd.control.change import Done
from filterd.control.household import is_demonstration
from filterd.model.change import Who
from webui import wizard_family, wizard_router, wizard_seen, words
from webui.change import changed
from webui.frame import house, state
from webui.wizard_account import code_is_known
from webui.wizard_page import page, parent, step
from webui.words import gettext as _
from webui.words import ngettext


@page.get("/")
def start() -> Answer:
    """Go to where the first run stands."""
    if g.account is None:
        return redirect(url_for("wizard.password" if code_is_known() else "wizard.language"))
    return redirect(url_for("wizard.family" if is_demonstration(state()) else "wizard.router"))


# --- 4: who lives here ---


@page.get("/family")
@parent
def family() -> str:
    """The children with their ages; the demonstration's are not shown as if they were this family's."""
    rows = [] if is_demonstration(state()) else who_lives_here.of_household(house())
    return _family(rows or [who_lives_here.Child("", "", "")])


@page.post("/family")
@parent
def save_family() -> Any:
    """Add a row, take one away, or make the household of them."""
    rows = wizard_family.of_form(request.form)
    act = request.form.get("do", "")
    if act == "add":
        return _family([*rows, who_lives_here.Child("", "", "")][: wizard_family.MOST], focus=len(rows))
    if act.startswith("drop-"):
        return _family([row for n, row in enumerate(rows) if act != f"drop-{n}"])
    rows = [row for row in rows if row.name or row.ident]
    problems = {n: wizard_family.missing(row) for n, row in enumerate(rows) if wizard_family.missing(row)}
    if problems:
        return _family(rows, problems), 422

    def use(by: Who, seen: int | None) -> Done:
        return who_lives_here.settle(
            state(), by, rows, grown_ups=_("Grown-ups"), language=words.language(), seen=seen
        )  # fmt: skip

    return changed(use, _("The family is saved."), back=url_for("wizard.devices"))


# --- 5: whose device ---


@page.get("/devices", endpoint="devices")
@parent
def devices_step() -> str:
    """Who asked so far, with one button for each person."""
    return step("devices", **_found())


@page.post("/devices")
@parent
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
@parent
def found() -> str:
    """The part that changes, for polling."""
    return render_template("wizard/found.html", **_found())


# --- 6: the router ---


@page.get("/router")
@parent
def router() -> str:
    """The box's address, the steps for this provider, and how many devices ask by now."""
    chosen = request.args.get("provider", "")
    if chosen not in wizard_router.PROVIDERS:
        chosen = "other"
    where = wizard_seen.addresses(request.remote_addr or "", request.host)
    return step(
        "router", addresses=where, provider=chosen, providers=wizard_router.PROVIDERS,
        names=wizard_router.names(), guess=wizard_router.guess(chosen), gateway=wizard_seen.gateway(), **_found(),
    )  # fmt: skip


@page.get("/seen")
@parent
def seen() -> str:
    """How many devices ask, for polling every two seconds."""
    return render_template("wizard/seen.html", **_found())


# --- 7: the test ---


@page.get("/test")
@parent
def test() -> str:
    """A name to open on the child's phone; it turns green by itself."""
    return step("test", **_proved())


@page.post("/test")
@parent
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
@parent
def proof() -> str:
    """Whether a real question for the test name was blocked, for polling."""
    return render_template("wizard/proof.html", **_proved())


@page.get("/test.svg")
@parent
def test_code() -> Response:
    """The test's link as a picture for a phone's camera."""
    import segno

    svg = segno.make(f"http://{who_lives_here.TEST_NAME}/", error="m").svg_inline(scale=4, border=2, omitsize=True)
    svg = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return Response(svg, mimetype="image/svg+xml")


# --- what the templates show ---


def _family(rows: list[who_lives_here.Child], problems: dict[int, str] | None = None, focus: int = -1) -> str:
    adults = next((p.name for p in house().profiles if p.preset == "adult"), "")
    return step(
        "family", rows=rows, problems=problems or {}, focus=focus, ages=wizard_family.ages(),
        full=len(rows) >= wizard_family.MOST, youngest=who_lives_here.youngest(rows),
        demonstration=is_demonstration(state()), adults=adults,
    )  # fmt: skip


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
