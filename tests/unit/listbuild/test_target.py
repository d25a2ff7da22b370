"""Which addresses lists may be fetched from."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from filterd.listbuild import target
from filterd.listbuild.refusal import Refused, Why
from filterd.listbuild.target import check_url, is_public, open_socket


@pytest.mark.parametrize(
    "address", ["1.1.1.3", "185.199.108.133", "2606:50c0:8000::154", "64:ff9b::101:103", "::ffff:1.1.1.3"]
)
def test_the_internet_at_large(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7",
        "203.0.113.9", "224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:192.168.1.1", "::ffff:100.64.0.1", "::127.0.0.1", "::c0a8:101",
        "64:ff9b::7f00:1", "64:ff9b::c0a8:101", "64:ff9b::6440:1", "2002:7f00:1::", "2002:c0a8:101::1", "fe80::1", "fec0::1", "fc00::1",
        "fd12:3456::1", "ff02::1", "ff0e::1", "2001:db8::1", "2001:0:0:0:0:0:3f57:fefe",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_only_when_a_test_says_so(address: str) -> None:
    assert is_public(ipaddress.ip_address(address), loopback=True)
    assert not is_public(ipaddress.ip_address("192.168.1.1"), loopback=True)


@pytest.mark.parametrize(
    "url", ["http://x.org/a", "https://x.org:8443/a?b=c", "HTTPS://X.org", "http://[2606:50c0::1]/"]
)
def test_addresses_that_may_be_asked(url: str) -> None:
    assert check_url(url).hostname


@pytest.mark.parametrize(
    "url",
    ["", "x.org", "ftp://x.org", "file:///x", "http:///x", "//x.org", "http://u:p@x.org/", "http://u@x.org/", "http://x.org:99999/",
     "http://x.org:0/", "http://x.org:y/", "http://[::1", "http://x.org/a b", "http://x.org/\r\nHost: y", "data:text/plain,x"],
)  # fmt: skip
def test_addresses_that_may_not(url: str) -> None:
    with pytest.raises(Refused) as caught:
        check_url(url)
    assert caught.value.why is Why.ADDRESS


def test_of_several_addresses_only_public_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 80)) for text in ("127.0.0.1", "10.0.0.1")]
    rows += [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 80, 0, 2))]
    monkeypatch.setattr(target.socket, "getaddrinfo", lambda *_, **__: rows)
    with pytest.raises(Refused, match="10.0.0.1, 127.0.0.1, fe80::1") as caught:
        open_socket("x.example.org", 80, 1.0)
    assert caught.value.why is Why.PRIVATE
    tried: list[Any] = []

    def connect(_: socket.socket, address: Any) -> None:
        tried.append(address[0])
        raise OSError(113, "no route")

    rows += [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 80)) for text in ("192.0.43.8", "192.0.43.9")]
    monkeypatch.setattr(target.socket.socket, "connect", connect)
    with pytest.raises(OSError, match="no route"):
        open_socket("x.example.org", 80, 1.0)
    assert tried == ["192.0.43.8", "192.0.43.9"]


def test_a_name_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("x" * 300 + ".org", "a..b"):
        with pytest.raises(Refused) as caught:
            open_socket(host, 80, 1.0)
        assert caught.value.why is Why.NO_CONNECTION
