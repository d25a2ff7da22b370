"""HTTPS: what plain HTTP means, where the same page is encrypted, the fingerprint to compare, and the switch for it.

GET /system/secure          POST /system/secure/switch on=1
"""

from __future__ import annotations

from flask import Blueprint, current_app, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import secure_page
from filterd.control.change import Done
from filterd.errors import ConfigError
from filterd.model.account import may
from filterd.model.change import Who
from webui.change import changed
from webui.frame import state, take_toast
from webui.secure_switch import Switch
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("secure", __name__, url_prefix="/system/secure")
_TAKES_BACK = ("undo.undo", "system.revert", "backup.restore")  # after which it may have to open or close


@page.get("/")
@needs("look")
def show_all() -> str:
    """How it is here."""
    return _page()


@page.post("/switch")
@needs("page")
def switch() -> Answer:
    """Open the encrypted page, or close it. It is opened before anybody says so: what cannot be is not written down."""
    on = request.form.get("on") == "1"
    door = _door()

    def use(who: Who, seen: int | None) -> Done:
        if door is not None and door.is_given:
            raise ConfigError("the box's settings file says where the page is encrypted")
        try:
            if on and door is not None:
                door.try_open()
            return secure_page.switch(state(), who, on, seen=seen)
        finally:
            if door is not None:
                door.follow()

    text = _("The encrypted page is open.") if on else _("The encrypted page is closed.")
    answer = changed(
        use, text, back=url_for("secure.show_all"), what="page", on_error=lambda _error: _page(failed=True)
    )
    if request.is_secure and not on and answer.status_code == 303:
        # no way leads back here, and a browser follows none from an encrypted form to the plain page; nor has Undo one
        take_toast()
        return make_response(_page(gone=True))
    return answer


@page.after_app_request
def _follow(answer: Answer) -> Answer:
    """Be as the household says when a change was taken back."""
    door = _door()
    if door is not None and request.method == "POST" and request.endpoint in _TAKES_BACK:
        door.follow()
    return answer


@page.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"secure_address": secure_address}


def secure_address() -> str:
    """Return where this page is over HTTPS, by the name that the browser used; "" when it is nowhere."""
    door = _door()
    return f"https://{_host()}:{door.address.rpartition(':')[2]}/" if door is not None and door.address else ""


def _page(*, failed: bool = False, gone: bool = False) -> str:
    door = _door()
    plain = f"http://{_host()}:{door.plain_port}/" if door is not None and request.is_secure else ""
    is_given = door is not None and door.is_given
    return render_template(
        "system/secure.html", address=secure_address(), own=door.own if door is not None else None, plain=plain,
        is_on=is_given or secure_page.is_on(state()), is_given=is_given, can_switch=may(g.account.role, "page") and not is_given,
        problem=failed or bool(door is not None and door.problem), failed=failed, gone=gone, port=secure_page.PORT,
    )  # fmt: skip


def _door() -> Switch | None:
    """Return what opens and closes it; None where the page is served by something else, as in a test."""
    found: Switch | None = current_app.config.get("SECURE")
    return found


def _host() -> str:
    """Return the box's name or address as the browser knows it: one of ours, or nobody is answered (peers.py)."""
    host = request.host
    return host if host.endswith("]") else host.rpartition(":")[0] or host
