"""Who made a network adapter, from the first half of its hardware address (IEEE's OUI registry, as netaddr ships it).

The registry is looked through where it lies, a few milliseconds a look-up, instead of being loaded: it would cost more
memory than all else that the manager holds. Made-up (private) addresses have no maker.

    vendor("00:1d:c9:00:00:13") == "GainSpan Corp."
"""

from __future__ import annotations

import contextlib
import mmap
from functools import lru_cache
from importlib import util
from pathlib import Path

from filterd.model.seen import is_private
from filterd.model.sighting import clean, is_device_mac


def vendor(mac: str) -> str:
    """Return the maker's name; '' when the address is made up, not registered, or there is no registry."""
    if not is_device_mac(mac) or is_private(mac):
        return ""
    return _maker(mac[:8])


@lru_cache(maxsize=512)
def _maker(prefix: str) -> str:
    path = _registry()
    if path is None:
        return ""
    with (
        contextlib.suppress(OSError, ValueError),
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text,
    ):
        # one line of each entry: `00-1D-C9   (hex)		GainSpan Corp.`
        at = text.find(prefix.upper().replace(":", "-").encode() + b"   (hex)")
        if at >= 0:
            line = text[at : at + 256].partition(b"\n")[0]
            return clean(line.partition(b"(hex)")[2])
    return ""


@lru_cache(maxsize=1)
def _registry() -> Path | None:
    """Return where the registry lies, without importing the package around it."""
    spec = util.find_spec("netaddr")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "eui" / "oui.txt"
    return path if path.is_file() else None
