"""The password before something harmful opens, where the household chose so: the form comes back with a field for it.

Which change needs it says filterd/control/harm.py, whatever page it comes from; what was filled in is kept and sent again
with the password, which is tried like a log-in and limited like one.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, render_template, request
from werkzeug.wrappers import Response as Answer

from filterd.control.accounts_login import LoginRefused
from filterd.errors import ProofNeeded
from webui.account import why
from webui.change import kept_fields, whole_page
from webui.security import local_path


def install(app: Flask) -> None:
    """Ask for the password wherever a change is refused for want of it."""
    app.register_error_handler(ProofNeeded, _needed)
    app.register_error_handler(LoginRefused, _wrong)


def _needed(_error: ProofNeeded) -> Answer:
    return _page("", 200)  # a step on the way, no error


def _wrong(refused: LoginRefused) -> Answer:
    return _page(why(refused), 422)


def _page(error: str, status: int) -> Answer:
    back = local_path(urlsplit(request.headers.get("HX-Current-URL", "")).path or "/")
    return whole_page(
        render_template("proof.html", error=error, action=request.path, kept=kept_fields(), back=back), status
    )
