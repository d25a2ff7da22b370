"""Who lives here, as a form: its rows, also half-filled ones, and the ages. What is made of them is control/family.py's.

children = of_form(request.form)
"""

from __future__ import annotations

from collections.abc import Mapping

from filterd.control.family import PRESETS, Child
from filterd.control.profiles import MAX_NAME
from webui.words import gettext as _

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


def missing(row: Child) -> str:
    """Return what a row lacks, in words; '' when it is complete."""
    if not row.name:
        return _("A name, please, or take this child away.")
    if len(row.name) > 80 or not row.name.isprintable():
        return _("A name of at most 80 letters, please.")
    return "" if row.preset else _("Please choose an age.")


def ages() -> list[tuple[str, str, str]]:
    """Return the ages to choose from: preset, words, and what it does in one sentence (true of blocklists/)."""
    return [
        ("age-0-6", _("Under 7"), _("Social media, messengers and games are closed. YouTube is strict, search is safe.")),
        ("age-7-9", _("7 to 9"), _("Social media is closed, games are open. YouTube is strict, search is safe.")),
        ("age-10-13", _("10 to 13"), _("Social media is closed, shops and games are open. Search is safe.")),
        ("age-14-17", _("14 to 17"), _("Social media is open. Harmful sites stay closed, search is safe.")),
    ]  # fmt: skip
