"""System: the lists and how they are, who changed what and back, the household's own settings, the way out.

The page never fetches a list: "update now" makes the lists due, and the manager does it; the page looks how far it is.

    POST /system/lists/update          POST /system/history/12/revert          POST /system/settings timezone=...
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import change, lists_build, lists_rollback, profiles, sync_ask, sync_sources, sync_state, truth
from filterd.control.change import Done
from filterd.control.words import shown
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import may
from filterd.model.change import OUTSIDE, Change, Who
from webui import list_chart, list_rows, words
from webui.catalogue import LANGUAGES
from webui.change import Fragment, answered, changed, who
from webui.frame import Toast, house, state
from webui.security import needs
from webui.undo import right_to_take_back
from webui.words import gettext as _

page = Blueprint("system", __name__, url_prefix="/system")

CHANGES = 30  # on one page of the history
RUNNING_S, IDLE_S = 2, 60  # between two looks
ZONES = ("Asia/Ho_Chi_Minh", "Asia/Bangkok", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Europe/Berlin",
         "Europe/Paris", "America/New_York", "America/Los_Angeles", "UTC")  # fmt: skip
BLOCK_MODES = ("null", "nxdomain", "page")
LEVELS = ("everything", "blocked", "counts", "nothing")
_MAX_BODY = 4000  # characters of one thing before and after that are shown


@page.get("/")
def system() -> str:
    """What there is to look after."""
    return _system({})


@page.post("/settings")
def settings() -> Answer:
    """Change the household's zone, language, what a closed site answers, and what is kept."""
    form = request.form
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    if "timezone" in form:
        values["timezone"] = form["timezone"].strip()[:64]
    if "language" in form:
        values["language"] = form["language"] if form["language"] in LANGUAGES else "vi"
    if "block_mode" in form:
        values["block_mode"] = form["block_mode"][:20]
    if "level" in form:
        days = {key: _number(form.get(key, ""), 3650) for key in ("detail_days", "counts_days")}
        errors |= {key: _("A number of days from 0 to 3650, please.") for key, n in days.items() if n is None}
        values["privacy"] = {"level": form["level"][:20], **days}

    def use(who: Who, seen: int | None) -> Done:
        if errors or not values:
            raise ConfigError("the form is not complete")
        return profiles.patch_household(state(), who, values, seen=seen)

    def again(error: ConfigError) -> str:
        first = next(iter(values), "timezone")
        return _system(errors or {first: _("This does not fit: %(reason)s", reason="; ".join(error.problems))})

    return changed(use, _("The settings are changed."), back=url_for("system.system"), on_error=again)


@page.get("/lists")
def lists() -> str:
    """All lists."""
    return render_template("system/lists.html", **_lists())


@page.get("/lists/now")
def lists_now() -> str:
    """The part that changes."""
    return render_template("system/lists_now.html", **_lists())


@page.post("/lists/update")
@needs("lists")
def update() -> Answer:
    """Make all lists due: the manager fetches them."""
    count = sync_ask.ask_update(state())
    text = (
        words.ngettext(
            "%(num)s list will be looked at in a moment.", "%(num)s lists will be looked at in a moment.", count
        )
        if count
        else _("No list that comes from the Internet is switched on.")
    )
    return _listed(text)


@page.post("/lists/<ident>/switch")
@needs("lists")
def switch(ident: str) -> Answer:
    """Use a list from the next update on, or leave it out."""
    on = request.form.get("on") == "1"
    row = next((r for r in list_rows.rows() if r.id == ident), None)
    if row is None:
        abort(404)
    sync_sources.enable(state(), ident, on, who=who())
    text = _("%(name)s is used from the next update on.", name=row.name)
    return _listed(text if on else _("%(name)s is left out from the next update on.", name=row.name))


@page.post("/lists/rollback")
@needs("lists")
def rollback() -> Answer:
    """Put the set of lists before this one into force again."""
    try:
        lists_build.rollback(state(), who=who())
    except FilterdError:
        return _listed(_("There is no earlier set of lists on this box."))
    return _listed(_("The earlier set of lists is in force. The next update brings the new one back."))


