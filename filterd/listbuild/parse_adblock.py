"""Adblock-style rules (Adblock Plus, AdGuard, uBlock Origin), as far as they mean something to DNS: a name as a whole.

    ||ads.example.org^              the name and everything below it
    @@||good.ads.example.org^       an exception; $important on either side wins over rules without it
    ||example.org^$denyallow=a.example.org|b.example.org     all but these
    |ads.example.org^   ads.example.org   0.0.0.0 ads.example.org     exactly this name
    ||*.example.org^                only the names below

The rest is counted: cosmetic parts, paths, regular expressions, patterns that match more than one name (`||ads.` has no
`^` and so matches every name that begins like it), and every modifier that narrows a rule to something DNS cannot see
($third-party, $script, $domain, $client ...; `$all`, `$document` only narrow an exception). `$badfilter` removes the
same rule wherever it stands in the list.
"""

from __future__ import annotations

import re

from filterd.listbuild.line import (
    BLANK,
    COMMENT,
    IP_LITERAL,
    PATTERN,
    REGEX,
    URL,
    Entry,
    Malformed,
    ParsedLine,
    Skipped,
    skipped,
    wrong,
)
from filterd.listbuild.names import PLAIN, is_address, normalise
from filterd.listbuild.parse_hosts import HostsParser
from filterd.wire.name import is_below

COSMETIC, PATH, MODIFIER, BADFILTER, HEADER = "cosmetic rule", "path", "modifier", "badfilter", "header"

FAST = rb"\|\|(" + PLAIN + rb")\^[ \t\r]*\n?"
_cosmetic = re.compile(r"#@?[$%]?\??#|\$@?\$").search
_regex = re.compile(r"/.+/(?:\$.*)?").fullmatch
_anchored = re.compile(r"(\|\|?)(.*?)(\^[|*]?|)").fullmatch
_header = re.compile(r"\[[^\]]*\]").fullmatch
_inline = re.compile(r"\s#(?:\s.*)?$")

Rule = tuple[bool, str, tuple[str, ...]]  # exception?, pattern, modifiers as written


class AdblockParser:
    """Knows the rules that `$badfilter` removes, so needs the whole list."""

    def __init__(self, data: bytes = b"") -> None:
        """`data`: the whole list."""
        self._removed: set[tuple[bool, str, frozenset[str]]] = set()
        for raw in re.findall(rb"[^\n]*badfilter[^\n]*", data):
            rule = _split(raw.decode("utf-8", "replace").strip())
            if BADFILTER in rule[2]:
                self._removed.add(_identity(rule))
        self.simple = not self._removed

    def parse(self, line: int, text: str) -> ParsedLine:
        """Return what an adblock rule means to DNS."""
        content = text.strip()
        if not content:
            return skipped(line, text, BLANK)
        if content.startswith("!"):
            return skipped(line, text, COMMENT)
        fields = content.split(None, 2)
        if len(fields) > 1 and is_address(fields[0]):
            return HostsParser().parse(line, text)
        if _header(content) and not is_address(content):
            return skipped(line, text, HEADER)
        if _cosmetic(content):
            return skipped(line, text, COSMETIC)
        if content.startswith("#"):
            return skipped(line, text, COMMENT)
        content = _inline.sub("", content)
        if _regex(content.removeprefix("@@")):
            return skipped(line, text, REGEX)
        rule = _split(content)
        if BADFILTER in rule[2]:
            return skipped(line, text, f"{BADFILTER}: removes another rule")
        if _identity(rule) in self._removed:
            return skipped(line, text, f"{BADFILTER}: this rule is removed by another one")
        try:
            return _network_rule(line, text, rule)
        except Skipped as exc:
            return skipped(line, text, str(exc))
        except Malformed as exc:
            return wrong(line, text, str(exc))


def _network_rule(line: int, text: str, rule: Rule) -> ParsedLine:
    exception, pattern, modifiers = rule
    important = False
    excluded: list[str] = []
    for modifier in modifiers:
        keyword, _, value = modifier.partition("=")
        keyword = keyword.strip().lower()
        if keyword == "important":
            important = True
        elif keyword == "denyallow" and not exception:
            excluded += value.split("|")
        elif keyword in ("all", "document", "doc") and not exception and not value:
            pass  # whole pages from this host: for DNS that is the host
        elif not keyword:
            raise Malformed("unknown syntax: no modifier after the dollar sign")
        else:
            raise Skipped(f"{MODIFIER}: {keyword}")
    name, exact, below_only = _pattern(pattern)
    entry = Entry(normalise(name), exact, below_only, important)
    left_out = [normalise(name) for name in excluded]
    if exception:
        return ParsedLine(line, text, allowed=(entry,))
    if entry.name in left_out:
        raise Skipped(f"{MODIFIER}: denyallow leaves out the name itself")
    holes = tuple(Entry(hole, important=important, hole=True) for hole in left_out if is_below(hole, entry.name))
    return ParsedLine(line, text, blocked=(entry,), allowed=holes)


def _pattern(pattern: str) -> tuple[str, bool, bool]:
    """Return (name, exact, below only) of a pattern that means one name as a whole. Raises Skipped otherwise."""
    if "://" in pattern:
        raise Skipped(f"{URL}: never reduced to its host")
    if not pattern.strip("*|^"):
        raise Skipped(f"{PATTERN}: it would cover every name")
    anchored = _anchored(pattern)
    anchor, name, end = anchored.groups() if anchored else ("", pattern, "")
    if is_address(name):
        raise Skipped(IP_LITERAL)
    if "/" in name or "?" in name or (anchor and "^" in name):
        raise Skipped(f"{PATH}: it concerns a part of a site")
    if anchor == "||" and name.startswith("*.") and "*" not in name[1:] and end:
        return name[2:], False, True
    if "*" in name:
        raise Skipped(f"{PATTERN}: a wildcard inside a name")
    if anchor and not end:
        raise Skipped(f"{PATTERN}: without ^ it matches every name that begins so")
    if not anchor and (end or not _plain(name)):
        raise Skipped(f"{PATTERN}: a piece of an address")
    return name, anchor != "||", False


def _plain(name: str) -> bool:
    """True when an unanchored pattern is a whole name: every adblocker blocks at least exactly that."""
    return "." in name.strip(".") and name.strip(".|") == name and not set(name) & set("&=:|,;%^")


def _split(content: str) -> Rule:
    """Return (exception?, pattern, modifiers). A name holds no dollar sign, so the first one begins the modifiers."""
    pattern, dollar, modifiers = content.removeprefix("@@").partition("$")
    return content.startswith("@@"), pattern, tuple(modifiers.split(",")) if dollar else ()


def _identity(rule: Rule) -> tuple[bool, str, frozenset[str]]:
    return rule[0], rule[1].lower(), frozenset(rule[2]) - {BADFILTER}
