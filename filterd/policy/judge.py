"""The judge: a snapshot joined with a bundle's tag sets. Who asks, what is in force now, and the memoised verdicts.

    judge = Judge(snapshot, bundle.tagsets)
    client = judge.identify("192.168.1.20", "02:1a:2b:3c:4d:5e")
    state = judge.state(client.slot, wall, trusted=True)      # good until state.until
    decision = state.question(bundle.lookup(name), snapshot.overlay(name))

A SlotState never changes; when its time is over, a new one is made. Its two memo tables are its verdict tables: one
entry for each pair of tag set and overlay set that was really asked for, filled by the one decision of precedence.py,
and found again when the same rules are in force the next day.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from filterd.model.decision import Action, Decision
from filterd.model.household import Effect
from filterd.model.tags import TagSet
from filterd.policy.clock import Schedule, turns
from filterd.policy.precedence import Facts, LiveGrant, LiveWindow, State, decide_question, decide_target
from filterd.policy.snapshot import CompiledGrant, CompiledOff, CompiledProfile, Snapshot
from filterd.wire.name import to_wire

MAX_TTL_S = 60  # DECISIONS 3: on allowed answers to a switchable profile
_FOREVER = 1e18
_FAR_S = 32 * 86400  # stretches in which boundaries are worked out for moments that the snapshot does not carry
_NO_DECISION = object()
_LOOPBACK = ("127.0.0.1", "::1")
_MAX_TABLES = 4096  # combinations of rules kept: profiles and devices times what their day consists of


class Client(NamedTuple):
    """Who asks. `device` is "" for a device never seen before."""

    slot: int
    profile: str
    device: str


class Rewrite(NamedTuple):
    """Where safe search leads. `fallback_a`: four address bytes when the safe host does not resolve, or b""."""

    engine: str
    target: bytes
    fallback_a: bytes


class _Tables:
    """One combination of rules in force, and the verdicts worked out under it: shared by every time it is in force."""

    __slots__ = ("questions", "rules", "targets")

    def __init__(self, rules: State) -> None:
        self.rules = rules
        self.questions: dict[tuple[int, int, bool], Decision] = {}
        self.targets: dict[tuple[int, int, bool], Any] = {}


class SlotState:
    """What is in force for one slot from `since` (POSIX s) until `until`, with the verdicts worked out so far."""

    __slots__ = (
        "_judge",
        "_questions",
        "_rewrites",
        "_targets",
        "device",
        "profile",
        "profile_number",
        "rules",
        "since",
        "slot",
        "switchable",
        "until",
    )

    def __init__(self, judge: Judge, slot: int, tables: _Tables, since: float, until: float) -> None:
        compiled = judge.snapshot.slots[slot]
        profile = judge.snapshot.profiles[compiled.profile]
        self._judge = judge
        self.slot = slot
        self.profile_number = compiled.profile
        self.profile = profile.id
        self.device = compiled.device
        self.switchable = profile.switchable
        self.rules = tables.rules
        self.since = since
        self.until = until
        self._questions = tables.questions
        self._targets = tables.targets
        self._rewrites = judge.rewrites[compiled.profile]

    def facts(self, tagset: int, overlay: int, special: bool = False) -> Facts:
        """Return what is known of a name with these set numbers."""
        judge = self._judge
        return Facts(judge.tagsets[tagset], judge.snapshot.own(overlay, self.profile_number), special)

    def question(self, tagset: int, overlay: int, special: bool = False) -> Decision:
        """Return the decision on a question's name."""
        key = (tagset, overlay, special)
        found = self._questions.get(key)
        if found is None:
            found = self._questions[key] = decide_question(self.rules, self.facts(tagset, overlay, special))
        return found

    def target(self, tagset: int, overlay: int, covered: bool) -> Decision | None:
        """Return the block of a name in the chain, or None when it passes."""
        key = (tagset, overlay, covered)
        found = self._targets.get(key, _NO_DECISION)
        if found is _NO_DECISION:
            found = self._targets[key] = decide_target(self.rules, self.facts(tagset, overlay), covered)
        return found  # type: ignore[no-any-return]  # the sentinel is gone here

    def rewrite(self, name: bytes, decision: Decision) -> Rewrite | None:
        """Return where safe search leads an allowed question for `name`, or None."""
        if decision.action is not Action.ALLOW or not decision.safe_search:
            return None
        return self._rewrites.get(name)

    def cap(self, wall: float) -> int | None:
        """Return the most that an allowed answer's TTL may be (whole seconds, at least 1), None for no cap."""
        if not self.switchable:
            return None
        return max(1, min(MAX_TTL_S, int(self.until - wall)))


