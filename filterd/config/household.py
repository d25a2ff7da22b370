"""The household's YAML file, read with every error named by path and line.

`read` gives a valid Household or raises ConfigError with one line a problem; whatever it accepts, policy/compile.py
compiles. config/household_out.py writes it again.
The format is described in deploy/household.example.yaml; names of sites are A-labels inside.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import yaml

from filterd.config.document import Mapping, Value, to_date, to_instant
from filterd.config.sitename import site_name
from filterd.model import upstream
from filterd.model.household import (
    DAYS,
    Budget,
    DayException,
    Device,
    Effect,
    ForwardZone,
    Grant,
    Holiday,
    Household,
    InternetOff,
    Names,
    Privacy,
    Profile,
    Rule,
    Scope,
    Window,
)
from filterd.wire.name import to_text

VERSION = 1
MAX_PROFILES = 2_000
MAX_DEVICES = 20_000
MAX_WINDOWS = 64  # a profile
MAX_NAMES = 20_000  # a list of names
MAX_PARENTS = 24  # characters of what a child calls the parents
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DAY_MINUTES = 1440
YOUTUBE_LEVELS = ("none", "moderate", "strict")
_TOP = [
    "version",
    "timezone",
    "language",
    "block_mode",
    "default_profile",
    "privacy",
    "holidays",
    "profiles",
    "devices",
    "grants",
    "internet_off",
    "forward_zones",
    "rebind_allow",
    "upstreams",
    "parents",
    "confirm_harm",
    "new_devices",
]
_PROFILE = [
    "id",
    "name",
    "preset",
    "switchable",
    "parent_sees",
    "categories",
    "services",
    "names",
    "safe_search",
    "windows",
    "exceptions",
    "budgets",
]
_GRANT = ["id", "profile", "device", "scope", "value", "from", "until", "by", "reason"]
_OFF = ["id", "profile", "device", "everyone", "from", "until", "ended", "by", "reason"]
_INSTANT = "a time with an offset such as 2026-11-24T22:00:00+07:00"
_WINDOW = ["name", "days", "from", "to", "effect", "names", "services", "categories"]


@dataclass(frozen=True, slots=True)
class Known:
    """The words that a household may use: ids of the catalogue and of the lists in this state."""

    categories: Collection[str]
    services: Collection[str]
    presets: Collection[str]
    engines: Collection[str]  # without youtube, which has levels


def read(text: str | bytes, known: Known, file: str = "household.yaml") -> Household:
    """Return the household in `text`. Raises ConfigError naming path and line of every error."""
    top = Mapping.load(text, file, _TOP)
    reader = _Reader(known)
    household = reader.household(top)
    top.problems.raise_if_any()
    assert household is not None  # no problems, so it was built
    return household


class _Reader:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.profiles: set[str] = set()
        self.devices: set[str] = set()
        self.holidays: set[str] = set()
        self.grants: set[str] = set()
        self.offs: set[str] = set()

    def household(self, top: Mapping) -> Household | None:
        version = top.need("version")
        if version is not None:
            version.integer(VERSION, VERSION, VERSION)
        zone = "Asia/Ho_Chi_Minh"
        if value := top.get("timezone"):
            zone = value.convert(_zone, "an IANA time zone such as Asia/Ho_Chi_Minh", zone)
        language = value.one_of(("vi", "en"), "language", "vi") if (value := top.get("language")) else "vi"
        # `block_mode: null` without quotes is YAML's null, and means the same
        mode = (
            value.one_of(("null", "nxdomain", "page"), "block mode", "null")
            if (value := top.get("block_mode"))
            else "null"
        )
        holidays = tuple(self._holidays(top))
        listed = top.need("profiles")
        rows = list(listed.items("a list of profiles", MAX_PROFILES)) if listed else []
        if listed is not None and not rows:
            listed.fail("expected at least one profile")
        profiles = tuple(self._profile(v.mapping(_PROFILE)) for v in rows)
        default = ""
        if value := top.get("default_profile"):
            default = self._ref(value, self.profiles, "profile")
        devices = tuple(
            d
            for v in top.rows("devices", "a list of devices", MAX_DEVICES)
            if (d := self._device(v.mapping(["id", "name", "profile", "mac", "ip", "range"]))) is not None
        )
        self._same_identity(top.get("devices"), devices)
        grants = tuple(
            g for v in top.rows("grants", "a list of grants") if (g := self._grant(v.mapping(_GRANT))) is not None
        )
        offs = tuple(o for v in top.rows("internet_off", "a list") if (o := self._off(v.mapping(_OFF))) is not None)
        return Household(
            profiles=profiles,
            default_profile=default,
            timezone=zone,
            language=language,
            block_mode=mode,
            privacy=self._privacy(top.get("privacy")),
            holidays=holidays,
            devices=devices,
            grants=grants,
            internet_off=offs,
            forward_zones=forward_zones(top.get("forward_zones")),
            rebind_allow=names_of(top.get("rebind_allow")),
            upstreams=upstreams_of(top.get("upstreams")),
            parents=v.text(max_len=MAX_PARENTS) if (v := top.get("parents")) else "",
            new_devices=(
                v.one_of(("default", "wait"), "word for new devices", "default")
                if (v := top.get("new_devices"))
                else "default"
            ),
            confirm_harm=v.boolean(False) if (v := top.get("confirm_harm")) else False,
        )

    def _privacy(self, value: Value | None) -> Privacy:
        if value is None:
            return Privacy()
        m = value.mapping(["detail_days", "counts_days", "level"])
        detail = v.integer(0, 3650, 7) if (v := m.get("detail_days")) else 7
        counts = v.integer(0, 3650, 90) if (v := m.get("counts_days")) else 90
        levels = ("everything", "blocked", "counts", "nothing")
        level = v.one_of(levels, "level", "everything") if (v := m.get("level")) else "everything"
        return Privacy(detail, counts, level)

    def _holidays(self, top: Mapping) -> list[Holiday]:
        found = []
        for value in top.rows("holidays", "a list of holidays"):
            m = value.mapping(("name", "from", "to"))
            name = n.text() if (n := m.need("name")) else ""
            first = f.convert(to_date, "a date such as 2026-06-01", None) if (f := m.need("from")) else None
            last = t.convert(to_date, "a date such as 2026-08-31", None) if (t := m.need("to")) else None
            if name:
                self.holidays.add(name)
            if first is not None and last is not None:
                if last < first:
                    value.fail(f"'to' ({last}) is before 'from' ({first})")
                else:
                    found.append(Holiday(name, first, last))
        return found

    def _profile(self, m: Mapping) -> Profile:
        ident = self._new_id(m, self.profiles, "profile")
        preset = v.one_of(self.known.presets, "preset", "none") if (v := m.get("preset")) else "none"
        sees = v.one_of(("names", "categories"), "level", "names") if (v := m.get("parent_sees")) else "names"
        names = Names()
        if value := m.get("names"):
            n = value.mapping(("block", "allow", "always"))
            names = Names(names_of(n.get("block")), names_of(n.get("allow")), names_of(n.get("always")))
        windows = None
        if "windows" in m.entries:
            rows = list(m.entries["windows"].items("a list of windows", MAX_WINDOWS))
            windows = tuple(w for v in rows if (w := self._window(v)) is not None)
        return Profile(
            id=ident,
            name=v.text(max_len=80) if (v := m.need("name")) else "",
            preset=preset,
            switchable=v.boolean(True) if (v := m.get("switchable")) else None,
            parent_sees=sees,
            categories=self._rules(m.get("categories"), self.known.categories, "category"),
            services=self._rules(m.get("services"), self.known.services, "service"),
            names=names,
            safe_search=self._safe(m.get("safe_search")),
            windows=windows,
            exceptions=tuple(
                e for v in m.rows("exceptions", "a list of exceptions", 400) if (e := self._exception(v)) is not None
            ),
            budgets=tuple(b for v in m.rows("budgets", "a list of budgets", 64) if (b := self._budget(v)) is not None),
        )

    def _rules(self, value: Value | None, known: Collection[str], what: str) -> dict[str, Rule]:
        found: dict[str, Rule] = {}
        if value is not None:
            for key, entry in value.mapping().entries.items():
                if key not in known:
                    Value(entry.node, entry.path, entry.problems).fail(_unknown(key, known, what))
                elif word := entry.one_of(("block", "allow"), "word"):
                    found[key] = Rule(word)
        return found

    def _safe(self, value: Value | None) -> dict[str, str]:
        found: dict[str, str] = {}
        if value is not None:
            for key, entry in value.mapping((*self.known.engines, "youtube")).entries.items():
                if key == "youtube":
                    found[key] = entry.one_of(YOUTUBE_LEVELS, "level", "none")
                else:
                    found[key] = "on" if entry.boolean(True) else "off"
        return found

    def _window(self, value: Value) -> Window | None:
        m = value.mapping(_WINDOW)
        effect_text = v.one_of([e.value for e in Effect], "effect") if (v := m.need("effect")) else ""
        start = v.convert(_start, "a time from 00:00 to 23:59, as HH:MM", None) if (v := m.need("from")) else None
        end = v.convert(_end, "a time from 00:00 to 24:00, as HH:MM", None) if (v := m.need("to")) else None
        names = names_of(m.get("names"))
        services = self._refs(m.get("services"), self.known.services, "service")
        categories = self._refs(m.get("categories"), self.known.categories, "category")
        days = days_of(m.get("days"))
        name = v.text(max_len=80) if (v := m.get("name")) else ""
        if not effect_text or start is None or end is None:
            return None
        effect = Effect(effect_text)
        if effect is Effect.PERMIT and names:
            m.get("names").fail("a permit window names services and categories, not names")  # type: ignore[union-attr]
        if effect is Effect.OFFLINE and (names or services or categories):
            value.fail("an offline window blocks everything: it takes no names, services or categories")
        if end <= start:
            end += _DAY_MINUTES
        return Window(name or effect.value, effect, start, end, days, names, services, categories)

    def _exception(self, value: Value) -> DayException | None:
        m = value.mapping(("date", "holiday", "windows"))
        windows: tuple[Window, ...] = ()
        if "windows" in m.entries:
            rows = list(m.entries["windows"].items("a list of windows", MAX_WINDOWS))
            windows = tuple(w for v in rows if (w := self._window(v)) is not None)
        day, holiday = m.get("date"), m.get("holiday")
        if (day is None) == (holiday is None):
            value.fail("expected either 'date' or 'holiday'")
            return None
        if day is not None:
            on = day.convert(to_date, "a date such as 2026-12-24", None)
            return None if on is None else DayException(windows, on=on)
        assert holiday is not None  # exactly one of the two is there
        name = holiday.text()
        if name and name not in self.holidays:
            holiday.fail(_unknown(name, self.holidays, "holiday"))
        return DayException(windows, holiday=name)

    def _budget(self, value: Value) -> Budget | None:
        m = value.mapping(["services", "categories", "minutes", "days"])
        services = self._refs(m.get("services"), self.known.services, "service")
        categories = self._refs(m.get("categories"), self.known.categories, "category")
        minutes = v.integer(1, _DAY_MINUTES, 60) if (v := m.need("minutes")) else 60
        if not services and not categories:
            value.fail("a budget needs at least one service or category")
            return None
        return Budget(services, categories, minutes, days_of(m.get("days")))

    def _device(self, m: Mapping) -> Device | None:
        ident = self._new_id(m, self.devices, "device")
        name = v.text(max_len=80) if (v := m.get("name")) else ident
        profile = self._ref(v, self.profiles, "profile") if (v := m.need("profile")) else ""
        mac = v.convert(_mac, "a MAC address such as 02:1a:2b:3c:4d:5e", "") if (v := m.get("mac")) else ""
        ip = v.convert(_ip, "an IP address", "") if (v := m.get("ip")) else ""
        prefix = v.convert(_range, "an address range such as 10.20.3.0/24", "") if (v := m.get("range")) else ""
        if sum(m.get(k) is not None for k in ("mac", "ip", "range")) != 1:
            m.fail("expected exactly one of mac, ip and range")
            return None
        return Device(ident, name, profile, mac, ip, prefix)

    def _same_identity(self, value: Value | None, devices: tuple[Device, ...]) -> None:
        seen: dict[str, str] = {}
        for device in devices:
            identity = device.mac or device.ip or device.range
            if identity in seen and identity and value is not None:
                value.fail(f"{device.id} and {seen[identity]} are both {identity}")
            seen.setdefault(identity, device.id)

    def _grant(self, m: Mapping) -> Grant | None:
        ident = self._new_id(m, self.grants, "grant") if m.get("id") else ""
        scope_text = v.one_of([s.value for s in Scope], "scope") if (v := m.need("scope")) else ""
        profile, device = self._whom(m)
        start, until = self._span(m)
        by, reason = self._said(m)
        if not scope_text or not (profile or device):
            return None
        scope = Scope(scope_text)
        value = m.get("value")
        text = ""
        if scope in (Scope.TIME, Scope.FILTER):
            if value is not None:
                value.fail(f"a {scope.value} grant takes no value")
        elif value is None:
            m.fail(f"a {scope.value} grant needs a value")
            return None
        elif scope is Scope.NAME:
            wire = value.convert(site_name, "a site's name", b"")
            text = to_text(wire) if wire else ""
        else:
            known = self.known.services if scope is Scope.SERVICE else self.known.categories
            text = self._ref(value, known, scope.value)
        if scope not in (Scope.TIME, Scope.FILTER) and not text:
            return None
        return Grant(scope, text, profile, device, start, until, by, reason, ident)

    def _off(self, m: Mapping) -> InternetOff | None:
        ident = self._new_id(m, self.offs, "internet_off") if m.get("id") else ""
        start, until = self._span(m)
        ended = v.convert(to_instant, _INSTANT, None) if (v := m.get("ended")) else None
        by, reason = self._said(m)
        everyone = v.boolean(False) if (v := m.get("everyone")) else False
        if everyone:
            if m.get("profile") or m.get("device"):
                m.fail("expected one of profile, device and everyone")
            return InternetOff("", "", True, start, until, by, reason, ident, ended)
        profile, device = self._whom(m, " (or everyone: true)")
        if not (profile or device):
            return None
        return InternetOff(profile, device, False, start, until, by, reason, ident, ended)

    def _whom(self, m: Mapping, more: str = "") -> tuple[str, str]:
        profile, device = m.get("profile"), m.get("device")
        if (profile is None) == (device is None):
            m.fail(f"expected either 'profile' or 'device'{more}")
            return "", ""
        if profile is not None:
            return self._ref(profile, self.profiles, "profile"), ""
        assert device is not None  # exactly one of the two is there
        return "", self._ref(device, self.devices, "device")

    def _span(self, m: Mapping) -> tuple[float | None, float | None]:
        start = v.convert(to_instant, _INSTANT, None) if (v := m.get("from")) else None
        until = v.convert(to_instant, _INSTANT, None) if (v := m.get("until")) else None
        return start, until

    def _said(self, m: Mapping) -> tuple[str, str]:
        by = v.text(max_len=80) if (v := m.get("by")) else ""
        reason = v.text(max_len=200) if (v := m.get("reason")) else ""
        return by, reason

    def _new_id(self, m: Mapping, taken: set[str], what: str) -> str:
        value = m.need("id")
        if value is None:
            return ""
        ident = value.text(max_len=64)
        if ident and not _ID.fullmatch(ident):
            value.fail(f"expected lower-case letters, digits, - and _ as an id, got {ident!r}")
        elif ident in taken:
            value.fail(f"another {what} has the id {ident}")
        if ident:
            taken.add(ident)
        return ident

    def _ref(self, value: Value, known: Collection[str], what: str) -> str:
        text = value.text(max_len=64)
        if text and text not in known:
            value.fail(_unknown(text, known, what))
            return ""
        return text

    def _refs(self, value: Value | None, known: Collection[str], what: str) -> tuple[str, ...]:
        if value is None:
            return ()
        return tuple(t for v in value.items(f"a list, such as [{what}]") if (t := self._ref(v, known, what)))


def names_of(value: Value | None) -> tuple[bytes, ...]:
    """Return the site names of a list value."""
    if value is None:
        return ()
    rows = list(value.items("a list of names", MAX_NAMES))
    return tuple(n for v in rows if (n := v.convert(site_name, "a site's name such as example.com", b"")))


def days_of(value: Value | None) -> frozenset[int] | None:
    """Return weekdays of a list value; None (every day) when absent."""
    if value is None:
        return None
    words = [v.one_of(DAYS, "day") for v in value.items("a list of days such as [mon, tue]")]
    if not words:
        value.fail("expected at least one day; leave 'days' out for every day")
    return frozenset(DAYS.index(w) for w in words if w)


def forward_zones(value: Value | None) -> tuple[ForwardZone, ...]:
    """Return the forwarding zones of a list value of {zone, to}."""
    found = []
    for item in value.items("a list of {zone, to}", 256) if value is not None else ():
        m = item.mapping(("zone", "to"))
        zone = v.convert(lambda t: site_name(t, reverse=True), "a zone's name", b"") if (v := m.need("zone")) else b""
        targets = upstreams_of(m.need("to"))
        if zone and targets:
            found.append(ForwardZone(zone, targets))
    return tuple(found)


def upstreams_of(value: Value | None) -> tuple[str, ...]:
    """Return the upstreams of one value or a list of them, each once."""
    if value is None:
        return ()
    one = isinstance(value.node, yaml.ScalarNode)
    rows = [value] if one else value.items("a list of upstreams", upstream.MAX_UPSTREAMS)
    found = [row.convert(upstream.parse, "an upstream such as udp://192.168.1.1", None) for row in rows]
    return tuple(dict.fromkeys(one.url for one in found if one is not None))


def _unknown(text: str, known: Collection[str], what: str) -> str:
    import difflib

    near = difflib.get_close_matches(text, list(known), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"unknown {what} {text!r}{hint}"


@lru_cache(maxsize=64)  # the available ones are looked for on disk
def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError
    ZoneInfo(text)
    return text


def _start(text: str) -> int:
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError
    return int(match[1]) * 60 + int(match[2])


def _end(text: str) -> int:
    return _DAY_MINUTES if text == "24:00" else _start(text)


def _mac(text: str) -> str:
    digits = re.sub(r"[:.-]", "", text.lower())
    if not re.fullmatch(r"[0-9a-f]{12}", digits) or not re.fullmatch(r"[0-9a-f:.-]+", text.lower()):
        raise ValueError
    if int(digits[:2], 16) & 1:
        raise ValueError("a group address is no device")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _ip(text: str) -> str:
    if "%" in text:
        raise ValueError("write the address without %interface")
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def _range(text: str) -> str:
    if "/" not in text:
        raise ValueError
    network = ipaddress.ip_network(text, strict=False)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= 96:  # clients' addresses are unmapped too
        return f"{mapped}/{network.prefixlen - 96}"
    return str(network)