@page.post("/lists/<ident>/rollback")
@needs("lists")
def rollback_one(ident: str) -> Answer:
    """Use an earlier version of one list; the manager builds the lists with it."""
    try:
        back = lists_rollback.rollback_list(
            state(), ident, version=request.form.get("version", "")[:64], build=False, who=who()
        )
    except FilterdError:
        return _listed(_("This version is not here any more."))
    names = words.ngettext("%(count)s name", "%(count)s names", back.names, count=words.number(back.names))
    return _listed(_("The earlier version of %(list)s (%(names)s) is in force in a moment.", list=ident, names=names))


@page.get("/history")
@needs("household")
def history() -> str:
    """Who changed what when, newest first."""
    text = request.args.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    found = change.history(state(), limit=CHANGES + 1, before=before)
    more = found[CHANGES - 1].number if len(found) > CHANGES else None
    return render_template(
        "system/history.html", changes=found[:CHANGES], more=more, verb=verb, things=things, thing=thing,
        source=source, can_revert=can_revert,
    )  # fmt: skip


@page.post("/history/<int:number>/revert")
def revert(number: int) -> Answer:
    """Take one change back."""
    found = change.history(state(), limit=1, before=number + 1)
    if [c.number for c in found] != [number]:
        abort(404)
    return changed(
        lambda who, seen: change.revert(state(), who, number),
        _("Change %(number)s is taken back.", number=number), back=url_for("system.history"),
        what=right_to_take_back(found, number),
    )  # fmt: skip


# --- what is shown ---


def verb(change: Change) -> str:
    """Return what was done, in words; as the box calls it when there are none."""
    return {
        "off": _("switched off"), "on": _("switched on"), "bonus": _("gave more time"), "grant": _("allowed something"),
        "pause": _("paused the filter"), "filter again": _("let the filter work again"), "free day": _("gave a free day"),
        "revoke": _("took back what was allowed"), "request": _("asked"), "request granted": _("said yes to a request"),
        "request refused": _("said no to a request"), "device added": _("added a device"),
        "device changed": _("changed a device"), "device removed": _("removed a device"),
        "profile added": _("added a person"), "profile changed": _("changed a person's rules"),
        "profile removed": _("removed a person"), "household changed": _("changed the household's settings"),
        "windows": _("changed the week"), "window added": _("added hours to the week"),
        "window changed": _("changed hours of the week"), "window removed": _("removed hours from the week"),
        "category block": _("closed a category"), "category allow": _("opened a category"),
        "category default": _("set a category back"), "service block": _("closed a service"),
        "service allow": _("opened a service"), "service default": _("set a service back"),
        "name block": _("closed a site"), "name allow": _("opened a site"), "name always": _("opened a site for always"),
        "name block removed": _("took a site off the closed ones"), "name allow removed": _("took a site off the open ones"),
        "name always removed": _("took a site off the ones that are always open"), "revert": _("took a change back"),
        "import": _("brought in a household"), "demonstration": _("began with the example family"),
        "alerts": _("changed the messages to parents"), "account added": _("added an account"),
        "account changed": _("changed an account"), "account removed": _("removed an account"),
        "list added": _("added a list"), "list changed": _("changed a list"), "list removed": _("removed a list"),
        "list enabled": _("switched a list on"), "list disabled": _("switched a list off"),
        "upstream added": _("asks another name server"), "upstream removed": _("took a name server away"),
        "upstreams in another order": _("changed the order of the name servers"),
        "upstreams of the settings": _("asks the name servers of the box's file again"),
        "encrypted page on": _("opened the encrypted page"), "encrypted page off": _("closed the encrypted page"),
        "list rolled back": _("put an earlier version of a list into force"),
        "lists rolled back": _("put the lists before into force"), "log deleted": _("deleted from the log"),
    }.get(change.verb, change.verb)  # fmt: skip


def things(change: Change) -> str:
    """Return what it was done to: the names of people, devices and sites it touched, three at most."""
    found: list[str] = []
    for edit in change.edits:
        body = edit.after or edit.before or {}
        value = str(body.get("value") or "")
        if value and body.get("scope"):
            value = shown(str(body["scope"]), value, words.language())
        name = str(body.get("name") or value)
        if not name and edit.kind == "request":
            name = _("more time")
        if edit.kind in ("list", "log"):
            name = _("the whole log") if body.get("everything") else edit.id if edit.kind == "list" else name
        for key in ("profile", "device"):
            if not name and body.get(key):
                name = _called(key, str(body[key]))
        if name and name not in found:
            found.append(name)
    return ", ".join(found[:3]) + (" …" if len(found) > 3 else "")


