"""The household written again: reading it gives the same household, writing that the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from filterd.config.household import read
from filterd.config.household_out import write
from filterd.control.household import DEMONSTRATION, known_words
from filterd.errors import ConfigError
from filterd.model.household import Household, Profile, Window

KNOWN = known_words(None)
EXAMPLE = Path(__file__).with_name("household_example.yaml").read_bytes()


def test_the_example_is_read_back_equal_and_written_with_the_same_bytes() -> None:
    household = read(EXAMPLE, KNOWN)
    written = write(household)
    assert read(written, KNOWN) == household
    assert write(read(written, KNOWN)) == written


def test_the_shared_example_makes_the_round_trip() -> None:
    from tests.shared import need_shared

    household = read((need_shared() / "household.example.yaml").read_bytes(), KNOWN)
    assert read(write(household), KNOWN) == household


def test_the_demonstration_makes_the_round_trip() -> None:
    household = read(DEMONSTRATION, KNOWN)
    assert read(write(household), KNOWN) == household


def test_times_are_quoted_and_the_end_of_the_day_is_24_00() -> None:
    text = write(read(EXAMPLE, KNOWN)).decode()
    assert "from: '21:30'" in text and "to: 06:00" in text.replace("'", "")
    assert "24:00" in text and "block_mode: nxdomain" in text


def test_block_mode_null_is_quoted_so_that_other_readers_see_a_word() -> None:
    assert "block_mode: 'null'" in write(Household((Profile("lan", "Lan"),))).decode()


def test_no_value_is_one_that_yaml_1_1_reads_as_something_else() -> None:
    import yaml

    document = yaml.safe_load(write(read(EXAMPLE, KNOWN)))
    window = document["profiles"][0]["windows"][0]
    assert (window["from"], window["to"]) == ("21:30", "06:00")
    assert document["grants"][0]["until"] == "2026-11-24T22:00:30+01:00"
    assert document["holidays"][0]["from"] == "2026-07-30"


def test_instants_are_written_in_the_households_zone() -> None:
    text = write(replace(read(EXAMPLE, KNOWN), timezone="America/New_York")).decode()
    assert "2026-11-24T16:00:30-05:00" in text and "2026-11-24T12:00:00.500000-05:00" in text


@pytest.mark.parametrize(
    "name",
    ["null", "~", "yes", "21:30", "- x", "a: b", "#1", "'", '"', "👧🏽", "x " * 39 + "y", "é", "\ufeffx", "*", "!t"],
)
def test_any_name_survives(name: str) -> None:
    household = Household((Profile("lan", name),), default_profile="lan")
    assert read(write(household), KNOWN).profiles[0].name == name


@pytest.mark.parametrize(("start", "end"), [(0, 1440), (1439, 1440), (0, 1), (720, 2160), (1290, 1800), (1, 1441)])
def test_every_window_survives(start: int, end: int) -> None:
    from filterd.model.household import Effect

    window = Window("w", Effect.OFFLINE, start, end)
    household = Household((Profile("lan", "Lan", windows=(window,)),))
    assert read(write(household), KNOWN).profiles[0].windows == (window,)


def test_no_windows_at_all_is_not_the_presets_windows() -> None:
    household = Household((Profile("a", "A", windows=()), Profile("b", "B")), default_profile="a")
    back = read(write(household), KNOWN)
    assert [p.windows for p in back.profiles] == [(), None]


def test_what_a_household_did_not_choose_is_not_written_and_what_it_chose_reads_back() -> None:
    plain = Household((Profile("lan", "Lan"),))
    assert all(key not in write(plain).decode() for key in ("new_devices", "confirm_harm", "parents"))
    chosen = replace(plain, default_profile="lan", new_devices="wait", confirm_harm=True, parents="ông bà")
    assert read(write(chosen), KNOWN) == chosen
    with pytest.raises(ConfigError, match="new devices"):
        read("version: 1\nprofiles: [{id: an, name: An}]\nnew_devices: later\n", KNOWN)
