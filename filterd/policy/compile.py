"""Household plus catalogue to snapshot document. Pure; used by control, never by a worker.

    data = dump(compile_snapshot(household, catalogue, made=now))

Here presets are folded in, holidays become dates, "off now" cuts the grants given before it, and every name of the
household's own gets one set that already contains what its listed ancestors say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from filterd.model.household import Grant, Household, InternetOff, Profile, Rule, Scope, Window
from filterd.policy.clock import HORIZON_DAYS, Schedule, Span, turns
from filterd.policy.snapshot import LAYOUT, window_document
from filterd.wire.name import to_text, to_wire

WAITS = "waits"  # what the off of a new device that waits covers
_MINUTE = 60
_TEXTS = {
    "vi": {
        "row.mandatory": "Bị chặn theo danh mục của tỉnh",
        "row.off": "Mạng đang tắt",
        "row.window": "Ngoài giờ dùng mạng",
        "row.name": "Gia đình đã chặn tên này",
        "row.budget": "Đã hết giờ dùng hôm nay",
        "row.service": "Ứng dụng đang tắt",
        "row.category": "Bị lọc, nhóm",
        "row.rebind": "Địa chỉ nội bộ trong câu trả lời",
        "row.upstream": "Máy chủ phía trên đã chặn",
    },
    "en": {
        "row.mandatory": "Blocked by the province's list",
        "row.off": "Internet is off",
        "row.window": "Outside internet hours",
        "row.name": "Your family blocks this name",
        "row.budget": "Today's time is used up",
        "row.service": "App is switched off",
        "row.category": "Filtered, category",
        "row.rebind": "Private address in a public answer",
        "row.upstream": "Blocked by the upstream",
    },
}


class CategoryLike(Protocol):
    """What is needed of a category of the catalogue."""

    @property
    def harm(self) -> bool: ...
    @property
    def name_vi(self) -> str: ...
    @property
    def name_en(self) -> str: ...


class ServiceLike(Protocol):
    """What is needed of a service of the catalogue."""

    @property
    def name_vi(self) -> str: ...
    @property
    def name_en(self) -> str: ...


class PresetLike(Protocol):
    """What an age preset says."""

    @property
    def blocked(self) -> tuple[str, ...]: ...
    @property
    def safe_search(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The part of the catalogue that a snapshot needs."""

    categories: Mapping[str, CategoryLike]
    services: Mapping[str, ServiceLike]
    presets: Mapping[str, PresetLike]
    safe_hosts: Mapping[bytes, str]  # host -> engine
    safe_targets: Mapping[str, Mapping[str, bytes]]  # engine -> level ("on", or "moderate"/"strict") -> safe host
    safe_fallbacks: Mapping[str, bytes]  # engine -> four address bytes


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget that is used up: number `budget` of `profile`, in [start, end)."""

    profile: str
    budget: int
    start: float
    end: float


def compile_snapshot(
    household: Household, knowledge: Knowledge, made: float, spent: Sequence[Spent] = ()
) -> dict[str, Any]:
    """Return the snapshot document of a valid household (config/household.py checks it). `made`: POSIX seconds."""
    household = given_now(household, made)
    zone = ZoneInfo(household.timezone)
    start = int(made) // 86400 * 86400 - 86400  # yesterday: the same boundaries all day long, so the same bytes
    numbers = {p.id: i for i, p in enumerate(household.profiles)}
    schedules = [_schedule(p, household) for p in household.profiles]
    profiles = [
        _profile_document(p, s, knowledge, zone, start, [x for x in spent if x.profile == p.id])
        for p, s in zip(household.profiles, schedules, strict=True)
    ]
    slots, device_slots = _slots(household, numbers)
    overlay, own_sets = _overlay(household, schedules)
    default = household.default_profile or household.profiles[0].id
    waiting = {}
    if household.new_devices == "wait":
        off = {"covers": WAITS, "by": "", "start": 0.0, "end": None}
        waiting = {"waiting_slot": len(slots)}
        slots.append({"profile": numbers[default], "device": "", "grants": [], "offs": [off]})
    return {
        "layout": LAYOUT,
        "made": start,
        "timezone": household.timezone,
        "language": household.language,
        "block_mode": household.block_mode,
        "profiles": profiles,
        "slots": slots,
        "default_slot": numbers[default],
        **waiting,
        "devices": [
            {"id": d.id, "slot": device_slots[d.id], "mac": d.mac, "ip": d.ip, "range": d.range}
            for d in household.devices
        ],
        "harm": sorted(c for c, v in knowledge.categories.items() if v.harm),
        "overlay": overlay,
        "own_sets": own_sets,
        "safe_hosts": {to_text(h): e for h, e in sorted(knowledge.safe_hosts.items())},
        "engines": {e: a.hex() for e, a in sorted(knowledge.safe_fallbacks.items()) if a},
        "forward_zones": [{"zone": to_text(z.zone), "to": list(z.upstreams)} for z in household.forward_zones],
        "rebind_allow": [to_text(n) for n in household.rebind_allow],
        **({"upstreams": list(household.upstreams)} if household.upstreams else {}),
        "texts": _texts(household.language, knowledge),
    }


def given_now(household: Household, now: float) -> Household:
    """Return the household with a beginning for every grant and off: those without one begin with the minute of `now`.

    Inside that minute the order stays what a parent means: a grant without a beginning counts as given after every off
    that began already, an off without one comes after the grants that have one.
    """
    minute = now // _MINUTE * _MINUTE
    this_minute = any(g.start is not None and minute <= g.start <= now for g in household.grants)
    offs = tuple(
        o if o.start is not None else replace(o, start=now if this_minute else minute) for o in household.internet_off
    )
    given = max([minute, *(o.start for o in offs if o.start is not None and o.start <= now)])
    grants = tuple(g if g.start is not None else replace(g, start=given) for g in household.grants)
    return replace(household, grants=grants, internet_off=offs)


def effective_rules(profile: Profile, knowledge: Knowledge) -> tuple[dict[str, Rule], dict[str, str]]:
    """Return (categories, safe-search levels) of a profile: its preset's, with its own laid over them."""
    preset = knowledge.presets.get(profile.preset)
    categories = dict.fromkeys(preset.blocked, Rule.BLOCK) if preset else {}
    categories.update(profile.categories)
    safe = dict(preset.safe_search) if preset else {}
    safe.update(profile.safe_search)
    return categories, safe


