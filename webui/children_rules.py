"""The rules of a child in one press each: categories, services, safe search, what parents see, age, name.

POST /children/lan/rule    set=services:tiktok:block
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import profiles
from filterd.model.household import Profile
from webui.change import changed
from webui.children_shown import (
    can_change,
    field,
    is_usual,
    known_choices,
    patch,
    patched,
    preset_level,
    row_of,
    tab_page,
)
from webui.frame import profile_of, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("rules", __name__)  # inside the children's own


@page.post("/<ident>/rule")
@needs("household")
def rule(ident: str) -> Answer:
    """Close or open one category or service: `set` is `services:tiktok:block`."""
    part, _sep, rest = field("set").partition(":")
    word, _sep, wanted = rest.rpartition(":")
    profile = profile_of(ident)
    found = known_choices().category(word) if part == "categories" else known_choices().service(word)
    if part not in ("categories", "services") or found is None or wanted not in ("block", "allow"):
        abort(422)
    usual = "block" if is_usual(profile, part, found) else "allow"
    given = "default" if wanted == usual else wanted
    text = (
        _("%(what)s is closed for %(name)s.", what=found.name, name=profile.name)
        if wanted == "block"
        else _("%(what)s is open for %(name)s.", what=found.name, name=profile.name)
    )
    tab = "child" if part == "categories" else "services"
    return changed(
        lambda who, seen: profiles.set_rule(state(), who, ident, part, word, given, seen=seen),
        text, back=url_for(f"children.{tab}", ident=ident),
        fragment=lambda: render_template("children/row.html", row=row_of(profile_of(ident), part, found), ident=ident, can=can_change()),
    )  # fmt: skip


@page.post("/<ident>/safe")
@needs("household")
def safe(ident: str) -> Answer:
    """Safe search of an engine, or YouTube's level: `set` is `google:on`, `youtube:strict`."""
    engine, _sep, level = field("set").partition(":")
    known = {e for e, _name in known_choices().engines}
    if not (engine in known and level in ("on", "off")) and not (
        engine == "youtube" and level in known_choices().youtube_levels
    ):
        abort(422)

    def values(profile: Profile) -> dict[str, Any]:
        chosen = {**profile.safe_search, engine: level}
        if preset_level(profile, engine) == level:
            chosen.pop(engine)
        return {"safe_search": {k: v if k == "youtube" else v == "on" for k, v in chosen.items()} or None}

    return patch(ident, values, _("Safe search is set."), "safe")


@page.post("/<ident>/sees")
@needs("household")
def sees(ident: str) -> Answer:
    """What the parents may see: names, or only categories and times."""
    level = field("level")
    if level not in ("names", "categories"):
        abort(422)
    text = (
        _("Parents see the names of sites.") if level == "names" else _("Parents see categories and times, no names.")
    )
    return patch(ident, lambda _profile: {"parent_sees": level}, text, "sees")


@page.post("/<ident>/age")
@needs("household")
def age(ident: str) -> Answer:
    """Another age, and with it other rules; what was chosen by hand stays."""
    preset = known_choices().preset(field("preset"))
    if preset is None:
        abort(422)
    text = _("%(name)s: the rules for %(age)s hold.", name=profile_of(ident).name, age=preset.name)
    return patch(ident, lambda _profile: {"preset": preset.id}, text, "")


@page.post("/<ident>/rename")
@needs("household")
def rename(ident: str) -> Answer:
    """Another name."""
    name = field("name").strip()
    return changed(
        lambda who, seen: patched(who, seen, ident, lambda _profile: {"name": name}),
        _("The name is %(name)s now.", name=name), back=url_for("children.child", ident=ident),
        on_error=lambda _error: tab_page(ident, "rules", {"rename": _("A name of at most 80 letters, please.")}),
    )  # fmt: skip
