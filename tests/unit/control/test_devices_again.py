"""Is it that phone again? What counts, what does not, and that "no" is remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control import devices_again
from filterd.control.devices_again import MAX_APART, MAX_LOOKED, OVERLAP_S, Hint, Reason, hints, part
from filterd.model.household import Device, Household, Privacy, Profile
from filterd.model.seen import SeenDevice

NOW = 1_900_000_000.0
OLD, NEW = "da:00:00:00:00:01", "da:00:00:00:00:02"
PHONE = Device("lan-phone", "Điện thoại của Lan", "lan", mac=OLD)
HOME = Household((Profile("lan", "Lan"),), devices=(PHONE,), privacy=Privacy(level="counts"))
WAS = SeenDevice(OLD, ("192.0.2.20",), ("Lan-iPhone",), "1,3,6,15", "", first=NOW - 9e6, last=NOW - 3600)
IS = SeenDevice(NEW, ("192.0.2.21",), ("lan-iphone.local",), "1,3,6,15", "", first=NOW - 600, last=NOW)


def found(state: Path, new: SeenDevice = IS, was: SeenDevice = WAS, home: Household = HOME) -> list[Hint]:
    """The hints for the new one."""
    return hints(state, home, [new, was]).get(new.mac, [])


def test_name_dhcp_and_silence_together_are_very_probable(tmp_path: Path) -> None:
    (hint,) = found(tmp_path)
    assert hint.device == PHONE and hint.is_sure and hint.name == "lan-iphone.local"
    assert hint.reasons == (Reason.NAME, Reason.DHCP, Reason.QUIET)


@pytest.mark.parametrize(
    ("new", "reasons"),
    [
        (replace(IS, names=("iPhone",)), ()),  # another name, and DHCP alone is what all of a kind do
        (replace(IS, fingerprint=""), (Reason.NAME, Reason.QUIET)),
        (replace(IS, names=(), fingerprint="1,3"), ()),
        (replace(IS, mac="00:1d:c9:00:00:13"), ()),  # its own hardware address: no phone that hides
        (replace(IS, is_router=True), ()),
        (replace(IS, first=WAS.last - 1), (Reason.NAME, Reason.DHCP)),  # they overlap a little
        (replace(IS, first=WAS.last - OVERLAP_S - 1), ()),  # both were there: two devices
    ],
)
def test_what_counts(tmp_path: Path, new: SeenDevice, reasons: tuple[Reason, ...]) -> None:
    assert tuple(r for h in found(tmp_path, new) for r in h.reasons) == reasons


def test_a_name_that_all_of_a_kind_have_is_not_enough_for_sure(tmp_path: Path) -> None:
    kind = {"names": ("iPhone",)}
    (hint,) = found(tmp_path, replace(IS, **kind), replace(WAS, **kind))
    assert hint.reasons == (Reason.KIND, Reason.DHCP, Reason.QUIET) and not hint.is_sure
    assert found(tmp_path, replace(IS, **kind, fingerprint="9"), replace(WAS, **kind)) == []


def test_a_device_with_its_own_address_is_never_the_old_one(tmp_path: Path) -> None:
    real = replace(PHONE, mac="3c:22:fb:00:11:22")
    assert found(tmp_path, IS, replace(WAS, mac=real.mac), replace(HOME, devices=(real,))) == []


def test_the_likeliest_comes_first(tmp_path: Path) -> None:
    other = Device("minh-phone", "Máy Minh", "lan", mac="da:00:00:00:00:03")
    home = replace(HOME, devices=(other, PHONE))
    less = replace(WAS, mac=other.mac, fingerprint="7")
    listed = hints(tmp_path, home, [IS, WAS, less])[NEW]
    assert [h.device.id for h in listed] == ["lan-phone", "minh-phone"]


def test_no_is_remembered_for_that_pair_alone_and_bounded(tmp_path: Path) -> None:
    part(tmp_path, NEW, "lan-phone")
    assert found(tmp_path) == []
    again = replace(IS, mac="da:00:00:00:00:09")
    assert len(found(tmp_path, again)) == 1
    for number in range(MAX_APART):
        part(tmp_path, f"da:00:00:00:{number >> 8:02x}:{number & 255:02x}", "x")
    assert len(devices_again._apart(tmp_path)) == MAX_APART
    (tmp_path / devices_again.FILE).write_text("[1]")
    assert len(found(tmp_path)) == 1


def test_the_same_sites_count_where_the_household_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {
        "lan-phone": {"a.vn", "b.vn", "c.vn", "d.vn", "e.vn", "f.vn"},
        "192.0.2.21": {"a.vn", "b.vn", "c.vn", "d.vn", "e.vn"},
    }
    monkeypatch.setattr(devices_again, "_sites", lambda _, key: frozenset(asked.get(key, ())))
    new = replace(IS, names=("iPhone",))
    was = replace(WAS, names=("iPhone",))
    keeps = replace(HOME, privacy=Privacy())
    (hint,) = found(tmp_path, new, was, keeps)
    assert Reason.SITES in hint.reasons and hint.is_sure
    assert Reason.SITES not in found(tmp_path, new, was)[0].reasons
    asked["192.0.2.21"] = {"a.vn", "b.vn", "c.vn", "d.vn"}
    assert Reason.SITES not in found(tmp_path, new, was, keeps)[0].reasons


def test_a_crowd_that_calls_itself_alike_is_not_looked_up_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def sites(_: Path, key: str) -> frozenset[str]:
        looked.append(key)
        return frozenset()

    monkeypatch.setattr(devices_again, "_sites", sites)
    crowd = [
        replace(IS, mac=f"da:00:00:01:{n >> 8:02x}:{n & 255:02x}", addresses=(f"fd77::{n:x}",)) for n in range(1000)
    ]
    likely = hints(tmp_path, replace(HOME, privacy=Privacy()), [*crowd, WAS])
    assert len(likely) == 1000 and len(looked) <= MAX_LOOKED and looked[:2] == ["lan-phone", "fd77::0"]
