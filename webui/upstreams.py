"""The way out: whom the box asks for names, whether each answers, and other ones while questions go on.

Trying one is a worker's work: this process asks no name server itself.

    POST /system/upstreams/test url=udp://192.0.2.1      POST /system/upstreams/add url=192.0.2.1
    POST /system/upstreams/remove url=...                POST /system/upstreams/move url=... to=0       POST .../defaults
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import change, upstreams
from filterd.control.upstreams import Trial
from filterd.errors import ConfigError, UpstreamError
from filterd.model.account import may
from filterd.model.upstream import MAX_UPSTREAMS, parse
from webui.change import answered, changed
from webui.frame import Toast, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("upstreams", __name__, url_prefix="/system/upstreams")
_LONGEST = 200
_ENCRYPTED = ("tls://", "https://", "quic://", "h3://")


@page.get("/")
def show_all() -> str:
    """Whom the box asks."""
    return _page()


@page.get("/now")
def now() -> str:
    """The part that changes."""
    return _part()


@page.post("/test")
@needs("upstreams")
def test() -> Answer:
    """Try one."""
    url = _url()
    if error := _misread(url):
        return answered(Toast(error), back=url_for("upstreams.show_all"), fragment=_part)
    text = said(upstreams.try_one(state(), url))
    return answered(
        Toast(_("%(server)s: %(result)s", server=parse(url).url, result=text)), back=url_for("upstreams.show_all"),
        fragment=_part,
    )  # fmt: skip


@page.post("/add")
def add() -> Answer:
    """Ask one more."""
    url = _url()

    def again(error: ConfigError) -> str:
        text = _misread(url) or _("It was not added. It must answer, be none of these yet, and not be this box itself.")
        return _page(text, url)

    return changed(
        lambda who, seen: upstreams.add(state(), who, url, seen=seen), _("%(server)s is asked from now on.", server=url),
        back=url_for("upstreams.show_all"), what="upstreams", on_error=again,
    )  # fmt: skip


@page.post("/remove")
def remove() -> Answer:
    """Ask one no more."""
    url = _url()
    return changed(
        lambda who, seen: upstreams.remove(state(), who, url, seen=seen),
        _("%(server)s is not asked any more.", server=url), back=url_for("upstreams.show_all"), fragment=_part,
        what="upstreams", on_error=lambda _error: _page(_("It stays: none of the others answers just now.")),
    )  # fmt: skip


@page.post("/move")
def move() -> Answer:
    """Ask one sooner or later than the others."""
    url, to = _url(), request.form.get("to", "")
    place = int(to) if to.isascii() and to.isdigit() and len(to) < 3 else 0
    return changed(
        lambda who, seen: upstreams.move(state(), who, url, place, seen=seen), _("The order is changed."),
        back=url_for("upstreams.show_all"), fragment=_part, what="upstreams",
    )  # fmt: skip


@page.post("/defaults")
def defaults() -> Answer:
    """Ask the operator's again."""
    return changed(
        lambda who, seen: upstreams.use_defaults(state(), who, seen=seen),
        _("The name servers of the box's file are asked again."), back=url_for("upstreams.show_all"), fragment=_part,
        what="upstreams", on_error=lambda _error: _page(_("None of the box's file answers just now, so these stay.")),
    )  # fmt: skip


def said(trial: Trial) -> str:
    """Return what came of a trial, in words."""
    if trial.ms is not None:
        return _("answers in %(ms)s ms.", ms=max(1, round(trial.ms)))
    return {
        "silent": _("does not answer."),
        "unreachable": _("cannot be reached."),
        "refused": _("answers, but looks up no names for this house."),
    }.get(trial.failed, _("the filter is not running, so nobody could try it."))


def _misread(url: str) -> str:
    """Return why `url` is no upstream, in words; "" when it is one."""
    if url.lower().startswith(_ENCRYPTED):
        return _("Encrypted name servers cannot be used yet; they come later.")
    try:
        parse(url)
    except UpstreamError:
        return _("Write an address such as 192.0.2.1 or tcp://192.0.2.1.")
    return ""


def _url() -> str:
    return request.form.get("url", "").strip()[:_LONGEST]


def _facts() -> dict[str, Any]:
    found = upstreams.look(state())
    newest = change.history(state(), limit=1)
    own = found.origin == upstreams.HOUSEHOLD
    return {
        "now": found, "own": own, "can_change": may(g.account.role, "upstreams"), "full": len(found.ones) >= MAX_UPSTREAMS and own,
        "number": newest[0].number if newest else None,
    }  # fmt: skip


def _part() -> str:
    return render_template("system/upstreams_now.html", **_facts())


def _page(error: str = "", given: str = "") -> str:
    return render_template("system/upstreams.html", error=error, given=given, **_facts())
