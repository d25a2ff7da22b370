"""A name as a list writes it, turned into lower-case wire form, or refused with the reason. Never guessed.

Every format uses `normalise` for its names. International names become A-labels (IDNA 2008 after UTS 46 mapping, which
includes NFC). An ASCII label is taken as it is, `xn--` ones that IDNA refuses included: DNS can be asked for them, and
an entry for a name that nobody can own blocks nothing else. So are underscores and hyphens in any place.

    normalise("Bücher.example")  # b"\x0dxn--bcher-kva\x07example\x00"
"""

from __future__ import annotations

import ipaddress
import re

from filterd.listbuild.line import IP_LITERAL, LOCAL_NAME, PATTERN, URL, Malformed, Skipped
from filterd.listbuild.suffixes import icann

MAX_TEXT_LENGTH = 253  # characters without the final dot: 255 bytes on the wire (RFC 1035 2.3.4)
MAX_LABEL = 63  # bytes, RFC 1035 2.3.4

# A plain name of at least two labels; the last one begins with a letter, so that no address is among them.
PLAIN = rb"(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z][A-Za-z0-9-]{0,62}"
_plain = re.compile(PLAIN).fullmatch
_label = re.compile(r"[a-z0-9_-]+").fullmatch
LENGTH = [bytes([length]) for length in range(MAX_LABEL + 1)]  # of a label, as the byte before it

# What every hosts file carries for the machine itself.
LOCAL_NAMES = frozenset(
    b"localhost localhost.localdomain localhost4 localhost6 localhost4.localdomain4 localhost6.localdomain6 local "
    b"localdomain broadcasthost ip6-localhost ip6-loopback ip6-localnet ip6-mcastprefix ip6-allnodes ip6-allrouters "
    b"ip6-allhosts".split()
)


def normalise(text: str) -> bytes:
    """Return the lower-case wire name of `text`; one final dot (an absolute name) is fine.

    Raises Skipped for what is no name but common in lists (address, URL, pattern, the machine's own names), Malformed
    for what is wrong (empty or over-long labels, other characters, a single label, an ICANN public suffix).
    """
    if text.isascii():
        data = text.encode().lower()
        if _plain(data) and len(data) <= MAX_TEXT_LENGTH and data not in LOCAL_NAMES and not icann().covers(data):
            return wire(data)
    return _normalise_slowly(text)


def wire(data: bytes) -> bytes:
    """Return the wire form of checked, lower-case text without a final dot."""
    return b"".join([LENGTH[len(label)] + label for label in data.split(b".")]) + b"\0"


def is_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address, also in brackets, with a zone, or as a network with its prefix length."""
    text = text.removeprefix("[").removesuffix("]")
    try:
        if "/" in text:
            ipaddress.ip_network(text, strict=False)
        else:
            ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _normalise_slowly(text: str) -> bytes:
    absolute = text.removesuffix(".")
    if not absolute:
        raise Malformed("empty name" if not text else "the root: it would cover every name")
    if is_address(absolute):
        raise Skipped(IP_LITERAL)
    if "/" in text or "?" in text:
        raise Skipped(f"{URL}: never reduced to its host")
    if re.search(r":[0-9]+$", text):
        raise Skipped(f"{URL}: a host with a port")
    if "*" in text:
        raise Skipped(f"{PATTERN}: a wildcard inside a name")
    data = _to_ascii(absolute).encode()
    if data in LOCAL_NAMES:
        raise Skipped(LOCAL_NAME)
    labels = data.decode().split(".")
    for label in labels:
        if not label:
            raise Malformed("empty label")
        if not _label(label):
            raise Malformed(f"not a host name: {_shown(text)}")
        if len(label) > MAX_LABEL:
            raise Malformed(f"label too long: {len(label)} bytes, at most {MAX_LABEL}")
    if len(data) > MAX_TEXT_LENGTH:
        raise Malformed(f"name too long: {len(data)} characters, at most {MAX_TEXT_LENGTH}")
    if icann().covers(data):
        raise Malformed(f"public suffix: {data.decode()} belongs to everybody who registers below it")
    if len(labels) == 1:
        raise Malformed("single label: no name on the Internet")
    if labels[-1].isdigit():
        raise Malformed("top-level label is a number: neither a name nor an address")
    return wire(data)


def _to_ascii(text: str) -> str:
    """Return `text` in lower-case A-labels; ASCII labels are kept as they are. Raises Malformed."""
    if text.isascii():
        return text.lower()
    if len(text) > MAX_TEXT_LENGTH:  # an A-label is never shorter than its U-label; punycode is quadratic
        raise Malformed(f"name too long: {len(text)} characters, at most {MAX_TEXT_LENGTH}")
    import idna

    try:
        labels = idna.uts46_remap(text, std3_rules=False, transitional=False).split(".")
        return ".".join(label if label.isascii() else idna.alabel(label).decode() for label in labels)
    except (idna.IDNAError, UnicodeError) as exc:  # UnicodeError: lone surrogates, over-long input
        raise Malformed(f"not an international name: {exc}") from None


def _shown(text: str) -> str:
    return ascii(text[:80])
