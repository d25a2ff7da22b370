"""Is this new device one that the household knows, under another hardware address? Reasons, never a decision.

Phones make their hardware addresses up and change them (private addresses). What stays alike is what a phone calls itself,
what it asks a DHCP server for, that the old address fell silent when the new one came, and which sites it asks for. A
parent decides with one tap; "no" is remembered, and nothing is ever merged silently (DECISIONS 6).

    for hint in hints(state, household, seen)[mac]:
        print(hint.device.name, hint.reasons, hint.is_sure)
    part(state, mac, "lan-phone")          # no, it is another one
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from filterd.errors import FilterdError, StoreError
from filterd.host.files import locked, read_bounded, write_atomic
from filterd.model.household import Device, Household
from filterd.model.seen import SeenDevice, is_private

FILE = "devices-apart.json"
MAX_APART = 1024  # answers "another device" that are remembered; the oldest goes first
MAX_BYTES = 512 * 1024
LEAST = 3  # points that make it worth a question
SURE = 6  # points from which it is "quite alike" no more but "very probably"
OVERLAP_S = 600.0  # the old address may be heard so long after the new one came: a phone that changes over
ENTRIES = 300  # questions of each that are compared
MAX_LOOKED = 64  # devices and addresses whose sites are read in one go, a few ms each; then it is one reason less
SITES = 5  # that both ask for, at least
ALIKE = 0.35  # of all sites of both together
_GENERIC = re.compile(
    r"(?:iphone|ipad|ipod|android|galaxy|phone|tablet|localhost|unknown|device|android-[0-9a-f]+|wlan\d*|esp[-_].*)?"
)


class Reason(StrEnum):
    """What is alike."""

    NAME = "name"  # it calls itself the same, and few others do
    KIND = "kind"  # it calls itself as all of its kind do
    DHCP = "dhcp"  # it asks for a lease in the same way
    QUIET = "quiet"  # the old one has been silent since this one came
    SITES = "sites"  # it asks for the same sites


_POINTS = {Reason.NAME: 3, Reason.KIND: 1, Reason.DHCP: 2, Reason.QUIET: 1, Reason.SITES: 2}


@dataclass(frozen=True, slots=True)
class Hint:
    """`device` of the household may be the new one. `name`: what it calls itself, as it is shown; hostile text."""

    device: Device
    reasons: tuple[Reason, ...]
    name: str = ""

    @property
    def points(self) -> int:
        """How much speaks for it."""
        return sum(_POINTS[reason] for reason in self.reasons)

    @property
    def is_sure(self) -> bool:
        """True when it is very probable."""
        return self.points >= SURE


def hints(state: Path, household: Household, seen: Sequence[SeenDevice]) -> dict[str, list[Hint]]:
    """Return for each new hardware address the household's devices that it may be, the likeliest first.

    Only made-up (private) addresses change hands, on both sides. Never raises: a log that cannot be read is one reason
    less.
    """
    known = {d.mac: d for d in household.devices if d.mac}
    by_mac = {s.mac: s for s in seen}
    old = [(d, by_mac[m]) for m, d in known.items() if m in by_mac and is_private(m)]
    apart = _apart(state)
    sites: dict[str, frozenset[str]] = {}
    found: dict[str, list[Hint]] = {}
    for new in seen:
        if new.mac in known or not new.is_private or new.is_router:
            continue
        mine = []
        for device, was in old:
            if device.id in apart.get(new.mac, ()) or was.last > new.first + OVERLAP_S:
                continue  # both were there at once: two devices
            reasons = _alike(new, was)
            if _points(reasons) + _POINTS[Reason.SITES] >= LEAST and _same_sites(state, household, device, new, sites):
                reasons.append(Reason.SITES)
            if _points(reasons) >= LEAST:
                mine.append(Hint(device, tuple(reasons), new.names[0] if new.names else ""))
        if mine:
            found[new.mac] = sorted(mine, key=lambda hint: (-hint.points, hint.device.id))
    return found


def part(state: Path, mac: str, device: str) -> None:
    """Remember that `mac` is not this device of the household. Raises StoreError."""
    with locked(state / f"{FILE}.lock"):
        apart = _apart(state)
        said = apart.pop(mac, [])
        apart[mac] = [*(d for d in said if d != device), device][-16:]
        while len(apart) > MAX_APART:
            del apart[next(iter(apart))]
        write_atomic(state / FILE, json.dumps({"layout": 1, "apart": apart}).encode())


def _alike(new: SeenDevice, was: SeenDevice) -> list[Reason]:
    reasons = []
    common = {_folded(n) for n in new.names} & {_folded(n) for n in was.names} - {""}
    if any(not _GENERIC.fullmatch(name) for name in common):
        reasons.append(Reason.NAME)
    elif common:
        reasons.append(Reason.KIND)
    elif new.names and was.names:
        return []  # two that call themselves differently are two, however alike their kind asks for a lease
    if new.fingerprint and (new.fingerprint, new.vendor_class) == (was.fingerprint, was.vendor_class):
        reasons.append(Reason.DHCP)
    if reasons and was.last <= new.first:
        reasons.append(Reason.QUIET)
    return reasons


def _points(reasons: Iterable[Reason]) -> int:
    return sum(_POINTS[reason] for reason in reasons)


def _folded(name: str) -> str:
    return name.casefold().strip().removesuffix(".local")


def _same_sites(
    state: Path, household: Household, device: Device, new: SeenDevice, known: dict[str, frozenset[str]]
) -> bool:
    """Return whether both ask for the same sites. Names are compared, shown to nobody."""
    if household.privacy.level != "everything":
        return False
    mine: frozenset[str] = frozenset()
    for key in (device.id, *new.addresses[:4]):
        if key not in known and len(known) < MAX_LOOKED:
            known[key] = _sites(state, key)
        if key != device.id:
            mine |= known.get(key, frozenset())
    its = known.get(device.id, frozenset())
    both = mine & its
    return len(both) >= SITES and len(both) >= ALIKE * len(mine | its)


def _sites(state: Path, device: str) -> frozenset[str]:
    """Return the sites (the last two labels, three below a two-letter suffix pair) that a device asked for lately."""
    from filterd.control import activity
    from filterd.model.activity import Filter

    try:
        entries = activity.page(state, Filter(device=device), limit=ENTRIES).entries
    except (FilterdError, OSError):
        return frozenset()
    return frozenset(_site(entry.name) for entry in entries if entry.name)


def _site(name: str) -> str:
    labels = name.rstrip(".").split(".")
    count = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-count:])


def _apart(state: Path) -> dict[str, list[str]]:
    """Return what was said to be another device: MAC -> ids of devices that it is not."""
    try:
        document = json.loads(read_bounded(state / FILE, MAX_BYTES))
    except (StoreError, ValueError, RecursionError):
        return {}
    apart = document.get("apart") if isinstance(document, Mapping) else None
    if not isinstance(apart, dict):
        return {}
    return {str(mac): [str(d) for d in ids] for mac, ids in apart.items() if isinstance(ids, list)}
