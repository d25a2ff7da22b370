"""Random households and questions: the compiled policy says what the naive model of tests/policy_model.py says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise, product
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.config.household import read
from filterd.config.household_out import write
from filterd.config.household_words import Known
from filterd.model.decision import EDE_CENSORED, EDE_FILTERED, Row
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
    Names,
    Privacy,
    Profile,
    Rule,
    Scope,
    Window,
)
from filterd.model.tags import Tag, TagKind, TagSet
from filterd.policy.clock import Schedule, Span, in_force, local_time, turns
from filterd.policy.compile import Knowledge, compile_snapshot
from filterd.policy.judge import Judge
from filterd.policy.snapshot import Snapshot, dump
from filterd.wire.name import to_text, to_wire
from tests.examples import examples
from tests.policy_model import Model, Named

CATEGORIES = ("adult", "games", "social")
HARM = {"adult"}
SERVICES = ("chat", "tube")
PRESETS = {"kid": ("adult", "social"), "adult": ("adult",)}
NAMES = ("example.org", "www.example.org", "a.www.example.org", "example.com", "www.example.com", "com", "other.net")
# a day around which each zone does something: the clock goes back or ahead (by half an hour on Lord Howe), or nothing
CHANGES = (
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/New_York", date(2027, 3, 14)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),
    ("Asia/Ho_Chi_Minh", date(2026, 11, 24)),
    ("UTC", date(2026, 12, 31)),
)
KNOWLEDGE = Knowledge(
    categories={c: SimpleNamespace(harm=c in HARM, name_vi=c, name_en=c) for c in CATEGORIES},
    services={s: SimpleNamespace(name_vi=s, name_en=s) for s in SERVICES},
    presets={p: SimpleNamespace(blocked=b, safe_search={}) for p, b in PRESETS.items()},
    safe_hosts={},
    safe_targets={},
    safe_fallbacks={},
)
KNOWN = Known(CATEGORIES, SERVICES, (*PRESETS, "none"), ("google", "bing"))

site = st.sampled_from(NAMES).map(to_wire)
sites = st.lists(site, max_size=3).map(tuple)
days = st.none() | st.frozensets(st.integers(0, 6), min_size=1)
ref = st.sampled_from


def some(*items: str) -> st.SearchStrategy[tuple[str, ...]]:
    """A few of `items`."""
    return st.lists(st.sampled_from(items), max_size=2, unique=True).map(tuple)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any window that a household file may have; from == to is a whole day."""
    effect = draw(ref(list(Effect)))
    start = draw(st.integers(0, 47).map(lambda x: x * 30) | st.integers(0, 1439))
    length = draw(ref((1, 30, 60, 300, 1439, 1440)) | st.integers(1, 1440))
    names: tuple[bytes, ...] = draw(sites) if effect is Effect.ONLY else ()
    services = () if effect is Effect.OFFLINE else draw(some(*SERVICES))
    categories = () if effect is Effect.OFFLINE else draw(some(*CATEGORIES))
    return Window(draw(ref(("w", "đêm"))), effect, start, start + length, draw(days), names, services, categories)


@st.composite
def profiles(draw: st.DrawFn, ident: str, near: date) -> Profile:
    """A profile whose exceptions lie around `near`."""
    exception = st.builds(
        DayException,
        st.lists(windows(), max_size=2).map(tuple),
        on=st.integers(-2, 2).map(lambda n: near + timedelta(days=n)),
    ) | st.builds(DayException, st.lists(windows(), max_size=2).map(tuple), holiday=ref(("lễ", "hè")))
    rules = st.sampled_from(list(Rule))
    return Profile(
        ident,
        ident.title(),
        draw(ref(("none", "kid", "adult"))),
        draw(st.none() | st.booleans()),
        draw(ref(("names", "categories"))),
        draw(st.dictionaries(ref(CATEGORIES), rules, max_size=3)),
        draw(st.dictionaries(ref(SERVICES), rules, max_size=2)),
        Names(draw(sites), draw(sites), draw(st.lists(site, max_size=1).map(tuple))),
        draw(st.dictionaries(ref(("google", "bing")), ref(("on", "off")), max_size=2)),
        tuple(draw(st.lists(windows(), max_size=4))),
        tuple(draw(st.lists(exception, max_size=3))),
        tuple(draw(st.lists(st.just(Budget(("tube",), ("games",), 60, frozenset({1}))), max_size=1))),
    )


