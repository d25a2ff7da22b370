"""Who asks, what is in force, how long, and where safe search leads."""

from __future__ import annotations

import pytest

from filterd.model.decision import Action, Row
from filterd.model.household import Device, Profile
from tests.unit.policy.house import EVERY_NIGHT, GOOGLE, NIGHT, NOON, SAFE_GOOGLE, at, grant, house, kid, off, window

DEVICES = (
    Device("phone", "Phone", "lan", mac="02:00:00:00:00:01"),
    Device("pad", "Pad", "dad", ip="10.20.3.7"),
    Device("six", "Six", "lan", ip="2001:db8::7"),
    Device("campus", "Campus", "lan", range="10.0.0.0/8"),
    Device("room", "Room", "dad", range="10.20.3.0/24"),
    Device("vlan", "VLAN", "dad", range="2001:db8::/64"),
    Device("all6", "All", "lan", range="::/0"),
)


@pytest.mark.parametrize(
    ("address", "mac", "device"),
    [
        ("10.20.3.7", "02:00:00:00:00:01", "phone"),  # mac before ip and range
        ("10.20.3.7", "02:00:00:00:00:99", "pad"),  # an unknown mac says nothing
        ("10.20.3.7", "", "pad"),
        ("10.20.3.8", "", "room"),  # the longest range
        ("10.20.4.8", "", "campus"),
        ("2001:db8::7", "", "six"),
        ("2001:db8::8", "", "vlan"),
        ("2001:db8:1::8", "", "all6"),
        ("192.0.2.1", "", ""),  # ::/0 is no range of IPv4
        ("", "", ""),
        ("no address", "", ""),
    ],
)
def test_the_most_exact_identity_wins(address: str, mac: str, device: str) -> None:
    client = house(devices=DEVICES).judge.identify(address, mac)
    assert client.device == device
    assert client.profile == next((d.profile for d in DEVICES if d.id == device), "lan")


def test_a_device_never_seen_before_gets_the_default_profile() -> None:
    client = house(default_profile="dad").judge.identify("198.51.100.1")
    assert (client.slot, client.profile, client.device) == (1, "dad", "")


def test_127_0_0_1_is_an_ordinary_client() -> None:
    assert house(kid(windows=(EVERY_NIGHT,))).judge.identify("127.0.0.1").profile == "lan"


# ---- new devices that wait (DECISIONS 1, row 5) ------------------------------------------------------------------


def test_a_new_device_that_waits_has_no_internet_and_known_ones_have() -> None:
    h = house(devices=DEVICES, new_devices="wait", grants=(grant("time", until="2026-11-24 23:00"),))
    stranger = h.judge.identify("198.51.100.1", "02:00:00:00:00:99")
    decision = h.judge.state(stranger.slot, NOON).question(0, 0)
    assert (stranger.profile, stranger.device) == ("lan", "")
    assert (decision.action, decision.row, decision.rule) == (Action.BLOCK, Row.OFF, "waits")
    for address, mac in (("10.20.3.7", "02:00:00:00:00:01"), ("10.20.3.7", ""), ("10.20.4.8", "")):
        known = h.judge.identify(address, mac)
        assert h.judge.state(known.slot, NOON).question(0, 0).action is Action.ALLOW


def test_lifelines_and_the_provinces_names_come_before_the_waiting() -> None:
    h = house(new_devices="wait")
    state = h.judge.state(h.judge.identify("198.51.100.1").slot, NOON)
    assert state.question(0, 0, special=True).row is Row.LOCAL


def test_the_box_itself_is_no_new_device() -> None:
    h = house(new_devices="wait")
    for address in ("127.0.0.1", "::1"):
        assert h.judge.state(h.judge.identify(address).slot, NOON).question(0, 0).action is Action.ALLOW
    assert h.judge.state(h.judge.identify("127.0.0.5").slot, NOON).question(0, 0).row is Row.OFF


# ---- until and the TTL cap (DECISIONS 3) -------------------------------------------------------------------------


def test_a_state_is_good_until_the_next_boundary() -> None:
    state = house(kid(windows=(EVERY_NIGHT,))).judge.state(0, NOON)
    assert (state.since, state.until) == (at("2026-11-24 06:00"), at("2026-11-24 21:30"))
    assert (state.profile, state.device, state.slot) == ("lan", "", 0)


def test_a_grants_and_an_offs_beginning_and_end_are_boundaries_too() -> None:
    given = grant("time", since="2026-11-24 10:00", until="2026-11-24 13:00")
    h = house(grants=(given,), internet_off=(off(since="2026-11-24 15:00", until="2026-11-24 16:00"),))
    edges = []
    moment = at("2026-11-24 08:00")
    for _ in range(4):
        moment = h.judge.state(0, moment).until
        edges.append(moment)
    assert edges == [at(f"2026-11-24 {t}:00") for t in ("10", "13", "15", "16")]


