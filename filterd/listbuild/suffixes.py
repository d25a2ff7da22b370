"""ICANN public suffixes: names under which anybody registers, so that blocking one would block strangers.

Read once from the list that the package `publicsuffixlist` carries; the section of private suffixes (blogspot.com ...)
is left out, because a list may well block a hoster. Names here are lower-case A-label text without a final dot, as
bytes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

_BEGIN, _END = "===BEGIN ICANN DOMAINS===", "===END ICANN DOMAINS==="


@dataclass(frozen=True, slots=True)
class PublicSuffixes:
    """The rules of the ICANN section (publicsuffix.org/list: exact, `*.` and `!` rules)."""

    exact: frozenset[bytes]
    wildcards: frozenset[bytes]  # parents: every name right below one is public
    exceptions: frozenset[bytes]

    def covers(self, text: bytes) -> bool:
        """True when `text` is a public suffix itself."""
        if text in self.exact:
            return True
        return text.partition(b".")[2] in self.wildcards and text not in self.exceptions


@functools.cache
def icann() -> PublicSuffixes:
    """Return the rules; the first call reads the file (some 20 ms)."""
    import publicsuffixlist

    text = Path(publicsuffixlist.PSLFILE).read_text("utf-8")
    return parse_rules(text.partition(_BEGIN)[2].partition(_END)[0])


def parse_rules(text: str) -> PublicSuffixes:
    """Return the rules in `text`, one a line, `//` comments. A wildcard's parent is public as well."""
    exact: set[bytes] = set()
    wildcards: set[bytes] = set()
    exceptions: set[bytes] = set()
    for line in text.splitlines():
        rule = line.split(None, 1)[0] if line.strip() else "//"
        if rule.startswith("//"):
            continue
        if rule.startswith("!"):
            exceptions.add(_ascii(rule[1:]))
        elif rule.startswith("*."):
            wildcards.add(_ascii(rule[2:]))
        else:
            exact.add(_ascii(rule))
    return PublicSuffixes(frozenset(exact | wildcards), frozenset(wildcards), frozenset(exceptions))


def _ascii(rule: str) -> bytes:
    if rule.isascii():
        return rule.lower().encode()
    import idna

    return idna.encode(rule.lower(), uts46=True)
