"""The household's file: every key, and every error with its path and line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from filterd.config.household import Known, read
from filterd.config.household_out import write
from filterd.control.household import known_words
from filterd.errors import ConfigError
from filterd.model.household import (
    Budget,
    DayException,
    Device,
    Effect,
    ForwardZone,
    Grant,
    Holiday,
    Household,
    InternetOff,
    Privacy,
    Rule,
    Scope,
    Window,
)
from filterd.policy.compile import Knowledge, compile_snapshot
from filterd.policy.snapshot import Snapshot, dump
from filterd.wire.name import to_wire

EXAMPLE = Path(__file__).with_name("household_example.yaml").read_bytes()
KNOWN = Known(
    categories=("gambling", "social", "games", "forums"),
    services=("tiktok", "youtube", "zalo", "roblox"),
    presets=("age-10-13", "adult", "none"),
    engines=("google", "bing"),
)
SMALLEST = "version: 1\nprofiles:\n  - {id: lan, name: Lan}\n"
START = 3  # lines of SMALLEST


@pytest.fixture(scope="module")
def example() -> Household:
    """The example, read."""
    return read(EXAMPLE, KNOWN)


def problems(text: str | bytes, known: Known = KNOWN) -> list[str]:
    """Return the error lines of a file that must be refused."""
    with pytest.raises(ConfigError) as caught:
        read(text, known, "h.yaml")
    return caught.value.problems


def profile_problems(text: str) -> list[str]:
    """Return the error lines of more keys of the profile `lan`; the first of them stands in line 5."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return problems("version: 1\nprofiles:\n  - id: lan\n    name: Lan\n" + lines)


def with_more(text: str) -> Household:
    """Return the smallest household with more keys at the top."""
    return read(SMALLEST + text, KNOWN)


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


def test_a_profile(example: Household) -> None:
    anna, ben, parents = example.profiles
    assert (anna.preset, anna.switchable, anna.parent_sees) == ("age-10-13", False, "categories")
    assert anna.categories == {"gambling": Rule.BLOCK, "social": Rule.ALLOW}
    assert anna.services == {"tiktok": Rule.BLOCK, "youtube": Rule.ALLOW}
    assert anna.names.allow == tuple(map(to_wire, ("wiki.chat.example", "tie.example", "xn--bcher-kva.example")))
    assert anna.names.always == (to_wire("school.example"),)
    assert anna.safe_search == {"google": "on", "bing": "off", "youtube": "strict"}
    assert (ben.preset, ben.switchable, ben.windows, parents.windows) == ("none", None, None, ())


def test_windows(example: Household) -> None:
    assert example.profiles[0].windows == (
        Window("Bedtime", Effect.OFFLINE, 1290, 1800, frozenset({0, 1, 2, 3, 6})),
        Window(
            "Homework",
            Effect.ONLY,
            960,
            1050,
            frozenset({0, 1}),
            (to_wire("learn.example"),),
            ("zalo",),
            ("forums",),
        ),
        Window("Play", Effect.PERMIT, 840, 1440, frozenset({5, 6}), (), ("roblox",), ("games",)),
        Window("permit", Effect.PERMIT, 720, 2160, frozenset({2}), (), ("roblox",)),
    )


def test_exceptions_and_budgets(example: Household) -> None:
    anna = example.profiles[0]
    late = Window("Late", Effect.OFFLINE, 1380, 1860)
    assert anna.exceptions == (
        DayException((), on=date(2026, 12, 24)),
        DayException((late,), holiday="Christmas"),
        DayException((), holiday="Summer"),
    )
    assert anna.budgets == (
        Budget(("youtube",), ("games",), 60, frozenset(range(5))),
        Budget(("tiktok",), (), 30),
    )


def test_devices(example: Household) -> None:
    assert example.devices == (
        Device("anna-phone", "Anna's phone", "anna", mac="02:1a:2b:3c:4d:5e"),
        Device("tv", "TV", "ben", ip="2001:db8::20"),
        Device("console", "console", "ben", ip="192.0.2.20"),
        Device("room-1", "Room 1", "anna", range="10.20.3.0/24"),
        Device("room-2", "Room 2", "ben", range="2001:db8:3::/64"),
    )


