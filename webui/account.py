"""Your account: how you are called, language and look, password, second factor, where you are logged in, tokens.

What changes how one signs in asks for the password first (accounts_login.prove, limited like signing in, so that no
second limiter stands here). Secrets are shown once, in the answer itself, which nobody may keep.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import accounts, accounts_tokens, accounts_totp
from filterd.control.accounts_login import LoginRefused
from filterd.control.accounts_passwords import WeakPassword
from filterd.control.accounts_sessions import digest_of
from filterd.control.accounts_words import strength
from filterd.control.say import capital
from filterd.errors import ConfigError
from filterd.model.account import NEEDS, Scope, may
from webui import agents, login, words
from webui.change import who
from webui.confirm import by_password
from webui.frame import Toast, show, state
from webui.security import SID, needs
from webui.words import gettext as _

page = Blueprint("account", __name__, url_prefix="/account")

TOKEN_DAYS = (30, 90, 365, 0)  # 0: until it is revoked
_BEGUN_S = 600.0
_MOST_BEGUN = 100
_MAX_TEXT = 400


class Begun:
    """Second factors that are being set up: what the picture shows, for ten minutes, in memory alone, by session."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, accounts_totp.Begun]] = {}
        self._lock = threading.Lock()

    def put(self, token: str, begun: accounts_totp.Begun) -> None:
        """Keep it; the oldest goes when there are too many."""
        with self._lock:
            while len(self._kept) >= _MOST_BEGUN:
                del self._kept[next(iter(self._kept))]
            self._kept[digest_of(token)] = (time.monotonic(), begun)

    def get(self, token: str) -> accounts_totp.Begun | None:
        """Return it while it is fresh."""
        with self._lock:
            found = self._kept.get(digest_of(token))
        return found[1] if found and time.monotonic() - found[0] < _BEGUN_S else None

    def drop(self, token: str) -> None:
        """Forget it."""
        with self._lock:
            self._kept.pop(digest_of(token), None)


@page.get("/")
@needs("own")
def account() -> str:
    """The page."""
    return _page()


@page.post("/look")
@needs("own")
def look() -> Any:
    """Name, language and theme."""
    try:
        accounts.change(
            state(), who(), g.account.id, shown=_field("shown"), language=_field("language"), theme=_field("theme")
        )
    except ConfigError:
        return _page(errors={"look": _("A name of at most 60 letters, please.")}), 422
    return _back(_("Saved."))


@page.post("/strength")
@needs("own")
def advice() -> str:
    """How well a new password resists guessing, while it is typed."""
    text = _field("password")
    names = [g.account.name, g.account.shown]
    return render_template("wizard/strength.html", advice=strength(text, names, words.language()) if text else None)


@page.post("/password")
@needs("own")
def password() -> Any:
    """A new password; everybody else who used the old one is logged out."""
    try:
        accounts.change_password(
            state(), who(), g.account.id, _field("current"), _field("password"),
            keep=_token(), address=request.remote_addr or "",
        )  # fmt: skip
    except LoginRefused as refused:
        return _page(errors={"current": why(refused)}), _status(refused)
    except WeakPassword as weak:
        return _page(errors={"password": weak.sentence(words.language())}), 422
    return _back(_("The password is changed. Other browsers are logged out."))


# --- the second factor ---


@page.post("/totp")
@needs("own")
def totp_begin() -> Any:
    """Make a secret, after the password."""
    try:
        begun = accounts_totp.begin(
            state(), g.account.id, _field("current"), request.remote_addr or "", totp=_field("code")
        )
    except LoginRefused as refused:
        return _page(errors={"totp": why(refused)}), _status(refused)
    _begun().put(_token(), begun)
    return redirect(url_for("account.totp"), 303)


@page.get("/totp")
@needs("own")
def totp() -> Any:
    """The picture for the app, and a field for its first code."""
    begun = _begun().get(_token())
    if begun is None:
        return redirect(url_for("account.account"))
    return render_template("account/totp.html", secret=begun.secret, error="")


@page.get("/totp.svg")
@needs("own")
def totp_code() -> Response:
    """The secret as a picture; kept by nobody (no-store)."""
    begun = _begun().get(_token())
    if begun is None:
        abort(404)
    import segno

    svg = segno.make(begun.uri, error="m").svg_inline(scale=4, border=2, omitsize=True)
    return Response(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), mimetype="image/svg+xml")