@st.composite
def households(draw: st.DrawFn, *, grants: bool = True) -> tuple[Household, float]:
    """A valid household and the moment of its import."""
    zone, near = draw(ref(CHANGES))
    noon = datetime(near.year, near.month, near.day, 12, tzinfo=ZoneInfo(zone)).timestamp()
    made = noon + draw(st.integers(-3 * 86400, 3 * 86400))
    import_minute = made // 60 * 60
    past, ahead = st.integers(0, 40), st.integers(-10, 40)
    begin = st.none() | past.map(lambda n: import_minute - n * 997.0) | ahead.map(lambda n: import_minute + n * 997.0)
    end = st.none() | ahead.map(lambda n: import_minute + n * 3989.0)

    def whom(pick: str) -> dict[str, str]:
        return {"device": pick} if pick in ("phone", "pad") else {"profile": pick}

    given: list[Grant] = []
    offs: list[InternetOff] = []
    if grants:
        people = ref(("lan", "minh", "phone", "pad"))
        values = {Scope.NAME: NAMES, Scope.SERVICE: SERVICES, Scope.CATEGORY: CATEGORIES}
        for _ in range(draw(ref((0, 1, 1, 2, 2, 3)))):
            scope = draw(ref(list(Scope)))
            value = draw(ref(values[scope])) if scope in values else ""
            ends = draw(st.tuples(begin, end))
            given.append(Grant(scope, value, **whom(draw(people)), start=ends[0], until=ends[1], by="mẹ"))
        for _ in range(draw(st.integers(0, 2))):
            pick = draw(st.just("everyone") | people)
            ends = draw(st.tuples(begin, end))
            them = {"everyone": True} if pick == "everyone" else whom(pick)
            offs.append(InternetOff(**them, start=ends[0], until=ends[1]))  # type: ignore[arg-type]  # by key
    return (
        Household(
            (draw(profiles("lan", near)), draw(profiles("minh", near))),
            draw(ref(("", "lan", "minh"))),
            zone,
            draw(ref(("vi", "en"))),
            draw(ref(("null", "nxdomain", "page"))),
            Privacy(draw(st.integers(0, 30)), 90, draw(ref(("everything", "nothing")))),
            tuple(Holiday(n, near - timedelta(days=draw(st.integers(0, 2))), near) for n in ("lễ", "hè", "lễ")),
            (
                Device("phone", "Phone", "lan", mac="02:00:00:00:00:01"),
                Device("pad", "Pad", "lan", ip="192.0.2.20"),
                Device("tv", "TV", "minh", range="192.0.2.0/28"),
                Device("room", "Room", "lan", range="192.0.2.0/30"),
            ),
            tuple(given),
            tuple(offs),
            tuple(draw(st.lists(st.just(ForwardZone(to_wire("lan"), ("udp://192.0.2.1",))), max_size=1))),
            draw(sites),
        ),
        made,
    )


def judge_of(household: Household, made: float, tagsets: tuple[TagSet, ...] = (TagSet(),)) -> Judge:
    """Compile, dump, load: what a worker judges by."""
    return Judge(Snapshot.load(dump(compile_snapshot(household, KNOWLEDGE, made))), tagsets)


def known_as(categories: tuple[str, ...], services: tuple[str, ...], more: str) -> TagSet:
    """What a bundle says about a name. `more`: mandatory | lifeline | special | nothing."""
    tags = {Tag(TagKind.LIST, f"list-{c}", c) for c in categories} | {Tag(TagKind.SERVICE, s) for s in services}
    if more == "mandatory":
        tags.add(Tag(TagKind.LIST, "province", "adult", True))
    if more == "lifeline":
        tags.add(Tag(TagKind.LIFELINE, "hotline"))
    return TagSet.of(tags)


