"""Each kind of loophole is found where it is, and nowhere else; the example household gives a short, right list."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from filterd.config.catalogue import load
from filterd.config.household import read
from filterd.control.check_household import facts_of
from filterd.control.household import DEMONSTRATION, known_words
from filterd.model.household import Household
from filterd.policy.clock import Schedule, Span, in_force
from filterd.policy.loophole_time import Hours, dates_of, is_offline
from filterd.policy.loophole_words import WORDS
from filterd.policy.loopholes import Facts, Finding, Severity, find, is_child
from filterd.wire.name import to_wire
from tests.examples import examples
from tests.property.test_policy_model import KNOWLEDGE, households

_ROOT = Path(__file__).resolve().parents[3]
_SLEEP = '{name: Sleep, from: "21:30", to: "06:00", effect: offline}'
_PAD = "{id: pad, name: Pad, profile: lan, mac: 02:00:00:00:00:01}"
LISTED = {to_wire("bet.example"): {"gambling"}, to_wire("dictionary.example"): {"forums"}}


def at(text: str) -> float:
    """POSIX seconds of household time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp()


NOW = at("2026-11-24 12:00")  # a Tuesday


@cache
def facts() -> Facts:
    """The package's catalogue, and a list of two names."""
    return facts_of(load(), lambda name: frozenset(LISTED.get(name, ())))


def family(
    lan: str = "", *, preset: str = "age-10-13", windows: str = _SLEEP, more: str = "", now: float = NOW, dad: str = ""
) -> list[Finding]:
    """The loopholes of a family: Lan, who sleeps at night and has one device, and Dad."""
    text = f"""\
version: 1
language: en
{"" if "default_profile" in more else "default_profile: lan"}
profiles:
  - {{id: lan, name: Lan, preset: {preset}, windows: [{windows}]{", " + lan if lan else ""}}}
  - {{id: dad, name: Dad, preset: adult{", " + dad if dad else ""}}}
{more if "devices:" in more else f"devices: [{_PAD}]" + chr(10) + more}
"""
    return find(read(text, known_words(None)), facts(), now)


def kinds(found: list[Finding]) -> list[str]:
    return [f.kind for f in found]


def test_a_family_in_good_order_has_no_loopholes() -> None:
    assert family() == []


def test_the_example_household_gives_a_short_right_list() -> None:
    text = (_ROOT / "deploy" / "household.example.yaml").read_bytes()
    assert [f.id for f in find(read(text, known_words(None)), facts(), NOW)] == ["default-no-bedtime/be-na"]


def test_the_demonstration_gives_a_short_right_list() -> None:
    found = find(read(DEMONSTRATION, known_words(None)), facts(), NOW)
    assert [(f.severity, f.id) for f in found] == [
        (Severity.WARNING, "default-no-bedtime/minh"),
        (Severity.WARNING, "no-bedtime/tuan"),
    ]
    assert found[0].command == 'filterd profile window minh add "Giờ ngủ" --from 21:30 --to 06:00 --effect offline'
    assert found[0].en.endswith("a new address is a way out of bedtime for “Lan”.")
    assert found[1].vi == "“Tuấn” chưa có giờ ngủ: mạng mở suốt đêm trước ngày đi học."


_NAMES = "names: {%s: [%s]}"
_HOLIDAY = "holidays: [{name: Break, from: %s, to: %s}]\n"
_EXCEPTION = "exceptions: [%s]"
_ONCE = '{name: one, days: [sat], from: "10:00", to: "11:00", effect: offline}'
_REPLACED = _EXCEPTION % f"{{holiday: Break, windows: [{_SLEEP}]}}"
_BEFORE = '{name: a, days: [sat], from: "22:30", to: "23:30", effect: %s}'
_DAD_RANGE = "devices: [{id: pad, name: Pad, profile: lan, ip: %s}, {id: net, profile: dad, range: 192.0.2.0/28}]"
_GRANTS = "grants: [{profile: lan, scope: %s}]"

