"""Log in, log out, and the language of those who are not logged in."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control.accounts_login import LoginRefused, log_in
from filterd.control.accounts_sessions import log_out
from webui import words
from webui.catalogue import LANGUAGES
from webui.frame import state
from webui.security import SID, begin, local_path
from webui.words import gettext as _
from webui.words import ngettext

page = Blueprint("login", __name__)
_YEAR_S = 365 * 86_400
_MAX_TEXT = 400


@page.get("/login")
def show() -> Answer | str:
    """The form."""
    if g.account is not None:
        return redirect(local_path(request.args.get("to", "/")))
    return render_template(
        "login.html", to=local_path(request.args.get("to", "/")), error="", needs_code=False, name=""
    )


@page.post("/login")
def enter() -> Answer | tuple[str, int]:
    """Check name, password and, where it is on, the second factor."""
    name, password, code = (request.form.get(key, "")[:_MAX_TEXT] for key in ("name", "password", "code"))
    to = local_path(request.form.get("to", "/"))
    try:
        token, _account = log_in(
            state(), name, password, code, request.remote_addr or "", request.headers.get("User-Agent", ""),
            instead=str(session.get(SID, "")),
        )  # fmt: skip
    except LoginRefused as refused:
        return render_template(
            "login.html",
            to=to,
            error=why(refused, _("Name or password is not right. Please try again.")),
            needs_code=refused.reason in ("totp", "code"),
            name=name,
        ), 429 if refused.wait else 401
    begin(token)
    return redirect(to, 303)


@page.post("/logout")
def leave() -> Answer:
    """End this browser's session."""
    token = session.get(SID)
    if isinstance(token, str):
        log_out(state(), token)
    session.clear()
    return redirect(url_for("login.show"), 303)


@page.get("/language/<code>")
def language(code: str) -> Answer:
    """Remember the language of this browser."""
    if code not in LANGUAGES:
        abort(404)
    answer = redirect(local_path(request.args.get("to", "/")))
    answer.set_cookie(words.COOKIE, code, max_age=_YEAR_S, httponly=True, samesite="Lax")
    return answer


def why(refused: LoginRefused, wrong: str) -> str:
    """Return why somebody was not let in; `wrong`: what is said when the name or password was not right."""
    if refused.wait:
        return ngettext(
            "Many tries. Wait %(num)s second and try again.",
            "Many tries. Wait %(num)s seconds and try again.",
            refused.wait,
        )
    if refused.reason == "totp":
        return _("Now the six figures from your app.")
    if refused.reason == "code":
        return _("The figures are not right. Please try again.")
    return wrong
