"""Ask the schedule, and why a row of the log is as it is: the decision in at most four plain sentences, with the buttons
that fit.

The decision is control/explain.py's, so the workers' own. A row of the log already has one; what stood behind it then,
and what comes next, is looked up in the household and its history.

    found = ask(state, name="tiktok.com", device="may-lan", at="2026-11-28 21:30")
    found.sentences("vi"), found.verdict("vi"), found.buttons
    explain_row(state, entry)                       # an Entry of control/activity.page
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from filterd.control.ask_buttons import buttons_of, grant_of
from filterd.control.ask_found import Found, child_name, device_name, own_end, who_set, windows_of
from filterd.control.explain import Explainer
from filterd.control.explain_question import Question
from filterd.control.household import load
from filterd.control.moves import Whom
from filterd.control.now import Seen, see
from filterd.control.privacy import HARM
from filterd.control.week import words_of
from filterd.errors import ConfigError
from filterd.model.activity import Entry
from filterd.model.decision import Action, Row
from filterd.model.household import Household
from filterd.model.tags import NO_TAGS, Tag, TagKind, TagSet
from filterd.policy.decision_words import Why, sentences, verdict
from filterd.policy.explain import Name, explain
from filterd.policy.judge import Client
from filterd.policy.outlook import judge_of
from filterd.policy.say import language_of
from filterd.policy.who_set import Setter
from filterd.wire.name import to_wire


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision for people. `sentences` and `verdict` take a language; buttons are ids of acts, in their order.

    buttons: allow15, always, edit_schedule, edit_budget, edit_rule, ask, report, hint, call111, block_child, block_all
    """

    action: Action
    row: Row
    rule: str
    profile: str
    device: str
    name: str  # "": not to be shown
    at: float
    until: float | None
    buttons: tuple[str, ...]
    grant: tuple[str, str] = ("", "")  # scope and value of what "allow for 15 min" gives; "": it cannot be given
    set_by: Setter | None = None
    service: str = ""
    category: str = ""
    list_id: str = ""
    trace: tuple[Mapping[str, str], ...] = ()  # every row that was passed, for who wants to know it all
    whys: Mapping[str, Why] = field(default_factory=dict)

    @property
    def is_blocked(self) -> bool:
        """True when the question gets the blocked shape."""
        return self.action is Action.BLOCK

    def sentences(self, language: str) -> tuple[str, ...]:
        """Return one to four sentences: who asked what, what it belongs to, what decided, who set it and what next."""
        code = language_of(language)
        return sentences(self.whys[code], code)

    def verdict(self, language: str) -> str:
        """Return the decision in two or three words."""
        code = language_of(language)
        return verdict(self.whys[code], code)


class _Asking(Explainer):
    """An explainer that also answers for a profile, whatever device: `profile:lan`."""

    def _client(self, text: str) -> Client:
        word, _, ident = text.partition(":")
        if word != "profile":
            return super()._client(text)
        for number, profile in enumerate(self.snapshot.profiles):
            if profile.id == ident:
                return Client(number, ident, "")
        raise ConfigError(f"profile: there is no {ident!r} in what is in force")


def ask(
    state: Path,
    *,
    name: str,
    device: str = "",
    profile: str = "",
    at: str = "",
    now: float | None = None,
    live: bool = False,
) -> Answer:
    """Return what a device (an id or an address) or a profile gets for a site's name at a time.

    `at`: wall-clock time in the household's zone, "" for now. `live`: ask a running worker where the name leads, so
    that its targets are judged too. Raises ConfigError, StoreError.
    """
    wall = time.time() if now is None else now
    household = load(state)
    if bool(device) == bool(profile):
        raise ConfigError("expected exactly one of device and profile")
    if profile:
        Whom(profile=profile).check(household)
    explainer = _Asking(state, live=live)
    try:
        client = device or f"profile:{profile}"
        document = explainer.explain(Question(name, client=client, at=at), wall)
    finally:
        explainer.close()
    said = document["next"]
    row = Row[document["row"].upper()]
    matched = document["matched"]
    is_chain = bool(matched) and not _covers(matched, document["name"])
    opens = None if said is None else said["action"] != "block"
    until = _instant(document["until"])
    found = Found(
        Action[document["action"].upper()], row, document["rule"], document["profile"], document["device"],
        document["name"], matched if is_chain else "", document["service"], document["category"], document["list"],
        document["by"], _instant(document["at"]) or wall, until, opens, client=device,
    )  # fmt: skip
    return _answer(state, household, found, wall, tuple(document["trace"]))


