"""Upstream addresses as operators write them."""

from __future__ import annotations

import pytest

from filterd.errors import UpstreamError
from filterd.model.upstream import Upstream, parse


@pytest.mark.parametrize(
    ("text", "upstream", "url"),
    [
        ("192.0.2.1", Upstream("udp", "192.0.2.1"), "udp://192.0.2.1"),
        (" UDP://192.0.2.1/ ", Upstream("udp", "192.0.2.1"), "udp://192.0.2.1"),
        ("tcp://192.0.2.1:5353", Upstream("tcp", "192.0.2.1", 5353), "tcp://192.0.2.1:5353"),
        ("192.0.2.1:53", Upstream("udp", "192.0.2.1"), "udp://192.0.2.1"),
        ("127.0.0.1#5335", Upstream("udp", "127.0.0.1", 5335), "udp://127.0.0.1:5335"),
        ("2001:DB8::1", Upstream("udp", "2001:db8::1"), "udp://[2001:db8::1]"),
        ("udp://[2001:db8::1]:1053", Upstream("udp", "2001:db8::1", 1053), "udp://[2001:db8::1]:1053"),
        ("[2001:db8::1]", Upstream("udp", "2001:db8::1"), "udp://[2001:db8::1]"),
    ],
)
def test_an_address_is_read_and_written_canonically(text: str, upstream: Upstream, url: str) -> None:
    found = parse(text)
    assert (found, found.url, parse(found.url)) == (upstream, url, upstream)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tls://192.0.2.1", "not served yet"),
        ("https://dns.example/dns-query", "not served yet"),
        ("ftp://192.0.2.1", "got ftp://"),
        ("dns.example", "expected an IP address"),
        ("", "expected an IP address"),
        ("udp://192.0.2.1:0", "not in 1..65535"),
        ("udp://192.0.2.1:65536", "not in 1..65535"),
        ("udp://192.0.2.1:٥٣", "not in 1..65535"),
        ("udp://192.0.2.1:", None),
        ("udp://[2001:db8::1", r"expected \[IPv6\]:PORT"),
        ("udp://[2001:db8::1]53", r"expected \[IPv6\]:PORT"),
        ("udp://0.0.0.0", "cannot be asked"),
        ("udp://[ff02::1]", "cannot be asked"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(text: str, why: str | None) -> None:
    if why is None:
        assert parse(text).port == 53  # an empty port is the usual one, as in any URL
        return
    with pytest.raises(UpstreamError, match=why):
        parse(text)


def test_the_ad_bit_of_a_loopback_upstream_may_be_believed() -> None:
    assert parse("127.0.0.1#5335").is_loopback and parse("::1").is_loopback
    assert not parse("192.0.2.1").is_loopback
