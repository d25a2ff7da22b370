"""Children: who there is, and the rules of one of them: categories, services, names, safe search, budgets, age.

A switch that is on means closed, and says so in a word beside it. Every change is one press with Undo; with htmx the touched
row comes back, without script the page. What the age says anyway is not written down: the child grows up with the preset.

    POST /children/lan/rule    set=services:tiktok:block
    POST /children/lan/names   part=block, name=example-chat.com
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import household as households
from filterd.control import profiles
from filterd.control.budgets_status import status
from filterd.control.change import Done
from filterd.control.choices import Choice, Choices, Group, choices_of, site_text, sprite
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import may
from filterd.model.change import Who
from filterd.model.household import DAYS, Budget, Household, Profile, Rule
from webui import wizard, words
from webui.change import changed
from webui.frame import house, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("children", __name__, url_prefix="/children")

TABS = ("rules", "services", "names", "time")
PARTS = ("block", "allow", "always")
MAX_TEXT = 300  # characters of a field
MAX_SEARCH = 40
MINUTES = range(5, 1441)


@page.get("/")
@needs("look")
def children() -> str:
    """Everybody with rules of their own, the children first."""
    ages = {p.id: p.name for p in _choices().presets}
    young = [p.id for p in _choices().presets if p.id != "adult"]
    people = sorted(house().profiles, key=lambda p: young.index(p.preset) if p.preset in young else len(young))
    devices = {p.id: [d.name for d in house().devices if d.profile == p.id] for p in people}
    return render_template("children/children.html", people=people, ages=ages, devices=devices, can=_can())


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
    name, preset = _field("name"), _field("preset")
    made: list[str] = []

    def use(who: Who, seen: int | None) -> Done:
        if not name:
            raise ConfigError("name: expected one")
        if preset not in {p.id for p in _choices().presets}:
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
    return _page(ident, "rules")


@page.get("/<ident>/services")
@needs("look")
def services(ident: str) -> str:
    """Services in groups; `q` searches by name."""
    if request.headers.get("HX-Request"):
        return _service_list(ident)
    return _page(ident, "services")


@page.get("/<ident>/names")
@needs("look")
def names(ident: str) -> str:
    """Sites that are closed or open for this child alone."""
    return _page(ident, "names")


@page.get("/<ident>/time")
@needs("look")
def time(ident: str) -> str:
    """Budgets: about how long a day."""
    return _page(ident, "time")


@page.post("/<ident>/rule")
def rule(ident: str) -> Answer:
    """Close or open one category or service: `set` is `services:tiktok:block`."""
    part, _sep, rest = _field("set").partition(":")
    word, _sep, wanted = rest.rpartition(":")
    profile = _profile(ident)
    found = _choices().category(word) if part == "categories" else _choices().service(word)
    if part not in ("categories", "services") or found is None or wanted not in ("block", "allow"):
        abort(422)
    usual = "block" if _usual(profile, part, found) else "allow"
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
        fragment=lambda: render_template("children/row.html", row=_row(_profile(ident), part, found), ident=ident, can=_can()),
    )  # fmt: skip


@page.post("/<ident>/safe")
def safe(ident: str) -> Answer:
    """Safe search of an engine, or YouTube's level: `set` is `google:on`, `youtube:strict`."""
    engine, _sep, level = _field("set").partition(":")
    known = {e for e, _name in _choices().engines}
    if not (engine in known and level in ("on", "off")) and not (
        engine == "youtube" and level in _choices().youtube_levels
    ):
        abort(422)

    def values(profile: Profile) -> dict[str, Any]:
        chosen = {**profile.safe_search, engine: level}
        if _preset_level(profile, engine) == level:
            chosen.pop(engine)
        return {"safe_search": {k: v if k == "youtube" else v == "on" for k, v in chosen.items()} or None}

    return _patch(ident, values, _("Safe search is set."), "safe")


