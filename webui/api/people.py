"""People: the profiles of the household, their rules, and the sites of their own."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from filterd.control import profiles
from filterd.control.change import Done
from filterd.control.choices import site_text
from filterd.control.entities import bodies_of
from filterd.model.account import Action, Scope
from filterd.model.change import Body, Who
from filterd.model.household import DAYS, Profile
from webui.api.change import changed, tagged
from webui.api.fields import IDENT, Document, Shown, Yes, many, mapping, said, text, whole, yes
from webui.api.gate import house, state
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import page
from webui.api.problem import INVALID, Problem

calls = Calls("people", __name__, description="Profiles and their rules")
LEVELS = ("names", "categories")
PARTS = profiles.NAME_LISTS
MAX_NAME = 80
MAX_SITE = 300


class Changed(Shown):
    """What a change did."""

    revision = whole("Of the household after it; undo takes this number", 18)
    changed = yes("False: it was so already")
    in_force = yes("The workers have confirmed it")
    problem = said("Why it is saved, but not in force yet", "")


class Made(Changed):
    """What adding something did."""

    id = said("Of what was added", "be-na")


class Change(Document):
    """What every change may say."""

    revision = whole("What you have read: 409 when the same thing was changed since", 17, none=True, load_default=None)


class Budget(Document):
    """At most so many minutes a day, about."""

    minutes = whole("A day", 60, low=5, high=1440, required=True)
    services = many(text("An id", "youtube", most=IDENT), "Ids of services", ["youtube"], most=200)
    categories = many(text("An id", "games", most=IDENT), "Ids of categories", [], most=200)
    days = many(text("A weekday", "mon", among=DAYS), "On which it holds; none: all", ["sat", "sun"], most=7)


class Sites(Shown):
    """Sites of one person's own; each covers what is below it."""

    block = many(fields.String(), "Closed", ["example-chat.com"], most=100_000)
    allow = many(fields.String(), "Open", ["example.org"], most=100_000)
    always = many(fields.String(), "Open at bedtime too", [], most=100_000)


class Person(Shown):
    """A profile. What is not said here, the preset says."""

    id = said("Its id", "lan")
    name = said("How the family calls them", "Lan")
    preset = said("An age: its rules hold where nothing else is said", "age-10-13")
    parent_sees = said("names, or only categories and times", "names", among=LEVELS)
    categories = mapping("Own word on categories: block or allow", {"social": "allow"}, fields.String())
    services = mapping("Own word on services: block or allow", {"tiktok": "block"}, fields.String())
    safe_search = mapping("By engine: true or false; YouTube: a level", {"google": True, "youtube": "moderate"})
    budgets = many(Budget, "Daily shares", [])
    sites = fields.Nested(Sites, required=True)
    windows = whole("How many weekly windows; /profiles/{ident}/windows has them", 1)
    devices = many(fields.String(), "Ids of devices", ["may-lan"], most=100_000)


_RULE = text("block or allow", "block", among=("block", "allow"))


class NewPerson(Change):
    """A profile to be added."""

    name = text("How the family calls them", "Bé Na", most=MAX_NAME, least=1, required=True)
    preset = text("An age, such as age-7-9", "age-7-9", most=IDENT, least=1, required=True)


class PersonChange(Change):
    """What shall be otherwise. A member that is left out stays; null takes a member away (the preset decides)."""

    name = text("How the family calls them", "Lan", most=MAX_NAME, least=1)
    preset = text("An age", "age-10-13", most=IDENT, least=1)
    parent_sees = text("names, or only categories and times", "categories", among=LEVELS)
    categories = mapping("Own word on categories, all of them", {"social": "allow"}, _RULE, none=True)
    services = mapping("Own word on services, all of them", {"tiktok": "block"}, _RULE, none=True)
    safe_search = mapping("By engine: true or false", {"google": True}, Yes(), none=True)
    youtube = text("YouTube's level", "moderate", among=("none", "moderate", "strict"))
    budgets = fields.List(
        fields.Nested(Budget), allow_none=True, validate=validate.Length(0, 50), metadata={"description": "All of them"}
    )


class Removal(Document):
    """Where what belonged to it goes."""

    devices_to = text("Id of the profile that gets the devices", "minh", most=IDENT, load_default="")


class Site(Change):
    """A site for one of the three lists."""

    list = text("block, allow, or always (at bedtime too)", "block", among=PARTS, required=True)
    name = text("A site's name; it covers what is below it", "example-chat.com", most=MAX_SITE, least=1, required=True)


