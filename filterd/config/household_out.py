"""The household written as YAML: the inverse of config/household.py.

Reading what was written gives an equal household, and writing that gives the same bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from filterd.config.household import VERSION
from filterd.model.household import DAYS, Household, Profile, Window
from filterd.wire.name import to_text

_DAY_MINUTES = 1440


def write(household: Household) -> bytes:
    """Return `household` as YAML (UTF-8). Defaults are left out where leaving them out means the same."""
    text: str = yaml.dump(to_document(household), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    return text.encode()


def to_document(h: Household) -> dict[str, Any]:
    """Return the household as plain values, in the order of the file."""
    zone = ZoneInfo(h.timezone)
    document: dict[str, Any] = {
        "version": VERSION,
        "timezone": h.timezone,
        "language": h.language,
        "block_mode": h.block_mode,
        "default_profile": h.default_profile or (h.profiles[0].id if h.profiles else ""),
        "privacy": {
            "detail_days": h.privacy.detail_days,
            "counts_days": h.privacy.counts_days,
            "level": h.privacy.level,
        },
        "holidays": [{"name": x.name, "from": x.first.isoformat(), "to": x.last.isoformat()} for x in h.holidays],
        "profiles": [_profile_out(p) for p in h.profiles],
        "devices": [
            {"id": d.id, "name": d.name, "profile": d.profile}
            | ({"mac": d.mac} if d.mac else {"ip": d.ip} if d.ip else {"range": d.range})
            for d in h.devices
        ],
        "grants": [
            _without_empty(
                {
                    "id": g.id,
                    "profile": g.profile,
                    "device": g.device,
                    "scope": g.scope.value,
                    "value": g.value,
                    "from": _instant_out(g.start, zone),
                    "until": _instant_out(g.until, zone),
                    "by": g.by,
                    "reason": g.reason,
                }
            )
            for g in h.grants
        ],
        "internet_off": [
            _without_empty(
                {
                    "id": o.id,
                    "profile": o.profile,
                    "device": o.device,
                    "everyone": o.everyone,
                    "from": _instant_out(o.start, zone),
                    "until": _instant_out(o.until, zone),
                    "ended": _instant_out(o.ended, zone),
                    "by": o.by,
                    "reason": o.reason,
                }
            )
            for o in h.internet_off
        ],
        "forward_zones": [{"zone": to_text(z.zone), "to": list(z.upstreams)} for z in h.forward_zones],
        "rebind_allow": [to_text(n) for n in h.rebind_allow],
        "upstreams": list(h.upstreams),
        "parents": h.parents,
        "confirm_harm": h.confirm_harm or None,
        "new_devices": "" if h.new_devices == "default" else h.new_devices,
    }
    return {k: v for k, v in document.items() if v not in ([], "", None)}


class _Dumper(yaml.SafeDumper):
    """Indents lists under their key and shares no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _profile_out(p: Profile) -> dict[str, Any]:
    out: dict[str, Any] = {"id": p.id, "name": p.name, "preset": p.preset}
    if p.switchable is not None:
        out["switchable"] = p.switchable
    out["parent_sees"] = p.parent_sees
    if p.categories:
        out["categories"] = {k: v.value for k, v in p.categories.items()}
    if p.services:
        out["services"] = {k: v.value for k, v in p.services.items()}
    names = {k: [to_text(n) for n in getattr(p.names, k)] for k in ("block", "allow", "always")}
    if any(names.values()):
        out["names"] = {k: v for k, v in names.items() if v}
    if p.safe_search:
        out["safe_search"] = {k: v if k == "youtube" else v == "on" for k, v in p.safe_search.items()}
    if p.windows is not None:
        out["windows"] = [_window_out(w) for w in p.windows]
    if p.exceptions:
        out["exceptions"] = [
            ({"date": e.on.isoformat()} if e.on else {"holiday": e.holiday})
            | {"windows": [_window_out(w) for w in e.windows]}
            for e in p.exceptions
        ]
    if p.budgets:
        out["budgets"] = [
            _without_empty(
                {
                    "services": list(b.services),
                    "categories": list(b.categories),
                    "minutes": b.minutes,
                    "days": _days_out(b.days),
                }
            )
            for b in p.budgets
        ]
    return out


def _window_out(w: Window) -> dict[str, Any]:
    return _without_empty(
        {
            "name": w.name,
            "days": _days_out(w.days),
            "from": _time_out(w.start),
            "to": "24:00" if w.end == _DAY_MINUTES else _time_out(w.end % _DAY_MINUTES),
            "effect": w.effect.value,
            "names": [to_text(n) for n in w.names],
            "services": list(w.services),
            "categories": list(w.categories),
        }
    )


def _days_out(days: frozenset[int] | None) -> list[str]:
    return [] if days is None else [DAYS[d] for d in sorted(days)]


def _time_out(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _instant_out(at: float | None, zone: tzinfo) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).astimezone(zone).isoformat()


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in document.items() if v not in (None, "", [], False)}