def explain_row(state: Path, entry: Entry, now: float | None = None, seen: Seen | None = None) -> Answer:
    """Return why a row of the log is as it is. Masked rows stay masked. `seen`: the household, when it was read already.

    Until when it held is told when the rules of then are still those of today. Raises StoreError, ConfigError.
    """
    wall = time.time() if now is None else now
    seen = seen or see(state, wall)
    at = entry.at_ms / 1000
    until, opens = _after(seen, entry, at)
    found = Found(
        entry.action, entry.row, entry.rule, entry.profile, entry.device, entry.name, entry.matched, entry.service,
        entry.category, entry.list_id, "", at, until, opens, client=entry.client,
    )  # fmt: skip
    return _answer(state, seen.household, found, wall)


# ---- the rest of what is said


def _answer(
    state: Path, household: Household, found: Found, now: float, trace: tuple[Mapping[str, str], ...] = ()
) -> Answer:
    found = own_end(household, found)
    setter = who_set(state, household, found)
    zone = ZoneInfo(household.timezone)
    is_only, hours = windows_of(household, found)
    whys = {}
    for language in ("vi", "en"):
        names = words_of(language)
        whys[language] = Why(
            action=found.action,
            row=found.row,
            rule=found.rule,
            child=child_name(household, found.profile),
            device=device_name(household, found, language),
            zone=zone,
            now=now,
            at=found.at,
            name=found.name,
            matched=found.matched,
            service=names.get(found.service, found.service),
            category=names.get(found.category, found.category),
            is_only=is_only,
            hours=hours,
            until=found.until,
            opens=found.opens,
            is_harm=found.category in HARM,
            by=(setter.by if setter else "") or found.by,
            set_at=None if setter is None else setter.at,
            is_preset=setter is not None and setter.is_preset,
        )
    grant = grant_of(found)
    return Answer(
        found.action, found.row, found.rule, found.profile, found.device, found.name, found.at, found.until,
        buttons_of(found, bool(grant[0]), _feeds(state)), grant, setter, found.service, found.category, found.list_id, trace, whys,
    )  # fmt: skip


def _feeds(state: Path) -> tuple[str, ...]:
    """Return the ids of the feeds that are followed, the province's first: whom a report could reach."""
    from filterd.control.feed_status import feeds

    return tuple(seen.feed for seen in feeds(state) if seen.feed)


def _after(seen: Seen, entry: Entry, at: float) -> tuple[float | None, bool | None]:
    """Return when the decision of a row changed, and whether that opened; nothing when today's rules differ."""
    slots: Sequence[Any] = seen.judge.snapshot.slots
    numbers = {p.id: i for i, p in enumerate(seen.judge.snapshot.profiles)}
    if entry.profile not in numbers or entry.row <= Row.MANDATORY:
        return None, None
    slot = next((i for i, s in enumerate(slots) if s.device and s.device == entry.device), numbers[entry.profile])
    tags = set()
    if entry.service:
        tags.add(Tag(TagKind.SERVICE, entry.service))
    if entry.category:
        tags.add(Tag(TagKind.LIST, entry.list_id or "list", entry.category))
    judge = judge_of(seen.household, seen.at, seen.spent, (NO_TAGS, TagSet.of(tags)))
    name = to_wire(entry.name) if entry.name else b"\0"
    asked = Name(name, 1 if tags else 0, judge.snapshot.overlay(name) if entry.name else 0)
    result = explain(judge, Client(slot, entry.profile, entry.device), asked, at)
    same = result.decision.row is entry.row and result.decision.action is entry.action
    if not same or result.change is None:
        return None, None
    return result.change.at, result.change.decision.action is not Action.BLOCK


def _covers(listed: str, name: str) -> bool:
    return name == listed or name.endswith(f".{listed}")


def _instant(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
