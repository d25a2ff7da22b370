"""Grants and the internet switched off, in the household's file."""

from __future__ import annotations

import pytest

from filterd.model.household import Grant, Household, InternetOff, Scope
from tests.unit.config.household_text import SMALLEST, START, problems


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


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
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
    ],
)
def test_an_error_in_a_grant_or_an_off_names_its_path_and_line(text: str, line: int, parts: list[str]) -> None:
    found = problems(SMALLEST + text)
    assert any(all(p in f for p in parts) and f.endswith(f"(h.yaml:{START + line})") for f in found), found
