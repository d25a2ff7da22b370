"""Closed sets of tags and the views that a decision needs."""

from __future__ import annotations

from filterd.model.decision import Action, Decision, Row
from filterd.model.tags import NO_TAGS, Tag, TagKind, TagSet

ADS, GAMES = Tag(TagKind.LIST, "b", "ads"), Tag(TagKind.LIST, "a", "games")
PROVINCE = Tag(TagKind.LIST, "p", "adult", True)


def test_a_set_is_sorted_without_duplicates_and_has_its_views() -> None:
    tags = (ADS, GAMES, ADS, PROVINCE, Tag(TagKind.SERVICE, "tube"), Tag(TagKind.CHATTER, "chat"))
    found = TagSet.of(tags)
    assert found == TagSet.of(frozenset(tags)) and len(found.tags) == 5
    assert (found.categories, found.services, found.chatter) == (("ads", "adult", "games"), ("tube",), ("chat",))
    assert (found.lifeline, found.canary, found.mandatory) == (False, False, PROVINCE)


def test_lifelines_and_canaries_are_flags() -> None:
    found = TagSet.of({Tag(TagKind.LIFELINE, "111"), Tag(TagKind.CANARY, "doh")})
    assert found.lifeline and found.canary and not found.categories and not found.services


def test_the_first_list_of_a_category_is_named() -> None:
    found = TagSet.of({Tag(TagKind.LIST, "z", "ads"), ADS})
    assert (found.list_of("ads"), found.list_of("games"), NO_TAGS.list_of("ads")) == ("b", "", "")


def test_a_decision_says_whether_it_blocks_and_a_row_its_id() -> None:
    assert Decision(Action.BLOCK, Row.OFF).blocked and not Decision(Action.REWRITE, Row.DEFAULT).blocked
    assert [r.id for r in Row] == (
        "local lifeline mandatory grant off window name budget service category rebind upstream default".split()
    )
