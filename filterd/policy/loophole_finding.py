"""What a search for loopholes works with: facts from outside, findings, and the words for things.

search = Search(household, facts, now)
search.add("no-bedtime", profile)
search.found[0].en
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from filterd.model.household import Budget, Device, Effect, Household, Profile, Rule, Window
from filterd.policy.compile import Knowledge, effective_rules
from filterd.policy.loophole_words import WORDS, Severity

Both = tuple[str, str]  # Vietnamese, English


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beyond the household. The functions take wire names."""

    knowledge: Knowledge
    hosts: Mapping[str, tuple[bytes, ...]]  # service -> its names, each covering what is below
    core: Mapping[str, tuple[bytes, ...]]  # ... those it cannot do without
    counting: frozenset[str]  # services with a name that a budget counts (not chatter alone)
    listed: Callable[[bytes], frozenset[str]]  # categories that lists put on a name
    below: Callable[[bytes], frozenset[str]] = lambda _: frozenset()  # ... on names below it, as far as known
    is_suffix: Callable[[bytes], bool] = lambda _: False  # a public suffix


@dataclass(frozen=True, slots=True)
class Finding:
    """One loophole. `kind` never changes its meaning; `id` stays the same as long as the loophole is there."""

    kind: str
    severity: Severity
    vi: str
    en: str
    fix_vi: str
    fix_en: str
    profile: str = ""
    device: str = ""
    what: str = ""  # the window, service, category, name or grant
    command: str = ""  # a command line that mends it, where there is one

    @property
    def id(self) -> str:
        """The kind, whom it concerns and what."""
        return "/".join(x for x in (self.kind, self.profile, self.device, self.what) if x)


@dataclass(slots=True)
class Search:
    """What has been found so far, and how things are called."""

    household: Household
    facts: Facts
    now: float
    found: list[Finding] = field(default_factory=list)

    def add(
        self,
        kind: str,
        profile: Profile | None = None,
        *,
        device: Device | None = None,
        who: str | Both = "",
        what: str | Both = "",
        more: str | Both = "",
        key: str = "",
        command: str = "",
    ) -> None:
        """Add a finding. `who` is the device or the profile unless given; `key` tells it from others of its kind."""
        words = WORDS[kind]
        name = who or (device.name if device is not None else profile.name if profile is not None else "")
        vi, en = ({"who": _of(name, i), "what": _of(what, i), "more": _of(more, i)} for i in (0, 1))
        self.found.append(
            Finding(
                kind,
                words.severity,
                words.vi.format(**vi),
                words.en.format(**en),
                words.fix_vi.format(**vi),
                words.fix_en.format(**en),
                profile.id if profile is not None else "",
                device.id if device is not None else "",
                key or _of(what, 1),
                command,
            )
        )

    def blocked(self, profile: Profile) -> frozenset[str]:
        """Return the categories that a profile blocks at some time at least."""
        categories, _ = effective_rules(profile, self.facts.knowledge)
        timed = {c for w in all_windows(profile) if w.effect is Effect.PERMIT for c in w.categories}
        return frozenset(timed | {c for c, r in categories.items() if r is Rule.BLOCK})

    def harm(self, categories: Iterable[str]) -> list[str]:
        """Return those of the categories that are harmful, sorted."""
        known = self.facts.knowledge.categories
        return sorted(c for c in set(categories) if c in known and known[c].harm)

    def category_names(self, categories: Iterable[str]) -> Both:
        """Return categories as people call them."""
        return _names(categories, self.facts.knowledge.categories)

    def service_names(self, services: Iterable[str]) -> Both:
        """Return services as people call them."""
        return _names(services, self.facts.knowledge.services)

    def names_of(self, thing: Window | Budget) -> Both:
        """Return all services and categories of a window or budget as people call them."""
        services, categories = self.service_names(thing.services), self.category_names(thing.categories)
        return listing(filter(None, (services[0], categories[0]))), listing(filter(None, (services[1], categories[1])))


def listing(words: Iterable[str]) -> str:
    """Return words as one text."""
    return ", ".join(words)


def all_windows(profile: Profile) -> list[Window]:
    """Return the weekly windows and those of all exceptions."""
    return [*(profile.windows or ()), *(w for e in profile.exceptions for w in e.windows)]


def _names(ids: Iterable[str], known: Mapping[str, Any]) -> Both:
    """`known`: id -> something with name_vi and name_en."""
    found = [known.get(x, x) for x in sorted(set(ids))]
    return listing(getattr(x, "name_vi", x) for x in found), listing(getattr(x, "name_en", x) for x in found)


def _of(text: str | Both, language: int) -> str:
    return text if isinstance(text, str) else text[language]
