"""Alerts: what a parent should hear of without looking, and the ways by which the household sends it out.

Values only. control/alerts.py notices them, control/alerts_text.py says them, control/deliver.py sends them. An alert
never holds the name of a site: who wants it looks into the log, as long as the log has it.

    alert = Alert(1, at, at, AlertKind.HARM_FIRST, "2026-11-24|lan|gambling", "lan", "pad", {"category": "gambling"})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

CHANNELS = ("webhook", "ntfy", "email")
UNSEEN = ("new", "sent")  # states of an alert that nobody has looked at


class AlertKind(Enum):
    """What happened. The values stand in the store."""

    HARM_FIRST = "harm_first"  # a profile's first blocked attempt of a harm category on a day
    HARM_BURST = "harm_burst"  # many blocked attempts of harm categories within minutes
    NEW_DEVICE = "new_device"  # a device that was never seen before
    STALE_LISTS = "stale_lists"  # a list that has not been renewed for long
    RULES_LOOSENED = "rules_loosened"  # a change of the household that protects a child less
    BYPASS = "bypass"  # a way round the filter
    CHILD_TALKS = "child_talks"  # a child said on its page that it needs to talk


HARM_KINDS = (AlertKind.HARM_FIRST, AlertKind.HARM_BURST)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Times are ms since the epoch (UTC); those of category `abuse` are cut to the hour.

    `detail`: by kind. harm_first: category. harm_burst: categories, minutes. new_device: mac, address, private, many.
    stale_lists: list, days. rules_loosened: what (pairs of what was loosened and its id), by, source, changes (first
    and last number). child_talks: none. `uid`: a random id, the same in every message about this alert.
    """

    id: int
    at_ms: int
    last_at_ms: int
    kind: AlertKind
    key: str
    profile: str = ""  # "": nobody's, or not known
    device: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1
    state: str = "new"  # new, sent (to every channel) or seen (by a person)

    @property
    def uid(self) -> str:
        """The id by which a receiver knows a message that comes twice."""
        return str(self.detail.get("uid", ""))

    @property
    def undelivered(self) -> Mapping[str, str]:
        """Channel -> why it was given up there."""
        delivery = self.detail.get("delivery") or {}
        return {str(k): str(v) for k, v in (delivery.get("gave_up") or {}).items()}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A POST of JSON to an address of the parent's. `secret`: key of the signature ("": no signature)."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Ntfy:
    """A topic of a ntfy server. Who knows the topic reads along, so it is a secret too."""

    server: str
    topic: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Email:
    """A mailbox, and the server that takes mail for it. `tls`: starttls, tls (from the first byte) or none."""

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What is sent, and where to. Nothing is, unless a channel is set; alerts are kept for the page all the same."""

    kinds: frozenset[AlertKind] = frozenset(AlertKind)
    webhook: Webhook | None = None
    ntfy: Ntfy | None = None
    email: Email | None = None
    names: bool = False  # of people, devices and sites in messages that leave the house
    quiet: tuple[int, int] | None = None  # minutes after midnight between which messages wait; may cross midnight
    missing: tuple[str, ...] = ()  # channels that are on but whose secrets are gone: they must be set again

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are set."""
        return tuple(name for name in CHANNELS if getattr(self, name) is not None)
