"""The first three steps of the first run: language, the code that the box shows, and the account of who looks after it.

Until there is an admin everything but this is closed, and the code must have been typed in this browser (the signed
cookie says so) before an account can be made. Limits of guessing are control/accounts_login.py's.
"""

from __future__ import annotations

import time
from typing import Any

from flask import abort, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import accounts, setup
from filterd.control.accounts_login import LoginRefused
from filterd.control.accounts_passwords import WeakPassword
from filterd.control.accounts_words import strength
from filterd.errors import ConfigError
from filterd.model.change import Who
from webui import words
from webui.catalogue import LANGUAGES
from webui.change import who
from webui.frame import state
from webui.security import begin
from webui.wizard_page import page, step
from webui.words import gettext as _
from webui.words import ngettext

CODE_S = 3600.0  # so long the typed code counts in this browser
_CODE = "setup"
_YEAR_S = 365 * 86_400
_MAX_TEXT = 400


def code_is_known() -> bool:
    """True when the code was typed in this browser lately."""
    at = session.get(_CODE)
    return isinstance(at, float) and 0 <= time.time() - at < CODE_S


# --- 1: language ---


@page.get("/language")
def language() -> str:
    """Two buttons, each in its own language."""
    return step("language")


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
    return step("code", known=g.account is not None or code_is_known(), error="")


@page.post("/code")
def check_code() -> Any:
    """Look at the code; a wrong one is slowed down like a wrong password."""
    if g.account is not None:
        return redirect(url_for("wizard.password"), 303)
    try:
        setup.check(state(), request.form.get("code", "")[:_MAX_TEXT], request.remote_addr or "")
    except LoginRefused as refused:
        return step("code", known=False, error=_slow(refused.wait)), 429
    except setup.WrongCode as wrong:
        text = _("That was not the code. Look at the box's screen once more.")
        if wrong.renewed:
            text = _("Too many tries: the box shows a new code now.")
        return step("code", known=False, error=text), 422
    except ConfigError:
        return redirect(url_for("login.show"), 303)
    session[_CODE] = time.time()
    return redirect(url_for("wizard.password"), 303)


# --- 3: the first account ---


@page.get("/password")
def password() -> Any:
    """Name and password of whoever looks after the box."""
    if g.account is None and not code_is_known():
        return redirect(url_for("wizard.code"))
    return step("password", name="", error="", name_error="", advice=None)


@page.post("/password")
def make_account() -> Any:
    """Make the first account and log in to it."""
    if g.account is not None:
        return redirect(url_for("wizard.family"), 303)
    if not code_is_known():
        return redirect(url_for("wizard.code"), 303)
    name, secret = request.form.get("name", "")[:_MAX_TEXT], request.form.get("password", "")[:_MAX_TEXT]
    by = Who(name.strip()[:60] if name.isprintable() else "", "web", request.remote_addr or "")
    try:
        made = setup.first_admin(state(), by, name, secret, language=words.language())
    except WeakPassword as weak:
        return step("password", name=name, error=weak.sentence(words.language()), name_error="", advice=None), 422
    except ConfigError as error:
        if not setup.needed(state()):
            return redirect(url_for("login.show"), 303)
        text = _name_error(error)
        return step("password", name=name, error="", name_error=text, advice=None), 422
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
    if g.account is None and not code_is_known():
        abort(403)
    text = request.form.get("password", "")[:_MAX_TEXT]
    names = [request.form.get("name", "")[:_MAX_TEXT]]
    found = strength(text, names, words.language()) if text else None
    return render_template("wizard/strength.html", advice=found)


def _slow(wait: float) -> str:
    return ngettext(
        "Many tries. Wait %(num)s second and try again.", "Many tries. Wait %(num)s seconds and try again.", int(wait)
    )


def _name_error(error: ConfigError) -> str:
    if "shown" in str(error) or "name" in str(error):
        return _("A name has 2 to 40 letters or figures, with or without diacritics.")
    return str(error)