class Judge:
    """Answers "who asks" and "what is in force"; stateless but for its tables, so workers may share it."""

    def __init__(self, snapshot: Snapshot, tagsets: Sequence[TagSet]) -> None:
        self.snapshot = snapshot
        self.tagsets = tagsets
        self._macs = {d.mac: d for d in snapshot.devices if d.mac}
        self._ips = {d.ip: d for d in snapshot.devices if d.ip}
        ranges = [(ipaddress.ip_network(d.range), d) for d in snapshot.devices if d.range]
        self._ranges = sorted(ranges, key=lambda r: -r[0].prefixlen)
        self._zone: ZoneInfo | None = None
        self._tables: dict[object, _Tables] = {}
        self.rewrites = tuple(self._rewrites_of(p) for p in snapshot.profiles)

    def identify(self, address: str, mac: str = "") -> Client:
        """Return who asks from `address`: the most exact identity wins: mac, then ip, then the longest range."""
        snapshot = self.snapshot
        device = (self._macs.get(mac) if mac else None) or self._ips.get(address)
        if device is None and self._ranges:
            try:
                parsed = ipaddress.ip_address(address)
            except ValueError:
                parsed = None
            for network, candidate in self._ranges:
                if parsed is not None and parsed.version == network.version and parsed in network:
                    device = candidate
                    break
        if device is not None:
            slot = device.slot
        else:  # the box itself is no new device
            slot = snapshot.default_slot if address in _LOOPBACK else snapshot.waiting_slot
        profile = snapshot.profiles[snapshot.slots[slot].profile].id
        return Client(slot, profile, device.id if device is not None else "")

    def state(self, slot: int, wall: float, trusted: bool = True) -> SlotState:
        """Return what is in force for `slot` at POSIX second `wall`. `trusted`: the clock is known to be right."""
        compiled = self.snapshot.slots[slot]
        profile = self.snapshot.profiles[compiled.profile]
        windows, since, until = self._windows(profile, wall)
        edges = [t for g in compiled.grants for t in (g.start, g.end) if t is not None]
        edges += [t for o in compiled.offs for t in (o.start, o.end) if t is not None]
        edges += [t for s in profile.spent for t in s[1:]]
        since = max([since, *(t for t in edges if t <= wall)])
        until = min([until, *(t for t in edges if t > wall)])
        grants = tuple(g for g in compiled.grants if g.start <= wall and (g.end is None or wall < g.end))
        offs = tuple(o for o in compiled.offs if o.start <= wall and (o.end is None or wall < o.end))
        spent = tuple(budget for budget, start, end in profile.spent if start <= wall < end)
        key = (slot, trusted, windows, grants, offs, spent)
        tables = self._tables.get(key)
        if tables is None:
            if len(self._tables) >= _MAX_TABLES:
                self._tables.clear()
            tables = self._tables[key] = _Tables(self._rules(profile, windows, grants, offs, spent, trusted))
        return SlotState(self, slot, tables, since, until)

    def _windows(self, profile: CompiledProfile, wall: float) -> tuple[tuple[int, ...], float, float]:
        """Return (windows in force, since, until): from the boundaries, or from the rules themselves beyond them."""
        at: Sequence[int] = profile.at
        states: Sequence[tuple[int, ...]] = profile.windows_at
        complete = profile.until
        if not at[0] <= wall < complete:
            if not profile.schedule.windows:
                return (), 0.0, _FOREVER
            begin = int(wall // _FAR_S) * _FAR_S
            complete = begin + _FAR_S
            at, states = _far(profile.schedule, self.zone, begin)
        i = bisect_right(at, wall) - 1
        return states[i], float(at[i]), float(at[i + 1] if i + 1 < len(at) else complete)

    @property
    def zone(self) -> ZoneInfo:
        """The household's time zone."""
        if self._zone is None:
            self._zone = ZoneInfo(self.snapshot.timezone)
        return self._zone

    def _rules(
        self,
        profile: CompiledProfile,
        windows: tuple[int, ...],
        grants: Sequence[CompiledGrant],
        offs: Sequence[CompiledOff],
        spent: Sequence[int],
        trusted: bool,
    ) -> State:
        live = [LiveGrant(g.number, g.scope, g.value, g.by) for g in grants]
        by_effect: dict[Effect, list[LiveWindow]] = {e: [] for e in Effect}
        for i in windows:
            w = profile.schedule.windows[i]
            by_effect[w.effect].append(LiveWindow(i, w.name, frozenset(w.services), frozenset(w.categories)))
        permits = by_effect[Effect.PERMIT]
        offline = by_effect[Effect.OFFLINE]
        off = offs[0] if offs else None
        return State(
            categories=profile.categories,
            services=profile.services,
            off=off.covers if off else "",
            off_by=off.by if off else "",
            offline=offline[0] if offline else None,
            only=tuple(by_effect[Effect.ONLY]),
            timed_services=profile.timed_services,
            timed_categories=profile.timed_categories,
            open_services={s: w.name for w in permits for s in w.services},
            open_categories={c: w.name for w in permits for c in w.categories},
            time=next((g for g in live if g.scope == "time"), None),
            filter=next((g for g in live if g.scope == "filter"), None),
            grants=tuple(g for g in live if g.scope not in ("time", "filter")),
            spent=tuple(profile.budgets[b] for b in spent),
            harm=self.snapshot.harm,
            clock_trusted=trusted,
        )

    def _rewrites_of(self, profile: CompiledProfile) -> dict[bytes, Rewrite]:
        snapshot = self.snapshot
        found: dict[bytes, Rewrite] = {}
        targets = {engine: to_wire(host) for engine, host in profile.safe.items()}
        for host, engine in snapshot.safe_hosts.items():
            target = targets.get(engine)
            if target is not None and target != host:
                found[host] = Rewrite(engine, target, snapshot.engines.get(engine, b""))
        return found


@lru_cache(maxsize=256)
def _far(schedule: Schedule, zone: ZoneInfo, begin: int) -> tuple[list[int], list[tuple[int, ...]]]:
    return turns(schedule, zone, begin, _FAR_S // 86400)
