"""Forwarding zones (school domain, reverse ranges, the router's own name) and the operator's rebinding exceptions.

The longest zone that covers a name decides. A zone none of whose upstreams can be understood is not forwarded
anywhere: its questions fail rather than leave the house.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from filterd.errors import UpstreamError
from filterd.model.household import ForwardZone
from filterd.model.upstream import Upstream, parse

log = logging.getLogger(__name__)


class Zones:
    """Immutable; one for each world."""

    __slots__ = ("_groups", "_rebind")

    def __init__(
        self, zones: Iterable[ForwardZone], rebind_allow: Iterable[bytes], group: Callable[[tuple[Upstream, ...]], int]
    ) -> None:
        """`group` numbers a tuple of upstreams. Of two zones of the same name the later one counts."""
        self._groups = {zone.zone: group(_upstreams(zone)) for zone in zones}
        self._rebind = frozenset(rebind_allow)

    @property
    def groups(self) -> Iterable[int]:
        """All groups that a name may belong to."""
        return self._groups.values()

    def group(self, name: bytes) -> int | None:
        """Return the group of the longest zone that covers `name`, None outside all zones."""
        groups = self._groups
        if not groups:
            return None
        pos = 0
        while length := name[pos]:
            found = groups.get(name[pos:])
            if found is not None:
                return found
            pos += length + 1
        return groups.get(b"\0")

    def rebind_allowed(self, name: bytes) -> bool:
        """Return whether the operator lets `name` lead to private addresses."""
        if not self._rebind:
            return False
        pos = 0
        while length := name[pos]:
            if name[pos:] in self._rebind:
                return True
            pos += length + 1
        return False


def _upstreams(zone: ForwardZone) -> tuple[Upstream, ...]:
    found = []
    for url in zone.upstreams:
        try:
            found.append(parse(url))
        except UpstreamError as exc:
            log.error("forwarding zone: upstream not understood reason=%s", exc)
    return tuple(found)
