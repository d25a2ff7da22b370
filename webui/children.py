"""Children: who there is, and the rules of one of them: categories, services, names, safe search, budgets, age.

A switch that is on means closed, and says so in a word beside it. Every change is one press with Undo; with htmx the touched
row comes back, without script the page. What the age says anyway is not written down: the child grows up with the preset.

Here are the pages, and who comes and goes; forms are in children_rules.py, children_names.py, children_time.py.
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import profiles
from filterd.control.change import Done
from filterd.control.choices import sprite
from filterd.errors import ConfigError
from filterd.model.change import Who
from webui import children_house, children_names, children_rules, children_time, wizard_family
from webui.change import changed
from webui.children_shown import can_change, field, known_choices, service_list, tab_page
from webui.frame import house, profile_of, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("children", __name__, url_prefix="/children")
for part in (children_rules, children_names, children_time, children_house):
    page.register_blueprint(part.page)


@page.get("/")
@needs("look")
def children() -> str:
    """Everybody with rules of their own, the children first."""
    ages = {p.id: p.name for p in known_choices().presets}
    young = [p.id for p in known_choices().presets if p.id != "adult"]
    people = sorted(house().profiles, key=lambda p: young.index(p.preset) if p.preset in young else len(young))
    devices = {p.id: [d.name for d in house().devices if d.profile == p.id] for p in people}
    return render_template("children/children.html", people=people, ages=ages, devices=devices, can=can_change())


@page.get("/icons.svg")
def icons() -> Response:
    """The catalogue's icons."""
    return Response(sprite(), mimetype="image/svg+xml", headers={"Cache-Control": "private, max-age=86400"})


@page.get("/add")
@needs("household")
def new() -> str:
    """The form for a child: a name and an age."""
    return _add_form()


@page.post("/add")
@needs("household")
def add() -> Answer:
    """Add a child."""
    name, preset = field("name"), field("preset")
    made: list[str] = []

    def use(who: Who, seen: int | None) -> Done:
        if not name:
            raise ConfigError("name: expected one")
        if preset not in {p.id for p in known_choices().presets}:
            raise ConfigError("preset: expected an age")
        done, ident = profiles.add_profile(state(), who, name, preset, seen=seen)
        made.append(ident)
        return done

    def refused(error: ConfigError) -> str:
        text = str(error)
        return _add_form(
            name=_("A name of at most 80 letters, please.") if text.startswith("name") else "",
            preset=_("Please choose an age.") if text.startswith("preset") else "",
        )

    return changed(
        use, _("%(name)s is here now, with fitting rules.", name=name), back=url_for("children.children"),
        on_error=refused,
    )  # fmt: skip


@page.get("/<ident>")
@needs("look")
def child(ident: str) -> str:
    """What is closed for a child, by category; age, safe search and what the parents see."""
    return tab_page(ident, "rules")


@page.get("/<ident>/services")
@needs("look")
def services(ident: str) -> str:
    """Services in groups; `q` searches by name."""
    if request.headers.get("HX-Request"):
        return service_list(ident)
    return tab_page(ident, "services")


@page.get("/<ident>/names")
@needs("look")
def names(ident: str) -> str:
    """Sites that are closed or open for this child alone."""
    return tab_page(ident, "names")


@page.get("/<ident>/time")
@needs("look")
def time(ident: str) -> str:
    """Budgets: about how long a day."""
    return tab_page(ident, "time")


@page.get("/<ident>/remove")
@needs("household")
def removal(ident: str) -> str:
    """Ask for the name before a child goes."""
    return _removal(ident)


@page.post("/<ident>/remove")
@needs("household")
def remove(ident: str) -> Answer:
    """Remove a child, after the name was typed; the devices go to somebody else."""
    profile = profile_of(ident)
    to = field("devices_to")
    if field("confirm").strip().casefold() != profile.name.casefold():
        return Response(_removal(ident, _("Type the name exactly: %(name)s", name=profile.name)), 422)

    def use(who: Who, seen: int | None) -> Done:
        return profiles.remove_profile(state(), who, ident, devices_to=to, seen=seen)

    return changed(
        use, _("%(name)s is removed.", name=profile.name), back=url_for("children.children"),
        on_error=lambda _error: _removal(ident, _("Please choose who gets the devices. One person has to stay.")),
    )  # fmt: skip


# --- the forms ---


def _add_form(**errors: str) -> str:
    given = {"name": field("name"), "preset": field("preset")}
    return render_template("children/add.html", ages=wizard_family.ages(), errors=errors, given=given)


def _removal(ident: str, error: str = "") -> str:
    found = profile_of(ident)
    others = [p for p in house().profiles if p.id != ident]
    mine = [d for d in house().devices if d.profile == ident]
    return render_template("children/remove.html", child=found, others=others, mine=mine, error=error)
