"""A site's name as people type it: Unicode or A-label, to a lower-case wire name (IDNA 2008 with UTS 46 mapping).

For the household and the settings; lists have rules of their own (listbuild/). Never guesses: an address with a
scheme, a path, a star or a space is refused with what to write instead.
"""

from __future__ import annotations

import ipaddress
import unicodedata

from filterd.errors import ParseError
from filterd.wire.name import to_wire


def site_name(text: str, *, reverse: bool = False) -> bytes:
    """Return the wire name of `text`; ValueError says what to write. `reverse`: 10.in-addr.arpa may be meant."""
    name = unicodedata.normalize("NFC", text.strip()).rstrip(".")
    if not name:
        raise ValueError("no name")
    if "://" in name or "/" in name:
        raise ValueError("write the name alone, without http:// and without a path")
    if "*" in name:
        raise ValueError("write the name without a star: it covers everything below it")
    if name.startswith("."):
        raise ValueError("write the name without a leading dot: it covers everything below it")
    if any(c.isspace() for c in name):
        raise ValueError("a name has no spaces")
    if not reverse:
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            pass
        else:
            raise ValueError("an address is no name")
    if ":" in name or "@" in name or "," in name:
        raise ValueError("write the name alone")
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True, transitional=False).decode()
        except idna.IDNAError as exc:
            raise ValueError(str(exc)) from None
    try:
        wire = to_wire(name)
    except ParseError as exc:
        raise ValueError(str(exc)) from None
    labels = name.lower().split(".")
    if not all(labels) or any(not _is_label(label) for label in labels):
        raise ValueError("a name has letters, digits, - and _ between dots")
    return wire


def _is_label(label: str) -> bool:
    return all(c.isalnum() or c in "-_" for c in label) and not label.startswith("-") and not label.endswith("-")