def is_switchable(profile: Profile) -> bool:
    """Return whether the TTL caps of DECISIONS 3 hold for a profile."""
    return profile.switchable if profile.switchable is not None else profile.preset != "adult"


def _schedule(profile: Profile, household: Household) -> Schedule:
    windows: list[Window] = list(profile.windows or ())
    weekly = tuple(range(len(windows)))
    spans = []
    for exception in profile.exceptions:
        numbers = tuple(range(len(windows), len(windows) + len(exception.windows)))
        windows += exception.windows
        if exception.on is not None:
            spans.append(Span(exception.on, exception.on, numbers))
        spans += [Span(h.first, h.last, numbers) for h in household.holidays if h.name == exception.holiday]
    return Schedule(tuple(windows), weekly, tuple(spans))


@lru_cache(maxsize=4096)
def _turns(schedule: Schedule, zone: ZoneInfo, start: int) -> tuple[list[int], list[tuple[int, ...]]]:
    return turns(schedule, zone, start)


def _profile_document(
    profile: Profile, schedule: Schedule, knowledge: Knowledge, zone: ZoneInfo, start: int, spent: list[Spent]
) -> dict[str, Any]:
    categories, safe = effective_rules(profile, knowledge)
    at, windows_at = _turns(schedule, zone, start)
    states = sorted(set(windows_at))
    index = {s: i for i, s in enumerate(states)}
    targets = {}
    for engine, level in sorted(safe.items()):
        target = knowledge.safe_targets.get(engine, {}).get(level)
        if target is not None:
            targets[engine] = to_text(target)
    return {
        "id": profile.id,
        "name": profile.name,
        "switchable": is_switchable(profile),
        "categories": {c: r.value for c, r in sorted(categories.items())},
        "services": {s: r.value for s, r in sorted(profile.services.items())},
        "safe": targets,
        "windows": [window_document(w) for w in schedule.windows],
        "weekly": list(schedule.weekly),
        "exceptions": [
            {"first": s.first.isoformat(), "last": s.last.isoformat(), "windows": list(s.windows)}
            for s in schedule.exceptions
        ],
        "at": at,
        "states": [list(s) for s in states],
        "state_at": [index[s] for s in windows_at],
        "until": start + HORIZON_DAYS * 86400,
        "budgets": [
            {"services": sorted(b.services), "categories": sorted(b.categories), "minutes": b.minutes}
            for b in profile.budgets
        ],
        "spent": [[s.budget, int(s.start), int(s.end)] for s in spent],
    }


