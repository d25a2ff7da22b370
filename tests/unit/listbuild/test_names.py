"""Names: IDN both ways, what is skipped and what is wrong. Rows of single formats are in test_parsers.py."""

from __future__ import annotations

import unicodedata

import pytest

from filterd.listbuild.line import Malformed, Skipped
from filterd.listbuild.names import is_address, normalise
from filterd.listbuild.suffixes import icann, parse_rules
from filterd.wire.name import to_wire


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),  # NFD
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),  # IDNA 2008: ß is a letter of its own
        ("bücher。example", "xn--bcher-kva.example"),  # UTS 46: the ideographic full stop separates
        ("ｅｘａｍｐｌｅ.com", "example.com"),  # full-width letters
        ("_sip._tcp.bücher.example", "_sip._tcp.xn--bcher-kva.example"),
        ("tên-miền.vn", "xn--tn-min-iva0322d.vn"),
        ("-x-.example.com", "-x-.example.com"),
    ],
)
def test_international_names(text: str, name: str) -> None:
    assert normalise(text) == to_wire(name)


def test_composed_and_decomposed_are_one_name() -> None:
    text = "đặtcược.vn"
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    "text",
    ["💩.example", "\ud800.example", "a\u200bb.example\u2260", "xn--\u00fc.example", "a\u0301\u0301" * 40 + ".example"],
)
def test_what_idna_refuses_is_wrong(text: str) -> None:
    with pytest.raises(Malformed):
        normalise(text)


@pytest.mark.parametrize("text", ["example.com?x=1", "1.2.3.4:80", "example.com/", "[2001:db8::1]", "10.0.0.0/8"])
def test_what_is_no_name_is_skipped(text: str) -> None:
    with pytest.raises(Skipped):
        normalise(text)


def test_the_longest_name_fits() -> None:
    text = ".".join(["a" * 63] * 3 + ["b" * 57, "com"])
    assert len(text) == 253
    assert len(normalise(text)) == 255
    with pytest.raises(Malformed, match="name too long"):
        normalise("a" + "." + text)


def test_addresses() -> None:
    assert is_address("fe80::1%eth0")
    assert not is_address("1.2.3")


def test_suffix_rules() -> None:
    rules = parse_rules("// c\n\ncom\n*.ck\n!www.ck\n公司.cn extra\n")
    assert rules.covers(b"com") and rules.covers(b"ck") and rules.covers(b"any.ck") and rules.covers(b"xn--55qx5d.cn")
    assert not rules.covers(b"www.ck") and not rules.covers(b"a.any.ck") and not rules.covers(b"example.com")
    assert icann().covers(b"co.uk") and not icann().covers(b"blogspot.com")
