"""Names of sites as people type them."""

from __future__ import annotations

import pytest

from filterd.config.sitename import site_name
from filterd.wire.name import to_text, to_wire


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        ("  EXAMPLE.com.  ", "example.com"),
        ("r3---sn.example", "r3---sn.example"),
        ("_dmarc.example", "_dmarc.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),  # the same letter in two code points
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),  # the ideographic full stop
        ("báo.vn", "xn--bo-mia.vn"),
        ("vn", "vn"),
    ],
)
def test_a_name_becomes_lower_case_a_labels(text: str, name: str) -> None:
    assert to_text(site_name(text)) == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no name"),
        (" . ", "no name"),
        ("https://example.com", "without http://"),
        ("example.com/path", "without a path"),
        ("*.example.com", "without a star"),
        (".example.com", "without a leading dot"),
        ("exa mple.com", "no spaces"),
        ("192.0.2.1", "an address is no name"),
        ("2001:db8::1", "an address is no name"),
        ("[2001:db8::1]", "an address is no name"),
        ("example.com:80", "the name alone"),
        ("me@example.com", "the name alone"),
        ("a.example,b.example", "the name alone"),
        ("a..example", "labels"),
        ("-a.example", "letters, digits"),
        ("a-.example", "letters, digits"),
        ("a\\046b.example", "letters, digits"),
        ("a!.example", "unexpected character"),
        ("x" * 64 + ".example", "63"),
        (".".join(["x" * 60] * 5), "at most 255"),
        ("\u200d.example", "Joiner"),
        ("ü" * 60 + ".example", "too long"),
        ("a_ü.example", "[Cc]odepoint"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        site_name(text)


def test_a_zone_of_reverse_names_may_look_like_an_address() -> None:
    assert site_name("10.in-addr.arpa", reverse=True) == to_wire("10.in-addr.arpa")
