"""The settings file `filterd.yaml` (option --config): few knobs, and every error names path and line.

    upstreams: [udp://1.1.1.3, "tcp://[2606:4700:4700::1113]"]
    dns: ["192.168.1.2:53", "[fd00::2]:53"]
    block_ttl_s: 10
    forward_zones:
      - {zone: school.example, to: [udp://10.0.0.1]}

The values and their meaning are settings.py; reading YAML with lines is document.py.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from filterd.config.document import Mapping, Value
from filterd.config.household_values import forward_zones
from filterd.config.settings import BLOCK_MODES, MAX_WORKERS, Listen, Settings, parse_web
from filterd.config.sitename import site_name
from filterd.errors import ConfigError
from filterd.model import upstream

KEYS = (
    "upstreams",
    "dns",
    "web",
    "web_tls",
    "child",
    "metrics",
    "workers",
    "block",
    "block_ttl_s",
    "answer_ranges",
    "forward_zones",
    "rebind_allow",
    "cache_mib",
    "rate_per_client",
    "own_name",
)
_T = TypeVar("_T")


def load(path: Path) -> Settings:
    """Return the settings in the file `path`. ConfigError names every problem, one a line."""
    try:
        text = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    return read(text, str(path))


def read(text: str | bytes, file: str = "filterd.yaml") -> Settings:
    """Return the settings in `text`. ConfigError names every problem, one a line."""
    top = Mapping.load(text, file, KEYS)
    given: dict[str, Any] = {}
    if upstreams := _list(top, "upstreams", lambda t: upstream.parse(t).url, "an upstream such as udp://1.1.1.3"):
        given["upstreams"] = upstreams
    given["dns"] = _list(top, "dns", Listen.parse, "ADDRESS:PORT")
    given["answer_ranges"] = _list(top, "answer_ranges", _prefix, "a prefix such as 10.20.0.0/16")
    given["rebind_allow"] = _list(top, "rebind_allow", site_name, "a name")
    given["forward_zones"] = forward_zones(top.get("forward_zones"))
    for key in ("web", "web_tls", "child", "metrics"):
        if value := top.get(key):
            given[key] = value.convert(parse_web, "ADDRESS:PORT or off", "off")
    if value := top.get("own_name"):
        given["own_name"] = value.convert(site_name, "a name", b"")
    if (value := top.entries.get("block")) is not None:  # `block: null` is YAML's null and means the mode all the same
        given["block"] = value.one_of(BLOCK_MODES, "block mode")
    for key, low, high in (
        ("workers", 1, MAX_WORKERS),
        ("block_ttl_s", 1, 60),
        ("cache_mib", 1, 1024),
        ("rate_per_client", 10, 100_000),
    ):
        if value := top.get(key):
            given[key] = value.integer(low, high, low)
    top.problems.raise_if_any()
    return Settings(**given)


def _list(top: Mapping, key: str, convert: Callable[[str], _T], expected: str) -> tuple[_T, ...]:
    """Return the converted items under `key`; one value may stand there without being a list."""
    value = top.get(key)
    if value is None:
        return ()
    rows = value.items(f"a list of {expected}", 1000) if _is_list(value) else iter([value])
    found = [row.convert(convert, expected, None) for row in rows]
    return tuple(item for item in found if item is not None)


def _is_list(value: Value) -> bool:
    return isinstance(value.node.value, list)


def _prefix(text: str) -> str:
    network = ipaddress.ip_network(text, strict=False)
    if network.prefixlen == 0:
        raise ValueError("that is the whole Internet")
    return str(network)