@page.post("/<ident>/sees")
def sees(ident: str) -> Answer:
    """What the parents may see: names, or only categories and times."""
    level = _field("level")
    if level not in ("names", "categories"):
        abort(422)
    text = (
        _("Parents see the names of sites.") if level == "names" else _("Parents see categories and times, no names.")
    )
    return _patch(ident, lambda _profile: {"parent_sees": level}, text, "sees")


@page.post("/<ident>/age")
def age(ident: str) -> Answer:
    """Another age, and with it other rules; what was chosen by hand stays."""
    preset = _choices().preset(_field("preset"))
    if preset is None:
        abort(422)
    text = _("%(name)s: the rules for %(age)s hold.", name=_profile(ident).name, age=preset.name)
    return _patch(ident, lambda _profile: {"preset": preset.id}, text, "")


@page.post("/<ident>/rename")
def rename(ident: str) -> Answer:
    """Another name."""
    name = _field("name").strip()
    return changed(
        lambda who, seen: _patched(who, seen, ident, lambda _profile: {"name": name}),
        _("The name is %(name)s now.", name=name), back=url_for("children.child", ident=ident),
        on_error=lambda _error: _page(ident, "rules", {"rename": _("A name of at most 80 letters, please.")}),
    )  # fmt: skip


@page.post("/<ident>/names")
def add_name(ident: str) -> Answer:
    """Close or open a site for this child."""
    part, name = _field("part"), _field("name").strip()
    if part not in PARTS:
        abort(422)
    _profile(ident)
    text = _("%(site)s is closed now.", site=name) if part == "block" else _("%(site)s is open now.", site=name)
    return changed(
        lambda who, seen: profiles.add_name(state(), who, ident, part, name, seen=seen),
        text, back=url_for("children.names", ident=ident), fragment=lambda: _section(ident, "names"),
        on_error=lambda error: _refused_name(ident, error),
    )  # fmt: skip


@page.post("/<ident>/names/remove")
def remove_name(ident: str) -> Answer:
    """Take a site off the child's own list."""
    part, name = _field("part"), _field("name")
    if part not in PARTS:
        abort(422)
    _profile(ident)
    return changed(
        lambda who, seen: profiles.remove_name(state(), who, ident, part, name, seen=seen),
        _("%(site)s is off the list.", site=name), back=url_for("children.names", ident=ident),
        fragment=lambda: _section(ident, "names"),
    )  # fmt: skip


@page.post("/<ident>/budgets")
def set_budget(ident: str) -> Answer:
    """Add a budget, or change the one with this `number`: what, minutes, on which days."""
    kind, _sep, value = _field("what").partition(":")
    days = sorted({int(d) for d in request.form.getlist("day") if d in "0123456" and len(d) == 1})
    text, count = _field("minutes"), 0
    if text.isascii() and text.isdigit() and len(text) < 5:
        count = int(text)
    number = _number()
    _profile(ident)

    def values(profile: Profile) -> dict[str, Any]:
        rows = [_document(b) for b in profile.budgets]
        if number is not None:
            if number >= len(rows):
                raise ConfigError("what: there is no such budget")
            row = rows[number]
        else:
            row = {"services": [value]} if kind == "service" else {"categories": [value]}
            known = _choices().service(value) if kind == "service" else _choices().category(value)
            if known is None:
                raise ConfigError("what: expected a service or a category")
            rows.append(row)
        if count not in MINUTES:
            raise ConfigError("minutes: expected 5 to 1440")
        if not days:
            raise ConfigError("days: expected at least one")
        row["minutes"] = count
        row.pop("days", None)
        if len(days) < 7:
            row["days"] = [DAYS[d] for d in days]
        return {"budgets": rows}

    def refused(error: ConfigError) -> str:
        said = {
            "what": _("Please choose a service or a category."),
            "minutes": _("A number of minutes from 5 to 1440, please."),
            "days": _("Please choose at least one day."),
        }
        key = str(error).partition(":")[0]
        return _section(ident, "time", {key: said.get(key, _("That does not work like this"))}, whole=True)

    return changed(
        lambda who, seen: _patched(who, seen, ident, values),
        _("About %(minutes)s a day.", minutes=words.minutes(count)), back=url_for("children.time", ident=ident),
        fragment=lambda: _section(ident, "time"), on_error=refused,
    )  # fmt: skip


