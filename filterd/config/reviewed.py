"""What people have decided about well-known names on blocklists: blocklists/reviewed.yaml.

A list is right about most of its names and wrong about some. `right` says that a name belongs to the category, though it
is popular; `wrong` says that it does not: no list that is not the province's mandatory one blocks it for that category.

    reviewed = load()
    reviewed.verdict(site_name("nasa.gov"), "piracy")     # "wrong"
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from filterd.config.sitename import site_name
from filterd.errors import ConfigError

RIGHT, WRONG = "right", "wrong"
MAX_NAMES = 20_000
MAX_BYTES = 4 * 1024 * 1024
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one name in one category, when (ISO date) and why (one sentence, or "")."""

    verdict: str
    reviewed: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """All decisions, by (wire name, category)."""

    verdicts: dict[tuple[bytes, str], Verdict] = field(default_factory=dict)

    def verdict(self, name: bytes, category: str) -> str:
        """Return `right`, `wrong`, or "" for a name that nobody has looked at."""
        found = self.verdicts.get((name, category))
        return found.verdict if found is not None else ""

    def wrong(self, category: str) -> frozenset[bytes]:
        """Return the names that do not belong to a category."""
        return frozenset(n for (n, c), v in self.verdicts.items() if c == category and v.verdict == WRONG)


@lru_cache(maxsize=2)
def load(path: Path | None = None) -> Reviewed:
    """Return the shipped decisions, or those of a file. Raises ConfigError with the entry and what was expected."""
    source = path if path is not None else resources.files("blocklists") / "reviewed.yaml"
    try:
        with source.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigError(f"{source}: expected at most {MAX_BYTES} bytes")
        document = yaml.load(data, Loader=_Loader)  # one of the two safe loaders
    except OSError as exc:
        raise ConfigError(f"{source}: cannot be read: {exc.strerror or exc}") from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{source}: not YAML: {exc}") from exc
    verdicts: dict[tuple[bytes, str], Verdict] = {}
    for where, category, name, verdict in _entries(str(source), document):
        if (name, category) in verdicts:
            raise ConfigError(f"{where}: stands there twice")
        verdicts[name, category] = verdict
        if len(verdicts) > MAX_NAMES:
            raise ConfigError(f"{source}: expected at most {MAX_NAMES} names")
    return Reviewed(verdicts)


def _entries(source: str, document: Any) -> Iterator[tuple[str, str, bytes, Verdict]]:
    """Yield (where, category, name, verdict). The file has a list `reviews`, each of one day and one category."""
    reviews = document.get("reviews") if isinstance(document, dict) else None
    if not isinstance(reviews, list):
        raise ConfigError(f"{source}: expected a list `reviews`")
    for number, review in enumerate(reviews):
        where = f"{source}: reviews[{number}]"
        if not isinstance(review, dict) or not {"category", "reviewed"} <= set(review) <= {
            "category", "reviewed", "by", RIGHT, WRONG,
        }:  # fmt: skip
            raise ConfigError(f"{where}: expected category, reviewed, by, {RIGHT} and {WRONG}")
        day, category = str(review["reviewed"]), str(review["category"])
        for text in review.get(RIGHT) or []:
            yield f"{where}: {text}", category, _name(where, text), Verdict(RIGHT, day)
        wrong = review.get(WRONG) or {}
        if not isinstance(wrong, dict):
            raise ConfigError(f"{where}: {WRONG}: expected names with a reason each")
        for text, reason in wrong.items():
            if not isinstance(reason, str) or not reason.strip():
                raise ConfigError(f"{where}: {text}: expected a reason")
            yield f"{where}: {text}", category, _name(where, text), Verdict(WRONG, day, reason)


def _name(where: str, text: Any) -> bytes:
    try:
        return site_name(str(text))
    except ValueError as exc:
        raise ConfigError(f"{where}: {text}: {exc}") from None
