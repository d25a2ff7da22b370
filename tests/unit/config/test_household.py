"""The household's file: every key, and every error with its path and line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from filterd.config.household import read
from filterd.config.household_out import write
from filterd.config.household_words import Known
from filterd.control.household import known_words
from filterd.errors import ConfigError
from filterd.model.household import ForwardZone, Holiday, Household, Privacy
from filterd.policy.compile import Knowledge, compile_snapshot
from filterd.policy.snapshot import Snapshot, dump
from filterd.wire.name import to_wire
from tests.unit.config.household_text import EXAMPLE, KNOWN, SMALLEST, START, problems, with_more

# ---- every key ---------------------------------------------------------------------------------------------------


def test_only_version_and_profiles_with_id_and_name_are_required() -> None:
    household = read(SMALLEST, KNOWN)
    assert [(p.id, p.name, p.preset, p.windows) for p in household.profiles] == [("lan", "Lan", "none", None)]
    assert (household.timezone, household.language, household.block_mode) == ("Asia/Ho_Chi_Minh", "vi", "null")
    assert household.privacy == Privacy(7, 90, "everything")
    assert (household.devices, household.grants, household.internet_off, household.default_profile) == ((), (), (), "")


def test_what_children_call_their_parents_and_the_password_for_harm() -> None:
    household = with_more('parents: "ông bà"\nconfirm_harm: true\n')
    assert (household.parents, household.confirm_harm) == ("ông bà", True)
    assert read(write(household), KNOWN) == replace(household, default_profile="lan")
    plain = read(SMALLEST, KNOWN)
    assert (plain.parents, plain.confirm_harm) == ("", False) and b"confirm_harm" not in write(plain)
    assert with_more(f"parents: {'x' * 24}\n").parents == "x" * 24


@pytest.mark.parametrize(
    "line", [f"parents: {'x' * 25}", "parents: [me]", 'parents: "a\\u0007b"', "confirm_harm: maybe"]
)
def test_words_that_these_do_not_take(line: str) -> None:
    with pytest.raises(ConfigError, match=line.partition(":")[0]):
        with_more(f"{line}\n")


def test_the_household_itself(example: Household) -> None:
    assert (example.timezone, example.language, example.block_mode) == ("Europe/Berlin", "en", "nxdomain")
    assert (example.default_profile, example.privacy) == ("ben", Privacy(3, 30, "blocked"))
    assert example.holidays[0] == Holiday("Summer", date(2026, 7, 30), date(2026, 9, 12))
    assert [h.name for h in example.holidays] == ["Summer", "Christmas", "Christmas"]
    assert example.rebind_allow == (to_wire("nas.example"),)
    assert example.forward_zones == (
        ForwardZone(to_wire("home.arpa"), ("udp://192.168.1.1", "tcp://[2001:db8::1]:5353")),
        ForwardZone(to_wire("168.192.in-addr.arpa"), ("udp://192.168.1.1",)),
    )


def test_the_example_compiles(example: Household) -> None:
    nothing = Knowledge({}, {}, {}, {}, {}, {})
    snapshot = Snapshot.load(dump(compile_snapshot(example, nothing, 1795546800.0)))
    assert [p.id for p in snapshot.profiles] == ["anna", "ben", "parents"]


def test_the_products_own_words_know_the_example(example: Household) -> None:
    assert read(EXAMPLE, known_words(None)) == example


def test_the_shared_example_is_read() -> None:
    from tests.shared import need_shared

    text = (need_shared() / "household.example.yaml").read_bytes()
    household = read(text, known_words(None))
    assert [p.id for p in household.profiles] == ["lan", "minh", "bo-me"]
    lan = household.profiles[0]
    assert lan.windows is not None and [w.effect.value for w in lan.windows] == ["offline", "only", "permit"]
    assert (lan.windows[0].start, lan.windows[0].end) == (21 * 60 + 30, 30 * 60)


@pytest.mark.parametrize("text", ["null", "~", '"null"', "'null'"])
def test_block_mode_null_means_null_with_or_without_quotes(text: str) -> None:
    assert with_more(f"block_mode: {text}\n").block_mode == "null"


def test_an_absent_value_is_an_absent_key() -> None:
    household = with_more("devices:\ngrants: ~\ninternet_off: null\nholidays: []\nprivacy:\ntimezone:\nlanguage:\n")
    assert household == read(SMALLEST, KNOWN)


def test_words_that_yaml_1_1_reads_as_something_else_stay_words() -> None:
    text = "version: 1\nprofiles:\n  - {id: 'no', name: On}\n  - {id: y, name: 1_000}\n  - {id: 0x1f, name: 12:30}\n"
    assert [(p.id, p.name) for p in read(text, KNOWN).profiles] == [("no", "On"), ("y", "1_000"), ("0x1f", "12:30")]


# ---- errors: path, what was expected, what came, file and line ---------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("timezone: Mars/Olympus\n", 1, ["timezone: expected an IANA time zone", "'Mars/Olympus'"]),
        ("timezone: ../../etc/passwd\n", 1, ["timezone"]),
        ("language: de\n", 1, ["language: unknown language 'de'", "vi, en"]),
        ("block_mode: nxdomian\n", 1, ["block_mode", "did you mean nxdomain?"]),
        ("block_mode: off\n", 1, ["block_mode", "'off'"]),
        ("default_profile: lam\n", 1, ["default_profile: unknown profile 'lam'; did you mean lan?"]),
        ("profile: []\n", 1, ["profile: unknown key; did you mean profiles?"]),
        ("frobnicate: 1\n", 1, ["frobnicate: unknown key (known: version, timezone"]),
        ("privacy: {detail_days: -1}\n", 1, ["privacy.detail_days", "from 0 to 3650", "'-1'"]),
        ("privacy: {detail_days: 1.5}\n", 1, ["privacy.detail_days"]),
        ("privacy: {level: some}\n", 1, ["privacy.level"]),
        ("privacy: 7\n", 1, ["privacy: expected a mapping"]),
        ("holidays: [{name: T, from: 2027-02-12, to: 2027-02-05}]\n", 1, ["holidays[0]", "is before"]),
        ("holidays: [{name: T, from: 2027-02-30, to: 2027-03-05}]\n", 1, ["holidays[0].from", "'2027-02-30'"]),
        ("holidays: [{from: 2027-02-05, to: 5.2.2027}]\n", 1, ["holidays[0]: name is missing"]),
        ("holidays: {name: T}\n", 1, ["holidays: expected a list of holidays"]),
        ("forward_zones: [{zone: home.arpa}]\n", 1, ["forward_zones[0]: to is missing"]),
        ("forward_zones: [{zone: 'a b', to: 192.0.2.1}]\n", 1, ["forward_zones[0].zone"]),
        ("forward_zones: [{zone: lan, to: [dns.example]}]\n", 1, ["forward_zones[0].to[0]"]),
        ("forward_zones: [{zone: lan, to: tls://192.0.2.1}]\n", 1, ["not served yet"]),
        ("rebind_allow: ['*.example']\n", 1, ["rebind_allow[0]", "without a star"]),
        ("rebind_allow: [{a: b}]\n", 1, ["rebind_allow[0]", "got a mapping"]),
        ("rebind_allow: nas.example\n", 1, ["rebind_allow: expected a list of names"]),
    ],
)
def test_an_error_at_the_top_names_its_path_and_line(text: str, line: int, parts: list[str]) -> None:
    found = problems(SMALLEST + text)
    assert any(all(p in f for p in parts) and f.endswith(f"(h.yaml:{START + line})") for f in found), found


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("profiles: [{id: a, name: A}]\n", ["document: version is missing"]),
        ("version: 2\nprofiles: [{id: a, name: A}]\n", ["version: expected a whole number from 1 to 1, got '2'"]),
        ("version: 1\n", ["document: profiles is missing"]),
        ("version: 1\nprofiles: []\n", ["profiles: expected at least one profile"]),
        ("version: 1\nprofiles: lan\n", ["profiles: expected a list of profiles"]),
        ("version: 1\nprofiles: [{name: A}]\n", ["profiles[0]: id is missing"]),
        ("version: 1\nprofiles: [{id: a}]\n", ["profiles[0]: name is missing"]),
        ("version: 1\nprofiles: [{id: a, name: ''}]\n", ["profiles[0].name: expected text, got nothing"]),
        ("version: 1\nprofiles: [{id: a, name: [x]}]\n", ["profiles[0].name: expected text, got a list"]),
        ("version: 1\nprofiles: [{id: a, name: A}, {id: a, name: B}]\n", ["another profile has the id a"]),
        ("version: 1\nprofiles: [{id: Anna, name: A}]\n", ["profiles[0].id", "'Anna'"]),
        ("version: 1\nversion: 1\nprofiles: [{id: a, name: A}]\n", ["version: this key stands here twice (h.yaml:2)"]),
        (f"version: 1\nprofiles: [{{id: a, name: {'x' * 81}}}]\n", ["at most 80 characters, got 81"]),
        ('version: 1\nprofiles: [{id: a, name: "x\\u202ey"}]\n', ["without control characters"]),
    ],
)
def test_what_is_required(text: str, parts: list[str]) -> None:
    found = problems(text)
    assert any(all(p in f for p in parts) for f in found), found


def test_several_errors_are_all_reported_at_once() -> None:
    found = problems(
        "version: 1\ntimezone: X/Y\nprofiles:\n  - {id: lan, name: Lan, preset: x}\n  - {id: lan, name: B}\nlanguage: fr\n"
    )
    assert [f.rpartition(":")[2] for f in found] == ["2)", "6)", "4)", "5)"]


def test_a_flood_of_errors_is_counted() -> None:
    found = problems("version: 1\nprofiles:\n  - {id: lan, name: Lan}\ndevices:\n" + "  - {}\n" * 150)
    assert len(found) == 201 and found[-1] == "and 250 more"


def test_an_unknown_word_among_very_many_is_answered_shortly() -> None:
    many = Known([f"c{i}" for i in range(300)], (), ("none", *(f"preset-{i}" for i in range(30))), ())
    (line,) = problems("version: 1\nprofiles: [{id: a, name: A, preset: zzz}]\n", many)
    assert "one of 31 known presets" in line and len(line) < 150
