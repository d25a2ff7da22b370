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
PLAIN_VIETNAMESE = {"Chat sex qua webcam"}
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


def test_the_taxonomy_of_harm_is_whole() -> None:
    """As the plan has it, and the pastimes beside it."""
    harm = (
        "abuse grooming adult dating violence self-harm hate drugs alcohol-tobacco gambling scam malware bypass piracy"
    )
    other = "file-hosting ads social messengers games video forums shopping ai"
    assert list(CATALOGUE.categories) == [*harm.split(), *other.split()]
    assert [c.id for c in CATALOGUE.categories.values() if c.harm] == harm.split()


def test_every_category_has_a_starter_list_with_criteria_and_date() -> None:
    assert set(CATALOGUE.starter_lists) == set(CATALOGUE.categories)
    for starter in CATALOGUE.starter_lists.values():
        head = (FOLDER / "starter" / f"{starter.category}.txt").read_text().partition("\n\n")[0]
        assert head.startswith(f"# Starter list: {starter.category}.")
        assert "on a public list of its kind" in starter.criteria
        assert "2026-11-24" <= starter.reviewed <= "2030"


def test_a_starter_list_with_few_names_says_why() -> None:
    few = {s.category for s in CATALOGUE.starter_lists.values() if len(s.names) < 25}
    assert few == {"abuse", "self-harm", "shopping", "video", "messengers", "forums"}
    for category in few:
        assert len(CATALOGUE.starter_lists[category].gap) > 60, category


def test_a_reason_speaks_both_languages() -> None:
    reasons = {(e.reason_vi, e.reason_en) for s in CATALOGUE.starter_lists.values() for e in s.names}
    assert len(reasons) > 50
    for vi, en in reasons:
        assert vi != en and not ACCENTED.search(
            en.replace("game bài đổi thưởng", "").replace("đá gà", "").replace("Liên Quân", "")
        )
        assert ACCENTED.search(vi) or vi in PLAIN_VIETNAMESE, vi
