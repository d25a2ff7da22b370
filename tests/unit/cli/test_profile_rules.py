"""`filterd profile category, service, name, safe-search`: said, refused, taken away again."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from filterd.cli.profile import profile
from filterd.errors import ConfigError
from filterd.model.household import Rule
from tests.unit.cli.told import run, state
from tests.unit.control.family import profile as kept

__all__ = ["state"]  # a fixture


def test_categories_and_services(state: Path) -> None:
    assert run(state, profile, "category", "anna", "games", "allow").startswith("profile anna: games allowed\n")
    assert run(state, profile, "service", "anna", "tiktok", "default").startswith(
        "profile anna: tiktok as its preset says\n"
    )
    assert run(state, profile, "service", "ben", "youtube", "block").startswith("profile ben: youtube blocked\n")
    assert kept(state, "anna").categories == {"games": Rule.ALLOW} and kept(state, "anna").services == {}
    assert run(state, profile, "service", "ben", "youtube", "block") == "nothing to change: it is like that already\n"
    with pytest.raises(ConfigError, match="did you mean tiktok"):
        run(state, profile, "service", "anna", "tiktokk", "block")
    with pytest.raises(click.UsageError):
        run(state, profile, "service", "anna", "tiktok", "sometimes")


def test_names(state: Path) -> None:
    assert run(state, profile, "name", "anna", "add", "allow", "own.example").startswith(
        "profile anna: own.example now under allow\n"
    )
    assert kept(state, "anna").names.block == ()
    run(state, profile, "name", "anna", "remove", "always", "school.example")
    assert kept(state, "anna").names.always == ()
    with pytest.raises(ConfigError, match="is not among"):
        run(state, profile, "name", "anna", "remove", "always", "school.example")
    with pytest.raises(ConfigError, match="is no site's name"):
        run(state, profile, "name", "anna", "add", "block", "http://x")


def test_safe_search(state: Path) -> None:
    run(state, profile, "safe-search", "anna", "bing", "on")
    run(state, profile, "safe-search", "anna", "google", "off")
    run(state, profile, "safe-search", "anna", "youtube", "moderate")
    assert kept(state, "anna").safe_search == {"bing": "on", "google": "off", "youtube": "moderate"}
    run(state, profile, "safe-search", "anna", "google", "default")
    assert kept(state, "anna").safe_search == {"bing": "on", "youtube": "moderate"}
    for engine, level in (("askjeeves", "on"), ("youtube", "on"), ("bing", "strict")):
        with pytest.raises(ConfigError):
            run(state, profile, "safe-search", "anna", engine, level)
