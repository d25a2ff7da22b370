"""Categories, presets and words: complete in both languages, and consistent with what the presets promise."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from filterd.config.catalogue import load

CATALOGUE = load()
CHILDREN = ("age-0-6", "age-7-9", "age-10-13", "age-14-17")
FOLDER = Path(__file__).resolve().parents[3] / "blocklists"
ACCENTED = re.compile("[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]", re.IGNORECASE)


def test_harm_is_harm_and_pastime_is_not() -> None:
    harm = {c.id for c in CATALOGUE.categories.values() if c.harm}
    assert {"abuse", "grooming", "adult", "violence", "self-harm", "hate", "drugs", "gambling"} <= harm
    assert {"scam", "malware", "bypass"} <= harm
    assert not harm & {"social", "games", "video", "messengers", "shopping", "ai"}


@pytest.mark.parametrize("category_id", sorted(CATALOGUE.categories))
def test_a_category_speaks_both_languages(category_id: str) -> None:
    category = CATALOGUE.categories[category_id]
    assert category.name_vi != category.name_en
    assert ACCENTED.search(category.about_vi), "Vietnamese with its diacritics"
    assert not ACCENTED.search(category.about_en)
    for sentence in (category.about_vi, category.about_en):
        assert sentence.endswith(".")
        assert len(sentence) <= 200


@pytest.mark.parametrize("preset", CHILDREN)
def test_every_child_is_kept_from_harm_and_from_ways_around(preset: str) -> None:
    harm = {c.id for c in CATALOGUE.categories.values() if c.harm}
    assert harm <= set(CATALOGUE.presets[preset].blocked)
    assert "bypass" in CATALOGUE.presets[preset].blocked


def test_a_preset_loosens_with_age() -> None:
    blocked = [set(CATALOGUE.presets[preset].blocked) for preset in (*CHILDREN, "adult")]
    assert all(older < younger for younger, older in pairwise(blocked))


def test_an_adult_is_kept_from_crime_alone() -> None:
    assert set(CATALOGUE.presets["adult"].blocked) == {"abuse", "scam", "malware"}
    assert CATALOGUE.presets["adult"].safe_search == {"youtube": "none"}


def test_safe_search_follows_age() -> None:
    levels = {preset: CATALOGUE.presets[preset].safe_search["youtube"] for preset in CHILDREN}
    assert levels == {"age-0-6": "strict", "age-7-9": "strict", "age-10-13": "moderate", "age-14-17": "moderate"}
    for preset in CHILDREN:
        safe = CATALOGUE.presets[preset].safe_search
        assert {"google", "bing", "duckduckgo", "yandex", "pixabay", "ecosia", "brave"} <= set(safe)
        assert "startpage" not in safe, "its safe host is known from one kind of source only"


def test_names_that_hurt_are_not_shown_to_children() -> None:
    hidden = {c.id for c in CATALOGUE.categories.values() if not c.child_may_see_names}
    assert hidden == {"abuse", "adult", "violence", "self-harm"}


def test_every_category_has_a_starter_file_with_criteria_and_date() -> None:
    for category in CATALOGUE.categories:
        head = (FOLDER / "starter" / f"{category}.txt").read_text().partition("\n\n")[0]
        assert head.startswith(f"# Starter list: {category}.")
        assert "# Criteria: " in head
        assert re.search(r"# Reviewed: \d{4}-\d{2}-\d{2}\.", head)
        if len(CATALOGUE.starter[category]) < 25:
            assert re.search("Gap:|No name stands|no public list", head), "a short list says why"
