"""Where the real lists and packets are, when they are there: test data that is never part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent


def shared_dir() -> Path | None:
    """Return the folder of shared test data (env FILTERD_SHARED, else `shared` beside the checkout), or None."""
    given = os.environ.get("FILTERD_SHARED")
    for folder in [Path(given)] if given else [_ROOT.parent / "shared"]:
        if (folder / "data" / "lists").is_dir():
            return folder
    return None


def need_shared() -> Path:
    """Return the shared folder or skip the running test, saying why."""
    folder = shared_dir()
    if folder is None:
        pytest.skip("real lists absent: set FILTERD_SHARED to their folder")
    return folder
