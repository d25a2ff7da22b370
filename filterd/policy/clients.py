"""The client map: which MAC address wears which IP address right now. A small file of its own (ARCHITECTURE 5).

Written by the manager, read by the workers; policy/judge.py turns address and MAC into a profile. JSON, bounded, and
refused as a whole when anything in it is not as expected.
"""

from __future__ import annotations

import json
import re

from filterd.errors import LayoutError

LAYOUT = 1
MAX_ENTRIES = 65_536  # addresses; a school's /16
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")


class ClientMap:
    """Immutable address-to-MAC table."""

    __slots__ = ("_macs",)

    def __init__(self, macs: dict[str, str] | None = None) -> None:
        self._macs = dict(macs or {})

    def mac(self, address: str) -> str:
        """Return the MAC (aa:bb:cc:dd:ee:ff) last seen at `address`, or ''."""
        return self._macs.get(address, "")

    def __len__(self) -> int:
        return len(self._macs)

    @classmethod
    def load(cls, data: bytes) -> ClientMap:
        """Return the map stored in `data`; LayoutError when it is not one."""
        try:
            document = json.loads(data)
        except ValueError as exc:
            raise LayoutError(f"client map: not JSON: {exc}") from exc
        if not isinstance(document, dict) or document.get("layout") != LAYOUT:
            raise LayoutError(f"client map: expected layout {LAYOUT}")
        macs = document.get("macs")
        if not isinstance(macs, dict) or len(macs) > MAX_ENTRIES:
            raise LayoutError(f"client map: expected at most {MAX_ENTRIES} addresses under 'macs'")
        for address, mac in macs.items():
            if not isinstance(mac, str) or not _MAC.fullmatch(mac):
                raise LayoutError(f"client map: {address}: expected a MAC address, got {mac!r}")
        return cls(macs)


def dump(mapping: dict[str, str]) -> bytes:
    """Return the file of `mapping` (address -> MAC): same mapping, same bytes."""
    return json.dumps({"layout": LAYOUT, "macs": mapping}, sort_keys=True, separators=(",", ":")).encode()
