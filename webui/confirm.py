"""The password again before what changes who may do what on the box: accounts of others, tokens, a restore, the way out.

Whoever has typed it in the last minutes, at log-in or here, is not asked twice (ASVS 7.5.1). A form that was sent too late
comes back with a field for the password beside what was filled in; a page that holds such a form asks before it opens, so
that no new password has to go round.

    @page.post("/add")
    @needs("users")
    @by_password
    def add() -> Response: ...
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control.accounts_login import LoginRefused
from webui import login
from webui.change import kept_fields, who, whole_page
from webui.security import PROVED, local_path, needs
from webui.words import gettext as _

page = Blueprint("confirm", __name__, url_prefix="/confirm")
FRESH_S = 300  # after which the password is asked for again
F = TypeVar("F", bound=Callable[..., Any])


def by_password(view: F) -> F:
    """Ask for the password before `view`, unless it was typed a moment ago."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            given = who().is_proved
        except LoginRefused as refused:
            return _ask(login.why(refused, _("The current password is not right.")))
        if given:
            session[PROVED] = int(time.time())
        elif not is_fresh():
            return _ask("")
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def is_fresh() -> bool:
    """Return whether the password was typed in this browser a moment ago."""
    at = session.get(PROVED)
    return isinstance(at, int) and 0 <= time.time() - at < FRESH_S


@page.post("/")
@needs("own")
@by_password
def go_on() -> Answer:
    """Go back to the page that asked."""
    return redirect(local_path(request.form.get("to", "/")), 303)


def _ask(error: str) -> Answer:
    if request.method == "POST":
        action, kept = request.path, kept_fields()
    else:
        action, kept = url_for("confirm.go_on"), [("to", request.path)]
    back = url_for("system.system")
    return whole_page(render_template("confirm.html", error=error, action=action, kept=kept, back=back), 422)
