"""The feed's own host as a lifeline: reachable on every device, at bedtime too, for as long as the feed is followed.

A lifeline stands above every list (precedence row 2), so a feed must not be able to name what it likes: one host counts,
only the one that a person typed when they trusted the feed, and never an ending under which everybody registers, a
search engine, an app that families switch, or a name that the shipped lists block.

    catalogue = with_feeds(state, shipped())        # the same one when there is nothing to add
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filterd.errors import FilterdError

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.feed.state import Followed

GROUP = "province"


def with_feeds(state: Path, catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with the hosts of the followed feeds among its lifelines, and a digest that says so."""
    from filterd.feed.state import load_followed

    try:
        found = {host for one in load_followed(state) if (host := _host(one, catalogue)) is not None}
    except FilterdError:  # damaged settings of feeds: said by who needs them, and no reason to publish nothing
        return catalogue
    new = sorted(found - set(catalogue.lifelines))
    if not new:
        return catalogue
    return replace(
        catalogue,
        lifelines=catalogue.lifelines | dict.fromkeys(new, GROUP),
        digest=f"{catalogue.digest} {' '.join(host.hex() for host in new)}",
    )


def _host(one: Followed, catalogue: Catalogue) -> bytes | None:
    """Return the wire name of a feed's host when it may be a lifeline."""
    from filterd.listbuild.suffixes import icann
    from filterd.wire.name import suffixes, to_wire

    try:
        if not one.host or one.host != urlsplit(one.url).hostname or icann().covers(one.host.encode("ascii")):
            return None
        wire = to_wire(one.host)
    except (ValueError, FilterdError):
        return None
    taken = set(_taken(catalogue))
    is_below = any(name in taken for name in suffixes(wire))
    is_above = any(wire in suffixes(name) for name in taken)
    return None if is_below or is_above else wire


def _taken(catalogue: Catalogue) -> Iterator[bytes]:
    """Yield the names that mean something else to families: nothing at, below or above one becomes a lifeline."""
    for service in catalogue.services.values():
        yield from (*service.core, *service.suffix, *service.exact)
    yield from catalogue.safe_hosts
    for names in catalogue.starter.values():
        yield from names
    yield from catalogue.canaries
