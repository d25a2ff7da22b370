"""Names to sign in with: which are taken, and when two are the same.

A name is compared without diacritics and capitals, so that a tired person may type `hanh` for `Hạnh`, and so that no
two accounts look alike: Vietnamese letters fold to ASCII, letters of other scripts are refused, which ends all tricks
with а and a.

    assert key_of(" Mẹ  Hạnh ") == key_of("me hanh") == "me hanh"
    assert key_of("аdmin") is None          # its first letter is Cyrillic
"""

from __future__ import annotations

import re
import unicodedata

from filterd.errors import ConfigError

MAX_NAME = 40  # characters
MAX_SHOWN = 60
_KEY = re.compile(rf"[a-z0-9](?:[a-z0-9 ._@-]{{0,{MAX_NAME - 2}}}[a-z0-9])")  # two characters at least
_EXPECTED = "expected 2 to 40 Latin letters (with or without diacritics), figures, spaces and . _ @ -"


def key_of(name: str) -> str | None:
    """Return a name as it is compared; None: nobody can be called that."""
    if len(name) > 4 * MAX_NAME:  # letters may come in pieces
        return None
    spaced = re.sub(" +", " ", name).strip(" ")
    bare = unicodedata.normalize("NFD", spaced.replace("đ", "d").replace("Đ", "d"))
    folded = "".join(c for c in bare if not "\u0300" <= c <= "\u0323").lower()
    return folded if _KEY.fullmatch(folded) else None


def name_of(text: str) -> str:
    """Return a name as it is kept: composed, without spaces around it. ConfigError: nobody can be called that."""
    name = unicodedata.normalize("NFC", re.sub(" +", " ", text[: 4 * MAX_NAME + 1]).strip(" "))
    if len(name) > MAX_NAME or key_of(text) is None:
        raise ConfigError(f"name: {_EXPECTED}")
    return name


def shown_of(text: str) -> str:
    """Return how somebody is called, as it is kept: one line of any script. ConfigError: it is none."""
    shown = unicodedata.normalize("NFC", text[: 4 * MAX_SHOWN]).strip()
    letters = any(c.isalnum() for c in shown)
    if len(shown) > MAX_SHOWN or len(text) > 4 * MAX_SHOWN or not shown.isprintable() or not letters:
        raise ConfigError(f"shown: expected one line of at most {MAX_SHOWN} characters")
    return shown
