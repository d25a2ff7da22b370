"""What the watch knows of one device, and whether one that came and never asks goes round us.

A phone, a computer or a console looks something up as soon as it is on a network. One that came, is heard again and again
and asks us nothing has another resolver. Things in a corner may never ask at all.

    device = Device("02:aa:00:00:00:11", Habit(at), last=at)
    device.rate()                       # what it calls itself has changed
    device.never(at)                    # since when it is there without a question, once that is odd; None: it is not
"""

from __future__ import annotations

from dataclasses import dataclass, field

from filterd.model.bypass import Kind
from filterd.model.seen import is_private
from filterd.presence.bypass_asks import Asks
from filterd.presence.bypass_habit import CONSOLE, LEARN_S, PERSONAL, THING, UNKNOWN, Habit
from filterd.presence.bypass_hints import Hints

MAX_SITES = 256
_SHORT = 3  # letters of a label before the last below which names are given to anybody: com.vn, co.uk
_OFTEN, _OFTEN_S = 8, 1080.0  # minutes of half an hour in which one that came was heard, when it came so long ago
_SELDOM, _SELDOM_S = 6, 1440.0  # minutes in which one that is heard seldom was, when it came so long ago
_SURELY, _SURELY_S = 10, 1560.0  # the same of a console, and of any while it is not known who is new
_LONG = 120  # minutes in which one was that was always there, over days


@dataclass(slots=True)
class Device:
    """What is known of one device. Times are POSIX seconds."""

    mac: str
    habit: Habit
    joined: float | None = None  # when it came, where that was seen
    may_be_old: bool = False  # it came on the watch's first day: it may have slept until then
    last: float = 0.0  # heard or asking
    asked_ever: int = 0  # ordinary questions
    heard_minutes: int = 0  # before the first question
    hints: Hints = field(default_factory=Hints)
    asks: dict[Kind, Asks] = field(default_factory=dict)
    never_told: bool = False
    sites: dict[str, None] = field(default_factory=dict)  # that it asked for, the longest unasked first
    sites_since: float = 0.0  # when the first of them was

    @property
    def is_personal(self) -> bool:
        """Whether a person uses it."""
        return self.hints.is_personal(self.mac)

    def rate(self) -> None:
        """Say how much silence means, by what it calls itself."""
        if self.is_personal:
            self.habit.base = PERSONAL
        elif self.hints.is_thing and not is_private(self.mac):
            self.habit.base = CONSOLE if self.hints.plays else THING
        else:  # a phone can call itself a printer
            self.habit.base = UNKNOWN

    def ask(self, at: float, name: str) -> None:
        """Take an ordinary question for a name in lower case."""
        self.asked_ever += 1
        labels = name.rsplit(".", 3)
        site = ".".join(labels[-3:] if len(labels) > 2 and len(labels[-2]) <= _SHORT else labels[-2:])
        is_known = site in self.sites
        if not self.sites:
            self.sites_since = at
        self.sites.pop(site, None)
        self.sites[site] = None
        if len(self.sites) > MAX_SITES:
            del self.sites[next(iter(self.sites))]
        if is_known or at - self.sites_since < LEARN_S:
            self.habit.asked += 1
        else:
            self.habit.strange += 1

    def never(self, at: float) -> float | None:
        """Note a minute in which it was heard; return since when it is there and asks nothing, the first time that is odd."""
        if self.asked_ever or self.never_told:
            return None
        self.heard_minutes += 1
        if not self._never(at):
            return None
        self.never_told = True
        return self.habit.began if self.joined is None else self.joined

    def _never(self, at: float) -> bool:
        if not (self.is_personal or self.hints.plays):
            return False
        if self.joined is None:
            return self.heard_minutes >= _LONG and self.habit.is_grown(at)
        there, often = at - self.joined, self.habit.quiet
        if not self.is_personal or self.may_be_old:
            return there >= _SURELY_S and often >= _SURELY
        if there >= _OFTEN_S and often >= _OFTEN:
            return True
        return there >= _SELDOM_S and self.heard_minutes >= _SELDOM