@page.post("/totp/confirm")
@needs("own")
def totp_confirm() -> Any:
    """Take it into use; show the recovery codes once."""
    begun = _begun().get(_token())
    if begun is None:
        return redirect(url_for("account.account"), 303)
    try:
        codes = accounts_totp.confirm(state(), who(), g.account.id, _field("code"), keep=_token())
    except ConfigError:
        error = _("The figures are not right. Please try again.")
        return render_template("account/totp.html", secret=begun.secret, error=error), 422
    _begun().drop(_token())
    return render_template("account/codes.html", codes=codes)


@page.post("/totp/codes")
@needs("own")
def totp_codes() -> Any:
    """Ten new recovery codes in place of the old ones."""
    try:
        codes = accounts_totp.new_recovery_codes(
            state(), who(), g.account.id, _field("current"), _field("code"), request.remote_addr or ""
        )
    except LoginRefused as refused:
        return _page(errors={"totp": why(refused)}), _status(refused)
    except ConfigError:
        return redirect(url_for("account.account"), 303)
    return render_template("account/codes.html", codes=codes)


@page.post("/totp/off")
@needs("own")
def totp_off() -> Any:
    """Go without."""
    try:
        accounts_totp.disable(
            state(), who(), g.account.id, _field("current"), _field("code"), request.remote_addr or "", keep=_token()
        )
    except LoginRefused as refused:
        return _page(errors={"totp": why(refused)}), _status(refused)
    return _back(_("The second step is off."))


# --- sessions ---


@page.post("/sessions/end")
@needs("own")
def end_session() -> Any:
    """Log one browser out, or all but this one (`all`)."""
    if _field("all"):
        accounts.log_out_everywhere(state(), g.account.id, keep=_token())
        return _back(_("All other browsers are logged out."))
    if not accounts.end_session(state(), g.account.id, _field("session")):
        return _back(_("That browser was logged out already."))
    return _back(_("That browser is logged out."))


# --- tokens ---


@page.post("/tokens")
@needs("tokens")
@by_password
def add_token() -> Any:
    """Make a token for a program and show it once."""
    days = _field("days")
    chosen = int(days) if days.isascii() and days.isdigit() and int(days[:5]) in TOKEN_DAYS else 90
    try:
        text, made = accounts_tokens.create(
            state(), who(), g.account.id, _field("name"), request.form.getlist("scope"), days=chosen or None
        )
    except ConfigError:
        return _page(errors={"token": _("A name and at least one thing that it may do, please.")}), 422
    return render_template("account/token.html", text=text, made=made)


@page.post("/tokens/revoke")
@needs("tokens")
def revoke_token() -> Any:
    """End one of one's own tokens."""
    accounts_tokens.revoke(state(), who(), _field("token"), account=g.account.id)
    return _back(_("The token is revoked."))


# --- helpers ---


def why(refused: LoginRefused) -> str:
    """Return why somebody could not prove who they are."""
    return login.why(refused, _("The current password is not right."))


def scope_words() -> dict[str, str]:
    """Return what tokens may be for, in words."""
    return {
        Scope.READ: _("See how things are"),
        Scope.HOUSEHOLD: _("Change the family's rules"),
        Scope.ACTIVITY: _("Read the activity"),
        Scope.LISTS: _("Manage lists"),
    }


def _page(errors: dict[str, str] | None = None) -> str:
    has_tokens = may(g.account.role, "tokens")
    here = accounts.session_of(state(), _token())
    return render_template(
        "account/account.html",
        errors=errors or {},
        sessions=accounts.sessions(state(), g.account.id),
        here=here[0].id if here else "",
        tokens=accounts_tokens.tokens(state(), g.account.id) if has_tokens else [],
        has_tokens=has_tokens,
        scopes={s: text for s, text in scope_words().items() if may(g.account.role, NEEDS[Scope(s)])},
        scope_words=scope_words(),
        days=TOKEN_DAYS,
        kind_of=lambda agent: capital(agents.kind(agent)),
        may_users=may(g.account.role, "users"),
    )


def _begun() -> Begun:
    found = current_app.extensions.setdefault("filterd_totp", Begun())
    assert isinstance(found, Begun)
    return found


def _field(name: str) -> str:
    return request.form.get(name, "")[:_MAX_TEXT]


def _token() -> str:
    return str(session.get(SID, ""))


def _status(refused: LoginRefused) -> int:
    return 429 if refused.wait else 422


def _back(text: str) -> Answer:
    show(Toast(text))
    return redirect(url_for("account.account"), 303)
