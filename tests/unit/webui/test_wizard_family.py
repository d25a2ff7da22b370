"""What the ages of the first run promise."""

from __future__ import annotations

from filterd.config.catalogue import load as load_catalogue
from filterd.control import family as who_lives_here


def test_the_effect_of_each_age_is_what_the_lists_say() -> None:
    presets = load_catalogue().presets
    closed = {ident: set(presets[ident].blocked) for ident in who_lives_here.PRESETS}
    assert {"social", "messengers", "games"} <= closed["age-0-6"]
    assert "social" in closed["age-7-9"] and not {"games"} & closed["age-7-9"]
    assert "social" in closed["age-10-13"] and not {"games", "shopping"} & closed["age-10-13"]
    assert "social" not in closed["age-14-17"] and {"adult", "gambling", "drugs"} <= closed["age-14-17"]
    strict = {ident: presets[ident].safe_search.get("youtube") for ident in who_lives_here.PRESETS}
    assert strict["age-0-6"] == strict["age-7-9"] == "strict" != strict["age-10-13"]
    assert all(presets[ident].safe_search.get("google") in ("on", True) for ident in who_lives_here.PRESETS)
