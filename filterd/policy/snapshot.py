"""The policy snapshot: a household compiled to one immutable file that a worker can judge by without anybody's help.

It carries every boundary for 400 days, each grant's true end, the household's own names folded with their listed
ancestors, and the few texts that an answer may need. JSON inside, so that it can be read by eye; bounded and checked
as a whole when it is loaded. policy/compile.py makes it, policy/judge.py judges by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from filterd.errors import LayoutError
from filterd.model.decision import Decision, Row
from filterd.model.household import Effect, ForwardZone, Rule, Window
from filterd.model.upstream import parse
from filterd.policy.clock import Schedule, Span
from filterd.policy.precedence import NOTHING_OWN, Own
from filterd.wire.name import to_text, to_wire

LAYOUT = 1
MAX_BYTES = 64 * 1024 * 1024  # a campus of 2,000 profiles stays well below


@dataclass(frozen=True, slots=True)
class CompiledProfile:
    """A profile with its preset folded in and its boundaries worked out."""

    id: str
    name: str
    switchable: bool
    categories: dict[str, Rule]
    services: dict[str, Rule]
    safe: dict[str, str]  # engine -> safe host, as text
    schedule: Schedule
    at: tuple[int, ...]  # POSIX seconds at which the windows in force change
    windows_at: tuple[tuple[int, ...], ...]
    until: int  # the boundaries are complete up to here
    timed_services: frozenset[str]
    timed_categories: frozenset[str]
    budgets: tuple[tuple[frozenset[str], frozenset[str], int], ...]
    spent: tuple[tuple[int, int, int], ...]  # (budget, from, until): used up in [from, until)


@dataclass(frozen=True, slots=True)
class CompiledGrant:
    """A grant as one slot sees it: [start, end) with what "off now" cut away. end None = without an end."""

    number: int
    scope: str
    value: str
    by: str
    start: float
    end: float | None


@dataclass(frozen=True, slots=True)
class CompiledOff:
    """An internet-off as one slot sees it."""

    covers: str  # device | profile | everyone | waits
    by: str
    start: float
    end: float | None


@dataclass(frozen=True, slots=True)
class Slot:
    """Who is judged alike: a profile, or one device of it that has grants or an off of its own."""

    profile: int
    device: str
    grants: tuple[CompiledGrant, ...]
    offs: tuple[CompiledOff, ...]


@dataclass(frozen=True, slots=True)
class CompiledDevice:
    """A device's identities, and the slot that judges it."""

    id: str
    slot: int
    mac: str
    ip: str
    range: str


class Snapshot:
    """The loaded file. Immutable: never change an attribute, load another one."""

    __slots__ = (
        "_overlay",
        "_rebind",
        "_texts",
        "block_mode",
        "default_slot",
        "devices",
        "digest",
        "engines",
        "forward_zones",
        "harm",
        "language",
        "made",
        "own_sets",
        "profiles",
        "safe_hosts",
        "slots",
        "timezone",
        "upstreams",
        "waiting_slot",
    )

    def __init__(self, document: Mapping[str, Any], digest: str) -> None:
        self.digest = digest
        self.timezone: str = document["timezone"]
        self.language: str = document["language"]
        self.block_mode: str = document["block_mode"]
        self.made: int = document["made"]
        self.profiles = tuple(_profile(p) for p in document["profiles"])
        self.slots = tuple(_slot(s) for s in document["slots"])
        self.default_slot: int = document["default_slot"]
        self.waiting_slot: int = document.get("waiting_slot", self.default_slot)  # of devices never seen before
        self.devices = tuple(CompiledDevice(**d) for d in document["devices"])
        self.harm = frozenset(document["harm"])
        self._overlay: dict[bytes, int] = {to_wire(k): v for k, v in document["overlay"].items()}
        self.own_sets: tuple[dict[int, Own], ...] = tuple(_own(s) for s in document["own_sets"])
        self.safe_hosts: dict[bytes, str] = {to_wire(k): v for k, v in document["safe_hosts"].items()}
        self.engines: dict[str, bytes] = {k: bytes.fromhex(v) for k, v in document["engines"].items()}
        self.forward_zones = tuple(ForwardZone(to_wire(z["zone"]), tuple(z["to"])) for z in document["forward_zones"])
        self._rebind = frozenset(to_wire(n) for n in document["rebind_allow"])
        self.upstreams = tuple(parse(url) for url in document.get("upstreams", ()))  # (): the operator's
        self._texts: dict[str, str] = document["texts"]
        count = len(self.slots)
        if (
            not 0 <= self.default_slot < count
            or not 0 <= self.waiting_slot < count
            or any(not 0 <= d.slot < count for d in self.devices)
        ):
            raise LayoutError("snapshot: a device or the default points at no slot")
        if any(not 0 <= s.profile < len(self.profiles) for s in self.slots):
            raise LayoutError("snapshot: a slot points at no profile")
        if any(not 0 < i <= len(self.own_sets) for i in self._overlay.values()):
            raise LayoutError("snapshot: a name points at no set")

    @classmethod
    def load(cls, data: bytes) -> Snapshot:
        """Return the snapshot stored in `data`; LayoutError when it is damaged or of another layout."""
        if len(data) > MAX_BYTES:
            raise LayoutError(f"snapshot: {len(data)} bytes, expected at most {MAX_BYTES}")
        try:
            document = json.loads(data)
            if not isinstance(document, dict) or document.get("layout") != LAYOUT:
                raise LayoutError(f"snapshot: expected layout {LAYOUT}")
            return cls(document, hashlib.sha256(data).hexdigest())
        except LayoutError:
            raise
        except Exception as exc:  # any damage at all: the caller keeps the last good one
            raise LayoutError(f"snapshot: damaged: {type(exc).__name__}: {exc}") from exc

    def overlay(self, name: bytes) -> int:
        """Return the number of the set of the longest of the household's own names covering `name`; 0 for none."""
        table = self._overlay
        if not table:
            return 0
        at = 0
        found = table.get(name)
        while found is None:
            at += name[at] + 1
            if at >= len(name) - 1:
                return 0
            found = table.get(name[at:])
        return found

    def own(self, overlay: int, profile: int) -> Own:
        """Return what set `overlay` says for profile number `profile`."""
        return self.own_sets[overlay - 1].get(profile, NOTHING_OWN) if overlay else NOTHING_OWN

    def rebind_allowed(self, name: bytes) -> bool:
        """Return True when `name` may have private addresses (exempt by the household)."""
        allowed = self._rebind
        at = 0
        while allowed and at < len(name) - 1:
            if name[at:] in allowed:
                return True
            at += name[at] + 1
        return False

    def ede_text(self, decision: Decision) -> str:
        """Return the EXTRA-TEXT of a blocked answer (RFC 8914): short, in the household's language, nobody's name."""
        text = self._texts.get(f"row.{decision.row.id}", "")
        detail = ""
        if decision.row in (Row.MANDATORY, Row.CATEGORY) and decision.category:
            detail = self._texts.get(f"category.{decision.category}", decision.category)
        elif decision.row is Row.SERVICE and decision.service:
            detail = self._texts.get(f"service.{decision.service}", decision.service)
        elif decision.row is Row.WINDOW:
            detail = decision.rule
        return f"{text}: {detail}" if detail else text

    def text(self, key: str) -> str:
        """Return one of the texts carried for answers, or the key itself."""
        return self._texts.get(key, key)


