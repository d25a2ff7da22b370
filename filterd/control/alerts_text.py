"""Alerts in words: a title and a few sentences, plain and kind, with what to do next. Vietnamese and English.

Names of people, devices and sites are left out unless they are handed in; a name of category `abuse` is never handed in
by who finds them. Whatever comes from outside (a device's name, a list's id) is harmless text here: one line, no
control characters, not long.

    title, body = say(alert, "vi")
    title, body = say(alert, "en", Named(profile="Lan", device="Máy của Lan", sites=("bad.example",)))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from filterd.config.catalogue import load as load_catalogue
from filterd.control.alerts_words import ADVICE, COUNTED, KINDS, LOOSENED, MORE, NAMES, WAYS
from filterd.control.privacy import HARM, Masks
from filterd.errors import FilterdError
from filterd.model.alert import HARM_KINDS, Alert, AlertKind
from filterd.model.bypass import NETWORK
from filterd.model.household import Household

MAX_WORD = 80  # characters of a name from outside
MAX_SITES = 3
MAX_BODY = 3500  # characters: below the 4,096 bytes of a push message in most words
_NETWORK = frozenset(kind.value for kind in NETWORK)
_SITES_MS = 3_600_000  # sites are looked for within so long after the alert began


@dataclass(frozen=True, slots=True)
class Named:
    """The names that may be said. "" and (): unknown, or not to be said."""

    profile: str = ""
    device: str = ""
    sites: tuple[str, ...] = ()


def say(alert: Alert, language: str = "vi", names: Named | None = None) -> tuple[str, str]:
    """Return title and body. `names`: None leaves all names out."""
    number = 0 if language != "en" else 1
    named = names or Named()
    words = _words(alert, number, named, with_names=names is not None)
    title, body = KINDS[_kind(alert)][number]
    lines = [body.format(**words)]
    if alert.kind in HARM_KINDS:
        # who hands names in has looked through the masks; what must never be said is not said here either
        sites = () if HARM.intersection(_categories(alert)) else named.sites[:MAX_SITES]
        found = {"device": line(named.device), "sites": ", ".join(map(line, sites))}
        said = "; ".join(f"{NAMES[key][number]}: {value}" for key, value in found.items() if value)
        lines += [f"{said}."] if said else []
    if alert.kind in HARM_KINDS and alert.count > 1:
        lines.append(COUNTED[number].format(count=alert.count))
    lines += [text[number] for text in _advice(alert)]
    return line(title.format(**words), 120), "\n".join(lines)[:MAX_BODY]


def names_of(state: Path, household: Household, alert: Alert) -> Named:
    """Return the names of an alert as they may be shown: sites are looked up in the log, through its masks."""
    found = people_of(household, alert)
    category = str(alert.detail.get("category", ""))
    if (
        alert.kind is not AlertKind.HARM_FIRST
        or category in HARM
        or Masks.of(household).hides_name(alert.profile, category)
    ):
        return found
    from filterd.control.activity import page
    from filterd.model.activity import Filter
    from filterd.model.decision import Action

    wanted = Filter(
        profile=alert.profile, category=category, action=Action.BLOCK, since=alert.at_ms,
        until=alert.at_ms + _SITES_MS,
    )  # fmt: skip
    try:
        entries = page(state, wanted, limit=50).entries
    except FilterdError:
        return found  # the alert is said without
    sites = dict.fromkeys(e.name for e in reversed(entries) if e.name and e.category not in HARM)
    return replace(found, sites=tuple(sites)[:MAX_SITES])


def people_of(household: Household, alert: Alert) -> Named:
    """Return the names of an alert's profile and device, as the household calls them."""
    profile = next((p.name for p in household.profiles if p.id == alert.profile), alert.profile)
    return Named(profile, next((d.name for d in household.devices if d.id == alert.device), alert.device))


def line(text: object, most: int = MAX_WORD) -> str:
    """Return `text` as one harmless line: what does not print is a space, what is too long is cut."""
    clean = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * most])
    clean = " ".join(clean.split())
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"


def _kind(alert: Alert) -> str:
    if alert.kind is AlertKind.NEW_DEVICE and alert.detail.get("many"):
        return "new_devices"
    if alert.kind is AlertKind.BYPASS and alert.detail.get("way") in _NETWORK:
        return "bypass_network"
    return alert.kind.value


def _words(alert: Alert, number: int, named: Named, *, with_names: bool) -> dict[str, str]:
    """Return what the sentences of an alert's kind are filled with."""
    detail = alert.detail
    somebody = MORE["somebody" if alert.profile else "house"][number]
    who = f"“{line(named.profile)}”" if named.profile else somebody
    mac = line(detail.get("mac", "")) if with_names else ""
    address = line(detail.get("address", "")) if with_names else ""
    by = line(detail.get("by", "")) if with_names else ""
    return {
        "who": who,
        "category": "; ".join(_category(c, number) for c in _categories(alert)) or MORE["harm"][number],
        "minutes": line(detail.get("minutes", "")),
        "count": str(alert.count),
        "list": line(detail.get("list", "")),
        "days": line(detail.get("days", "")),
        "device": f" ({', '.join(x for x in (mac, address) if x)})" if mac else "",
        "way": WAYS.get(str(detail.get("way")), WAYS["fell_silent"])[number],
        "private": f" {MORE['private'][number]}" if detail.get("private") else "",
        "what": "; ".join(_loosened(detail.get("what"), number)),
        "by": MORE["by"][number].format(by=by) if by else "",
        "source": MORE.get(f"source-{detail.get('source')}", MORE["source-cli"])[number],
    }


def _loosened(what: object, number: int) -> Iterable[str]:
    """Yield what was loosened, each in words; unknown words of a newer version are left out."""
    said: dict[str, None] = {}
    for pair in what if isinstance(what, list) else ():
        if not isinstance(pair, list) or len(pair) != 2 or pair[0] not in LOOSENED:
            continue
        kind, value = str(pair[0]), str(pair[1])
        if kind in ("category", "allow", "always", "grant"):
            value = _category(value, number)
        elif kind == "service":
            service = load_catalogue().services.get(value)
            value = value if service is None else (service.name_vi, service.name_en)[number]
        elif kind == "device":
            value = ""  # somebody's name for it
        said[LOOSENED[kind][number].format(value=line(value)).strip()] = None
    return list(said)[:12]


def _category(ident: object, number: int) -> str:
    found = load_catalogue().categories.get(str(ident))
    if found is None:
        return line(ident)
    return (found.name_vi, found.name_en)[number]


def _advice(alert: Alert) -> list[tuple[str, str]]:
    """Return what to do, the gravest first."""
    if alert.kind not in HARM_KINDS:
        return []
    categories = _categories(alert)
    found = [ADVICE[c] for c in ADVICE if c in categories]
    return found[:2] or [ADVICE[""]]


def _categories(alert: Alert) -> list[str]:
    return _list(alert.detail.get("categories")) or _list([alert.detail.get("category")])


def _list(value: object) -> list[str]:
    return [str(x) for x in value if x] if isinstance(value, list) else []
