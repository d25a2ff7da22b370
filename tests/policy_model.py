"""The policy once more, written from DECISIONS 1, 3 and 5 and the household format alone: slow, naive, independent.

Nothing of filterd/policy is used: no snapshot, no boundaries, no overlay, no memo. Every question looks at every
window, grant and name again. Property tests compare the real thing with it.

    model = Model(household, harm={"adult"}, presets={}, made=wall)
    model.decide("lan", "lan-phone", Named("www.example.org", categories=["games"]), wall)  -> ("block", "category")
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from filterd.model.household import Effect, Grant, Household, InternetOff, Profile, Rule, Scope, Window
from filterd.wire.name import to_text

Verdict = tuple[str, str]  # action and row, as people see them


@dataclass(frozen=True)
class Named:
    """A name (text, lower case) and what the lists say about it."""

    name: str
    categories: Collection[str] = ()
    services: Collection[str] = ()
    mandatory: bool = False
    lifeline: bool = False
    special: bool = False


@dataclass(frozen=True)
class Model:
    """`presets`: id -> blocked categories. `made`: when the household was imported (POSIX s)."""

    household: Household
    harm: Collection[str]
    presets: Mapping[str, Collection[str]]
    made: float

    def who(self, address: str, mac: str = "") -> tuple[str, str]:
        """Return (profile, device): mac, then ip, then the longest range, then the default profile."""
        devices = self.household.devices
        ranges = sorted((d for d in devices if d.range), key=lambda d: -int(d.range.rpartition("/")[2]))
        for device in (
            *(d for d in devices if d.mac and d.mac == mac),
            *(d for d in devices if d.ip and ipaddress.ip_address(d.ip) == ipaddress.ip_address(address)),
            *(d for d in ranges if ipaddress.ip_address(address) in ipaddress.ip_network(d.range)),
        ):
            return device.profile, device.id
        return self.household.default_profile or self.household.profiles[0].id, ""

    def windows(self, profile: Profile, at: float) -> list[Window]:
        """Return the windows in force: the wall clock shows a time inside one that started today or yesterday."""
        local = datetime.fromtimestamp(at, ZoneInfo(self.household.timezone)).replace(tzinfo=None)
        found = []
        for back in (0, 1):
            day = datetime(local.year, local.month, local.day) - timedelta(days=back)
            starting = list(profile.windows or ())
            for exception in profile.exceptions:
                named = [h for h in self.household.holidays if h.name == exception.holiday]
                if exception.on == day.date() or any(h.first <= day.date() <= h.last for h in named):
                    starting = list(exception.windows)
                    break
            for window in starting:
                if window.days is not None and day.weekday() not in window.days:
                    continue
                if day + timedelta(minutes=window.start) <= local < day + timedelta(minutes=window.end):
                    found.append(window)
        return found

    def offs(self, profile: str, device: str, at: float) -> list[InternetOff]:
        """Return the offs in force for whoever asks."""
        return [o for o in self._offs_for(profile, device) if self._begin(o) <= at < self._end(o)]

    def grants(self, profile: str, device: str, at: float) -> list[Grant]:
        """Return the grants in force, those that an off ended left out."""
        return [
            g
            for g in self.household.grants
            if (g.profile == profile or (device and g.device == device))
            and self._begin(g) <= at < self._end(g)
            and not any(g.until is not None and self._ends(o, g, at) for o in self._offs_for(profile, device))
        ]

    def decide(self, profile_id: str, device: str, asked: Named, at: float, trusted: bool = True) -> Verdict:
        """Return action and row for the question's name."""
        profile, windows, grants, time = self._known(profile_id, device, at)
        covering = self._covering(grants, asked, profile)
        if asked.special:
            return "local", "local"
        if asked.lifeline:
            return "allow", "lifeline"
        if asked.mandatory:
            return "block", "mandatory"
        if any(g.scope is Scope.FILTER for g in grants) or any(g.scope is not Scope.CATEGORY for g in covering):
            return "allow", "grant"
        opened = {g.value for g in covering}
        category = self._category(profile, windows, time, opened, asked, trusted)
        if opened and not category:
            return "allow", "grant"
        if not opened and not time and self.offs(profile_id, device, at):
            return "block", "off"
        if not opened and not time and self._closed(windows, asked):
            return "block", "window"
        rule = self._own(profile, asked)
        if rule is Rule.ALLOW or (rule is Rule.BLOCK and not opened):
            return rule.value, "name"
        # row 8 needs the manager's count of slots: no part of a household
        service = self._service(profile, windows, time, asked)
        if service is Rule.BLOCK and not opened:
            return "block", "service"
        if self._service_allows(profile, windows, time, opened, asked, trusted):
            return "allow", "service"
        return ("block", "category") if category else ("allow", "default")

    def target(
        self, profile_id: str, device: str, asked: Named, at: float, covered: bool, trusted: bool = True
    ) -> str | None:
        """Return the row that blocks a name of the answer's chain, None when it passes."""
        profile, windows, grants, time = self._known(profile_id, device, at)
        if asked.mandatory:
            return "mandatory"
        if covered:
            return None
        if self._own(profile, asked) is Rule.BLOCK:
            return "name"
        opened = {g.value for g in grants if g.scope is Scope.CATEGORY and g.value in asked.categories}
        if any(g.scope is Scope.SERVICE and g.value in asked.services for g in grants):
            return None
        if not opened and self._service(profile, windows, time, asked) is Rule.BLOCK:
            return "service"
        return "category" if self._category(profile, windows, time, opened, asked, trusted) else None

    # ---- the rows, one by one

    def _known(self, profile_id: str, device: str, at: float) -> tuple[Profile, list[Window], list[Grant], bool]:
        profile = next(p for p in self.household.profiles if p.id == profile_id)
        grants = self.grants(profile_id, device, at)
        return profile, self.windows(profile, at), grants, any(g.scope is Scope.TIME for g in grants)

    def _covering(self, grants: list[Grant], asked: Named, profile: Profile) -> list[Grant]:
        always = [Grant(Scope.NAME, to_text(n)) for n in profile.names.always if _covers(to_text(n), asked.name)]
        return always + [
            g
            for g in grants
            if (g.scope is Scope.NAME and _covers(g.value, asked.name))
            or (g.scope is Scope.SERVICE and g.value in asked.services)
            or (g.scope is Scope.CATEGORY and g.value in asked.categories)
        ]

    def _closed(self, windows: list[Window], asked: Named) -> bool:
        if any(w.effect is Effect.OFFLINE for w in windows):
            return True
        return any(
            not any(_covers(to_text(n), asked.name) for n in w.names)
            and not set(w.services) & set(asked.services)
            and not set(w.categories) & set(asked.categories)
            for w in windows
            if w.effect is Effect.ONLY
        )

    def _own(self, profile: Profile, asked: Named) -> Rule | None:
        best: tuple[int, bool] = (-1, False)
        for names, blocks in ((profile.names.block, True), (profile.names.allow, False)):
            for name in map(to_text, names):
                if _covers(name, asked.name):
                    best = max(best, (name.count("."), blocks))  # a tie blocks
        return None if best[0] < 0 else Rule.BLOCK if best[1] else Rule.ALLOW

    def _permits(self, profile: Profile) -> list[Window]:
        all_windows = [*(profile.windows or ()), *(w for e in profile.exceptions for w in e.windows)]
        return [w for w in all_windows if w.effect is Effect.PERMIT]

    def _service_says(self, profile: Profile, windows: list[Window], time: bool, service: str) -> tuple[str, bool]:
        """Return ("block", "allow" or "", whether a permit window says so)."""
        if any(service in w.services for w in self._permits(profile)):
            inside = any(service in w.services for w in windows if w.effect is Effect.PERMIT)
            return ("allow" if inside or time else "block"), True
        rule = profile.services.get(service)
        return (rule.value if rule else ""), False

    def _service(self, profile: Profile, windows: list[Window], time: bool, asked: Named) -> Rule | None:
        said = {self._service_says(profile, windows, time, s)[0] for s in asked.services}
        return Rule.BLOCK if "block" in said else Rule.ALLOW if "allow" in said else None

    def _service_allows(
        self, profile: Profile, windows: list[Window], time: bool, opened: set[str], asked: Named, trusted: bool
    ) -> bool:
        harmful = set(asked.categories) & set(self.harm) & self._blocked(profile) - opened
        said = [self._service_says(profile, windows, time, s) for s in asked.services]
        return any(word == "allow" and not (timed and harmful and not trusted) for word, timed in said)

    def _blocked(self, profile: Profile) -> set[str]:
        rules = dict.fromkeys(self.presets.get(profile.preset, ()), Rule.BLOCK) | profile.categories
        return {c for c, r in rules.items() if r is Rule.BLOCK}

    def _category(
        self, profile: Profile, windows: list[Window], time: bool, opened: set[str], asked: Named, trusted: bool
    ) -> bool:
        for category in set(asked.categories) - opened:
            if not any(category in w.categories for w in self._permits(profile)):
                if category in self._blocked(profile):
                    return True
                continue
            inside = time or any(category in w.categories for w in windows if w.effect is Effect.PERMIT)
            if not inside or (not trusted and category in self.harm and category in self._blocked(profile)):
                return True
        return False

    # ---- grants and offs

    def _offs_for(self, profile: str, device: str) -> list[InternetOff]:
        return [
            o
            for o in self.household.internet_off
            if (o.everyone or o.profile == profile or (device and o.device == device)) and self._begin(o) < self._end(o)
        ]

    def _begin(self, item: Grant | InternetOff) -> float:
        return self.made // 60 * 60 if item.start is None else item.start

    def _end(self, item: Grant | InternetOff) -> float:
        return inf if item.until is None else -(-item.until // 60) * 60

    def _ends(self, off: InternetOff, grant: Grant, at: float) -> bool:
        """An off given later ends a grant, from then on; in a file, a grant without `from` comes after the offs."""
        if grant.start is None and (off.start is None or off.start <= self.made):
            return False
        given = self.made if off.start is None else off.start
        return given > self._begin(grant) and self._begin(off) <= at


def _covers(name: str, asked: str) -> bool:
    return asked == name or asked.endswith("." + name)