# kind, a family that has it, the same family without it
CASES: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("no-bedtime", {"windows": ""}, {}),
    ("no-bedtime", {"windows": '{name: s, from: "22:00", to: "23:00", effect: offline}'}, {}),
    (
        "no-bedtime",
        {"windows": '{name: Homework, from: "21:00", to: "24:00", effect: only, services: [zalo]}'},
        {"windows": '{name: Nothing, from: "21:00", to: "24:00", effect: only}'},  # `only` nothing is offline
    ),
    (
        "bedtime-gap",  # Sunday evening is forgotten
        {"windows": '{name: s, days: [mon, tue, wed, thu, fri], from: "21:30", to: "06:00", effect: offline}'},
        {"windows": '{name: s, days: [mon, tue, wed, thu, fri], from: "00:00", to: "06:00", effect: offline}'},
    ),
    (
        "holiday-no-bedtime",
        {"more": _HOLIDAY % ("2027-06-01", "2027-08-20"), "lan": _EXCEPTION % "{holiday: Break}"},
        {"more": _HOLIDAY % ("2027-02-04", "2027-02-11"), "lan": _EXCEPTION % "{holiday: Break}"},
    ),
    ("default-adult", {"more": f"default_profile: dad\ndevices: [{_PAD}]"}, {}),
    ("no-device", {"more": "default_profile: dad\ndevices: []"}, {"more": "devices: []"}),
    ("adult-range-overlap", {"more": _DAD_RANGE % "192.0.2.3"}, {"more": _DAD_RANGE % "192.0.2.99"}),
    ("adult-range", {"more": _DAD_RANGE % "192.0.2.99"}, {"more": _DAD_RANGE % "192.0.2.3"}),
    (
        "adult-address",
        {"more": f"devices: [{_PAD}, {{id: pc, profile: dad, ip: 192.0.2.9}}]"},
        {"more": f"devices: [{_PAD}, {{id: pc, profile: dad, mac: 02:00:00:00:00:09}}]"},
    ),
    ("not-switchable", {"lan": "switchable: false"}, {"dad": "switchable: false"}),
    (
        "window-never",
        {"windows": _ONCE, "more": _HOLIDAY % ("2026-11-01", "2028-12-31"), "lan": _REPLACED},
        {"windows": _ONCE, "more": _HOLIDAY % ("2026-11-01", "2026-12-31"), "lan": _REPLACED},
    ),
    (
        "permit-never",
        {
            "lan": _EXCEPTION % '{date: 2026-12-24, windows: [{name: p, days: [mon], from: "10:00", to: "11:00", '
            "effect: permit, services: [roblox]}]}"
        },
        {
            "lan": _EXCEPTION % '{date: 2026-12-24, windows: [{name: p, days: [thu], from: "10:00", to: "11:00", '
            "effect: permit, services: [roblox]}]}"
        },
    ),
    ("exception-past", {"lan": _EXCEPTION % "{date: 2026-11-23}"}, {"lan": _EXCEPTION % "{date: 2026-11-24}"}),
    (
        "exception-hidden",
        {"lan": _EXCEPTION % f"{{date: 2026-12-24}}, {{date: 2026-12-24, windows: [{_SLEEP}]}}"},
        {"lan": _EXCEPTION % f"{{date: 2026-12-24}}, {{date: 2029-12-25, windows: [{_SLEEP}]}}"},
    ),
    (
        "holiday-past",
        {"more": _HOLIDAY % ("2026-02-14", "2026-02-22"), "lan": _EXCEPTION % "{holiday: Break}"},
        {"more": _HOLIDAY % ("2026-11-14", "2026-11-24"), "lan": _EXCEPTION % "{holiday: Break}"},
    ),
    (
        "permit-shut",
        {"windows": f"{_SLEEP}, {_BEFORE % 'permit, services: [roblox]'}"},
        {"windows": f"{_SLEEP}, {(_BEFORE % 'permit, services: [roblox]').replace('22:30', '20:30')}"},
    ),
    (
        "only-shut",
        {"windows": f"{_SLEEP}, {_BEFORE % 'only, services: [zalo]'}"},
        {"windows": f"{_SLEEP}, {(_BEFORE % 'only, services: [zalo]').replace('22:30', '20:30')}"},
    ),
    (
        "permit-empty",
        {"windows": f"{_SLEEP}, {_BEFORE % 'permit'}"},
        {"windows": f"{_SLEEP}, {_BEFORE % 'permit, categories: [games]'}"},
    ),
    (
        "permit-harm",
        {"windows": f"{_SLEEP}, {_BEFORE % 'permit, categories: [gambling]'}"},
        {"windows": f"{_SLEEP}, {_BEFORE % 'permit, categories: [social]'}"},
    ),
    ("permit-harm", {"windows": f"{_SLEEP}, {_BEFORE % 'permit, services: [tinder]'}"}, {}),
    ("category-harm", {"lan": "categories: {gambling: allow}"}, {"lan": "categories: {social: allow}"}),
    ("bypass-open", {"lan": "categories: {bypass: allow}"}, {"lan": "categories: {ads: allow}"}),
    ("harm-open", {"preset": "none"}, {"preset": "age-14-17"}),
    ("allow-harm", {"lan": _NAMES % ("allow", "bet.example")}, {"lan": _NAMES % ("allow", "dictionary.example")}),
    ("allow-harm", {"lan": _NAMES % ("always", "bet.example")}, {"dad": _NAMES % ("always", "bet.example")}),
    ("allow-wide", {"lan": _NAMES % ("allow", "com.vn")}, {"lan": _NAMES % ("allow", "school.com.vn")}),
    (
        "allow-service",
        {"lan": "services: {tiktok: block}, " + _NAMES % ("allow", "tiktok.com")},
        {"lan": _NAMES % ("allow", "tiktok.com")},
    ),
    ("always-service", {"lan": _NAMES % ("always", "youtube.com")}, {"lan": _NAMES % ("allow", "youtube.com")}),
    ("always-search", {"lan": _NAMES % ("always", "google.com")}, {"lan": _NAMES % ("always", "vnedu.vn")}),
    ("service-harm", {"lan": "services: {tinder: allow}"}, {"lan": "services: {zalo: allow}"}),
    (
        "allow-tied",
        {"lan": "names: {allow: [x.example], block: [x.example]}"},
        {"lan": "names: {allow: [a.x.example], block: [x.example]}"},
    ),
    ("safe-search-off", {"lan": "safe_search: {google: false}"}, {"lan": "safe_search: {youtube: strict}"}),
    ("safe-search-off-teen", {"preset": "age-14-17", "lan": "safe_search: {youtube: none}"}, {"preset": "age-14-17"}),
    (
        "budget-never",
        {"lan": "services: {tiktok: block}, budgets: [{services: [tiktok], minutes: 30}]"},
        {"lan": "services: {tiktok: block}, budgets: [{services: [tiktok, youtube], minutes: 30}]"},
    ),
    ("budget-never", {"lan": "budgets: [{categories: [gambling], minutes: 30}]"}, {}),
    (
        "budget-wide",
        {
            "windows": f"{_SLEEP}, {(_BEFORE % 'permit, services: [roblox]').replace('22:30', '20:30')}",
            "lan": "budgets: [{services: [roblox], minutes: 60}]",
        },
        {
            "windows": f"{_SLEEP}, {(_BEFORE % 'permit, services: [roblox]').replace('22:30', '20:30')}",
            "lan": "budgets: [{services: [roblox], minutes: 55}]",
        },
    ),
    ("budget-wide", {"lan": "budgets: [{services: [youtube], minutes: 1440}]"}, {}),
    ("grant-endless", {"more": _GRANTS % "time"}, {"more": _GRANTS % 'time, until: "2026-11-25T12:00:00+07:00"'}),
    ("grant-endless", {"more": _GRANTS % "filter"}, {"more": _GRANTS.replace("lan", "dad") % "filter"}),
    (
        "grant-endless-harm",
        {"more": _GRANTS % "name, value: bet.example"},
        {"more": _GRANTS % 'name, value: bet.example, until: "2026-11-25T12:00:00+07:00"'},
    ),
    ("grant-endless-harm", {"more": _GRANTS % "service, value: tinder"}, {"more": _GRANTS % "service, value: zalo"}),
    ("grant-endless-one", {"more": _GRANTS % "category, value: social"}, {"more": _GRANTS % "category, value: bypass"}),
    (
        "grant-long",
        {"more": _GRANTS % 'filter, until: "2027-11-25T12:00:00+07:00"'},
        {"more": _GRANTS % 'service, value: zalo, until: "2027-11-25T12:00:00+07:00"'},
    ),
    (
        "off-endless",
        {"more": 'internet_off: [{everyone: true, from: "2026-11-20T12:00:00+07:00"}]'},
        {"more": 'internet_off: [{everyone: true, from: "2026-11-24T11:00:00+07:00"}]'},
    ),
]


