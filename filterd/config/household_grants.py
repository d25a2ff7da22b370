"""What a household gives or takes for a while: a grant, and the internet switched off.

grant = read_grant(value.mapping(GRANT_KEYS), known, taken)
off = read_off(value.mapping(OFF_KEYS), taken)
"""

from __future__ import annotations

from filterd.config.document import Mapping
from filterd.config.household_values import instant, span
from filterd.config.household_words import Known, Taken, new_id, ref
from filterd.config.sitename import site_name
from filterd.model.household import Grant, InternetOff, Scope
from filterd.wire.name import to_text

GRANT_KEYS = ["id", "profile", "device", "scope", "value", "from", "until", "by", "reason"]
OFF_KEYS = ["id", "profile", "device", "everyone", "from", "until", "ended", "by", "reason"]


def read_grant(m: Mapping, known: Known, taken: Taken) -> Grant | None:
    """Return the grant in `m`; None after noting what it lacks."""
    ident = new_id(m, taken.grants, "grant") if m.get("id") else ""
    scope_text = v.one_of([s.value for s in Scope], "scope") if (v := m.need("scope")) else ""
    profile, device = _whom(m, taken)
    start, until = span(m)
    by, reason = _said(m)
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
        words = known.services if scope is Scope.SERVICE else known.categories
        text = ref(value, words, scope.value)
    if scope not in (Scope.TIME, Scope.FILTER) and not text:
        return None
    return Grant(scope, text, profile, device, start, until, by, reason, ident)


def read_off(m: Mapping, taken: Taken) -> InternetOff | None:
    """Return the switching off in `m`; None after noting what it lacks."""
    ident = new_id(m, taken.offs, "internet_off") if m.get("id") else ""
    start, until = span(m)
    ended = instant(m.get("ended"))
    by, reason = _said(m)
    everyone = v.boolean(False) if (v := m.get("everyone")) else False
    if everyone:
        if m.get("profile") or m.get("device"):
            m.fail("expected one of profile, device and everyone")
        return InternetOff("", "", True, start, until, by, reason, ident, ended)
    profile, device = _whom(m, taken, " (or everyone: true)")
    if not (profile or device):
        return None
    return InternetOff(profile, device, False, start, until, by, reason, ident, ended)


def _whom(m: Mapping, taken: Taken, more: str = "") -> tuple[str, str]:
    profile, device = m.get("profile"), m.get("device")
    if (profile is None) == (device is None):
        m.fail(f"expected either 'profile' or 'device'{more}")
        return "", ""
    if profile is not None:
        return ref(profile, taken.profiles, "profile"), ""
    assert device is not None  # exactly one of the two is there
    return "", ref(device, taken.devices, "device")


def _said(m: Mapping) -> tuple[str, str]:
    by = v.text(max_len=80) if (v := m.get("by")) else ""
    reason = v.text(max_len=200) if (v := m.get("reason")) else ""
    return by, reason
