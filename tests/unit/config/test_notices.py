"""Advisories, cards and outcomes: what is published is read whole or refused with its place; never anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.config import notices
from filterd.errors import ConfigError
from filterd.model.notice import Audience, Verdict
from tests.examples import examples
from tests.unit.control.province import advisory, card

KEY = "0123456789abcdef" * 2
OUTCOME = {"key": KEY, "verdict": "accepted", "date": "2026-11-30", "note": {"vi": "Đã gỡ", "en": "Removed"}}
BOTH = {"vi": "một", "en": "one"}


def test_the_newest_advisory_comes_first() -> None:
    found = notices.advisories({"layout": 1, "advisories": [advisory("a", "2026-11-01"), advisory("b", "2026-11-20")]})
    assert [one.id for one in found] == ["b", "a"]
    assert found[0].title.of("vi") == "Tin nhắn giả b" and found[0].act[0].of("en") == "Do not tap the link."


def test_an_outcome_is_found_by_its_key() -> None:
    found = notices.outcomes({"layout": 1, "outcomes": [OUTCOME]})
    assert found[KEY].verdict is Verdict.ACCEPTED and found[KEY].note.of("vi") == "Đã gỡ"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"id": "A b"}, r"\.id: expected"), ({"date": "24/11/2026"}, r"\.date: expected a day"), ({"title": "one"}, r"\.title"),
        ({"title": {"vi": "một"}}, "en missing"), ({"text": {"vi": "a", "en": "b\x1b[2J"}}, "printable"),
        ({"text": {"vi": "a", "en": "b\u202ec"}}, "printable"), ({"title": {"vi": "x" * 121, "en": "y"}}, "at most 120"),
        ({"do": [BOTH] * 7}, "at most 6"), ({"until": "2026-11-01"}, "not before"), ({"script": "x"}, "script unknown"),
        ({"text": {"vi": 7, "en": "b"}}, "expected text, got int"), ({"title": {"vi": " ", "en": "b"}}, "got none"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_advisory_is_said(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigError, match=place):
        notices.advisories({"layout": 1, "advisories": [advisory() | change]})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"audience": "dog"}, "audience: expected child, parent, teacher"), ({"ages": [9, 6]}, "ages"),
        ({"ages": [0, 19]}, "ages"), ({"ages": [True, 3]}, "ages"), ({"source": None}, "source"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_card_is_said(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigError, match=place):
        notices.materials({"layout": 1, "materials": [card() | change]})


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "expected a mapping"), ({"layout": 2, "outcomes": []}, "layout: expected 1"), ({"layout": 1}, "outcomes missing"),
        ({"layout": 1, "outcomes": {}}, "a list of at most"),
        ({"layout": 1, "outcomes": [OUTCOME] * (notices.MAX_OUTCOMES + 1)}, "a list of at most"),
        ({"layout": 1, "outcomes": [OUTCOME, OUTCOME]}, "twice"),
        ({"layout": 1, "outcomes": [OUTCOME | {"key": "../../etc"}]}, "32 hexadecimal"),
        ({"layout": 1, "outcomes": [OUTCOME | {"verdict": "maybe"}]}, "verdict"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_outcomes_is_said(document: Any, place: str) -> None:
    with pytest.raises(ConfigError, match=place):
        notices.outcomes(document)


def test_as_many_as_fit_are_taken() -> None:
    many = [OUTCOME | {"key": f"{number:032x}"} for number in range(notices.MAX_OUTCOMES)]
    assert len(notices.outcomes({"layout": 1, "outcomes": many})) == notices.MAX_OUTCOMES


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["layout", "advisories", "id", "date", "title", "text", "vi", "en", "do", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=examples(300))
def test_any_values_are_read_or_refused(values: Any) -> None:
    for read in (notices.advisories, notices.materials, notices.outcomes):
        for document in (values, {"layout": 1, read.__name__: values}, {"layout": 1, read.__name__: [values]}):
            try:
                read(document)
            except ConfigError as error:
                assert str(error).isprintable() or "\n" in str(error)


def test_the_shipped_cards_speak_to_everybody_in_both_languages() -> None:
    found = notices.cards()
    assert len(found) >= 12
    for first, last in ((6, 9), (10, 13), (14, 17)):
        assert sum(one.is_for(Audience.CHILD, first, last) for one in found) >= 3
    assert (
        sum(one.is_for(Audience.PARENT) for one in found) >= 3
        and sum(one.is_for(Audience.TEACHER) for one in found) >= 3
    )
    for one in found:
        texts = [one.title, one.text, one.source, *one.steps]
        assert all(words.vi != words.en for words in texts), one.id
        assert json.dumps([words.vi for words in texts]) and one.source.vi, one.id