@pytest.mark.parametrize(("kind", "bad", "good"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)])
def test_a_loophole_is_found_where_it_is_and_only_there(kind: str, bad: dict[str, str], good: dict[str, str]) -> None:
    found = family(**bad)  # type: ignore[arg-type]  # now is a number, nobody gives it
    assert kinds(found).count(kind) == 1, [f.en for f in found]
    finding = next(f for f in found if f.kind == kind)
    assert finding.vi and finding.en and finding.fix_vi and finding.fix_en
    assert "{" not in finding.vi + finding.en + finding.fix_vi + finding.fix_en
    assert "“”" not in finding.vi + finding.en  # somebody or something is named
    assert kind not in kinds(family(**good))  # type: ignore[arg-type]  # as above


def test_every_kind_has_a_case() -> None:
    rest = {"default-no-bedtime", "default-lax", "unfiltered", "holiday-unknown", "allow-harm-below"}  # tested below
    assert {c[0] for c in CASES} | rest == set(WORDS)


def test_a_bad_family_has_no_other_loopholes_than_the_one() -> None:
    for kind in ("allow-harm", "category-harm", "permit-shut", "not-switchable", "budget-wide", "allow-wide"):
        bad = next(b for k, b, _ in CASES if k == kind)
        assert kinds(family(**bad)) == [kind]  # type: ignore[arg-type]  # as above