def dump(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a snapshot document: same household, same moment, same bytes."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def window_document(window: Window) -> dict[str, Any]:
    """Return a window as the snapshot stores it."""
    return {
        "name": window.name,
        "effect": window.effect.value,
        "start": window.start,
        "end": window.end,
        "days": None if window.days is None else sorted(window.days),
        "names": [to_text(n) for n in window.names],
        "services": list(window.services),
        "categories": list(window.categories),
    }


def _window(document: Mapping[str, Any]) -> Window:
    days = document["days"]
    return Window(
        name=document["name"],
        effect=Effect(document["effect"]),
        start=document["start"],
        end=document["end"],
        days=None if days is None else frozenset(days),
        names=tuple(to_wire(n) for n in document["names"]),
        services=tuple(document["services"]),
        categories=tuple(document["categories"]),
    )


def _profile(document: Mapping[str, Any]) -> CompiledProfile:
    schedule = Schedule(
        windows=tuple(_window(w) for w in document["windows"]),
        weekly=tuple(document["weekly"]),
        exceptions=tuple(
            Span(date.fromisoformat(e["first"]), date.fromisoformat(e["last"]), tuple(e["windows"]))
            for e in document["exceptions"]
        ),
    )
    states = [tuple(s) for s in document["states"]]
    at = tuple(document["at"])
    windows_at = tuple(states[i] for i in document["state_at"])
    if not at or len(at) != len(windows_at) or list(at) != sorted(at):
        raise LayoutError(f"snapshot: boundaries of profile {document['id']} are not in order")
    numbers = {i for s in [*states, schedule.weekly, *(e.windows for e in schedule.exceptions)] for i in s}
    if not numbers <= set(range(len(schedule.windows))) or any(i < 0 for i in document["state_at"]):
        raise LayoutError(f"snapshot: profile {document['id']} points at no window")
    if any(not 0 <= s[0] < len(document["budgets"]) for s in document["spent"]):
        raise LayoutError(f"snapshot: profile {document['id']} points at no budget")
    permits = [w for w in schedule.windows if w.effect is Effect.PERMIT]
    return CompiledProfile(
        id=document["id"],
        name=document["name"],
        switchable=document["switchable"],
        categories={k: Rule(v) for k, v in document["categories"].items()},
        services={k: Rule(v) for k, v in document["services"].items()},
        safe=dict(document["safe"]),
        schedule=schedule,
        at=at,
        windows_at=windows_at,
        until=document["until"],
        timed_services=frozenset(s for w in permits for s in w.services),
        timed_categories=frozenset(c for w in permits for c in w.categories),
        budgets=tuple(
            (frozenset(b["services"]), frozenset(b["categories"]), b["minutes"]) for b in document["budgets"]
        ),
        spent=tuple((s[0], s[1], s[2]) for s in document["spent"]),
    )


def _slot(document: Mapping[str, Any]) -> Slot:
    return Slot(
        profile=document["profile"],
        device=document["device"],
        grants=tuple(CompiledGrant(**g) for g in document["grants"]),
        offs=tuple(CompiledOff(**o) for o in document["offs"]),
    )


def _own(document: Mapping[str, Any]) -> dict[int, Own]:
    return {
        int(profile): Own(
            rule=Rule(o["rule"]) if o.get("rule") else None,
            rule_name=o.get("rule_name", ""),
            always=o.get("always", ""),
            grants=frozenset(o.get("grants", ())),
            windows=frozenset(o.get("windows", ())),
        )
        for profile, o in document.items()
    }


def local_text(wall: float, zone: Any) -> str:
    """Return `wall` as RFC 3339 text with the household's offset."""
    return datetime.fromtimestamp(wall, zone).isoformat(timespec="seconds")
