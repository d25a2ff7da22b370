"""Users: who may log in and what they may do there. For admins, who type their own password before; every
change is in the history.

A removal is confirmed by typing the name. The last admin stays (control/accounts.py sees to it).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import accounts, accounts_totp
from filterd.control.accounts_names import key_of
from filterd.control.accounts_passwords import WeakPassword
from filterd.errors import ConfigError
from filterd.model.account import Account, Role
from webui import words
from webui.change import who
from webui.confirm import by_password
from webui.frame import Toast, house, show, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("users", __name__, url_prefix="/users")
_MAX_TEXT = 400


@page.get("/")
@needs("users")
@by_password
def users() -> str:
    """Everybody."""
    return render_template("users/users.html", everybody=accounts.list_accounts(state()), roles=role_words())


@page.get("/add")
@needs("users")
@by_password
def new() -> str:
    """The form for somebody new."""
    return _form()


@page.post("/add")
@needs("users")
@by_password
def add() -> Any:
    """Add somebody."""
    try:
        made = accounts.add(
            state(), who(), _field("name"), _field("password"), _field("role"),
            shown=_field("shown"), ranges=_ranges(),
        )  # fmt: skip
    except WeakPassword as weak:
        return _form(errors={"password": weak.sentence(words.language())}), 422
    except ConfigError as error:
        return _form(errors=_said(error)), 422
    return _back(_("%(name)s can log in now.", name=made.shown))


@page.get("/<ident>")
@needs("users")
@by_password
def user(ident: str) -> Any:
    """One of them."""
    found = _find(ident)
    return _one(found) if found is not None else _back(_("There is no such account any more."))


@page.post("/<ident>/role")
@needs("users")
@by_password
def role(ident: str) -> Any:
    """Another role, a teacher with the rooms that are theirs."""
    try:
        made = accounts.set_role(state(), who(), ident, _field("role"), ranges=_ranges())
    except ConfigError as error:
        return _refused(ident, error)
    return _back(_("%(name)s: saved.", name=made.shown))


@page.post("/<ident>/password")
@needs("users")
@by_password
def password(ident: str) -> Any:
    """A new password for who forgot theirs; their browsers are logged out."""
    found = _find(ident)
    if found is None:
        return _back(_("There is no such account any more."))
    try:
        accounts.reset_password(state(), who(), ident, _field("password"))
    except WeakPassword as weak:
        return _one(found, {"password": weak.sentence(words.language())}), 422
    return _back(_("%(name)s has a new password and is logged out everywhere.", name=found.shown))


@page.post("/<ident>/totp")
@needs("users")
@by_password
def totp(ident: str) -> Any:
    """Take the second step off who lost it."""
    try:
        accounts_totp.reset(state(), who(), ident)
    except ConfigError as error:
        return _refused(ident, error)
    return _back(_("The second step is off."))


@page.post("/<ident>/remove")
@needs("users")
@by_password
def remove(ident: str) -> Any:
    """Remove somebody, after their name was typed."""
    found = _find(ident)
    if found is None:
        return _back(_("There is no such account any more."))
    if not key_of(_field("confirm")) or key_of(_field("confirm")) != key_of(found.name):
        return _one(found, {"confirm": _("Type the name exactly: %(name)s", name=found.name)}), 422
    try:
        accounts.remove(state(), who(), ident)
    except ConfigError as error:
        return _refused(ident, error)
    return _back(_("The account of %(name)s is removed.", name=found.shown))


def role_words() -> dict[str, tuple[str, str]]:
    """Return the roles: what they are called, and what they may do in one sentence."""
    return {
        Role.ADMIN: (_("Admin"), _("Looks after the box: everything, lists and users too.")),
        Role.PARENT: (_("Parent"), _("Decides about the family: rules, devices, requests.")),
        Role.TEACHER: (_("Teacher"), _("Hours, off and on, in the chosen rooms only.")),
        Role.VIEWER: (_("Viewer"), _("Sees how things are and changes nothing.")),
    }


def _form(errors: dict[str, str] | None = None) -> str:
    return render_template(
        "users/add.html", errors=errors or {}, roles=role_words(), rooms=house().devices,
        given={key: _field(key) for key in ("name", "shown", "role")}, chosen=_ranges(),
    )  # fmt: skip


def _one(found: Account, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "users/user.html", one=found, errors=errors or {}, roles=role_words(), rooms=house().devices,
        sessions=accounts.sessions(state(), found.id), is_self=found.id == g.account.id,
    )  # fmt: skip


def _refused(ident: str, error: ConfigError) -> Any:
    found = _find(ident)
    return (_one(found, _said(error)), 422) if found else _back(_("There is no such account any more."))


def _said(error: ConfigError) -> dict[str, str]:
    text = str(error)
    if "last admin" in text:
        return {"role": _("This is the last admin. Make somebody else one first.")}
    if text.startswith("name: there is"):
        return {"name": _("Somebody is called that already, or almost.")}
    if text.startswith("name"):
        return {"name": _("A name has 2 to 40 letters or figures, with or without diacritics.")}
    if text.startswith("shown"):
        return {"shown": _("A name of at most 60 letters, please.")}
    if text.startswith("ranges"):
        return {"role": _("Only a teacher has rooms of their own.")}
    return {"role": _("Please choose a role.")}


def _ranges() -> list[str]:
    return request.form.getlist("range") if _field("role") == Role.TEACHER else []


def _find(ident: str) -> Account | None:
    return next((a for a in accounts.list_accounts(state()) if a.id == ident), None)


def _field(name: str) -> str:
    return request.form.get(name, "")[:_MAX_TEXT]


def _back(text: str) -> Answer:
    show(Toast(text))
    return redirect(url_for("users.users"), 303)
