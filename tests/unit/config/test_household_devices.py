"""Devices in the household's file."""

from __future__ import annotations

import pytest

from filterd.model.household import Device, Household
from tests.unit.config.household_text import SMALLEST, START, problems, with_more


def test_devices(example: Household) -> None:
    assert example.devices == (
        Device("anna-phone", "Anna's phone", "anna", mac="02:1a:2b:3c:4d:5e"),
        Device("tv", "TV", "ben", ip="2001:db8::20"),
        Device("console", "console", "ben", ip="192.0.2.20"),
        Device("room-1", "Room 1", "anna", range="10.20.3.0/24"),
        Device("room-2", "Room 2", "ben", range="2001:db8:3::/64"),
    )


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("devices:\n  - {id: a, profile: lan}\n", 2, ["devices[0]: expected exactly one of mac, ip and range"]),
        ("devices:\n  - {id: a, profile: lan, ip: 1.2.3.4, mac: 02:00:00:00:00:01}\n", 2, ["exactly one"]),
        ("devices:\n  - {profile: lan, ip: 1.2.3.4}\n", 2, ["devices[0]: id is missing"]),
        ("devices:\n  - {id: A b, profile: lan, ip: 1.2.3.4}\n", 2, ["devices[0].id", "'A b'"]),
        ("devices:\n  - {id: a, ip: 1.2.3.4}\n", 2, ["devices[0]: profile is missing"]),
        ("devices:\n  - {id: a, profile: tom, ip: 1.2.3.4}\n", 2, ["devices[0].profile: unknown profile 'tom'"]),
        ("devices:\n  - {id: a, profile: lan, ip: 1.2.3}\n", 2, ["devices[0].ip: expected an IP address"]),
        ("devices:\n  - {id: a, profile: lan, ip: 'fe80::1%eth0'}\n", 2, ["devices[0].ip", "%interface"]),
        ("devices:\n  - {id: a, profile: lan, range: 10.0.0.1}\n", 2, ["devices[0].range"]),
        ("devices:\n  - {id: a, profile: lan, range: 10.0.0.0/33}\n", 2, ["devices[0].range"]),
        ("devices:\n  - {id: a, profile: lan, mac: 02:00:00:00:00}\n", 2, ["devices[0].mac"]),
        ("devices:\n  - {id: a, profile: lan, mac: 03:00:00:00:00:01}\n", 2, ["a group address is no device"]),
        ("devices:\n  - {id: a, profile: lan, mac: 0_200_00000001}\n", 2, ["devices[0].mac"]),
        (
            "devices:\n  - {id: a, profile: lan, ip: 1.2.3.4}\n  - {id: b, profile: lan, ip: '::ffff:1.2.3.4'}\n",
            2,
            ["b and a are both 1.2.3.4"],
        ),
        (
            "devices:\n  - {id: a, profile: lan, ip: 1.2.3.4}\n  - {id: a, profile: lan, ip: 1.2.3.5}\n",
            3,
            ["devices[1].id: another device has the id a"],
        ),
    ],
)
def test_an_error_in_a_device_names_its_path_and_line(text: str, line: int, parts: list[str]) -> None:
    found = problems(SMALLEST + text)
    assert any(all(p in f for p in parts) and f.endswith(f"(h.yaml:{START + line})") for f in found), found


def test_a_range_of_mapped_addresses_is_one_of_plain_ones() -> None:
    household = with_more("devices: [{id: a, profile: lan, range: '::ffff:10.0.0.0/104'}]\n")
    assert household.devices[0].range == "10.0.0.0/8"