def _slots(household: Household, numbers: Mapping[str, int]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the slots (profiles first, in order) and each device's slot number."""
    grants = list(enumerate(household.grants))
    slots = [_slot(i, p.id, "", grants, household.internet_off) for i, p in enumerate(household.profiles)]
    device_slots: dict[str, int] = {}
    own = {g.device for g in household.grants} | {o.device for o in household.internet_off}
    for device in household.devices:
        number = numbers[device.profile]
        if device.id in own:
            slots.append(_slot(number, device.profile, device.id, grants, household.internet_off))
            device_slots[device.id] = len(slots) - 1
        else:
            device_slots[device.id] = number
    return slots, device_slots


def _slot(
    number: int, profile: str, device: str, grants: list[tuple[int, Grant]], offs: Sequence[InternetOff]
) -> dict[str, Any]:
    """Return the slot of a profile, or of one of its devices, with the true end of each grant.

    "Off now" ends every grant that has an end for the devices it covers; one given later, or at the same moment,
    pierces it (DECISIONS 1). Everything has a beginning here (`given_now`).
    """
    mine = [
        (o, at)
        for o in offs
        if (o.everyone or o.profile == profile or (device and o.device == device))
        and (at := o.start or 0.0) < (float("inf") if o.until is None else _round_up(o.until))  # else it does nothing
        and (o.ended is None or at < o.ended)
    ]
    kept: list[dict[str, Any]] = []
    for index, grant in grants:
        if not (grant.profile == profile or (device and grant.device == device)):
            continue
        given = grant.start or 0.0
        end = None if grant.until is None else _round_up(grant.until)
        if end is not None:
            end = min([end, *(at for _, at in mine if at > given)])
            if end <= given:
                continue
        kept.append(
            {
                "number": index,
                "scope": grant.scope.value,
                "value": grant.value,
                "by": grant.by,
                "start": given,
                "end": end,
            }
        )
    return {
        "profile": number,
        "device": device,
        "grants": kept,
        "offs": [
            {
                "covers": "everyone" if o.everyone else "device" if o.device else "profile",
                "by": o.by,
                "start": at,
                "end": None if o.until is None else _round_up(o.until),
            }
            for o, at in mine
            if o.ended is None  # switched on again: what it ended stays ended, and that is all
        ],
    }


def _round_up(until: float) -> float:
    """Ends are rounded up to the minute."""
    return float(-(-until // _MINUTE) * _MINUTE)


def _overlay(
    household: Household, schedules: Sequence[Schedule]
) -> tuple[dict[str, int], list[dict[str, dict[str, Any]]]]:
    """Return (name as text -> number of its set, the sets): each set folded with those of the name's ancestors."""
    marks: dict[bytes, list[tuple[int, str, Any]]] = {}

    def mark(name: bytes, profile: int, kind: str, value: Any = None) -> None:
        marks.setdefault(name, []).append((profile, kind, value))

    numbers = {p.id: i for i, p in enumerate(household.profiles)}
    for number, profile in enumerate(household.profiles):
        for name in profile.names.block:
            mark(name, number, "block")
        for name in profile.names.allow:
            mark(name, number, "allow")
        for name in profile.names.always:
            mark(name, number, "always")
        for index, window in enumerate(schedules[number].windows):
            for name in window.names:
                mark(name, number, "window", index)
    profile_of = {d.id: numbers[d.profile] for d in household.devices}
    for index, grant in enumerate(household.grants):
        if grant.scope is Scope.NAME:
            owner = numbers[grant.profile] if grant.profile else profile_of[grant.device]
            mark(to_wire(grant.value), owner, "grant", index)

    overlay: dict[str, int] = {}
    sets: list[dict[str, dict[str, Any]]] = []
    known: dict[str, int] = {}
    for name in sorted(marks):
        folded = _fold(name, marks)
        key = repr(folded)
        if key not in known:
            sets.append(folded)
            known[key] = len(sets)
        overlay[to_text(name)] = known[key]
    return overlay, sets


def _fold(name: bytes, marks: Mapping[bytes, list[tuple[int, str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return what `name` and its ancestors say, a profile each; of block and allow the most specific, a tie blocks."""
    found: dict[int, dict[str, Any]] = {}
    at = 0
    while at < len(name):  # longest first
        suffix = name[at:]
        here = sorted(marks.get(suffix, ()), key=lambda m: m[1] != "block")  # block first: a tie blocks
        text = to_text(suffix)
        for profile, kind, value in here:
            own = found.setdefault(profile, {})
            if kind in ("block", "allow"):
                if "rule" not in own:
                    own["rule"], own["rule_name"] = kind, text
            elif kind == "always":
                own.setdefault("always", text)
            else:
                own[kind + "s"] = sorted({*own.get(kind + "s", ()), value})
        at += name[at] + 1
    return {str(p): dict(sorted(o.items())) for p, o in sorted(found.items())}


def _texts(language: str, knowledge: Knowledge) -> dict[str, str]:
    texts = dict(_TEXTS["vi" if language == "vi" else "en"])
    for kind, entries in (("category", knowledge.categories), ("service", knowledge.services)):
        for entry, value in entries.items():
            texts[f"{kind}.{entry}"] = value.name_vi if language == "vi" else value.name_en
    return texts
