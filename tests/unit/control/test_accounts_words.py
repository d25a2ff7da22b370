"""Which passwords are taken, and what is said about the others."""

from __future__ import annotations

import pytest

from filterd.control.accounts_passwords import WeakPassword, hashed
from filterd.control.accounts_words import _FIGURES, _WORDS, ADVICE, refusal, say, strength

NAMES = ["Lan", "Minh", "mẹ Hạnh", "Na"]


@pytest.mark.parametrize(
    "text",
    """12345678 87654321 123456789 matkhau1 Matkhau@123 MatKhau2024! mậtkhẩu123 anhyeuem anhyeuem123 iloveyou P@ssw0rd
    p@ssword123! password1234567 qwertyui 1qaz2wsx zaq12wsx abcd1234 aaaaaaaa abababab abcabcabc 19072015 20150719
    Hanoi2024 Vietnam123 68686868 11111111 12121212 asdfghjkl football1 filterd123""".split(),
)  # fmt: skip
def test_what_many_people_take_is_refused(text: str) -> None:
    assert refusal(text) == "common" and strength(text).score == 0


@pytest.mark.parametrize("text", ["lan2015lan", "Hạnh1985", "minhlan123", "lan 19072015", "Minh@2015!", "lanmatkhau1"])
def test_names_of_the_house_are_refused(text: str) -> None:
    assert refusal(text, NAMES) == "name" and strength(text, NAMES).score == 0
    assert refusal("lantern by the lake", NAMES) == "" == refusal("banana khong chin", NAMES)


def test_length_is_the_only_rule_about_form() -> None:
    assert [refusal(t) for t in ("kx7mqz2", "kx7mqz2p", "ế" * 3 + "kx7m", "e\u0302\u0301" * 3 + "kx7m")] == [
        "short", "", "short", "short",
    ]  # fmt: skip
    long = "mèo vàng ngủ trên mái " * 20
    assert refusal(long[:256]) == "" and refusal(long[:257]) == "long"
    assert refusal("mèo\nvàng ngủ") == refusal("meo\ud800vang ngu") == "text"
    assert refusal("\U0001f408 ngủ trên mái") == ""


def test_more_words_are_better_and_advice_is_in_the_language_asked() -> None:
    texts = ["gà rán ăn", "gà rán ngon", "gà rán ngon lành", "gà rán ngon lành quê nhà"]
    scores = [strength(t).score for t in texts]
    assert scores == sorted(scores) and scores[0] <= 2 and scores[-1] == 4
    assert strength("mèo vàng ngủ trên mái", language="en").advice == ADVICE["good"][1]
    assert "từ" in strength(texts[0]).advice
    assert say("short", "fr") == ADVICE["short"][0]


def test_a_refusal_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeakPassword, match="Many people use") as caught:
        hashed("12345678")
    assert caught.value.sentence("vi").startswith("Nhiều người dùng")


def test_the_list_is_what_it_says() -> None:
    assert len(_WORDS) >= 100 and all(w.isascii() and w == w.lower() for w in _WORDS | _FIGURES)