@page.post("/<ident>/budgets/remove")
def remove_budget(ident: str) -> Answer:
    """Take a budget away."""
    number = _number()

    def values(profile: Profile) -> dict[str, Any]:
        rows = [_document(b) for n, b in enumerate(profile.budgets) if n != number]
        if len(rows) == len(profile.budgets):
            raise ConfigError("budget: there is no such one")
        return {"budgets": rows or None}

    return _patch(ident, values, _("The share is gone: no limit a day."), "time")


@page.get("/<ident>/remove")
@needs("household")
def removal(ident: str) -> str:
    """Ask for the name before a child goes."""
    return _removal(ident)


@page.post("/<ident>/remove")
@needs("household")
def remove(ident: str) -> Answer:
    """Remove a child, after the name was typed; the devices go to somebody else."""
    profile = _profile(ident)
    to = _field("devices_to")
    if _field("confirm").strip().casefold() != profile.name.casefold():
        return Response(_removal(ident, _("Type the name exactly: %(name)s", name=profile.name)), 422)

    def use(who: Who, seen: int | None) -> Done:
        return profiles.remove_profile(state(), who, ident, devices_to=to, seen=seen)

    return changed(
        use, _("%(name)s is removed.", name=profile.name), back=url_for("children.children"),
        on_error=lambda _error: _removal(ident, _("Please choose who gets the devices. One person has to stay.")),
    )  # fmt: skip


# --- what the templates show ---


def _page(ident: str, tab: str, errors: dict[str, str] | None = None) -> str:
    return render_template("children/child.html", tab=tab, **_shown(ident, tab, errors or {}))


def _section(ident: str, tab: str, errors: dict[str, str] | None = None, *, whole: bool = False) -> str:
    """Return one part of the page for htmx; the whole page where a form without script was refused."""
    if whole and not request.headers.get("HX-Request"):
        return _page(ident, tab, errors)
    return render_template(f"children/{tab}.html", tab=tab, **_shown(ident, tab, errors or {}))


def _service_list(ident: str) -> str:
    return render_template("children/service_list.html", tab="services", **_shown(ident, "services", {}))


def _shown(ident: str, tab: str, errors: dict[str, str]) -> dict[str, Any]:
    household, revision = households.read_stored(state())
    profile = _of(household, ident)
    choices = _choices()
    found: dict[str, Any] = {
        "child": profile, "ident": ident, "revision": revision, "errors": errors, "can": _can(), "choices": choices,
        "age": choices.preset(profile.preset), "can_hours": may(g.account.role, "windows"),
    }  # fmt: skip
    if tab in ("rules", "safe", "sees"):
        rows = [_row(profile, "categories", c) for c in choices.categories]
        found["harm"] = [r for r in rows if r["harm"]]
        found["other"] = [r for r in rows if not r["harm"]]
        found["ages"] = [*wizard.ages(), ("adult", _("Adult"), _("Only what is dangerous for everybody is closed."))]
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
        found["given"] = {"name": _field("name"), "part": _field("part") or "block"}
    if tab == "time":
        try:
            found["budgets"] = status(state(), ident)
        except FilterdError:
            found["budgets"] = []
        found["called"] = _called
        found["everything"] = frozenset(range(7))
    return found


def _rows_of(profile: Profile, group: Group) -> list[dict[str, Any]]:
    return [_row(profile, "services", s) for s in group.services]


def _row(profile: Profile, part: str, choice: Choice) -> dict[str, Any]:
    own: Rule | None = getattr(profile, part).get(choice.id)
    usual = _usual(profile, part, choice)
    note = ""
    if part == "services" and own is None and usual:
        note = _("Closed with its category")
    return {
        "part": part, "id": choice.id, "name": choice.name, "sentence": choice.sentence, "icon": choice.icon,
        "harm": choice.harm, "closed": own is Rule.BLOCK if own is not None else usual, "note": note, "own": own is not None,
    }  # fmt: skip


