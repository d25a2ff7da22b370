"""Devices: every use case, what it refuses, and its undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from filterd.control import devices as use
from filterd.control.change import Done, history, revert
from filterd.control.household import load, read_stored
from filterd.control.moves import bonus, off
from filterd.errors import ConfigError, Conflict
from tests.unit.control.family import DAD, HOSTILE, MUM, PAD, content, device, number, row, state

__all__ = ["state"]  # a fixture

MAC = "02:1a:2b:3c:4d:5e"
USES: dict[str, Callable[[Path], Done]] = {
    "added": lambda s: use.add_device(s, MUM, "Máy bàn", "ben", mac=MAC)[0],
    "renamed": lambda s: use.change_device(s, MUM, "pad", name="Máy bảng"),
    "assigned": lambda s: use.change_device(s, MUM, "pad", profile="ben"),
    "another mac": lambda s: use.change_device(s, MUM, "pad", mac=MAC),
    "removed": lambda s: use.remove_device(s, MUM, "pad"),
}


@pytest.mark.parametrize("what", USES)
def test_every_use_case_has_its_verb_and_can_be_taken_back(state: Path, what: str) -> None:
    before = content(state)
    done = USES[what](state)
    assert done.change is not None and done.change.who == MUM
    assert done.change.verb == {"added": "device added", "removed": "device removed"}.get(what, "device changed")
    assert content(state) != before
    revert(state, MUM, number(done))
    assert content(state) == before


@pytest.mark.parametrize("what", ["renamed", "assigned", "another mac"])
def test_said_twice_it_changes_nothing(state: Path, what: str) -> None:
    USES[what](state)
    assert USES[what](state).change is None


def test_all_of_them_taken_back_one_by_one_leave_no_trace(state: Path) -> None:
    before = content(state)
    made = [number(USES[what](state)) for what in USES if what != "another mac"]
    for one in reversed(made):
        revert(state, DAD, one)
    assert content(state) == before


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"mac": "02-1A-2b-3c-4d-5e"}, MAC),
        ({"ip": "2001:DB8::0:7"}, "2001:db8::7"),
        ({"range": "10.20.3.7/24"}, "10.20.3.0/24"),
    ],
)
def test_a_device_is_known_by_one_of_three(state: Path, given: dict[str, str], kept: str) -> None:
    _, ident = use.add_device(state, MUM, "Điện thoại", "anna", **given)
    found = device(state, ident)
    assert (ident, found.mac or found.ip or found.range, found.profile) == ("dien-thoai", kept, "anna")


def test_what_is_wanted_is_in_force_at_once(state: Path) -> None:
    assert row(state, "games.example", "pad") == "block category"
    use.change_device(state, MUM, "pad", profile="ben")
    assert row(state, "games.example", "pad").startswith("allow")
    use.remove_device(state, MUM, "pad")
    assert "pad" not in {d.id for d in load(state).devices}


@pytest.mark.parametrize("given", [{}, {"mac": MAC, "ip": "192.0.2.9"}, {"ip": "192.0.2.9", "range": "192.0.2.0/24"}])
def test_two_ways_or_none_to_know_it_are_refused(state: Path, given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="exactly one of mac, ip and range"):
        use.add_device(state, MUM, "X", "anna", **given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mac": "02:00:00:00:00:01"}, "02:00:00:00:00:01"),  # the phone is it
        ({"ip": "192.0.2.20"}, "192.0.2.20"),
        ({"mac": "01:00:5e:00:00:01"}, "group address"),
        ({"mac": "hello"}, "MAC address"),
        ({"mac": "x" * 10_000}, "MAC address"),
        ({"ip": "fe80::1%eth0"}, "without %interface"),
        ({"ip": "1.2.3"}, "IP address"),
        ({"range": "10.0.0.0"}, "address range"),
        ({"range": "10.0.0.0/33"}, "address range"),
        ({"ip": "' or 1=1 --"}, "IP address"),
        ({"ip": "1.2.3.4\x1b[2J"}, "IP address"),
    ],
)
def test_addresses_that_are_none_or_another_devices(state: Path, given: dict[str, str], said: str) -> None:
    before = content(state)
    with pytest.raises(ConfigError, match=said) as refused:
        use.add_device(state, MUM, "X", "anna", **given)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 1000
    assert content(state) == before and len(history(state)) == 1


def test_a_mac_of_another_device_is_refused(state: Path) -> None:
    with pytest.raises(ConfigError, match="02:00:00:00:00:01"):
        use.change_device(state, MUM, "pad", mac="02:00:00:00:00:01")
    assert number(use.change_device(state, MUM, "phone", mac="02:00:00:00:00:02")) == 2


@pytest.mark.parametrize("name", [*HOSTILE, "", " ", "a" * 81])
def test_names_of_devices_are_one_harmless_line(state: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        use.add_device(state, MUM, name, "anna", mac=MAC)
    with pytest.raises(ConfigError):
        use.change_device(state, MUM, "pad", name=name)
    assert len(history(state)) == 1


@pytest.mark.parametrize("ident", ["pad", "A", "a b", "a'b", 'a"b', "a" * 65, "../x", "a\nb"])
def test_ids_that_are_none_or_taken(state: Path, ident: str) -> None:
    with pytest.raises(ConfigError):
        use.add_device(state, MUM, "X", "anna", mac=MAC, ident=ident)


@pytest.mark.parametrize("ident", ["nobody", "", "pad'", 'pad"', "x" * 10_000])
def test_what_is_no_device_and_no_profile(state: Path, ident: str) -> None:
    for attempt in (
        lambda: use.change_device(state, MUM, ident, name="x"),
        lambda: use.remove_device(state, MUM, ident),
        lambda: use.add_device(state, MUM, "X", ident, mac=MAC),
        lambda: use.change_device(state, MUM, "pad", profile=ident),
    ):
        with pytest.raises(ConfigError):
            attempt()
    assert len(history(state)) == 1


def test_a_device_takes_its_grants_and_offs_along_and_brings_them_back(state: Path) -> None:
    bonus(state, MUM, PAD, 60)
    off(state, MUM, PAD)
    before = content(state)
    done = use.remove_device(state, MUM, "pad")
    assert load(state).internet_off == () and len(load(state).grants) == 1
    revert(state, MUM, number(done))
    assert content(state) == before


def test_a_change_is_refused_when_somebody_changed_the_device_meanwhile(state: Path) -> None:
    seen = read_stored(state)[1]
    use.change_device(state, DAD, "pad", name="Máy bảng")
    for attempt in (
        lambda: use.change_device(state, MUM, "pad", profile="ben", seen=seen),
        lambda: use.remove_device(state, MUM, "pad", seen=seen),
    ):
        with pytest.raises(Conflict, match="by bố"):
            attempt()
    assert number(use.change_device(state, MUM, "phone", profile="ben", seen=seen)) == 3
    assert use.add_device(state, MUM, "X", "anna", mac=MAC, seen=seen)[1] == "x"