def subsets(items: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All of them."""
    return [chosen for n in range(len(items) + 1) for chosen in combinations(items, n)]


COMBINATIONS = [(c, s, "") for c in subsets(CATEGORIES) for s in subsets(SERVICES)]
COMBINATIONS += [(("games",), ("tube",), more) for more in ("mandatory", "lifeline", "special")]
TAGSETS = tuple(known_as(*c) for c in COMBINATIONS)


@settings(deadline=None)
@given(
    households(),
    st.lists(ref((*NAMES, "deep.a.www.example.org", "unlisted.net")), min_size=2, max_size=3, unique=True),
    st.lists(st.integers(-2 * 1440, 2 * 1440) | st.integers(0, 30), min_size=2, max_size=3),
    ref((0, 0, 0, 0, 450, -500)),
    ref(("02:00:00:00:00:01", "")),
    st.booleans(),
)
def test_the_compiled_policy_decides_like_the_model(
    made_of: tuple[Household, float], names: list[str], minutes: list[int], far_days: int, mac: str, trusted: bool
) -> None:
    household, made = made_of
    judge = judge_of(household, made, TAGSETS)
    model = Model(household, HARM, PRESETS, made)
    for minute, address in product(minutes, ("192.0.2.99", "192.0.2.20", "192.0.2.3")):
        at = made + minute * 60 + far_days * 86400
        client = judge.identify(address, mac)
        assert client[1:] == model.who(address, mac)
        if made // 60 * 60 <= at < made or (mac and address != "192.0.2.99"):
            continue  # the import's own minute is ordered by what a parent means, not by the clock
        state = judge.state(client.slot, at, trusted)
        assert state.since <= at < state.until
        for name, (number, (categories, services, more)) in product(names, enumerate(COMBINATIONS)):
            asked = Named(
                name, TAGSETS[number].categories, services, more == "mandatory", more == "lifeline", more == "special"
            )
            overlay = judge.snapshot.overlay(to_wire(name))
            decision = state.question(number, overlay, asked.special)
            said = model.decide(client.profile, client.device, asked, at, trusted)
            assert (decision.action.name.lower(), decision.row.id) == said, (asked, categories)
            if decision.blocked:
                assert decision.ede == (EDE_CENSORED if decision.row is Row.MANDATORY else EDE_FILTERED)
            for covered in (False, True):
                block = state.target(number, overlay, covered)
                wanted = model.target(client.profile, client.device, asked, at, covered, trusted)
                assert (block and block.row.id) == wanted, (asked, categories)


@settings(deadline=None)
@given(households(), st.integers(-3 * 1440, 3 * 1440), st.floats(0, 1))
def test_nothing_changes_before_until(made_of: tuple[Household, float], minute: int, part: float) -> None:
    household, made = made_of
    judge = judge_of(household, made)
    slot = judge.identify("192.0.2.20").slot
    at = made + minute * 60
    state = judge.state(slot, at)
    later = min(state.until - 1, at + part * (state.until - at))
    if later >= at:
        assert judge.state(slot, later).rules == state.rules
        assert judge.state(slot, max(state.since, at - 30 * 86400)).rules == state.rules


@settings(deadline=None, max_examples=examples(60))
@given(ref(CHANGES), st.lists(windows(), max_size=4), st.data())
def test_boundaries_agree_with_the_wall_clock_at_every_minute(
    change: tuple[str, date], weekly: list[Window], data: st.DataObject
) -> None:
    zone, near = ZoneInfo(change[0]), change[1]
    spans = []
    for _ in range(data.draw(st.integers(0, 2))):
        first = near + timedelta(days=data.draw(st.integers(-2, 2)))
        weekly.append(data.draw(windows()))
        spans.append(Span(first, first + timedelta(days=data.draw(st.integers(0, 2))), (len(weekly) - 1,)))
    schedule = Schedule(tuple(weekly), tuple(range(len(weekly) - len(spans))), tuple(spans))
    exceptions = tuple(
        DayException(tuple(weekly[i] for i in s.windows), on=s.first + timedelta(days=n))
        for s in spans
        for n in range((s.last - s.first).days + 1)
    )
    profile = Profile("p", "P", windows=tuple(weekly[: len(schedule.weekly)]), exceptions=exceptions)
    model = Model(Household((profile,), timezone=change[0]), (), {}, 0)
    begin = datetime(near.year, near.month, near.day, tzinfo=UTC).timestamp() - 2 * 86400
    at, states = turns(schedule, zone, begin + 17, 4)
    assert at[0] == begin and at == sorted(set(at)) and len(at) == len(states)
    assert all(one != other for one, other in pairwise(states))
    here = 0
    for minute in range(4 * 1440):
        moment = begin + minute * 60
        while here + 1 < len(at) and at[here + 1] <= moment:
            here += 1
        assert states[here] == in_force(schedule, local_time(moment, zone))
        if minute % 7 == 0:
            names = sorted(repr(schedule.windows[i]) for i in states[here])
            assert names == sorted(repr(w) for w in model.windows(profile, moment))


@settings(deadline=None)
@given(households())
def test_a_written_household_reads_back_and_writes_the_same_bytes(made_of: tuple[Household, float]) -> None:
    household, _ = made_of
    first = write(household)
    back = read(first, KNOWN)
    assert write(back) == first
    plain = replace(household, default_profile=household.default_profile or "lan")
    assert back == plain


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).map(lambda s: s.strip())


@settings(deadline=None)
@given(TEXT, TEXT)
def test_any_text_survives_a_round_trip_or_is_refused(name: str, reason: str) -> None:
    from filterd.errors import ConfigError

    household = Household((Profile("lan", name),), grants=(Grant(Scope.TIME, profile="lan", by="mẹ", reason=reason),))
    data = write(household)
    try:
        back = read(data, KNOWN)
    except ConfigError:
        return
    assert (back.profiles[0].name, back.grants[0].reason) == (name, reason)
    assert write(back) == data


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_file_is_read_or_refused(text: str | bytes) -> None:
    from filterd.errors import ConfigError

    try:
        read(text, KNOWN)
    except ConfigError as exc:
        assert exc.problems


def test_the_overlay_finds_the_longest_own_name() -> None:
    household = Household(
        (Profile("lan", "Lan", names=Names(block=(to_wire("com"),), allow=(to_wire("example.com"),))),)
    )
    snapshot = judge_of(household, 0.0).snapshot
    found = {n: snapshot.own(snapshot.overlay(to_wire(n)), 0).rule_name for n in (*NAMES, "www.x.com", ".")}
    assert found["www.example.com"] == found["example.com"] == "example.com"
    assert found["com"] == found["www.x.com"] == "com"
    assert found["example.org"] == found["."] == "" and to_text(b"\0") == "."
