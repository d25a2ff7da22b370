"""The household's YAML file, read with every error named by path and line.

`read` gives a valid Household or raises ConfigError with one line a problem; whatever it accepts, policy/compile.py
compiles. config/household_out.py writes it again. This file reads what holds for the whole household and the order of
its parts; household_profile.py, household_devices.py and household_grants.py read one of a part each.
The format is described in deploy/household.example.yaml; names of sites are A-labels inside.

    household = read(path.read_bytes(), known)
"""

from __future__ import annotations

from filterd.config import household_devices, household_grants, household_profile
from filterd.config.document import Mapping, Value, to_date
from filterd.config.household_values import forward_zones, names_of, upstreams_of, zone_of
from filterd.config.household_words import Known, Taken, ref
from filterd.model.household import Holiday, Household, Privacy

VERSION = 1
MAX_PROFILES = 2_000
MAX_DEVICES = 20_000
MAX_PARENTS = 24  # characters of what a child calls the parents
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


def read(text: str | bytes, known: Known, file: str = "household.yaml") -> Household:
    """Return the household in `text`. Raises ConfigError naming path and line of every error."""
    top = Mapping.load(text, file, _TOP)
    household = _household(top, known)
    top.problems.raise_if_any()
    return household


def _household(top: Mapping, known: Known) -> Household:
    taken = Taken()
    version = top.need("version")
    if version is not None:
        version.integer(VERSION, VERSION, VERSION)
    zone = "Asia/Ho_Chi_Minh"
    if value := top.get("timezone"):
        zone = value.convert(zone_of, "an IANA time zone such as Asia/Ho_Chi_Minh", zone)
    language = value.one_of(("vi", "en"), "language", "vi") if (value := top.get("language")) else "vi"
    # `block_mode: null` without quotes is YAML's null, and means the same
    mode = (
        value.one_of(("null", "nxdomain", "page"), "block mode", "null") if (value := top.get("block_mode")) else "null"
    )
    holidays = tuple(_holidays(top, taken.holidays))
    listed = top.need("profiles")
    rows = list(listed.items("a list of profiles", MAX_PROFILES)) if listed else []
    if listed is not None and not rows:
        listed.fail("expected at least one profile")
    profiles = tuple(household_profile.read_profile(v.mapping(household_profile.KEYS), known, taken) for v in rows)
    default = ""
    if value := top.get("default_profile"):
        default = ref(value, taken.profiles, "profile")
    devices = tuple(
        d
        for v in top.rows("devices", "a list of devices", MAX_DEVICES)
        if (d := household_devices.read_device(v.mapping(household_devices.KEYS), taken)) is not None
    )
    household_devices.no_two_alike(top.get("devices"), devices)
    grants = tuple(
        g
        for v in top.rows("grants", "a list of grants")
        if (g := household_grants.read_grant(v.mapping(household_grants.GRANT_KEYS), known, taken)) is not None
    )
    offs = tuple(
        o
        for v in top.rows("internet_off", "a list")
        if (o := household_grants.read_off(v.mapping(household_grants.OFF_KEYS), taken)) is not None
    )
    return Household(
        profiles=profiles,
        default_profile=default,
        timezone=zone,
        language=language,
        block_mode=mode,
        privacy=_privacy(top.get("privacy")),
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


def _privacy(value: Value | None) -> Privacy:
    if value is None:
        return Privacy()
    m = value.mapping(["detail_days", "counts_days", "level"])
    detail = v.integer(0, 3650, 7) if (v := m.get("detail_days")) else 7
    counts = v.integer(0, 3650, 90) if (v := m.get("counts_days")) else 90
    levels = ("everything", "blocked", "counts", "nothing")
    level = v.one_of(levels, "level", "everything") if (v := m.get("level")) else "everything"
    return Privacy(detail, counts, level)


def _holidays(top: Mapping, taken: set[str]) -> list[Holiday]:
    found = []
    for value in top.rows("holidays", "a list of holidays"):
        m = value.mapping(("name", "from", "to"))
        name = n.text() if (n := m.need("name")) else ""
        first = f.convert(to_date, "a date such as 2026-06-01", None) if (f := m.need("from")) else None
        last = t.convert(to_date, "a date such as 2026-08-31", None) if (t := m.need("to")) else None
        if name:
            taken.add(name)
        if first is not None and last is not None:
            if last < first:
                value.fail(f"'to' ({last}) is before 'from' ({first})")
            else:
                found.append(Holiday(name, first, last))
    return found
