"""Opening something harmful asks for the password first, where the household chose so (`confirm_harm`).

One question for every way there is: the household before and after a change are compared, so that a rule, an age, an
allowed site, a device that moves, a pause of the filter and an answer to a child are all the same. It binds pages and
programs over the network; who has the box's own command line has the box.

    refuse_unproved(state, Who("mẹ", "web"), before, after)      # ProofNeeded
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from filterd.config.catalogue import Catalogue
from filterd.config.catalogue import load as load_catalogue
from filterd.errors import ProofNeeded
from filterd.model.change import Who
from filterd.model.household import Effect, Grant, Household, Profile, Rule, Scope, Window
from filterd.wire.name import to_text

REMOTE = ("web", "api")  # sources of changes that this binds

HarmOf = Callable[[str], frozenset[str]]  # a site's name -> harm categories of it


def refuse_unproved(state: Path, who: Who, before: Household, after: Household) -> None:
    """Raise ProofNeeded when `before` asks for the password and `after` opens something harmful without it."""
    if not before.confirm_harm or who.source not in REMOTE or who.is_proved:
        return
    from filterd.control.alerts_rules import context  # it opens the lists: only where this is switched on

    with context(state, before) as known:
        if opens_harm(before, after, known.harm_of):
            raise ProofNeeded("this opens something harmful: the password is asked for first")


def opens_harm(before: Household, after: Household, harm_of: HarmOf) -> bool:
    """Return whether somebody may see more of a harm category after the change than before it, or this rule itself goes."""
    catalogue = load_catalogue()
    if before.confirm_harm and not after.confirm_harm:
        return True
    old, new = ({p.id: p for p in household.profiles} for household in (before, after))
    shut = {ident: _shut(profile, catalogue) for ident, profile in old.items()}
    shut_now = {ident: _shut(profile, catalogue) for ident, profile in new.items()}
    if any(shut[i] - shut_now[i] or _opened(old[i], new[i], shut[i], catalogue, harm_of) for i in old if i in new):
        return True
    usual, usual_now = _default(before), _default(after)
    if shut[usual] - shut_now[usual_now]:
        return True
    was = {d.id: d.profile for d in before.devices}
    if any(shut[was.get(d.id, usual)] - shut_now[d.profile] for d in after.devices if was.get(d.id) != d.profile):
        return True
    known = {(g.id, g.until) for g in before.grants}
    of = {d.id: d.profile for d in after.devices}
    return any(
        _reaches(grant, shut.get(grant.profile or of.get(grant.device, usual), frozenset()), catalogue, harm_of)
        for grant in after.grants
        if (grant.id, grant.until) not in known
    )


def _default(household: Household) -> str:
    return household.default_profile or household.profiles[0].id


def _shut(profile: Profile, catalogue: Catalogue) -> frozenset[str]:
    """Return the harm categories that are closed for a profile at every hour."""
    preset = catalogue.presets.get(profile.preset)
    usual = frozenset(preset.blocked) if preset is not None else frozenset()
    timed = {category for window in _permits(profile) for category in window.categories}
    return frozenset(
        c.id
        for c in catalogue.categories.values()
        if c.harm and c.id not in timed
        and (c.id in usual if (own := profile.categories.get(c.id)) is None else own is Rule.BLOCK)
    )  # fmt: skip


def _opened(old: Profile, new: Profile, shut: frozenset[str], catalogue: Catalogue, harm_of: HarmOf) -> bool:
    """Return whether sites, services or hours of a profile open more of what is `shut` than they did."""
    fresh = {*new.names.allow, *new.names.always} - {*old.names.allow, *old.names.always}
    if any(harm_of(to_text(name)) & shut for name in fresh):
        return True
    allowed = {s for s, rule in new.services.items() if rule is Rule.ALLOW and old.services.get(s) is not Rule.ALLOW}
    had = set(_permits(old))
    more = [w for w in _permits(new) if w not in had]
    allowed.update(s for window in more for s in window.services)
    if any(_group(service, catalogue) in shut for service in allowed):
        return True
    harm = {c.id for c in catalogue.categories.values() if c.harm}
    return any(harm.intersection(window.categories) for window in more)


def _permits(profile: Profile) -> Iterator[Window]:
    for windows in (profile.windows or (), *(exception.windows for exception in profile.exceptions)):
        yield from (window for window in windows if window.effect is Effect.PERMIT)


def _reaches(grant: Grant, shut: frozenset[str], catalogue: Catalogue, harm_of: HarmOf) -> bool:
    match grant.scope:
        case Scope.TIME:
            return False
        case Scope.FILTER:
            return bool(shut)
        case Scope.CATEGORY:
            return grant.value in shut
        case Scope.SERVICE:
            return _group(grant.value, catalogue) in shut
        case Scope.NAME:
            return bool(harm_of(grant.value) & shut)


def _group(service: str, catalogue: Catalogue) -> str:
    found = catalogue.services.get(service)
    return "" if found is None else found.group