def test_unknown_devices_get_no_more_than_the_strictest_child() -> None:
    household = read(DEMONSTRATION, known_words(None))
    found = find(replace(household, default_profile="tuan"), facts(), NOW)
    lax = next(f for f in found if f.kind == "default-lax")
    assert (lax.profile, lax.command) == ("tuan", "filterd profile default minh")
    assert "Social networks" in lax.en and "Mạng xã hội" in lax.vi


def test_a_profile_without_age_and_rules_filters_nothing() -> None:
    text = "version: 1\nprofiles: [{id: ben, name: Ben}]\n"
    assert [f.id for f in find(read(text, known_words(None)), facts(), NOW)] == ["unfiltered/ben"]
    meant = "version: 1\nprofiles: [{id: ben, name: Ben, switchable: false}]\n"
    assert find(read(meant, known_words(None)), facts(), NOW) == []


def test_an_exception_for_a_holiday_that_does_not_exist() -> None:
    household = read(DEMONSTRATION, known_words(None))
    from filterd.model.household import DayException

    lan = replace(household.profiles[0], exceptions=(DayException((), holiday="Tet"),))
    found = find(replace(household, profiles=(lan, *household.profiles[1:])), facts(), NOW)
    assert "holiday-unknown/lan/Tet" in [f.id for f in found]


