"""The search for loopholes in one child's profile: its hours, its own words, its budgets and what it was granted.

Child(search, profile).look()     # adds to search.found
"""

from __future__ import annotations

import shlex
from typing import Any

from filterd.model.household import DAYS, Effect, Grant, Profile, Rule, Scope, Window
from filterd.policy.compile import effective_rules
from filterd.policy.loophole_finding import Both, Search, all_windows, listing
from filterd.policy.loophole_time import SCHOOL_NIGHTS, Hours, dates_of, sleepless
from filterd.policy.loophole_words import DAYS_EN, DAYS_VI, SCOPES
from filterd.wire.name import to_text, to_wire

NO_PRESET = "none"
BYPASS = "bypass"  # the category of the ways around the filter
YOUNG = ("age-0-6", "age-7-9", "age-10-13")
LONG_HOLIDAY = 14  # days without a bedtime that are no longer a few days off
LONG_GRANT_S = 7 * 86_400
_OFF_LEVELS = ("off", "none")


class Child:
    """The search in one child's profile."""

    def __init__(self, search: Search, profile: Profile) -> None:
        """`search` collects what is found."""
        self.search = search
        self.facts = search.facts
        self.profile = profile
        self.categories, self.safe = effective_rules(profile, self.facts.knowledge)
        self.blocked = search.blocked(profile)
        permits = [w for w in all_windows(profile) if w.effect is Effect.PERMIT]
        self.timed = {s for w in permits for s in w.services}

    def look(self) -> None:
        """Look at everything."""
        hours = Hours.of(self.profile, self.search.household, self.search.now)
        self._bedtime(hours)
        self._windows(hours)
        self._exceptions(hours)
        self._categories()
        self._names()
        self._services()
        self._safe_search()
        self._budgets(hours)
        for grant in self.search.household.grants:
            self._grant(grant)

    def add(self, kind: str, **more: Any) -> None:  # what Search.add takes
        """Add a finding about this profile."""
        self.search.add(kind, self.profile, **more)

    # ---- sleep and windows

    def _bedtime(self, hours: Hours) -> None:
        profile = self.profile
        add = f'filterd profile window {profile.id} add "Giờ ngủ" --from 21:30 --to 06:00 --effect offline'
        weekly = profile.windows or ()
        missing = sleepless(weekly)
        if len(missing) == len(SCHOOL_NIGHTS):
            sleepers = self._others_with_bedtime()
            kind = "default-no-bedtime" if sleepers and self._is_default() else "no-bedtime"
            self.add(kind, more=listing(f"“{name}”" for name in sleepers), command=add)
        elif missing:
            more = (listing(DAYS_VI[d] for d in missing), listing(DAYS_EN[d] for d in missing))
            days = ",".join(DAYS[d] for d in missing)
            self.add("bedtime-gap", more=more, key=days, command=f"{add} --days {days}")
        if profile.switchable is False and (weekly or profile.exceptions or profile.budgets):
            self.add("not-switchable", command=f"filterd profile set {profile.id} switchable=true")
        for index, exception in enumerate(profile.exceptions):
            longest = max(((b - a).days + 1 for a, b in dates_of(exception, self.search.household)), default=0)
            free = longest > LONG_HOLIDAY and len(sleepless(exception.windows)) == len(SCHOOL_NIGHTS)
            if free and len(missing) < len(SCHOOL_NIGHTS) and index not in hours.past:
                self.add("holiday-no-bedtime", what=exception.holiday, more=str(longest))

    def _is_default(self) -> bool:
        household = self.search.household
        return self.profile.id == (household.default_profile or household.profiles[0].id)

    def _others_with_bedtime(self) -> list[str]:
        others = (p for p in self.search.household.profiles if p.id != self.profile.id and p.preset != "adult")
        return [p.name for p in others if len(sleepless(p.windows or ())) < len(SCHOOL_NIGHTS)]

    def _windows(self, hours: Hours) -> None:
        quiet = hours.past | hours.hidden | hours.later  # said of the exception as a whole, or nothing is known
        never, shut = hours.never, hours.shut
        for number, (window, owner) in enumerate(zip(hours.windows, hours.owners, strict=True)):
            if owner in quiet:
                continue
            where: dict[str, Any] = {"what": window.name, "key": f"{number + 1}: {window.name}"}
            if owner is None:
                where["command"] = f"filterd profile window {self.profile.id} remove {shlex.quote(window.name)}"
            if number in never:
                if window.effect is Effect.PERMIT and (window.services or window.categories):
                    self.add("permit-never", more=self.search.names_of(window), **where)
                else:
                    self.add("window-never", **where)
            elif number in shut:
                self.add("permit-shut" if window.effect is Effect.PERMIT else "only-shut", **where)
            if window.effect is Effect.PERMIT:
                if not window.services and not window.categories:
                    self.add("permit-empty", **where)
                elif harm := self._harm_of(window):
                    self.add("permit-harm", more=self.search.category_names(harm), **where)

    def _harm_of(self, window: Window) -> list[str]:
        """Return the harmful categories that a permit window opens though the profile blocks them."""
        blocked = {c for c, r in self.categories.items() if r is Rule.BLOCK}
        of_services = {c for s in window.services for c in self._listed(s)}
        return self.search.harm(blocked & ({*window.categories} | of_services))

    def _exceptions(self, hours: Hours) -> None:
        past = 0
        for index, exception in enumerate(self.profile.exceptions):
            if not dates_of(exception, self.search.household):
                self.add("holiday-unknown", what=exception.holiday)
            elif index in hours.past and exception.holiday:
                self.add("holiday-past", what=exception.holiday)
            elif index in hours.past:
                past += 1
            elif index in hours.hidden:
                what = exception.holiday or str(exception.on)
                self.add("exception-hidden", what=what, key=f"{index + 1}: {what}")
        if past:
            self.add("exception-past", more=str(past), key="dates")

    # ---- own words that go too far

    def _categories(self) -> None:
        search, profile = self.search, self.profile
        preset = self.facts.knowledge.presets.get(profile.preset)
        usual = set(preset.blocked) if preset is not None else set()
        opened = set()
        for category in search.harm(profile.categories):
            if profile.categories[category] is Rule.ALLOW and category in usual and category not in self.blocked:
                opened.add(category)
                if category != BYPASS:
                    command = f"filterd profile category {profile.id} {category} block"
                    self.add("category-harm", what=search.category_names([category]), key=category, command=command)
        open_ = set(search.harm(self.facts.knowledge.categories)) - self.blocked
        if BYPASS in open_:
            self.add("bypass-open", command=f"filterd profile category {profile.id} {BYPASS} block")
        if rest := open_ - opened - {BYPASS}:
            command = f"filterd profile set {profile.id} preset=age-10-13" if profile.preset == NO_PRESET else ""
            self.add("harm-open", more=search.category_names(rest), command=command)

    def _names(self) -> None:
        names = self.profile.names
        for name in dict.fromkeys(names.always):
            self._own_name("always", name)
        for name in dict.fromkeys(names.allow):
            self._own_name("allow", name)

    def _own_name(self, part: str, name: bytes) -> None:
        search, text = self.search, to_text(name)
        remove = f"filterd profile name {self.profile.id} remove {part} {text}"
        where: dict[str, Any] = {"what": text, "key": f"{part}: {text}", "command": remove}
        if part == "allow" and name in self.profile.names.block:
            self.add("allow-tied", **where)
            return
        if self.facts.is_suffix(name) or len(name) <= 1:
            self.add("allow-wide", **where)
            return
        blocked = self.blocked
        if harm := search.harm(blocked & self.facts.listed(name)):
            self.add("allow-harm", more=search.category_names(harm), **where)
            return
        if harm := search.harm(blocked & self.facts.below(name)):
            self.add("allow-harm-below", more=search.category_names(harm), **where)
        services = [s for s, hosts in self.facts.hosts.items() if name in hosts]
        if part == "always":
            if self._is_search(name):
                self.add("always-search", **where)
            elif services:
                self.add("always-service", more=search.service_names(services), **where)
        elif limited := [s for s in services if self._is_limited(s)]:
            self.add("allow-service", more=search.service_names(limited), **where)

    def _is_search(self, name: bytes) -> bool:
        engines = self.facts.knowledge.safe_hosts
        return any(engines.get(host, "youtube") != "youtube" for host in (name, b"\x03www" + name))

    def _is_limited(self, service: str) -> bool:
        said = self.profile.services.get(service)
        budgets = {s for b in self.profile.budgets for s in b.services}
        return said is Rule.BLOCK or service in self.timed or service in budgets

    def _listed(self, service: str) -> frozenset[str]:
        """Return the categories that lists put on the names that a service cannot do without."""
        return frozenset(c for name in self.facts.core.get(service, ()) for c in self.facts.listed(name))

    def _services(self) -> None:
        for service, rule in self.profile.services.items():
            if rule is not Rule.ALLOW or service in self.timed:
                continue
            if harm := self.search.harm(self.blocked & self._listed(service)):
                command = f"filterd profile service {self.profile.id} {service} block"
                what, more = self.search.service_names([service]), self.search.category_names(harm)
                self.add("service-harm", what=what, more=more, key=service, command=command)

    def _safe_search(self) -> None:
        usual = {
            e for p in self.facts.knowledge.presets.values() for e, x in p.safe_search.items() if x not in _OFF_LEVELS
        }
        off = sorted(e for e in usual if self.safe.get(e, "off") in _OFF_LEVELS)
        if off:
            kind = "safe-search-off" if self.profile.preset in YOUNG else "safe-search-off-teen"
            engine = off[0]
            level = "moderate" if engine == "youtube" else "on"
            command = f"filterd profile safe-search {self.profile.id} {engine} {level}" if len(off) == 1 else ""
            self.add(kind, more=listing(off), command=command)

    # ---- budgets and grants

    def _budgets(self, hours: Hours) -> None:
        opens = any(r is Rule.ALLOW for r in self.profile.services.values()) or self.timed or self.profile.names.allow
        known = self.facts.knowledge
        timed_categories = {c for w in hours.windows if w.effect is Effect.PERMIT for c in w.categories}
        for number, budget in enumerate(self.profile.budgets):
            counting = [
                s
                for s in budget.services
                if s in self.facts.counting and (s in self.timed or self.profile.services.get(s) is not Rule.BLOCK)
            ] + [
                c
                for c in budget.categories
                if c in known.categories
                and (opens or c in timed_categories or self.categories.get(c) is not Rule.BLOCK)
            ]
            what = self.search.names_of(budget)
            where: dict[str, Any] = {"what": what, "more": str(budget.minutes), "key": str(number + 1)}
            if not counting or budget.days == frozenset():
                self.add("budget-never", **where)
            elif budget.minutes >= hours.longest(budget):
                self.add("budget-wide", **where)

    def _grant(self, grant: Grant) -> None:
        devices = {d.id: d for d in self.search.household.devices}
        device = devices.get(grant.device)
        if grant.profile != self.profile.id and (device is None or device.profile != self.profile.id):
            return
        now = self.search.now
        if grant.until is not None and grant.until <= now + LONG_GRANT_S:
            return
        what: str | Both
        harm: list[str] = []
        match grant.scope:
            case Scope.TIME | Scope.FILTER:
                what = SCOPES[grant.scope.value]
            case Scope.SERVICE:
                what = self.search.service_names([grant.value])
                harm = self.search.harm(self.blocked & self._listed(grant.value))
            case Scope.CATEGORY:
                what = self.search.category_names([grant.value])
                harm = self.search.harm(self.blocked & {grant.value})
            case Scope.NAME:
                what = grant.value
                harm = self.search.harm(self.blocked & self.facts.listed(to_wire(grant.value)))
        key = grant.id or f"{grant.scope.value} {grant.value}".strip()
        where: dict[str, Any] = {"device": device, "what": what, "key": key}
        where["command"] = f"filterd grant revoke {grant.id}" if grant.id else ""
        wide = grant.scope in (Scope.TIME, Scope.FILTER)
        if grant.until is not None:
            if wide or harm:
                days = int((grant.until - now) // 86_400)
                self.add("grant-long", more=str(days), **where)
        elif harm:
            more = self.search.category_names(harm)
            self.add("grant-endless-harm", more=more, **where)
        else:
            kind = "grant-endless" if wide else "grant-endless-one"
            self.add(kind, **where)
