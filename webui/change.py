"""The one way in which a page changes something: a use case, as the person who is logged in, and what came of it in words.

    return changed(
        lambda who, seen: moves.off(state(), who, Whom(profile=ident), seen=seen),
        _("%(name)s is off now.", name=profile.name),
        back=url_for("home.home"), fragment=lambda: home.card(ident),
    )

A form that edits carries the revision that it was drawn from (`seen`); who changed the same thing meanwhile is shown, not
overwritten. With htmx the touched fragment comes back with the toast beside it, without script the page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, abort, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from filterd.control.accounts_login import prove
from filterd.control.change import Done
from filterd.errors import ConfigError, Conflict
from filterd.model.account import may
from filterd.model.change import Who
from webui import frame
from webui.security import local_path
from webui.words import gettext as _

PROOF = "proof"  # the field of a password that goes with a change

UseCase = Callable[[Who, int | None], Done]
Fragment = Callable[[], str]


def who() -> Who:
    """Return the person who is logged in, as changes name her. Raises LoginRefused: `proof` is not her password."""
    return Who(g.account.shown or g.account.name, "web", request.remote_addr or "", _is_proved())


def seen() -> int | None:
    """Return the revision that the form was drawn from; None when it carries none, or the person wants it all the same."""
    text = request.form.get("seen", "")
    return (
        int(text) if text.isascii() and text.isdigit() and len(text) < 16 and not request.form.get("anyway") else None
    )


def changed(
    use: UseCase,
    text: str,
    *,
    back: str,
    fragment: Fragment | None = None,
    what: str = "household",
    on_error: Callable[[ConfigError], Any] | None = None,
) -> Answer:
    """Run `use`; return the answer. `what`: the right that it needs; `on_error` draws the form again with its error."""
    if not may(g.account.role, what):
        abort(403)
    try:
        done = use(who(), seen())
    except Conflict as conflict:
        return _conflict(conflict, back)
    except ConfigError as error:
        if on_error is not None:
            return make_response(on_error(error), 422)
        return _refused(error, back)
    frame.forget_house()
    return answered(said(done, text), back=back, fragment=fragment)


def _is_proved() -> bool:
    """Return whether the password came with this form (proof.html asks for it); tried once a request."""
    given = request.form.get(PROOF, "")
    if given and "is_proved" not in g:
        prove(frame.state(), g.account.id, given, request.remote_addr or "")
        g.is_proved = True
    return bool(given)


def said(done: Done, text: str) -> frame.Toast:
    """Return the toast of a change: what was done, and whether it is in effect."""
    if done.change is None:
        return frame.Toast(_("Nothing to change: it is so already."))
    if done.problem:
        return frame.Toast(text, done.change.number, _("Saved; the filter has not confirmed it yet."))
    return frame.Toast(text + " " + _("In effect."), done.change.number)


def answered(toast: frame.Toast | None, *, back: str, fragment: Fragment | None = None) -> Answer:
    """Return the fragment with the toast for htmx, a redirect for a plain form."""
    if request.headers.get("HX-Request") and fragment is not None:
        body = fragment()
        return make_response(body + render_template("parts/toast.html", toast=toast, swap=True))
    if toast is not None:
        frame.show(toast)
    if request.headers.get("HX-Request"):
        return Response("", 204, {"HX-Redirect": local_path(back)})
    return redirect(local_path(back), 303)


def kept_fields(*but: str) -> list[tuple[str, str]]:
    """Return the fields of the form that was sent, for a form that sends it again; secrets and `but` are left out."""
    gone = ("csrf_token", PROOF, *but)
    return [(key, value) for key, values in request.form.lists() for value in values if key not in gone]


def _conflict(conflict: Conflict, back: str) -> Answer:
    kept = kept_fields("seen")
    body = render_template("conflict.html", conflict=conflict, back=local_path(back), action=request.path, kept=kept)
    return whole_page(body, 409)


def _refused(error: ConfigError, back: str) -> Answer:
    return whole_page(render_template("refused.html", problems=error.problems, back=local_path(back)), 422)


def whole_page(body: str, status: int) -> Answer:
    """Return a page that takes the place of the one before it, also where htmx expects a fragment."""
    more = {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
    return make_response(body, status, more if request.headers.get("HX-Request") else {})
