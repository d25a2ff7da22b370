"""YAML and its traps: types nobody asked for, bombs, encodings, sizes."""

from __future__ import annotations

import pytest

from filterd.config import document
from filterd.config.document import Mapping, Problems, to_date, to_instant
from filterd.errors import ConfigError


def refused(text: str | bytes) -> str:
    """Return the one line with which a document is refused."""
    with pytest.raises(ConfigError) as caught:
        Mapping.load(text, "f.yaml")
    (line,) = caught.value.problems
    return line


def value(text: str) -> tuple[document.Value, Problems]:
    """Return the value of key `k` in a document."""
    top = Mapping.load(f"k: {text}\n", "f.yaml")
    return top.entries["k"], top.problems


@pytest.mark.parametrize("text", ["21:30", "no", "0o17", "1e3", "2026-12-24", "=", "0x1F", ".inf", "1_000", "'~'"])
def test_plain_words_are_never_turned_into_something_else(text: str) -> None:
    found, problems = value(text)
    assert found.text() == text.strip("'") and not problems.lines


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_plain_null_is_absent(text: str) -> None:
    top = Mapping.load(f"k: {text}\n", "f.yaml")
    assert top.get("k") is None and top.rows("k") == []


def test_a_byte_order_mark_is_accepted() -> None:
    assert Mapping.load(b"\xef\xbb\xbfk: v\n", "f.yaml").entries["k"].text() == "v"
    assert Mapping.load("\ufeffk: v\n", "f.yaml").entries["k"].text() == "v"


def test_windows_line_ends_are_accepted_and_counted() -> None:
    top = Mapping.load(b"a: 1\r\nb: 2\r\n", "f.yaml")
    assert top.entries["b"].line == 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"k: \xff\xfe\n", "expected UTF-8 text, byte 3 is none"),
        ("k: v\n".encode("utf-16"), "expected UTF-8 text"),
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        ("k:\n\t- a\n", "(f.yaml:2)"),
        ("k: [a\n", "(f.yaml:2)"),
        ("k: a: b\n", "(f.yaml:1)"),
        ("k: 'open\n", "not YAML"),
        ("a: 1\n---\nb: 2\n", "(f.yaml:2)"),
        ("k: *nobody\n", "undefined alias (f.yaml:1)"),
        ("k: \x07\n", "not YAML"),
        ("k: \x00\n", "not YAML"),
        ("%YAML 9\n---\nk: v\n", "not YAML"),
        ("[" * 100_000, "not YAML"),
        ("k: " + "{a: " * 3_000, "not YAML"),
        ("a: " + "[" * 12 + "]" * 12, "nested deeper than 12 (f.yaml:1)"),
        ("a: &a [*a]\n", "nested deeper than 12"),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(text: str | bytes, parts: str) -> None:
    assert parts in refused(text)


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 9)]
    assert "more than 400000 values" in refused("\n".join(lines))


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    assert "expected at most 4194304" in refused(b"#" * (document.MAX_BYTES + 1))
    assert "expected at most 4194304" in refused("#" * (document.MAX_BYTES + 1))


def test_python_objects_are_words_like_any_other() -> None:
    found, problems = value("!!python/object/apply:os.system [echo]")
    assert found.text() == "" and problems.lines == ["k: expected text, got a list (f.yaml:1)"]


@pytest.mark.parametrize("text", ["- a\n", "word\n", "'quoted'\n"])
def test_a_document_that_is_no_mapping(text: str) -> None:
    assert Mapping.load(text, "f.yaml").problems.lines == [
        "document: expected a mapping (lines of 'key: value') (f.yaml:1)"
    ]


@pytest.mark.parametrize("text", ["? [a]\n: b\n", "? {a: b}\n: c\n"])
def test_a_key_that_is_no_text(text: str) -> None:
    assert "expected plain text as a key" in Mapping.load(text, "f.yaml").problems.lines[0]


def test_a_merge_key_is_an_unknown_key() -> None:
    top = Mapping.load("a: &a {x: 1}\nb:\n  <<: *a\n", "f.yaml", ["a", "b"])
    top.entries["b"].mapping(["x"])
    assert top.problems.lines == ["b.<<: unknown key (known: x) (f.yaml:3)"]


def test_a_repeated_key_is_an_error_in_its_line() -> None:
    assert Mapping.load("a: 1\nb: 2\na: 3\n", "f.yaml").problems.lines == ["a: this key stands here twice (f.yaml:3)"]


def test_a_key_with_control_characters_is_shown_without_them() -> None:
    (line,) = Mapping.load('"a\\e[31m": 1\n', "f.yaml", ["b"]).problems.lines
    assert "\x1b" not in line and line.startswith("a?[31m")


def test_values_with_control_characters_are_shown_without_them() -> None:
    found, problems = value('"\\e[31mred"')
    assert found.one_of(["a"], "word") == "" and found.convert(int, "a number", 0) == 0
    assert all("\x1b" not in line for line in problems.lines) and len(problems.lines) == 2


def test_a_missing_key_is_reported_at_its_mapping() -> None:
    top = Mapping.load("# first\na: 1\n", "f.yaml")
    assert top.need("b") is None
    with pytest.raises(ConfigError, match=r"document: b is missing \(f.yaml:2\)"):
        top.problems.raise_if_any()


def test_lists_are_bounded() -> None:
    found, problems = value("[1, 2, 3]")
    assert list(found.items(max_items=2)) == [] and "at most 2 items, got 3" in problems.lines[0]


def test_numbers_are_whole_and_bounded() -> None:
    for text in ("1.0", "1_0", "٣", "0x1", "99999999999999", "", "11"):
        found, problems = value(text or "''")
        assert found.integer(0, 10, 7) == 7 and problems.lines
    assert value("10")[0].integer(0, 10, 7) == 10


def test_booleans_are_true_and_false_alone() -> None:
    assert value("TRUE")[0].boolean(False) and not value("false")[0].boolean(True)
    for text in ("yes", "on", "1", "[true]"):
        found, problems = value(text)
        assert found.boolean(True) and problems.lines


@pytest.mark.parametrize("text", ["2026-1-1", "20260101", "2026-W01-1", "2026-02-29", "٢٠٢٦-01-01"])
def test_dates_are_iso_dates(text: str) -> None:
    with pytest.raises(ValueError):
        to_date(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1971-01-01T00:00:00+00:00", 31536000.0),
        ("1971-01-01T07:00:00+07:00", 31536000.0),
        ("1971-01-01 00:00Z", 31536000.0),
        ("1971-01-01t00:00:00z", 31536000.0),
        ("1971-01-01T00:00:00.250Z", 31536000.25),
    ],
)
def test_instants_are_rfc_3339_with_an_offset(text: str, at: float) -> None:
    assert to_instant(text) == at


@pytest.mark.parametrize("text", ["", "1971-01-01", "1971-01-01T00:00:00", "now", "1970-12-31T23:00:00Z", "31536000"])
def test_other_instants_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        to_instant(text)
