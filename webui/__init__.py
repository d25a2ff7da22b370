"""The page of the box: for parents, in Vietnamese and English, to the house alone.

It knows filterd.control and filterd.model, and nothing below. One file a page; what all share: security.py (who may),
frame.py (what stands around), words.py (languages), change.py (how anything is changed). How it is served is serve.py.

    app = create_app(Path("/var/lib/filterd"))
    app.test_client().get("/?lang=en")

Nothing is loaded with the package itself: the child's page (child/) stands in it and needs a third of this page's memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app(state: Path) -> Flask:
    """Return the application over the state folder `state` (app.py)."""
    from webui.app import create_app as create

    return create(state)
