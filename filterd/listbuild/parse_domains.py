"""Plain lists: a name a line. In `domains` it means the name and everything below it; in `wildcard` only `*.name` does.

`wildcard` follows the published lists of that kind: `*.example.org` is example.org and everything below it, a name
without the star is that name alone. A leading dot (`.example.org`) means the same as the star in both. `*.name` in a
`domains` list, which no documentation defines, is read like in a `wildcard` list.
Comments start with `#`, `;`, `!` or `//` at the start of a line, or with `#` after white space.
"""

from __future__ import annotations

import re

from filterd.listbuild.line import BLANK, COMMENT, ParsedLine, skipped, wrong
from filterd.listbuild.names import PLAIN
from filterd.listbuild.parse_hosts import collect

FAST_DOMAINS = rb"(" + PLAIN + rb")[ \t\r]*\n?"
FAST_WILDCARD = rb"\*\.(" + PLAIN + rb")[ \t\r]*\n?"
_inline = re.compile(r"\s#.*")


class DomainsParser:
    """Stateless."""

    simple = True

    def __init__(self, *, plain_is_exact: bool = False) -> None:
        """`plain_is_exact`: the format is `wildcard`."""
        self._plain_is_exact = plain_is_exact

    def parse(self, line: int, text: str) -> ParsedLine:
        """Return what a line of a plain list means."""
        content = text.strip()
        if not content:
            return skipped(line, text, BLANK)
        if content.startswith(("#", ";", "!", "//")):
            return skipped(line, text, COMMENT)
        fields = _inline.sub("", content).split()
        if len(fields) != 1:
            return wrong(line, text, f"unknown syntax: expected one name, got {len(fields)} words")
        name = fields[0]
        starred = name.removeprefix("*").removeprefix(".") if name.startswith(("*.", ".")) else name
        return collect(line, text, [starred], exact=self._plain_is_exact and starred == name)
