"""Who may see the page: the house, by a name or address of the house."""

from __future__ import annotations

import pytest

from webui.peers import is_of_the_house, is_our_name


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.7", "10.1.2.3", "172.31.0.1", "169.254.1.1", "::1", "fd00::1", "fe80::1%eth0", "::ffff:192.168.1.7"])  # fmt: skip
def test_the_house(address: str) -> None:
    assert is_of_the_house(address)


@pytest.mark.parametrize("address", ["", "x", "8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8", "100.64.0.1", "0.0.0.0"])  # fmt: skip
def test_not_the_house(address: str) -> None:
    assert not is_of_the_house(address)


@pytest.mark.parametrize("host", ["192.168.1.2", "192.168.1.2:8080", "[fd00::2]:8080", "[fd00::2]", "localhost", "filterd", "filterd.home.arpa:8080", "box.LAN."])  # fmt: skip
def test_our_names(host: str) -> None:
    assert is_our_name(host)


@pytest.mark.parametrize("host", ["", ":80", "example.com", "192.168.1.2.nip.io", "home.arpa.example:80"])
def test_others_names(host: str) -> None:
    assert not is_our_name(host)
