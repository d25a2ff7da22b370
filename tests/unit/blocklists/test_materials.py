"""The shipped cards are kind: no blame, no command words for children, Vietnamese as it should be written."""

from __future__ import annotations

import re
import unicodedata

import pytest

from filterd.config.notices import cards
from filterd.model.notice import Audience, Card

HARSH = ("vi phạm", "cố tình", "hư", "cấm", "tội", "ngu", "!", "phải chịu phạt", "tuyệt đối", "an toàn tuyệt")
OLD_MARKS = re.compile("(hoà|xoá|khoá|huỷ|thuỷ|toà)(?![a-zà-ỹ])")


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.id)
def test_a_card_is_written_as_it_should_be(card: Card) -> None:
    texts = [card.title, card.text, card.source, *card.steps]
    for words in texts:
        assert words.vi == unicodedata.normalize("NFC", words.vi) and not OLD_MARKS.search(words.vi.lower()), words.vi
        assert re.search("[à-ỹđ]", words.vi.lower()) or "vn-cop" in words.vi, words.vi  # diacritics are there
    said = " ".join(words.vi.lower() for words in texts)
    assert [word for word in HARSH if re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", said)] == []


def test_no_card_for_a_young_child_is_long() -> None:
    young = [card for card in cards() if card.audience is Audience.CHILD and card.ages[1] <= 9]
    assert young and all(len(card.text.vi) <= 120 and len(card.steps) <= 3 for card in young)
