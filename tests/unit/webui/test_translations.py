"""Every sentence of the page is Vietnamese and English: none is missing, fuzzy, without its plural, or written past gettext."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import webui
from webui.catalogue import catalogue, files

FOLDER = Path(webui.__file__).parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext.babel_extract")]
OPTIONS = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
PLAIN = re.compile(r"%\((\w+)\)")
# what stands in a template without gettext: names, and each language's own name
WORDS = {
    "filterd",
    "YouTube",
    "English",
    "Tiếng",
    "Việt",
    "HTTP",
    "Wi-Fi",
    "DNS",
    "JSON",
    "CSV",
    "QR",
    "MAC",
    "IP",
    "webhook",
    "ntfy",
    "http",
}


def sentences() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    """(file, line, what is said), of all code and templates."""
    for file, line, said, _comments, _context in extract_from_dir(
        str(FOLDER), METHODS, OPTIONS, keywords={"_": None, "gettext": None, "ngettext": (1, 2)}
    ):
        yield file, line, said


def vietnamese() -> dict[str | tuple[str, ...], Message]:
    return {m.id if isinstance(m.id, str) else tuple(m.id): m for m in catalogue("vi") if m.id}


def test_every_sentence_is_in_vietnamese() -> None:
    known = vietnamese()
    found = list(sentences())
    assert len(found) > 150
    missing = [f"{file}:{line}: {said}" for file, line, said in found if said not in known or not _text(known[said])]
    assert missing == []
    assert [m.id for m in known.values() if m.fuzzy] == []


def test_each_keeps_its_values() -> None:
    for said, message in vietnamese().items():
        names = set(PLAIN.findall(said if isinstance(said, str) else said[1]))
        assert set(PLAIN.findall(_text(message))) == names, said


def test_nothing_is_translated_that_nobody_says() -> None:
    said = {found for _, _, found in sentences()}
    assert [key for key in vietnamese() if key not in said] == []


def test_vietnamese_is_written_as_it_should_be() -> None:
    import unicodedata

    for said, message in vietnamese().items():
        text = _text(message)
        assert text == unicodedata.normalize("NFC", text), said
        assert not re.search("(hoà|xoá|khoá|huỷ|thuỷ|toà)(?![a-zà-ỹ])", text.lower()), text  # hòa, xóa, khóa, hủy
        assert "!" not in text or "!" in (said if isinstance(said, str) else said[0]), text


@pytest.mark.parametrize("file", sorted((FOLDER / "templates").rglob("*.html")), ids=lambda p: p.name)
def test_no_visible_text_stands_in_a_template(file: Path) -> None:
    text = file.read_text()
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", text, flags=re.S)
    attributes = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
    text = re.sub(r"<code.*?</code>", " ", text, flags=re.S)  # commands and addresses
    text = re.sub(r"<[^>]*>", " ", text, flags=re.S)
    words = [w for w in re.findall(r"[^\W\d_]{2,}(?:-\w+)?", " ".join([text, *attributes])) if w not in WORDS]
    assert [w for w in words if not re.fullmatch(r"&?(?:nbsp|amp|lt|gt|middot|times|hellip);?", w)] == []


def test_no_sentence_is_translated_in_two_ways() -> None:
    known: dict[object, tuple[str, object]] = {}
    for file in files("vi"):
        for message in read_po(BytesIO(file.read_bytes()), locale="vi", abort_invalid=True):
            before = known.setdefault(message.id, (file.name, message.string))
            assert before[1] == message.string, (message.id, before[0], file.name)


def _text(message: Message) -> str:
    return message.string if isinstance(message.string, str) else message.string[0]
