"""Decisions: what the precedence table says about one question, and why.

Vocabulary only; policy/precedence.py is the only place that makes one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class Action(IntEnum):
    """What happens to the question. Values go into event records: never renumber."""

    ALLOW = 0
    BLOCK = 1
    REWRITE = 2  # allowed, and led to a search engine's safe host
    LOCAL = 3  # answered here with a fixed answer


class Row(IntEnum):
    """The rows of the precedence table, in order: the first that applies decides. Names are the rows' ids."""

    LOCAL = 1
    LIFELINE = 2
    MANDATORY = 3
    GRANT = 4
    OFF = 5
    WINDOW = 6
    NAME = 7
    BUDGET = 8
    SERVICE = 9
    CATEGORY = 10
    REBIND = 11
    UPSTREAM = 12
    DEFAULT = 13

    @property
    def id(self) -> str:
        """The row's id as people see it: `local`, `lifeline`, ..."""
        return self.name.lower()


class SetBy(IntEnum):
    """Who set the rule that decided."""

    PACKAGE = 0
    PROVINCE = 1
    PARENT = 2
    UPSTREAM = 3
    NOBODY = 4


@dataclass(frozen=True, slots=True)
class Decision:
    """One verdict. Everything but `action` and `row` explains it; empty strings mean "does not apply"."""

    action: Action
    row: Row
    rule: str = ""  # the rule in words: a window's name, a grant's scope and value, a category's id ...
    service: str = ""
    category: str = ""
    list_id: str = ""
    set_by: SetBy = SetBy.NOBODY
    by: str = ""  # the person, where the household says so (grants, off)
    covered: bool = False  # the chain is judged by row 3 alone (an allow by row 2, 4 or 7)
    canary: bool = False  # blocked as NXDOMAIN whatever the block mode
    safe_search: bool = True  # False under a `filter` grant
    ede: int = field(default=0)  # RFC 8914 code of a blocked answer; 0 for none

    @property
    def blocked(self) -> bool:
        """True when the question gets the blocked shape."""
        return self.action is Action.BLOCK


EDE_CENSORED = 16  # RFC 8914 4.17: an outside authority requires it (row 3)
EDE_FILTERED = 17  # RFC 8914 4.18: the household asked for it (rows 5 to 10)
EDE_BLOCKED = 15  # RFC 8914 4.16: the operator's own policy (rows 11 and 12)