def thing(body: Any) -> str:
    """Return one thing before or after, as plain text."""
    text = "" if body is None else json.dumps(body, ensure_ascii=False, indent=1, default=str)
    return text if len(text) <= _MAX_BODY else text[:_MAX_BODY] + "…"


def source(change: Change) -> str:
    """Return where a change came from."""
    return {
        "web": _("on this page"), "cli": _("at the command line"), "manager": _("the box itself"),
        "upgrade": _("the box itself"), "child": _("on the child's page"), "api": _("by a program"),
    }.get(change.who.source, change.who.source)  # fmt: skip


def can_revert(change: Change) -> bool:
    """Return whether a change may be offered to be taken back: accounts have their own page, beginnings stay."""
    return not any(e.kind in OUTSIDE for e in change.edits) and change.verb not in ("demonstration",)


def _called(kind: str, ident: str) -> str:
    those = house().profiles if kind == "profile" else house().devices
    return next((one.name for one in those if one.id == ident), ident)


def _system(errors: dict[str, str]) -> str:
    household = house()
    checks = truth.truth(state())
    revision = change.history(state(), limit=1)
    links = [
        ("system.lists", _("Lists"), "book", "look"), ("system.history", _("History"), "undo", "household"),
        ("province.province", _("The province"), "flag", "look"),
        ("users.users", _("People who may log in"), "users", "users"), ("alerts.alerts", _("Messages to parents"), "bell", "household"),
        ("reports.reports", _("Weekly report"), "chart", "activity"), ("account.account", _("Your account"), "person", "own"),
        ("backup.show_all", _("Backup"), "download", "backup"), ("secure.show_all", _("An encrypted page"), "lock", "look"),
    ]  # fmt: skip
    return render_template(
        "system/system.html", errors=errors, household=household, upstream=checks.of("upstream"), lists=checks.of("lists"),
        links=[(url_for(where), text, sign) for where, text, sign, what in links if may(g.account.role, what)],
        zones=sorted({*ZONES, household.timezone}), modes=_modes(), levels=_levels(), number=revision[0].number if revision else None,
        can_change=may(g.account.role, "household"),
    )  # fmt: skip


def _modes() -> list[tuple[str, str, str]]:
    return [
        ("null", _("An address that leads nowhere"), _("Quickest; works with every device.")),
        ("nxdomain", _("\"There is no such site\""), _("Some apps give up sooner.")),
        ("page", _("The child's page"), _("Says kindly why, where the site is not encrypted; others show an error.")),
    ]  # fmt: skip


def _levels() -> list[tuple[str, str, str]]:
    return [
        ("everything", _("Everything"), _("What was asked, for the days below.")),
        ("blocked", _("What was blocked"), _("Of the rest only numbers.")),
        ("counts", _("Numbers only"), _("How often, never what.")),
        ("nothing", _("Nothing"), _("No activity and no report.")),
    ]


def _lists() -> dict[str, object]:
    now = sync_state.status(state())
    kept = lists_build.bundles_on_disk(state())
    check = truth.truth(state()).of("lists")
    rows = list_rows.rows()
    return {
        "rows": [r for r in rows if r.how in ("on", "off")],
        "waiting": [r for r in rows if r.how == "waits"],
        "unused": [r for r in rows if r.how == "unused"],
        "sync": now,
        "held": [(r, r.problem) for r in rows if r.problem and not r.is_away and r.how in ("on", "waits")],
        "away": sum(r.is_away and r.how in ("on", "waits") for r in rows),
        "every": RUNNING_S if now.is_running else IDLE_S,
        "check": check,
        "earlier": len(kept) > 1,
        "can_change": may(g.account.role, "lists"),
        "chart_of": list_chart.of,
        "category": lambda ident: shown("category", ident, words.language()),
    }


def _listed(text: str) -> Answer:
    fragment: Fragment = lambda: render_template("system/lists_now.html", **_lists())  # noqa: E731
    return answered(Toast(text), back=url_for("system.lists"), fragment=fragment)


def _number(text: str, most: int) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= most else None
