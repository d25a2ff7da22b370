"""What goes on is news once, and again after hours; the longest unmet is forgotten first."""

from __future__ import annotations

from filterd.presence.bypass_asks import AGAIN_S
from filterd.presence.bypass_lately import Lately

AT = 1_796_058_000.0


def test_it_is_news_once_while_it_goes_on() -> None:
    lately = Lately[str](9)
    assert lately.is_news("a", AT) and not lately.is_news("a", AT + AGAIN_S - 1)
    assert not lately.is_news("a", AT + 2 * AGAIN_S - 2) and lately.is_news("a", AT + 3 * AGAIN_S)
    assert lately.last("a", 5.0) == AT + 3 * AGAIN_S and lately.last("b", 5.0) == 5.0


def test_it_is_bounded_and_the_longest_unmet_goes_first() -> None:
    lately = Lately[str](2)
    for key in ("a", "b", "a", "c"):
        lately.is_news(key, AT)
    assert list(lately.all()) == ["a", "c"] and lately.is_news("b", AT + 1)