@pytest.mark.parametrize(
    ("before_s", "cap"), [(3600, 60), (61, 60), (60, 60), (59, 59), (30.5, 30), (1.5, 1), (0.2, 1)]
)
def test_the_cap_is_the_time_to_the_next_boundary_at_most_60_s_and_at_least_1(before_s: float, cap: int) -> None:
    moment = at("2026-11-24 21:30") - before_s
    assert house(kid(windows=(EVERY_NIGHT,))).judge.state(0, moment).cap(moment) == cap


def test_the_cap_reaches_to_a_grants_end() -> None:
    h = house(kid(windows=(EVERY_NIGHT,)), grants=(grant("time", until="2026-11-24 23:00"),))
    assert h.judge.state(0, NIGHT - 7).cap(NIGHT - 7) == 7


def test_a_profile_without_windows_is_capped_at_60_s_and_one_not_switchable_never() -> None:
    h = house()
    assert h.judge.state(0, NOON).cap(NOON) == 60
    assert h.judge.state(1, NOON).cap(NOON) is None
    h = house(Profile("lan", "Lan", switchable=False, windows=(EVERY_NIGHT,)))
    assert h.judge.state(0, NOON).cap(NOON) is None and not h.judge.state(0, NOON).switchable


@pytest.mark.parametrize("year", [1999, 2029])
def test_beyond_its_boundaries_a_snapshot_still_knows_its_windows(year: int) -> None:
    h = house(kid(windows=(EVERY_NIGHT, window("only", "10:00", "11:00", days=frozenset({5})))))
    day = f"{year}-07-01"
    assert h.ask("x.example", at(f"{day} 23:00")).rule == "Bedtime"
    state = h.judge.state(0, at(f"{day} 12:00"))
    assert (state.since, state.until) == (at(f"{day} 06:00"), at(f"{day} 21:30"))


def test_beyond_its_boundaries_a_profile_without_windows_stands_forever() -> None:
    state = house().judge.state(0, at("2035-01-01 00:00"))
    assert state.since == 0 and state.until > at("9000-01-01 00:00")


def test_a_verdict_is_worked_out_once() -> None:
    h = house(kid(windows=(EVERY_NIGHT,)))
    state = h.judge.state(0, NOON)
    assert state.question(0, 0) is state.question(0, 0)
    assert state.target(0, 0, covered=False) is None and state.target(0, 0, covered=False) is None
    assert state.question(0, 0, special=True) is not state.question(0, 0)


# ---- safe search -------------------------------------------------------------------------------------------------


def test_safe_search_leads_an_engines_host_to_its_safe_host() -> None:
    h = house(kid(safe_search={"google": "on", "tubes": "moderate"}))
    state = h.judge.state(0, NOON)
    rewrite = state.rewrite(GOOGLE, h.ask("www.google.com"))
    assert rewrite is not None
    assert (rewrite.engine, rewrite.target, rewrite.fallback_a) == ("google", SAFE_GOOGLE, bytes((192, 0, 2, 1)))
    tubes = state.rewrite(b"\x03www\x05tubes\x07example\0", h.ask("www.tubes.example"))
    assert tubes is not None and tubes.target == b"\x03mod\x05tubes\x07example\0" and tubes.fallback_a == b""
    assert state.rewrite(b"\x04mail\x06google\x03com\0", h.ask("mail.google.com")) is None


def test_the_safe_host_itself_is_left_alone() -> None:
    h = house(kid(safe_search={"google": "on"}))
    assert h.judge.state(0, NOON).rewrite(SAFE_GOOGLE, h.ask("forcesafesearch.google.com")) is None


@pytest.mark.parametrize("levels", [{}, {"google": "off", "tubes": "none"}])
def test_without_safe_search_nothing_is_rewritten(levels: dict[str, str]) -> None:
    h = house(kid(safe_search=levels))
    assert h.judge.state(0, NOON).rewrite(GOOGLE, h.ask("www.google.com")) is None


def test_safe_search_transforms_every_allow_but_that_of_a_filter_grant() -> None:
    search = {"google": "on"}
    for grants, rewritten in (
        ((grant("name", "google.com"),), True),
        ((grant("time"),), True),
        ((grant("filter"),), False),
    ):
        h = house(kid(safe_search=search), grants=grants)
        found = h.judge.state(0, NOON).rewrite(GOOGLE, h.ask("www.google.com"))
        assert (found is not None) is rewritten


def test_a_blocked_or_local_answer_is_not_rewritten() -> None:
    h = house(kid(safe_search={"google": "on"}), internet_off=(off(),))
    state = h.judge.state(0, NOON)
    assert state.rewrite(GOOGLE, h.ask("www.google.com")) is None
    assert state.rewrite(GOOGLE, h.ask("www.google.com", special=True)) is None