def _usual(profile: Profile, part: str, choice: Choice) -> bool:
    """Return whether it is closed without a word of the family's own: by the age, a service by its category."""
    word = choice.id if part == "categories" else choice.group
    preset = _choices().preset(profile.preset)
    by_age = preset is not None and word in preset.blocked
    own = profile.categories.get(word) if part == "services" else None
    return by_age if own is None else own is Rule.BLOCK


def _level(profile: Profile, engine: str) -> str:
    return profile.safe_search.get(engine) or _preset_level(profile, engine)


def _preset_level(profile: Profile, engine: str) -> str:
    preset = _choices().preset(profile.preset)
    usual = dict(preset.safe_search) if preset is not None else {}
    return usual.get(engine, "none" if engine == "youtube" else "off")


def _called(budget: Any) -> str:
    """Return what a budget is about."""
    found = [_choices().service(s) for s in budget.services] + [_choices().category(c) for c in budget.categories]
    return words.joined([c.name for c in found if c is not None] or ["?"])


def _refused_name(ident: str, error: ConfigError) -> str:
    text = str(error)
    if "http" in text or "alone" in text:
        said = _("Write the name alone, such as example.com: no http and nothing behind it.")
    elif "star" in text or "leading dot" in text:
        said = _("Write it without a star or a dot in front: it covers everything below it.")
    elif "address" in text:
        said = _("A number address is no name. Write a name such as example.com.")
    elif "spaces" in text:
        said = _("A name has no spaces.")
    else:
        said = _("This is no site's name. It looks like example.com.")
    return _section(ident, "names", {"name": said}, whole=True)


def _add_form(**errors: str) -> str:
    given = {"name": _field("name"), "preset": _field("preset")}
    return render_template("children/add.html", ages=wizard.ages(), errors=errors, given=given)


def _removal(ident: str, error: str = "") -> str:
    found = _profile(ident)
    others = [p for p in house().profiles if p.id != ident]
    mine = [d for d in house().devices if d.profile == ident]
    return render_template("children/remove.html", child=found, others=others, mine=mine, error=error)


# --- small things ---


def _patch(ident: str, values: Callable[[Profile], dict[str, Any]], text: str, tab: str) -> Answer:
    _profile(ident)
    endpoint = f"children.{tab}" if tab in ("services", "names", "time") else "children.child"
    return changed(
        lambda who, seen: _patched(who, seen, ident, values), text, back=url_for(endpoint, ident=ident),
        fragment=(lambda: _section(ident, tab)) if tab else None,
    )  # fmt: skip


def _patched(who: Who, seen: int | None, ident: str, values: Callable[[Profile], dict[str, Any]]) -> Done:
    """Change keys of the profile as it is now; what was changed between reading and writing is a conflict."""
    household, revision = households.read_stored(state())
    return profiles.patch(state(), who, ident, values(_of(household, ident)), seen=revision if seen is None else seen)


def _document(budget: Budget) -> dict[str, Any]:
    found: dict[str, Any] = {"minutes": budget.minutes}
    if budget.services:
        found["services"] = list(budget.services)
    if budget.categories:
        found["categories"] = list(budget.categories)
    if budget.days is not None:
        found["days"] = [DAYS[d] for d in sorted(budget.days)]
    return found


def _choices() -> Choices:
    return choices_of(words.language())


def _can() -> bool:
    return may(g.account.role, "household")


def _profile(ident: str) -> Profile:
    return _of(house(), ident)


def _of(household: Household, ident: str) -> Profile:
    found = next((p for p in household.profiles if p.id == ident), None)
    if found is None:
        abort(404)
    return found


def _text(name: bytes) -> str:
    return site_text(name)


def _number() -> int | None:
    text = _field("number")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def _field(name: str) -> str:
    return request.form.get(name, "")[:MAX_TEXT]