@operation(calls, "GET", "/profiles", Scope.READ, Action.LOOK, page_of(Person), query=Paged)
def profiles_list(query: dict[str, Any]) -> Any:
    """All profiles."""
    items, following = page(house().profiles, lambda p: p.id, query["limit"], query["cursor"])
    bodies = bodies_of(house())
    return tagged({"items": [_document(p, bodies["profile", p.id]) for p in items], "next": following})


@operation(
    calls, "POST", "/profiles", Scope.HOUSEHOLD, Action.HOUSEHOLD, Made, takes=NewPerson, status=201, guarded=True
)
def profile_add(body: dict[str, Any]) -> Any:
    """Add a person."""
    made: list[str] = []

    def use(who: Who, seen: int | None) -> Done:
        done, ident = profiles.add_profile(state(), who, body["name"], body["preset"], seen=seen)
        made.append(ident)
        return done

    document, status, headers = changed(use, body)
    return {**document, "id": made[-1]}, status, headers | {"Location": f"/api/v1/profiles/{made[-1]}"}


@operation(calls, "GET", "/profiles/<ident>", Scope.READ, Action.LOOK, Person)
def profile(ident: str) -> Any:
    """One profile."""
    found = known(ident)
    return tagged(_document(found, bodies_of(house())["profile", ident]))


@operation(
    calls, "PATCH", "/profiles/<ident>", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, takes=PersonChange, guarded=True
)
def profile_change(body: dict[str, Any], ident: str) -> Any:
    """Change a person's rules."""
    before = known(ident)
    values = {key: value for key, value in body.items() if key not in ("revision", "youtube")}
    if "youtube" in body:
        kept = {} if values.get("safe_search") is None and "safe_search" in values else _safe(before)
        values["safe_search"] = {**(values.get("safe_search") or kept), "youtube": body["youtube"]}
    elif values.get("safe_search") is not None and "youtube" in before.safe_search:
        values["safe_search"]["youtube"] = before.safe_search["youtube"]
    return changed(lambda who, seen: profiles.patch(state(), who, ident, values, seen=seen), body)


@operation(
    calls, "DELETE", "/profiles/<ident>", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, query=Removal, guarded=True
)
def profile_remove(query: dict[str, Any], ident: str) -> Any:
    """Remove a person; the devices go to somebody else."""
    known(ident)
    to = query["devices_to"]
    return changed(lambda who, seen: profiles.remove_profile(state(), who, ident, devices_to=to, seen=seen))


@operation(
    calls, "POST", "/profiles/<ident>/sites", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, takes=Site, guarded=True
)
def site_add(body: dict[str, Any], ident: str) -> Any:
    """Close or open a site for one person."""
    known(ident)
    return changed(
        lambda who, seen: profiles.add_name(state(), who, ident, body["list"], body["name"], seen=seen), body
    )


@operation(
    calls, "DELETE", "/profiles/<ident>/sites/<part>/<name>", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, guarded=True
)
def site_remove(ident: str, part: str, name: str) -> Any:
    """Take a site off a list."""
    known(ident)
    if part not in PARTS:
        raise Problem(404, f"there is no list {part[:20]!r}")
    return changed(lambda who, seen: profiles.remove_name(state(), who, ident, part, name[:MAX_SITE], seen=seen))


def known(ident: str) -> Profile:
    """Return a profile that this token reaches. Raises Problem (404)."""
    found = next((p for p in house().profiles if p.id == ident), None)
    if found is None:
        raise Problem(404, f"there is no profile {ident[:IDENT]!r}")
    return found


def check_wanted(ident: str) -> None:
    """Raise Problem (422) when a filter names a profile that this token does not reach; "" names none."""
    if ident and ident not in {p.id for p in house().profiles}:
        raise Problem(422, "that does not fit", INVALID, problems=[f"profile: there is no {ident!r}"])


def _document(found: Profile, body: Body) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "preset": found.preset,
        "parent_sees": found.parent_sees,
        "categories": dict(body.get("categories", {})),
        "services": dict(body.get("services", {})),
        "safe_search": _safe(found),
        "budgets": list(body.get("budgets", ())),
        "sites": {part: [site_text(n) for n in getattr(found.names, part)] for part in PARTS},
        "windows": len(found.windows or ()),
        "devices": [d.id for d in house().devices if d.profile == found.id],
    }


def _safe(found: Profile) -> dict[str, Any]:
    return {key: level if key == "youtube" else level == "on" for key, level in found.safe_search.items()}
