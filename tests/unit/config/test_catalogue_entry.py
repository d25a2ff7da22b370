"""One entry of a catalogue file: values of the right kind, and the bounds of an age and of an icon's name."""

from __future__ import annotations

import pytest

from filterd.config.catalogue_entry import Entry, read_name
from filterd.errors import ConfigError
from filterd.wire.name import to_wire


def entry(**values: object) -> Entry:
    return Entry("services/social.yaml", "facebook", values)


@pytest.mark.parametrize("years", [0, 13, 21])
def test_an_age_is_a_whole_number_of_years(years: int) -> None:
    assert entry(age=years).years("age") == years


@pytest.mark.parametrize("value", [-1, 22, 13.0, "13", True, None])
def test_another_age_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="social.yaml: facebook: age: expected an age from 0 to 21, got"):
        entry(age=value).years("age")


@pytest.mark.parametrize("icon", ["a", "user-question", "a" * 30])
def test_an_icon_is_a_plain_name(icon: str) -> None:
    assert entry(icon=icon).icon() == icon
    assert entry().icon("users") == "users"


@pytest.mark.parametrize("icon", ["", "-a", "../a", "a.svg", "A", "a" * 31, 1, None])
def test_an_icon_is_no_path(icon: object) -> None:
    with pytest.raises(ConfigError, match="facebook: icon: expected"):
        entry(icon=icon).icon()


def test_a_list_may_be_one_text_and_may_be_missing() -> None:
    assert entry(source="a").texts("source") == ("a",)
    assert entry(source=["a", "b"]).texts("source") == ("a", "b")
    assert entry().texts("source") == ()
    with pytest.raises(ConfigError, match="source: expected a list of texts"):
        entry(source=[1]).texts("source")


def test_what_has_no_source_or_no_confidence_is_refused() -> None:
    assert entry(source="a", confidence="low").sourced() == "low"
    with pytest.raises(ConfigError, match="source: expected where this is known from"):
        entry(confidence="low").sourced()
    with pytest.raises(ConfigError, match="confidence: expected one of high, medium, low, got 'maybe'"):
        entry(source="a", confidence="maybe").sourced()


def test_an_entry_is_a_mapping() -> None:
    with pytest.raises(ConfigError, match=r"facebook\.name: expected a mapping, got 'Facebook'"):
        entry(name="Facebook").both("name")


def test_a_name_is_in_a_label_form_and_has_two_labels() -> None:
    assert read_name("f", "e", "xn--cccc-ij6aa.vn") == to_wire("xn--cccc-ij6aa.vn")
    for text in ("cốccốc.vn", "vn", "a b.vn", "*.a.vn", "", 1):
        with pytest.raises(ConfigError, match="f: e: "):
            read_name("f", "e", text)
