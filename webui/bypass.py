"""A way round the filter: what was seen of a device, how sure it is, how to end it on each system, and what to answer.

"This device is fine" is a parent's word that this kind of thing of this device is all right; it can be taken back here.
Nothing of this changes rules.

    GET /devices/bypass/ab12cd34ef56          POST .../fine    POST .../again    POST .../later
"""

from __future__ import annotations

from flask import Blueprint, abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import bypass_words, watch
from filterd.control.bypass_steps import STEPS
from filterd.errors import ConfigError
from filterd.model.account import may
from filterd.model.bypass import NETWORK, Kind
from filterd.model.household import Household
from filterd.model.now import Check
from webui import words
from webui.change import answered, who
from webui.frame import Toast, state
from webui.security import needs
from webui.words import gettext as _
from webui.words import ngettext

page = Blueprint("bypass", __name__, url_prefix="/devices/bypass")


@page.get("/")
@needs("activity")
def ways() -> str:
    """All that was found, open ones first."""
    return render_template(
        "devices/ways.html", ways=[_said(k) for k in watch.findings(state())], watched=watch.watched(state())
    )


@page.get("/<ident>")
@needs("activity")
def way(ident: str) -> str:
    """One of them, with the steps of its system; `?system=` shows another's."""
    kept = _one(ident)
    system = request.args.get("system", kept.finding.steps)
    if system not in STEPS:
        system = kept.finding.steps
    number = 1 if words.language() == "en" else 0
    name, steps = STEPS[system]
    return render_template(
        "devices/bypass.html",
        way=_said(kept), system=name[number], steps=[step[number] for step in steps], now=system,
        systems=[(key, found[0][number]) for key, found in STEPS.items() if key != "router" or key == system],
        talk=bypass_words.TALK[number] if kept.finding.kind not in NETWORK else "",
        can_answer=may(g.account.role, "household"),
    )  # fmt: skip


@page.post("/<ident>/fine")
@needs("household")
def fine(ident: str) -> Answer:
    """This device is fine."""
    kept = _one(ident)
    watch.fine(state(), kept.id, who().by)
    return answered(Toast(_("Noted: this is fine. You hear of it no more.")), back=url_for("bypass.way", ident=kept.id))


@page.post("/<ident>/again")
@needs("household")
def again(ident: str) -> Answer:
    """Take that back."""
    kept = _one(ident)
    watch.not_fine(state(), kept.id)
    return answered(Toast(_("Watched again as before.")), back=url_for("bypass.way", ident=kept.id))


@page.post("/<ident>/later")
@needs("household")
def later(ident: str) -> Answer:
    """Be reminded in an hour."""
    watch.later(state(), _one(ident).id)
    return answered(Toast(_("You are reminded in one hour.")), back=url_for("home.home"))


def on_home(check: Check) -> tuple[str, str, str, str]:
    """Return a failing check `bypass` as the first page says it: title, explanation, words and address of the button."""
    if not may(g.account.role, "activity"):  # whose device it is, is not theirs to see
        return _("A way round the filter was seen"), "", _("Look again"), url_for("home.home")
    try:
        found = _said(watch.one(state(), str(check.facts.get("id", ""))))
    except ConfigError:  # it cannot be read, or has gone since
        return _("A way round the filter was seen"), "", _("Ways round the filter"), url_for("bypass.ways")
    count = len(STEPS[str(check.facts["steps"])][1])
    button = ngettext("How to switch it off (%(num)s step)", "How to switch it off (%(num)s steps)", count)
    return str(found["title"]), str(found["why"]), button, url_for("bypass.way", ident=found["id"])


def silent_since(household: Household) -> dict[str, float]:
    """Return the profiles of whom a device is oddly silent, and since when; {} for who may not see that."""
    if not may(g.account.role, "activity"):
        return {}
    profiles = {d.mac: d.profile for d in household.devices if d.mac}
    found: dict[str, float] = {}
    for kept in watch.findings(state()):
        finding = kept.finding
        if kept.is_open and finding.kind in (Kind.SILENT, Kind.FELL_SILENT) and finding.mac in profiles:
            profile = profiles[finding.mac]
            found[profile] = min(found.get(profile, finding.since), finding.since)
    return found


def _one(ident: str) -> watch.Kept:
    try:
        return watch.one(state(), ident)
    except ConfigError:
        abort(404)


def _said(kept: watch.Kept) -> dict[str, object]:
    """Return a finding in the page's language."""
    number = 1 if words.language() == "en" else 0
    finding = kept.finding
    title, why = bypass_words.told(finding)
    fields = bypass_words.fields(finding, watch.name_of(state(), finding.mac))
    blocked = finding.kind in (Kind.DOH, Kind.VPN, Kind.PROXY, Kind.RELAY) and finding.facts.get("blocked") is True
    return {
        "id": kept.id, "title": title[number].format(**fields), "why": why[number].format(**fields),
        "blocked": bypass_words.BLOCKED[number] if blocked else "", "sure": bypass_words.SURE[finding.confidence][number],
        "since": finding.since, "at": finding.at, "ended": kept.ended, "fine": kept.is_fine, "mac": finding.mac,
    }  # fmt: skip
