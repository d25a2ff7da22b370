"""Who lives here, as a form: its rows, also half-filled ones. What is made of them is control/family.py's.

children = of_form(request.form)
"""

from __future__ import annotations

from collections.abc import Mapping

from filterd.control.family import PRESETS, Child
from filterd.control.profiles import MAX_NAME

MOST = 12  # children


def of_form(form: Mapping[str, str]) -> list[Child]:
    """Return the rows of a form, also half-filled ones: `id-0`, `name-0`, `preset-0` and so on."""
    found = []
    for row in range(MOST):
        if f"name-{row}" in form:
            preset = form.get(f"preset-{row}", "")
            name = form[f"name-{row}"][: 4 * MAX_NAME].strip()
            found.append(Child(form.get(f"id-{row}", "")[:MAX_NAME], name, preset if preset in PRESETS else ""))
    return found