def test_an_allowed_name_covers_harm_below_it() -> None:
    known = replace(facts(), below=lambda name: frozenset({"bypass"} if name == to_wire("host.example") else ()))
    household = read(DEMONSTRATION, known_words(None))
    from filterd.model.household import Names

    lan = replace(household.profiles[0], names=Names(allow=(to_wire("host.example"),)))
    found = find(replace(household, profiles=(lan, *household.profiles[1:])), known, NOW)
    assert "allow-harm-below/lan/allow: host.example" in [f.id for f in found]


def test_a_window_that_was_in_force_this_morning_is_none_that_never_is() -> None:
    windows = '{name: m, from: "08:00", to: "09:00", effect: offline}'
    assert family(_EXCEPTION % f"{{date: 2026-11-24, windows: [{windows}]}}") == []
    assert kinds(family(_EXCEPTION % f"{{date: 2026-11-23, windows: [{windows}]}}")) == ["exception-past"]


def test_nothing_is_said_of_what_lies_beyond_the_horizon() -> None:
    windows = '{name: m, from: "08:00", to: "09:00", effect: offline}'
    assert family(_EXCEPTION % f"{{date: 2029-05-24, windows: [{windows}]}}") == []


def test_the_worst_comes_first_and_ids_tell_findings_apart() -> None:
    found = family("names: {allow: [com, bet.example]}, categories: {bypass: allow}", windows="")
    order = list(Severity)
    assert [order.index(f.severity) for f in found] == sorted(order.index(f.severity) for f in found)
    assert len({f.id for f in found}) == len(found)


def test_who_is_a_child() -> None:
    household = read(DEMONSTRATION, known_words(None))
    assert [is_child(p) for p in household.profiles] == [True, True, True, False]


RANDOM = Facts(
    replace(
        KNOWLEDGE,
        presets={
            n: SimpleNamespace(blocked=p.blocked, safe_search={"bing": "on"}) for n, p in KNOWLEDGE.presets.items()
        },
    ),
    hosts={"tube": (to_wire("example.org"),), "chat": ()},
    core={"tube": (to_wire("example.org"),), "chat": ()},
    counting=frozenset({"tube"}),
    listed=lambda name: frozenset({"adult"} if name == to_wire("www.example.com") else ()),
    is_suffix=lambda name: name == to_wire("com"),
)


@settings(deadline=None, max_examples=examples(200))
@given(households())
def test_any_household_is_looked_through(made_of: tuple[Household, float]) -> None:
    household, made = made_of
    found = find(household, RANDOM, made)
    assert all(f.vi and f.en and "{" not in f.vi + f.en for f in found)
    assert found == find(household, RANDOM, made)


@settings(deadline=None, max_examples=examples(25))
@given(households(grants=False))
def test_a_window_that_never_fires_is_in_force_at_no_minute(made_of: tuple[Household, float]) -> None:
    household, made = made_of
    zone = ZoneInfo(household.timezone)
    begin = datetime.fromtimestamp(made, zone).replace(tzinfo=None, second=0, microsecond=0)
    for profile in household.profiles:
        hours = Hours.of(profile, household, made)
        number, spans = len(profile.windows or ()), []
        for exception in profile.exceptions:
            mine = tuple(range(number, number + len(exception.windows)))
            spans += [Span(first, last, mine) for first, last in dates_of(exception, household)]
            number += len(mine)
        schedule = Schedule(hours.windows, tuple(range(len(profile.windows or ()))), tuple(spans))
        seen: set[int] = set()
        reached: set[int] = set()
        # nothing changes but where a window begins or ends: those minutes of every day tell everything
        minutes = {0} | {w.start for w in hours.windows} | {w.end % 1440 for w in hours.windows}
        moments = [begin] + [
            datetime.combine(begin.date() + timedelta(days=day), datetime.min.time()) + timedelta(minutes=minute)
            for day in range(401)
            for minute in minutes
        ]
        for moment in moments:
            if begin <= moment < begin + timedelta(days=400):
                now = in_force(schedule, moment)
                seen.update(now)
                if not any(is_offline(hours.windows[i]) for i in now):
                    reached.update(now)
        assert not hours.never & seen
        assert not hours.shut & reached
