"""Texts of a household's file for its tests: the smallest one, and the problems of one that must be refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.config.household import read
from filterd.config.household_words import Known
from filterd.errors import ConfigError
from filterd.model.household import Household

EXAMPLE = Path(__file__).with_name("household_example.yaml").read_bytes()
KNOWN = Known(
    categories=("gambling", "social", "games", "forums"),
    services=("tiktok", "youtube", "zalo", "roblox"),
    presets=("age-10-13", "adult", "none"),
    engines=("google", "bing"),
)
SMALLEST = "version: 1\nprofiles:\n  - {id: lan, name: Lan}\n"
START = 3  # lines of SMALLEST


def problems(text: str | bytes, known: Known = KNOWN) -> list[str]:
    """Return the error lines of a file that must be refused."""
    with pytest.raises(ConfigError) as caught:
        read(text, known, "h.yaml")
    return caught.value.problems


def profile_problems(text: str) -> list[str]:
    """Return the error lines of more keys of the profile `lan`; the first of them stands in line 5."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return problems("version: 1\nprofiles:\n  - id: lan\n    name: Lan\n" + lines)


def with_more(text: str) -> Household:
    """Return the smallest household with more keys at the top."""
    return read(SMALLEST + text, KNOWN)
