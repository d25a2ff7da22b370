"""Which format a list has, judged by its first meaningful lines.

An ambiguous list is refused, never guessed.

    detect(prepare(body))  # Detected("hosts", 0.99)
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from filterd.listbuild.body import decode, lines
from filterd.listbuild.refusal import Refused, Why

SAMPLE_LINES = 200  # addresses not counted: lists that sort them first have thousands
MAX_LINES = 100_000
MIN_SHARE = 0.9  # of the sample must look like the format

_NAME = r"[\w-]+(?:\.[\w-]+)+\.?"
_ADDRESS = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:%\w+)?)"
# The first that matches names the kind of a line.
_KINDS = (
    ("header", re.compile(r"\[(?:Adblock|AdGuard|uBlock)[^\]]*\]", re.I)),
    ("rpz", re.compile(r"\$(?:TTL|ORIGIN)\s|(?:\S+)?\s+(?:\S+\s+){0,2}(?:SOA|CNAME)\s", re.I)),
    ("dnsmasq", re.compile(r"(?:address|server|local)\s*=\s*/")),
    ("unbound", re.compile(r"\s*(?:server:\s*$|local-(?:zone|data)\s*:)")),
    ("adblock", re.compile(r"\|\||@@|.*(?:#@?[$%]?\??#|\^(?:\$\S+|[|*])?$)|/.*/$")),
    ("hosts", re.compile(rf"{_ADDRESS}\s+[^\s#]")),
    ("wildcard", re.compile(rf"\*\.{_NAME}(?:\s+#.*)?$")),
    ("address", re.compile(rf"{_ADDRESS}(?:/[0-9]+)?(?:\s+#.*)?$")),
    ("domains", re.compile(rf"\.?{_NAME}(?:\s+#.*)?$")),
    ("url", re.compile(r"(?:[a-z*]+://)?[\w.*:-]+/|[a-z]+://", re.I)),
)
_COMMENTS = ("#", ";", "!", "//")


@dataclass(frozen=True, slots=True)
class Detected:
    """A list's format, and which share of the looked-at lines is of it."""

    format: str
    confidence: float


def detect(data: bytes) -> Detected:
    """Return the format of a prepared body. Raises ListRejected when it has no entries or could be several."""
    kinds: Counter[str] = Counter()
    for raw in islice(lines(data), MAX_LINES):
        text = decode(raw)
        kind = None if text is None else kind_of_line(text)
        if kind is not None:
            kinds[kind] += 1
            if kind != "address" and kinds.total() - kinds["address"] == SAMPLE_LINES:
                break
    if kinds["header"]:  # its header says so
        return Detected("adblock", 1.0)
    total = kinds.total()
    if not total:
        raise Refused(Why.EMPTY, "expected a list, got nothing but comments and blank lines")
    if kinds["rpz"] and kinds["rpz"] >= kinds.most_common(1)[0][1]:
        total -= kinds["other"] + kinds["hosts"]  # the SOA's numbers, NS and address records
        return Detected("rpz", _sure("rpz", kinds, kinds["rpz"], total))
    addresses = kinds.pop("address", 0)
    total -= addresses
    if kinds["adblock"] >= total / 2 and total:
        # rules that mean nothing to DNS look like anything; nothing else has these signs
        return Detected("adblock", _sure("adblock", kinds, total - kinds["hosts"] - kinds["dnsmasq"], total))
    if 0 < kinds["wildcard"] <= total * (1 - MIN_SHARE):
        kinds["domains"] += kinds.pop("wildcard")
    if kinds["unbound"] > kinds["domains"]:
        total -= kinds.pop("other", 0)  # other options of the server
    best, count = kinds.most_common(1)[0] if total else ("address", addresses)
    if best in ("address", "url", "other"):
        what = {"address": "addresses", "url": "URLs"}.get(best, "lines of no known format")
        raise Refused(Why.FORMAT, f"expected a list of names, got {what}")
    return Detected(best, _sure(best, kinds, count, total))


def kind_of_line(text: str) -> str | None:
    """Return the kind of one line: a format, `header`, `address`, `url` or `other`; None for blank and comment."""
    content = text.strip()
    if not content or (content.startswith(_COMMENTS) and not re.match(r"#@?[$%]?\??#\S", content)):
        return None
    for kind, pattern in _KINDS:
        if pattern.match(text if kind == "rpz" else content):
            return kind
    return "other"


def _sure(best: str, kinds: Counter[str], count: int, total: int) -> float:
    """Return the share of `best`, or raise ListRejected when it is too small."""
    share = count / total if total else 0.0
    if share < MIN_SHARE:
        parts = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common() if number)
        raise Refused(
            Why.FORMAT,
            f"the format is not clear from the first lines ({parts}): say which with --format (looks most like {best})",
        )
    return round(share, 3)
