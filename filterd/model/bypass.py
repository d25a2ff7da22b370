"""Ways round the filter: what the watch has found of a device, or of the network, and how sure it is.

Values only. presence/bypass.py finds them, control/watch.py keeps them, control/bypass_words.py says them.

    Finding(Kind.VPN, "02:00:00:00:00:07", at, at, Confidence.MEDIUM, {"name": "vpn.example.org"}, "vpn_app")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from filterd.model.sighting import ANSWERS


class Kind(Enum):
    """What was found. The values stand in files and in what `filterd watch` prints."""

    SILENT = "silent"  # present and talking, but has never asked this box
    FELL_SILENT = "fell_silent"  # asked as it always does, then stopped while it talks on
    DOH = "doh"  # asks for resolvers that answer encrypted (over HTTPS or TLS)
    VPN = "vpn"
    PROXY = "proxy"
    RELAY = "relay"  # iCloud Private Relay
    SECOND_DNS = "second_dns"  # DHCP, DHCPv6 or a router advertisement offers another resolver
    ROUTER_DNS = "router_dns"  # a router hands itself out as the resolver
    ADDRESS_CONFLICT = "address_conflict"  # two devices claim one address


class Confidence(Enum):
    """How sure it is: low may well be nothing, high is as good as seen."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 for low, 2 for high."""
        return ("low", "medium", "high").index(self.value)


SYSTEMS = ("ios", "android", "windows", "macos", "browser", "router", "vpn_app")  # whose steps end it
NETWORK = (Kind.SECOND_DNS, Kind.ROUTER_DNS, Kind.ADDRESS_CONFLICT)  # of the network, not of who uses a device


@dataclass(frozen=True, slots=True)
class Finding:
    """One way round. Times are POSIX seconds: `since` when it began as far as is seen, `at` when it was noticed.

    `mac`: the device; of second_dns and router_dns who offers the resolver. `facts` by kind: silent_minutes, heard_minutes
    (of the last 30); name (as asked, in lower case) and blocked; address and
    offered (how, as in a sighting's detail: dhcp, dhcp6, ra, answers).
    """

    kind: Kind
    mac: str
    since: float
    at: float
    confidence: Confidence
    facts: Mapping[str, str | int | bool] = field(default_factory=dict)
    steps: str = "browser"

    @property
    def is_chance(self) -> bool:
        """Whether it is no way that is gone, but one that could be: a router that answers whoever asks it."""
        return self.facts.get("offered") == ANSWERS

    @property
    def key(self) -> str:
        """The same for the same way round of the same device, however sure it is."""
        if self.kind is Kind.FELL_SILENT:
            return f"silent|{self.mac}"
        if self.kind in NETWORK:
            return f"{self.kind.value}|{self.facts.get('address', '')}"
        return f"{self.kind.value}|{self.mac}"

    def document(self) -> dict[str, object]:
        """Return the plain values that `filterd watch --json` prints and the state's file holds."""
        return {
            "at": self.at, "kind": self.kind.value, "mac": self.mac, "since": self.since,
            "confidence": self.confidence.value, "steps": self.steps, "facts": dict(self.facts),
        }  # fmt: skip
