"""Our own addresses and the prefixes on-link."""

from __future__ import annotations

import builtins
import ipaddress
from typing import Any

import pytest

from filterd.host.interfaces import Link, links, local_networks

V4, V6 = 2, 10


class Netifaces:
    """Stands for the netifaces module: interface -> family -> entries."""

    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found

    def interfaces(self) -> list[str]:
        """All interfaces."""
        return list(self._found)

    def ifaddresses(self, name: str) -> Any:
        """One interface's addresses."""
        if self._found[name] is None:
            raise ValueError("You must specify a valid interface name.")
        return self._found[name]


def test_a_home_with_public_ipv6() -> None:
    addresses, prefixes = local_networks(
        Netifaces(
            {
                "lo": {V4: [{"addr": "127.0.0.1", "netmask": "255.0.0.0", "peer": "127.0.0.1"}]},
                "eth0": {
                    17: [{"addr": "02:00:00:00:00:01"}],
                    V4: [{"addr": "192.168.1.2", "netmask": "255.255.255.0", "broadcast": "192.168.1.255"}],
                    V6: [
                        {"addr": "2001:db8:1:2::5", "netmask": "ffff:ffff:ffff:ffff::/64"},
                        {"addr": "fe80::1%eth0", "netmask": "ffff:ffff:ffff:ffff::"},
                    ],
                },
            }
        )
    )
    assert addresses == ["127.0.0.1", "192.168.1.2", "2001:db8:1:2::5", "fe80::1"]
    assert prefixes == [
        ipaddress.ip_network("192.168.1.0/24"),
        ipaddress.ip_network("2001:db8:1:2::/64"),
        ipaddress.ip_network("fe80::/64"),
    ]


def test_the_providers_end_of_a_line_is_not_the_house() -> None:
    addresses, prefixes = local_networks(
        Netifaces({"ppp0": {V4: [{"addr": "198.51.100.7", "netmask": "255.255.255.255", "peer": "198.51.100.1"}]}})
    )
    assert (addresses, prefixes) == (["198.51.100.7"], [])


@pytest.mark.parametrize(
    "entry",
    [
        {"addr": "192.0.2.1", "netmask": "0.0.0.0"},  # would open the box to the Internet
        {"addr": "2001:db8::1", "netmask": "ffff::/16"},
        {"addr": "192.0.2.1"},
        {"addr": "192.0.2.1", "netmask": "rubbish"},
        {"addr": "rubbish"},
        {},
    ],
)
def test_prefixes_that_make_no_sense_are_left_out(entry: dict[str, str]) -> None:
    assert local_networks(Netifaces({"eth0": {V4: [entry]}}))[1] == []


def test_an_interface_that_goes_away_is_no_error() -> None:
    assert local_networks(Netifaces({"tun0": None})) == ([], [])


def test_a_system_that_tells_nothing_is_no_error() -> None:
    class Broken:
        def interfaces(self) -> list[str]:
            raise OSError("no permission")

    assert local_networks(Broken()) == ([], [])


def test_without_the_package_nothing_is_on_link(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "netifaces":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert local_networks() == ([], [])


def test_this_machine_has_loopback() -> None:
    pytest.importorskip("netifaces")
    assert "127.0.0.1" in local_networks()[0]


class Routed(Netifaces):
    """Knows gateways too."""

    def gateways(self) -> dict[Any, Any]:
        """Family -> (gateway, interface, is the default)."""
        return {"default": {}, V4: [("192.168.1.1", "eth1", True)], V6: [("fe80::1", "eth1", True)]}


def test_interfaces_with_a_mac_come_with_their_gateways_first() -> None:
    four = {"addr": "192.168.1.2", "netmask": "255.255.255.0"}
    six = {"addr": "fe80::2%eth1", "netmask": "ffff:ffff:ffff:ffff::/64"}
    found = links(
        Routed(
            {
                "lo": {17: [{"addr": "00:00:00:00:00:00"}], V4: [{"addr": "127.0.0.1", "netmask": "255.0.0.0"}]},
                "eth0": {17: [{"addr": "02:AA:00:00:00:01"}]},
                "eth1": {17: [{"addr": "02:aa:00:00:00:02"}], V4: [four], V6: [six, {"addr": "no address"}]},
                "tun0": {V4: [{"addr": "198.51.100.7", "peer": "198.51.100.1"}]},
                "gone": None,
            }
        )
    )
    prefixes = (ipaddress.ip_interface("192.168.1.2/24"), ipaddress.ip_interface("fe80::2/64"))
    assert found == [
        Link("eth1", "02:aa:00:00:00:02", prefixes, ("192.168.1.1", "fe80::1")),
        Link("eth0", "02:aa:00:00:00:01"),
    ]


def test_this_machines_interfaces_can_be_asked_for() -> None:
    pytest.importorskip("netifaces")
    assert all(len(link.mac) == 17 for link in links())