def test_grants_and_offs(example: Household) -> None:
    time, name, service, category, whole = example.grants
    assert time == Grant(Scope.TIME, "", "anna", "", 1795550400.0, 1795554030.0, "Mum", "birthday")
    assert (name.device, name.value, name.start, name.until) == ("anna-phone", "chat.example", None, 1795546800.0)
    assert (service.value, service.until, category.by) == ("youtube", None, "Dad")
    assert (whole.scope, whole.until) == (Scope.FILTER, 1577836800.0)  # an end in the past is accepted
    assert example.internet_off == (
        InternetOff("ben", until=1795543200.0, by="Mum", reason="dinner"),
        InternetOff(device="anna-phone", start=1795539600.5),
        InternetOff(everyone=True, until=1577836800.0),
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


def test_contradictory_overlapping_and_repeated_rules_are_valid() -> None:
    text = """
    names: {block: [a.example, a.example], allow: [a.example], always: [a.example]}
    windows:
      - {from: "08:00", to: "10:00", effect: offline}
      - {from: "08:00", to: "10:00", effect: offline}
      - {from: "09:00", to: "09:30", effect: only}
    exceptions: [{date: 2026-12-24, windows: []}, {date: 2026-12-24, windows: []}]
"""
    household = read("version: 1\nprofiles:\n  - id: lan\n    name: Lan" + text, KNOWN)
    assert len(household.profiles[0].windows or ()) == 3
    grants = "grants:\n" + "  - {profile: lan, scope: time}\n" * 2
    assert len(with_more(grants).grants) == 2


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


@pytest.mark.parametrize("text", ["null", "~", '"null"', "'null'"])
def test_block_mode_null_means_null_with_or_without_quotes(text: str) -> None:
    assert with_more(f"block_mode: {text}\n").block_mode == "null"


def test_an_absent_value_is_an_absent_key() -> None:
    household = with_more("devices:\ngrants: ~\ninternet_off: null\nholidays: []\nprivacy:\ntimezone:\nlanguage:\n")
    assert household == read(SMALLEST, KNOWN)


def test_words_that_yaml_1_1_reads_as_something_else_stay_words() -> None:
    text = "version: 1\nprofiles:\n  - {id: 'no', name: On}\n  - {id: y, name: 1_000}\n  - {id: 0x1f, name: 12:30}\n"
    assert [(p.id, p.name) for p in read(text, KNOWN).profiles] == [("no", "On"), ("y", "1_000"), ("0x1f", "12:30")]


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
    from filterd.wire.name import to_text

    household = with_more(f"rebind_allow: ['{written}']\n")
    if "ế" in written:
        assert to_text(household.rebind_allow[0]).startswith("xn--")
    else:
        assert to_text(household.rebind_allow[0]) == stored


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
        ("grants: [{profile: lan}]\n", 1, ["grants[0]: scope is missing"]),
        ("grants: [{profile: lan, scope: always}]\n", 1, ["grants[0].scope: unknown scope 'always'"]),
        ("grants: [{scope: time}]\n", 1, ["grants[0]: expected either 'profile' or 'device'"]),
        ("grants: [{profile: lan, device: x, scope: time}]\n", 1, ["grants[0]: expected either"]),
        ("grants: [{device: x, scope: time}]\n", 1, ["grants[0].device: unknown device 'x'"]),
        ("grants: [{profile: lan, scope: time, value: x}]\n", 1, ["grants[0].value: a time grant takes no value"]),
        ("grants: [{profile: lan, scope: filter, value: x}]\n", 1, ["a filter grant takes no value"]),
        ("grants: [{profile: lan, scope: name}]\n", 1, ["grants[0]: a name grant needs a value"]),
        ("grants: [{profile: lan, scope: name, value: 'http://x'}]\n", 1, ["grants[0].value", "without http://"]),
        ("grants: [{profile: lan, scope: service, value: youtub}]\n", 1, ["did you mean youtube?"]),
        ("grants: [{profile: lan, scope: category, value: youtube}]\n", 1, ["unknown category 'youtube'"]),
        ("grants: [{profile: lan, scope: time, until: 2026-11-24}]\n", 1, ["grants[0].until", "offset"]),
        ("grants: [{profile: lan, scope: time, until: '2026-11-24 22:00'}]\n", 1, ["+07:00 is missing"]),
        ("grants: [{profile: lan, scope: time, from: tomorrow}]\n", 1, ["grants[0].from", "'tomorrow'"]),
        ("grants: [{profile: lan, scope: time, until: '9999-12-31T23:59:59+00:00'}]\n", 1, ["1971 to 9989"]),
        ("grants: [{profile: lan, scope: time, until: '0001-01-01T00:00:00+14:00'}]\n", 1, ["1971 to 9989"]),
        ("internet_off: [{until: '2026-11-24T22:00:00Z'}]\n", 1, ["internet_off[0]", "(or everyone: true)"]),
        ("internet_off: [{everyone: yes}]\n", 1, ["internet_off[0].everyone: expected true or false, got 'yes'"]),
        ("internet_off: [{everyone: false}]\n", 1, ["internet_off[0]: expected either"]),
        ("internet_off: [{everyone: true, profile: lan}]\n", 1, ["expected one of profile, device and everyone"]),
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
    ("text", "line", "parts"),
    [
        ("preset: age-10", 5, ["profiles[0].preset: unknown preset 'age-10'", "did you mean age-10-13?"]),
        ("switchable: on", 5, ["profiles[0].switchable: expected true or false, got 'on'"]),
        ("parent_sees: all", 5, ["profiles[0].parent_sees"]),
        ("categories: {gamblin: block}", 5, ["categories.gamblin", "did you mean gambling?"]),
        ("categories: {gambling: deny}", 5, ["profiles[0].categories.gambling: unknown word 'deny'"]),
        ("services: {youtube: [block]}", 5, ["profiles[0].services.youtube: expected one of block, allow, got a list"]),
        ("services: {youtube: block, youtube: allow}", 5, ["services.youtube: this key stands here twice"]),
        ("names: {blocked: [a.example]}", 5, ["profiles[0].names.blocked: unknown key; did you mean block?"]),
        ("names:\n  block:\n    - 192.0.2.1", 7, ["profiles[0].names.block[0]", "an address is no name"]),
        ("safe_search: {googel: true}", 5, ["safe_search.googel: unknown key; did you mean google?"]),
        ("safe_search: {youtube: true}", 5, ["safe_search.youtube: unknown level 'true'"]),
        ("safe_search: {google: strict}", 5, ["safe_search.google: expected true or false"]),
        ("windows:\n  - {from: 08:00, to: 09:00}", 6, ["profiles[0].windows[0]: effect is missing"]),
        ("windows:\n  - {from: 08:00, effect: offline}", 6, ["profiles[0].windows[0]: to is missing"]),
        ("windows:\n  - {from: 24:00, to: 01:00, effect: offline}", 6, ["windows[0].from", "'24:00'"]),
        ("windows:\n  - {from: 08:00, to: 24:01, effect: offline}", 6, ["windows[0].to", "'24:01'"]),
        ("windows:\n  - {from: 1290, to: 09:00, effect: offline}", 6, ["windows[0].from", "'1290'"]),
        ("windows:\n  - {from: 8h, to: 09:60, effect: offline}", 6, ["windows[0].to"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: sleep}", 6, ["unknown effect 'sleep'"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: offline, days: [monday]}", 6, ["days[0]", "mean mon?"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: offline, days: []}", 6, ["at least one day"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: offline, days: mon}", 6, ["days: expected a list of days"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: only, services: [zalos]}", 6, ["services[0]", "mean zalo?"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: offline, names: [a.example]}", 6, ["blocks everything"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: permit, names: [a.example]}", 6, ["not names"]),
        ("windows:\n  - offline", 6, ["profiles[0].windows[0]: expected a mapping"]),
        ("exceptions:\n  - {windows: []}", 6, ["exceptions[0]: expected either 'date' or 'holiday'"]),
        ("exceptions:\n  - {date: 2026-12-24, holiday: T}", 6, ["exceptions[0]: expected either"]),
        ("exceptions:\n  - {date: 24.12.2026}", 6, ["exceptions[0].date", "'24.12.2026'"]),
        ("exceptions:\n  - {holiday: T}", 6, ["exceptions[0].holiday: unknown holiday 'T'"]),
        ("exceptions:\n  - {date: 2026-12-24, windows: [{from: x, to: y, effect: z}]}", 6, ["windows[0].effect"]),
        ("budgets:\n  - {minutes: 60}", 6, ["budgets[0]: a budget needs at least one service or category"]),
        ("budgets:\n  - {services: [youtube], minutes: 0}", 6, ["budgets[0].minutes", "from 1 to 1440"]),
        ("budgets:\n  - {services: [youtube]}", 6, ["budgets[0]: minutes is missing"]),
    ],
)
def test_an_error_in_a_profile_names_its_path_and_line(text: str, line: int, parts: list[str]) -> None:
    found = profile_problems(text)
    assert any(all(p in f for p in parts) and f.endswith(f"(h.yaml:{line})") for f in found), found


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


def test_bounds_on_the_number_of_windows() -> None:
    found: list[Any] = profile_problems("windows:\n" + "  - {from: 08:00, to: 09:00, effect: offline}\n" * 65)
    assert "at most 64 items, got 65" in found[0]


def test_a_range_of_mapped_addresses_is_one_of_plain_ones() -> None:
    household = with_more("devices: [{id: a, profile: lan, range: '::ffff:10.0.0.0/104'}]\n")
    assert household.devices[0].range == "10.0.0.0/8"
