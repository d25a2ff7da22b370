"""Values of the household's file that stand for themselves: names of sites, days, times of day, addresses, upstreams.

Each takes a value of the document (or its text) and knows nothing of the rest of the file. What refers to other parts
of it is config/household_words.py.

    names_of(m.get("allow"))      # wire names, at most MAX_NAMES of them
    minute_of_start("21:30")      # 1290
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import yaml

from filterd.config.document import Mapping, Value, to_instant
from filterd.config.sitename import site_name
from filterd.model import upstream
from filterd.model.household import DAYS, ForwardZone

MAX_NAMES = 20_000  # a list of names
DAY_MINUTES = 1440
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_INSTANT = "a time with an offset such as 2026-11-24T22:00:00+07:00"


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


def instant(value: Value | None) -> float | None:
    """Return POSIX seconds of a time with an offset; None when it is absent."""
    return None if value is None else value.convert(to_instant, _INSTANT, None)


def span(m: Mapping) -> tuple[float | None, float | None]:
    """Return the instants `from` and `until`; None for one that is absent."""
    return instant(m.get("from")), instant(m.get("until"))


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


@lru_cache(maxsize=64)  # the available ones are looked for on disk
def zone_of(text: str) -> str:
    """Return the name of an IANA time zone; ValueError else."""
    if text not in available_timezones():
        raise ValueError
    ZoneInfo(text)
    return text


def minute_of_start(text: str) -> int:
    """Return minutes after midnight, 0..1439; ValueError else."""
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError
    return int(match[1]) * 60 + int(match[2])


def minute_of_end(text: str) -> int:
    """Return minutes after midnight, 0..1440; ValueError else."""
    return DAY_MINUTES if text == "24:00" else minute_of_start(text)


def mac_of(text: str) -> str:
    """Return a hardware address as `02:1a:2b:3c:4d:5e`; ValueError else."""
    digits = re.sub(r"[:.-]", "", text.lower())
    if not re.fullmatch(r"[0-9a-f]{12}", digits) or not re.fullmatch(r"[0-9a-f:.-]+", text.lower()):
        raise ValueError
    if int(digits[:2], 16) & 1:
        raise ValueError("a group address is no device")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def ip_of(text: str) -> str:
    """Return an address in its shortest form, IPv4 also where it came mapped into IPv6; ValueError else."""
    if "%" in text:
        raise ValueError("write the address without %interface")
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def range_of(text: str) -> str:
    """Return a network as `10.20.3.0/24`; ValueError else."""
    if "/" not in text:
        raise ValueError
    network = ipaddress.ip_network(text, strict=False)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= 96:  # clients' addresses are unmapped too
        return f"{mapped}/{network.prefixlen - 96}"
    return str(network)
