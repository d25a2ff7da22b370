"""One entry of a catalogue file, read into typed values: every mistake is named by file and entry.

entry = Entry("services/social.yaml", "facebook", {"core": ["facebook.com"]})
entry.names("core", needed=True)      # wire names
"""

from __future__ import annotations

import re
from typing import Any

from filterd.config.sitename import site_name
from filterd.errors import ConfigError, ParseError
from filterd.wire.name import label_count

CONFIDENCES = ("high", "medium", "low")

_ICON = re.compile(r"[a-z][a-z-]{0,29}")


class Entry:
    """One mapping of a file: reads typed values and knows where it stands."""

    def __init__(self, file: str, label: str, values: Any) -> None:
        self.file = file
        self.label = label
        self.values: dict[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            raise self.error(f"expected a mapping, got {values!r}")

    def error(self, message: str) -> ConfigError:
        """Return the error to raise for a problem of this entry."""
        return ConfigError(f"{self.file}: {self.label}: {message}")

    def text(self, key: str, default: str | None = None) -> str:
        """Return non-empty text; without a default the key must be there."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self.error(f"{key}: expected text, got {value!r}")
        return value.strip()

    def inner(self, key: str) -> Entry:
        """Return the mapping that stands under `key`."""
        return Entry(self.file, f"{self.label}.{key}", self.values.get(key))

    def both(self, key: str) -> tuple[str, str]:
        """Return the Vietnamese and the English text of `key`."""
        languages = self.inner(key)
        return languages.text("vi"), languages.text("en")

    def flag(self, key: str) -> bool:
        """Return true or false; the key must be there."""
        value = self.values.get(key)
        if not isinstance(value, bool):
            raise self.error(f"{key}: expected true or false, got {value!r}")
        return value

    def years(self, key: str) -> int:
        """Return an age in whole years, 0 to 21."""
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 21:
            raise self.error(f"{key}: expected an age from 0 to 21, got {value!r}")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """Return one of `choices`."""
        value = self.text(key)
        if value not in choices:
            raise self.error(f"{key}: expected one of {', '.join(choices)}, got {value!r}")
        return value

    def icon(self, default: str | None = None) -> str:
        """Return the name of a picture in icons/; that it is there is for the tests."""
        value = self.text("icon", default)
        if not _ICON.fullmatch(value):
            raise self.error(f"icon: expected a name of small letters, got {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; a missing key is the empty list."""
        value = self.values.get(key) or []
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"{key}: expected a list of texts, got {value!r}")
        return tuple(value)

    def names(self, key: str, *, needed: bool = False) -> tuple[bytes, ...]:
        """Return the wire names of a list, in its order; a name that stands there twice is an error."""
        found = tuple(read_name(self.file, self.label, text) for text in self.texts(key))
        if needed and not found:
            raise self.error(f"{key}: expected at least one name")
        if len(set(found)) != len(found):
            raise self.error(f"{key}: a name stands there twice")
        return found

    def sourced(self) -> str:
        """Return the confidence, having made sure that a source is named."""
        if not self.texts("source"):
            raise self.error("source: expected where this is known from")
        return self.choice("confidence", CONFIDENCES)


def read_name(file: str, label: str, text: object) -> bytes:
    """Return the wire name of a text in A-label form with at least two labels; ConfigError says what is wrong."""
    if not isinstance(text, str) or not text.isascii():
        raise ConfigError(f"{file}: {label}: expected a name in A-label form, got {text!r}")
    try:
        name = site_name(text)
    except (ValueError, ParseError) as exc:
        raise ConfigError(f"{file}: {label}: {text!r}: {exc}") from exc
    if label_count(name) < 2:
        raise ConfigError(f"{file}: {label}: {text!r}: expected a name of at least two labels")
    return name
