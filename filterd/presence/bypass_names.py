"""Names by which a device shows that it goes round the filter, from the product's own catalogue.

The category `bypass` (blocklists/bypass.yaml, canaries.yaml, starter/bypass.txt) says why each name is there; the
reason tells resolvers, VPNs and proxies apart. Some canaries are asked by every device of a make and mean nothing by
themselves: use-application-dns.net, doh.dns.apple.com, resolver.arpa.

    names = BypassNames.load()
    names.kind("api.nordvpn.com"), names.kind("example.org")      # (Kind.VPN, True), None
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from filterd.config.catalogue import load
from filterd.model.bypass import Kind
from filterd.wire.name import to_text

CATEGORY = "bypass"
_RELAY = "private-relay"  # what a canary switches
_MAX_LABELS = 12  # of a name's end that are looked at


@dataclass(frozen=True, slots=True)
class BypassNames:
    """Kinds by name. `tree` names cover what is below them, `exact` ones do not; `innocent` ones mean nothing."""

    tree: Mapping[str, Kind]
    exact: Mapping[str, Kind]
    innocent: frozenset[str]

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> BypassNames:
        """Return the names of the shipped catalogue. ConfigError: it is damaged."""
        catalogue = load()
        tree = {_text(n.name): _of_reason(n.reason_en) for n in catalogue.starter_lists[CATEGORY].names}
        exact: dict[str, Kind] = {}
        innocent = {"resolver.arpa"}
        for wire, (switches, is_exact) in catalogue.canaries.items():
            if switches == _RELAY:
                (exact if is_exact else tree)[_text(wire)] = Kind.RELAY
            else:
                innocent.add(_text(wire))
        return cls(tree, exact, frozenset(innocent))

    def kind(self, name: str, category: str = "") -> tuple[Kind, bool] | None:
        """Return what asking for `name` means, and whether the catalogue says so (else the name itself does).

        None: it means nothing. `category`: the one that lists in force give it, where known.
        """
        text = name.rstrip(".").lower()
        if text in self.exact:
            return self.exact[text], True
        labels = text.split(".")[-_MAX_LABELS:]
        for start in range(len(labels) - 1):
            parent = ".".join(labels[start:])
            if parent in self.innocent:
                return None
            if parent in self.tree:
                return self.tree[parent], True
        if len(labels) < 2:
            return None
        if (guess := _of_words(labels)) is not None:
            return guess, False
        return (Kind.PROXY, False) if category == CATEGORY else None


def _of_words(labels: list[str]) -> Kind | None:
    """Return what a name that nobody listed calls itself: beevpn.example, doh.example.org. `dns` alone is anything."""
    site = labels[-2]
    if site.startswith("vpn") or site.endswith("vpn"):
        return Kind.VPN
    return Kind.DOH if "doh" in labels[:-2] else None


def _of_reason(reason: str) -> Kind:
    text = reason.lower()
    if "resolver" in text:
        return Kind.DOH
    return Kind.VPN if "vpn" in text else Kind.PROXY


def _text(wire: bytes) -> str:
    return to_text(wire).rstrip(".").lower()
