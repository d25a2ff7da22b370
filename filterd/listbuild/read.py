"""Reading a whole list: every format by its name, line by line for showing, or fast for building.

The fast way knows each format's commonest line by one regular expression and gives every other line to the same parser
that `parse_lines` uses, so both see the same list (a test compares them on every line of every real file).

    report = Report()
    builder.add(tag, read_claims(prepare(body), "hosts", report))
    print(report.names, report.ignored)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from filterd.errors import ListRejected
from filterd.listbuild import parse_adblock, parse_dnsmasq, parse_domains, parse_hosts, parse_rpz, parse_unbound
from filterd.listbuild.body import decode, lines
from filterd.listbuild.claims import BLOCK, BLOCK_BELOW, BLOCK_SELF, IMPORTANT_SHIFT
from filterd.listbuild.line import COMMENT, MAX_LINE_BYTES, MAX_TEXT, ParsedLine, Parser, kind_of, skipped, wrong
from filterd.listbuild.names import LENGTH, LOCAL_NAMES, MAX_TEXT_LENGTH, wire
from filterd.listbuild.suffixes import icann

MAX_SHOWN = 20  # lines that could not be read, kept for showing
_MAX_ENDS = 4096
_COMMENT_SIGNS = re.compile(rb"\s*(?:[#;!]|//|$)").match
_BLOCKS = BLOCK | BLOCK << IMPORTANT_SHIFT


@dataclass(frozen=True, slots=True)
class Format:
    """One list format. `parser` takes the whole list; `fast` matches a line whose last group is a plain name."""

    id: str
    parser: Callable[[bytes], Parser]
    fast: re.Pattern[bytes]
    mask: int
    starred: int  # mask of a line whose first of two groups matched (`*.` in a policy zone)


def _format(name: str, parser: Callable[[bytes], Parser], fast: bytes, mask: int, starred: int = 0) -> Format:
    return Format(name, parser, re.compile(fast), mask, starred or mask)


FORMATS = {
    made.id: made
    for made in (
        _format("hosts", lambda _: parse_hosts.HostsParser(), parse_hosts.FAST, BLOCK_SELF),
        _format("domains", lambda _: parse_domains.DomainsParser(), parse_domains.FAST_DOMAINS, BLOCK),
        _format(
            "wildcard", lambda _: parse_domains.DomainsParser(plain_is_exact=True), parse_domains.FAST_WILDCARD, BLOCK
        ),
        _format("adblock", parse_adblock.AdblockParser, parse_adblock.FAST, BLOCK),
        _format("dnsmasq", lambda _: parse_dnsmasq.DnsmasqParser(), parse_dnsmasq.FAST, BLOCK),
        _format("unbound", parse_unbound.UnboundParser, parse_unbound.FAST, BLOCK),
        _format("rpz", lambda _: parse_rpz.RpzParser(), parse_rpz.FAST, BLOCK_SELF, BLOCK_BELOW),
    )
}


@dataclass(slots=True)
class Report:
    """What a list held. Counters go by the kind of reason; `shown` has the first lines that are errors."""

    lines: int = 0
    blocked: int = 0  # entries, duplicates included
    allowed: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    shown: list[ParsedLine] = field(default_factory=list)

    def note(self, parsed: ParsedLine) -> None:
        """Count one line that went the slow way."""
        if parsed.ignored is not None:
            self.ignored[kind_of(parsed.ignored)] += 1
        if parsed.error is not None:
            self.errors[kind_of(parsed.error)] += 1
            if len(self.shown) < MAX_SHOWN:
                self.shown.append(parsed)


def format_of(name: str) -> Format:
    """Return the format called `name`. Raises ListRejected with the names there are."""
    try:
        return FORMATS[name]
    except KeyError:
        raise ListRejected(f"expected a format of {', '.join(FORMATS)}, got {name!r}") from None


def parse_lines(data: bytes, name: str) -> Iterator[ParsedLine]:
    """Yield what each line of a prepared body means in the format `name`, blank and comment lines included."""
    parser = format_of(name).parser(data)
    for number, line in enumerate(lines(data), 1):
        yield parse_line(parser, number, line)


def parse_line(parser: Parser, number: int, line: bytes) -> ParsedLine:
    """Return what the raw `line` means; a line that is no text is an error, a comment in another encoding is none."""
    text = decode(line)
    if text is not None:
        parsed = parser.parse(number, text)
        if len(text) > MAX_TEXT:
            return ParsedLine(number, text[:MAX_TEXT], parsed.blocked, parsed.allowed, parsed.ignored, parsed.error)
        return parsed
    shown = line[:MAX_TEXT].decode("utf-8", "replace").rstrip()
    if _COMMENT_SIGNS(line):
        return skipped(number, shown, COMMENT)
    if len(line) > MAX_LINE_BYTES:
        return wrong(number, shown, f"line too long: {len(line)} bytes, at most {MAX_LINE_BYTES}")
    return wrong(number, shown, "not UTF-8")


def read_claims(data: bytes, name: str, report: Report) -> Iterator[tuple[int, bytes]]:
    """Yield (mask, wire name) for every entry of a prepared body, filling `report` (complete at the end)."""
    chosen = format_of(name)
    parser = chosen.parser(data)
    match, mask, starred = chosen.fast.fullmatch, chosen.mask, chosen.starred
    zone_file = chosen.id == "rpz"
    suffixes = icann()
    wildcards, exceptions = suffixes.wildcards, suffixes.exceptions
    special = suffixes.exact | LOCAL_NAMES
    ends: dict[bytes, bytes] = {}  # what follows the first label, in wire form: most names share it with many others
    length = LENGTH
    before: bytes | None = None  # the fast line right above: a zone file's next line may repeat its owner
    number = fast = 0
    simple = parser.simple
    for number, line in enumerate(lines(data), 1):
        found = match(line) if simple else None
        if found is not None:
            text = found[found.lastindex or 1].lower()
            first, _, rest = text.partition(b".")
            end = ends.get(rest)
            if end is None:
                end = wire(rest)
                if len(ends) < _MAX_ENDS:
                    ends[rest] = end
            if text not in special and len(text) <= MAX_TEXT_LENGTH and (rest not in wildcards or text in exceptions):
                fast += 1
                before = line
                yield starred if zone_file and found[1] else mask, length[len(first)] + first + end
                continue
        if zone_file and before is not None:
            parse_line(parser, number - 1, before)
        before = None
        parsed = parse_line(parser, number, line)
        simple = parser.simple
        report.note(parsed)
        for claim in parsed.claims():
            if claim[0] & _BLOCKS:
                report.blocked += 1
            else:  # an exception or a name left out
                report.allowed += 1
            yield claim
    report.lines = number
    report.blocked += fast
