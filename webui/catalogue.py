"""The words of the pages: webui/translations/<language>/*.po, one file a page, read once. Without Flask, for both programs.

catalogue("vi")["Everybody at home is protected"].string
translations("vi").gettext("Lists")
"""

from __future__ import annotations

import gettext
import io
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LANGUAGES = ("vi", "en")


@lru_cache(maxsize=4)
def translations(code: str) -> gettext.NullTranslations:
    """Return the words of a language; English is what stands in the code."""
    return gettext.NullTranslations() if code == "en" else gettext.GNUTranslations(compiled(code))


def compiled(code: str) -> io.BytesIO:
    """Return the words of a language as gettext reads them."""
    from babel.messages.mofile import write_mo

    buffer = io.BytesIO()
    write_mo(buffer, catalogue(code))
    buffer.seek(0)
    return buffer


def catalogue(code: str) -> Catalog:
    """Return all messages of a language, from all files."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    found = Catalog(locale=code)
    for file in files(code):
        for message in read_po(io.BytesIO(file.read_bytes()), locale=code, abort_invalid=True):
            if message.id:
                found[message.id] = message
    return found


def files(code: str) -> list[Any]:
    """Return the files of a language, one a page."""
    folder = resources.files("webui") / "translations" / code
    return sorted((file for file in folder.iterdir() if file.name.endswith(".po")), key=lambda file: file.name)


def dial(number: str) -> str:
    """Return what a telephone dials: digits and a plus, whatever stands between them for people."""
    return "".join(c for c in number if c.isascii() and (c.isdigit() or c == "+"))
