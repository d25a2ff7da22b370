"""The frame of the first run: its seven steps, the page that each is drawn in, and who may come to the later ones.

@page.get("/family")
@parent
def family() -> str:
    return step("family", rows=[])
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, abort, g, redirect, render_template, url_for

from filterd.model.account import may

page = Blueprint("wizard", __name__, url_prefix="/setup")

STEPS = ("language", "code", "password", "family", "devices", "router", "test")

F = TypeVar("F", bound=Callable[..., Any])


def parent(view: F) -> F:
    """Let a parent pass who is logged in; who is not yet begins at the first step."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if g.account is None:
            return redirect(url_for("wizard.start"), 303)
        if not may(g.account.role, "household"):
            abort(403)
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def step(name: str, /, **values: Any) -> str:
    """Return the page of one of STEPS."""
    return render_template(f"wizard/{name}.html", step=name, number=STEPS.index(name) + 1, steps=STEPS, **values)
