"""What the pages about a child show, and how their forms change a profile: shared by webui/children*.py.

A profile is read with its revision, so that a form carries what it was drawn from; a change is made of the profile as it
is when it is written.

    return patch(ident, lambda profile: {"parent_sees": "names"}, _("Saved."), "sees")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import household as households
from filterd.control import profiles
from filterd.control.budgets_status import status
from filterd.control.change import Done
from filterd.control.choices import Choice, Choices, Group, choices_of, site_text
from filterd.errors import FilterdError
from filterd.model.account import may
from filterd.model.change import Who
from filterd.model.household import Household, Profile, Rule
from webui import wizard_family, words
from webui.change import changed
from webui.frame import profile_of, revised, state
from webui.words import gettext as _

PARTS = ("block", "allow", "always")
MAX_TEXT = 300  # characters of a field
MAX_SEARCH = 40


def tab_page(ident: str, tab: str, errors: dict[str, str] | None = None) -> str:
    return render_template("children/child.html", tab=tab, **shown_of(ident, tab, errors or {}))


def section(ident: str, tab: str, errors: dict[str, str] | None = None, *, whole: bool = False) -> str:
    """Return one part of the page for htmx; the whole page where a form without script was refused."""
    if whole and not request.headers.get("HX-Request"):
        return tab_page(ident, tab, errors)
    return render_template(f"children/{tab}.html", tab=tab, **shown_of(ident, tab, errors or {}))


def service_list(ident: str) -> str:
    return render_template("children/service_list.html", tab="services", **shown_of(ident, "services", {}))


def shown_of(ident: str, tab: str, errors: dict[str, str]) -> dict[str, Any]:
    profile, revision = profile_of(ident), revised()[1]
    choices = known_choices()
    found: dict[str, Any] = {
        "child": profile, "ident": ident, "revision": revision, "errors": errors, "can": can_change(), "choices": choices,
        "age": choices.preset(profile.preset), "can_hours": may(g.account.role, "windows"),
    }  # fmt: skip
    if tab in ("rules", "safe", "sees"):
        rows = [row_of(profile, "categories", c) for c in choices.categories]
        found["harm"] = [r for r in rows if r["harm"]]
        found["other"] = [r for r in rows if not r["harm"]]
        found["ages"] = [
            *wizard_family.ages(),
            ("adult", _("Adult"), _("Only what is dangerous for everybody is closed.")),
        ]
        found["engines"] = [(e, name, _level(profile, e)) for e, name in choices.engines]
        found["youtube"] = _level(profile, "youtube") or "none"
        found["levels"] = (("none", _("Open")), ("moderate", _("Moderate")), ("strict", _("Strict")))
    if tab == "services":
        text = request.args.get("q", "")[:MAX_SEARCH]
        groups = choices.find(text)
        found["text"] = text
        found["groups"] = [(group, _rows_of(profile, group)) for group in groups]
    if tab == "names":
        found["lists"] = [(part, [_text(n) for n in getattr(profile.names, part)]) for part in PARTS]
        found["given"] = {"name": field("name"), "part": field("part") or "block"}
    if tab == "time":
        try:
            found["budgets"] = status(state(), ident)
        except FilterdError:
            found["budgets"] = []
        found["called"] = _called
        found["everything"] = frozenset(range(7))
    return found


def _rows_of(profile: Profile, group: Group) -> list[dict[str, Any]]:
    return [row_of(profile, "services", s) for s in group.services]


def row_of(profile: Profile, part: str, choice: Choice) -> dict[str, Any]:
    own: Rule | None = getattr(profile, part).get(choice.id)
    usual = is_usual(profile, part, choice)
    note = ""
    if part == "services" and own is None and usual:
        note = _("Closed with its category")
    return {
        "part": part, "id": choice.id, "name": choice.name, "sentence": choice.sentence, "icon": choice.icon,
        "harm": choice.harm, "closed": own is Rule.BLOCK if own is not None else usual, "note": note, "own": own is not None,
    }  # fmt: skip


def is_usual(profile: Profile, part: str, choice: Choice) -> bool:
    """Return whether it is closed without a word of the family's own: by the age, a service by its category."""
    word = choice.id if part == "categories" else choice.group
    preset = known_choices().preset(profile.preset)
    by_age = preset is not None and word in preset.blocked
    own = profile.categories.get(word) if part == "services" else None
    return by_age if own is None else own is Rule.BLOCK


def _level(profile: Profile, engine: str) -> str:
    return profile.safe_search.get(engine) or preset_level(profile, engine)


def preset_level(profile: Profile, engine: str) -> str:
    preset = known_choices().preset(profile.preset)
    usual = dict(preset.safe_search) if preset is not None else {}
    return usual.get(engine, "none" if engine == "youtube" else "off")


def _called(budget: Any) -> str:
    """Return what a budget is about."""
    found = [known_choices().service(s) for s in budget.services] + [
        known_choices().category(c) for c in budget.categories
    ]
    return words.joined([c.name for c in found if c is not None] or ["?"])


# --- what their forms change ---


def patch(ident: str, values: Callable[[Profile], dict[str, Any]], text: str, tab: str) -> Answer:
    profile_of(ident)
    endpoint = f"children.{tab}" if tab in ("services", "names", "time") else "children.child"
    return changed(
        lambda who, seen: patched(who, seen, ident, values), text, back=url_for(endpoint, ident=ident),
        fragment=(lambda: section(ident, tab)) if tab else None,
    )  # fmt: skip


def patched(who: Who, seen: int | None, ident: str, values: Callable[[Profile], dict[str, Any]]) -> Done:
    """Change keys of the profile as it is now; what was changed between reading and writing is a conflict."""
    household, revision = households.read_stored(state())
    return profiles.patch(
        state(), who, ident, values(one_of(household, ident)), seen=revision if seen is None else seen
    )


# --- small things ---


def known_choices() -> Choices:
    return choices_of(words.language())


def can_change() -> bool:
    return may(g.account.role, "household")


def one_of(household: Household, ident: str) -> Profile:
    found = next((p for p in household.profiles if p.id == ident), None)
    if found is None:
        abort(404)
    return found


def _text(name: bytes) -> str:
    return site_text(name)


def form_number() -> int | None:
    text = field("number")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def field(name: str) -> str:
    return request.form.get(name, "")[:MAX_TEXT]
