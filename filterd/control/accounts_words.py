"""What makes a password easy to guess, and how that is said kindly, in Vietnamese and English.

A short list of the words and figures that people take first, ours and everybody's, and rules that make thousands of
them: with figures at the end, said twice, `@` for a. The family's own names count like them (ASVS 6.1.2, 6.2.11).

    assert is_common("Matkhau@123") and is_common("12345678") and not is_common("mèo vàng ngủ trên mái")
    assert strength("lan2015lan", names=["Lan"]).score == 0
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

_SKIPPED = 4  # so many figures or signs round a common word make it no better: 2015, @123, !!!
_SCORES = (28.0, 38.0, 50.0, 64.0)  # bits at which 1, 2, 3 and 4 begin
MIN_NAME = 3  # letters of a name that counts
MIN_PASSWORD = 8  # characters (ASVS 6.2.1)
MAX_PASSWORD = 256  # characters: a bound for the hash, far above the 64 that must be possible (ASVS 6.2.9)

# without diacritics, in small letters, without figures at the end: the rules below add those
_WORDS_TEXT = """
matkhau matkhaumoi passmoi khongbiet khongco anhyeuem emyeuanh yeuem yeuanh anhnhoem emnhoanh iloveyou iloveu
loveyou mylove tinhyeu tinhban yeuthuong conyeu conyeume meyeucon boyeucon giadinh giadinhtoi hanhphuc maimai
maiyeuem maimaiyeuem vochong vietnam hanoi saigon hochiminh danang haiphong cantho dalat camau caheo meocon
cunyeu cuncon heocon thienthan congchua hoangtu bongda nguyen nguyenvan tranvan thanhcong thanhdat hoangmai
ngoclan minhanh quynhanh phuonganh hongnhung thuylinh tuananh hoanglong quanghuy ducanh matkhauwifi wifi
wifinha khongchobiet chotoivao xinchao chaoban concho consoi samsung iphone facebook zalo tiktok youtube google
password passwort passw passcode letmein welcome admin administrator root login guest master default changeme
secret monkey dragon football baseball superman batman sunshine princess shadow michael jordan pokemon naruto
minecraft roblox freefire lienquan starwars whatever trustno computer internet router filterd filter abc abcd
qwerty qwertyuiop qwert asdfgh asdfghjkl asdf zxcvbn zxcvbnm qazwsx qwaszx qazwsxedc test testing hello helloworld
"""
_FIGURES_TEXT = """
123456789 1234567890 0123456789 987654321 0987654321 147258369 159357 147852369 123123123 123321 112233 11223344
123654789 789456123 456789123 20102010 1q2w3e4r 1q2w3e4r5t q1w2e3r4 1qaz2wsx zaq12wsx 123qwe 123abc abc123abc
a1b2c3d4 1a2b3c4d qwe123 asd123 aa123456 a123456789 123456789a zxc123 19001080 19008198 696969 131313 666888
68686868 79797979 39393939 86868686 88668866 18001008
"""
_WORDS = frozenset(_WORDS_TEXT.split())
_FIGURES = frozenset(_FIGURES_TEXT.split())
_LEET = str.maketrans("@4310$5!7", "aaeiossit")
_ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb")


@dataclass(frozen=True, slots=True)
class Strength:
    """How well a password resists: 0 (guessed at once) to 4, and what would help, in the language that was asked."""

    score: int
    advice: str


ADVICE = {
    "short": (
        "Mật khẩu cần ít nhất 8 ký tự. Một câu ngắn, dễ nhớ là tốt nhất.",
        "A password needs at least 8 characters. A short sentence that is easy to remember is best.",
    ),
    "long": ("Mật khẩu dài tối đa 256 ký tự.", "A password has at most 256 characters."),
    "text": ("Mật khẩu chỉ gồm chữ gõ được từ bàn phím.", "A password is text that can be typed."),
    "common": (
        "Nhiều người dùng mật khẩu này, nên dễ bị đoán ra. Thử ghép ba, bốn từ không liên quan nhé.",
        "Many people use this password, so it is guessed first. Try three or four words that have nothing in common.",
    ),
    "name": (
        "Tên người trong nhà rất dễ đoán, nhất là với con. Thử ghép ba, bốn từ không liên quan nhé.",
        "Names of the family are guessed first, by one's own children above all. Try three or four unrelated words.",
    ),
    "weak": ("Thêm một, hai từ nữa sẽ khó đoán hơn nhiều.", "One or two more words make it much harder to guess."),
    "fair": ("Khá tốt. Thêm một từ nữa thì càng yên tâm.", "Quite good. One more word makes it better still."),
    "good": ("Mật khẩu này tốt.", "This password is good."),
}


def say(reason: str, language: str) -> str:
    """Return the sentence for a key of ADVICE in `language`: en, else Vietnamese."""
    return ADVICE[reason][1 if language == "en" else 0]


def plain(text: str) -> str:
    """Return `text` in small letters without diacritics and spaces: what a guesser tries first."""
    bare = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in bare if unicodedata.category(c) != "Mn" and not c.isspace())


def is_common(text: str) -> bool:
    """Return whether a password is among those that everybody tries first, or made of one of them by a habit."""
    bare = plain(text)
    if _is_simple(bare) or _is_simple(bare.translate(_LEET)):
        return True
    # p@ssword123!: what stands at the end is no letter in disguise
    return re.sub(r"[\d\W_]{1,8}$", "", bare).translate(_LEET) in _WORDS


def has_only_names(text: str, names: Iterable[str]) -> bool:
    """Return whether a password is a name of the house, or two, with no more than some figures and signs."""
    words = name_words(names)
    rest = plain(text)
    found = False
    for word in sorted(words, key=len, reverse=True):
        found |= word in rest
        rest = rest.replace(word, "")
    return found and (len(rest) <= _SKIPPED or re.fullmatch(r"[\d\W_]{0,8}", rest) is not None or is_common(rest))


def name_words(names: Iterable[str]) -> frozenset[str]:
    """Return the names as they are looked for: whole, and each word of at least MIN_NAME letters."""
    parts = {plain(part) for name in names for part in (name, *name.split())}
    return frozenset(part for part in parts if len(part) >= MIN_NAME)


def strength(text: str, names: Iterable[str] = (), language: str = "vi") -> Strength:
    """Return how well a password resists guessing. `names`: of the house. A rough measure, for advice alone."""
    names = list(names)
    reason = refusal(text, names)
    if reason:
        return Strength(0, say(reason, language))
    bits = _bits(text, names)
    score = max(1, sum(bits >= bound for bound in _SCORES))
    return Strength(score, say("good" if score == 4 else "fair" if score == 3 else "weak", language))


def refusal(text: str, names: Iterable[str] = ()) -> str:
    """Return why a password is not taken, a key of ADVICE; "": it is. No rule asks for kinds of signs (ASVS 6.2.5)."""
    if len(text) > MAX_PASSWORD:
        return "long"
    composed = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in composed):
        return "text"
    if len(composed) < MIN_PASSWORD:
        return "short"
    if is_common(composed):
        return "common"
    return "name" if has_only_names(composed, names) else ""


def _is_simple(bare: str) -> bool:
    if bare in _FIGURES or bare in _WORDS or len(set(bare)) <= 2:
        return True
    core = re.sub(rf"^[\d\W_]{{0,{_SKIPPED}}}|[\d\W_]{{0,{_SKIPPED}}}$", "", bare)
    if core in _WORDS or (len(bare) <= 16 and re.sub(r"[\d\W_]+$", "", bare) in _WORDS):
        return True
    for size in range(1, len(bare) // 2 + 1):  # said again and again: abcabcabc
        if len(bare) % size == 0 and bare == bare[:size] * (len(bare) // size) and (size <= 4 or bare[:size] in _WORDS):
            return True
    if any(bare in row or bare[::-1] in row for row in _ROWS):
        return True
    return re.fullmatch(r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(19|20)\d\d|(19|20)\d{6}", bare) is not None  # a birthday


def _bits(text: str, names: Iterable[str]) -> float:
    """Return how many bits a guesser needs, roughly: what is a name, a common word or a run counts as one sign."""
    rest = plain(text)
    for word in sorted(name_words(names) | {w for w in _WORDS if len(w) > 3} | _FIGURES, key=len, reverse=True):
        rest = rest.replace(word, "x")
    kept = [c for i, c in enumerate(rest) if i < 2 or not _runs_on(rest[i - 2 : i + 1])]
    signs = 0
    for pattern, size in ((r"[a-z]", 26), (r"\d", 10), (r"[^a-z\d]", 20)):
        signs += size if re.search(pattern, "".join(kept)) else 0
    if text != text.casefold() and text[1:] != text[1:].casefold():  # capitals that are not just the first letter
        signs += 26
    # letters of words carry less than random ones: 3 signs of 4 count beyond the eighth
    length = min(len(kept), 8) + 0.75 * max(0, len(kept) - 8)
    return length * math.log2(max(signs, 2))


def _runs_on(three: str) -> bool:
    """Return whether three signs go on as one expects: aaa, 123, cba."""
    steps = {ord(b) - ord(a) for a, b in pairwise(three)}
    return len(steps) == 1 and steps <= {-1, 0, 1}
