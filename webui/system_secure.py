"""HTTPS: what plain HTTP means, where the same page is encrypted, and the fingerprint to compare before it is trusted.

GET /system/secure
"""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request

from filterd.control import tls
from webui.frame import state
from webui.security import needs

page = Blueprint("secure", __name__, url_prefix="/system/secure")
SUGGESTED = 8443  # the port in what is to be written down


@page.get("/")
@needs("look")
def show_all() -> str:
    """How it is here."""
    address = secure_address()
    own = tls.look(state()) if address else None
    return render_template("system/secure.html", address=address, own=own, host=_host(), port=SUGGESTED)


@page.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"secure_address": secure_address}


def secure_address() -> str:
    """Return where this page is over HTTPS, by the name that the browser used; "" when it is nowhere."""
    listening = str(current_app.config.get("SECURE", ""))
    return f"https://{_host()}:{listening.rpartition(':')[2]}/" if listening else ""


def _host() -> str:
    """Return the box's name or address as the browser knows it: one of ours, or nobody is answered (peers.py)."""
    host = request.host
    return host if host.endswith("]") else host.rpartition(":")[0] or host
