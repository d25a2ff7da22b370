"""Addresses that two devices claim: told once while it goes on, again after hours of peace, bounded."""

from __future__ import annotations

from filterd.model.bypass import Confidence, Kind
from filterd.presence.bypass_asks import AGAIN_S
from filterd.presence.bypass_claims import MAX_CLAIMS, Claims

ONE, OTHER = "02:aa:00:00:00:11", "02:aa:00:00:00:12"
NOW = 1_796_058_000.0


def test_a_conflict_is_told_once_while_it_goes_on() -> None:
    claims = Claims()
    (found,) = claims.take(NOW, [("192.0.2.11", ONE, OTHER)])
    assert (found.kind, found.mac, found.confidence) == (Kind.ADDRESS_CONFLICT, ONE, Confidence.MEDIUM)
    assert found.facts == {"address": "192.0.2.11", "other": OTHER} and found.steps == "router"
    assert claims.take(NOW + 5, [("192.0.2.11", OTHER, ONE)]) == []
    assert claims.take(NOW + AGAIN_S, [("192.0.2.11", ONE, OTHER)]) == []  # never six hours of peace
    assert claims.last("192.0.2.11", 0.0) == NOW + AGAIN_S and claims.last("192.0.2.12", 7.0) == 7.0


def test_after_hours_of_peace_it_is_a_new_one() -> None:
    claims = Claims()
    claims.take(NOW, [("192.0.2.11", ONE, OTHER)])
    assert claims.take(NOW + 60, []) == []
    assert len(claims.take(NOW + AGAIN_S, [("192.0.2.11", ONE, OTHER)])) == 1


def test_at_most_so_many_addresses_are_remembered() -> None:
    claims = Claims()
    for number in range(MAX_CLAIMS + 1):
        claims.take(NOW, [(f"2001:db8::{number:x}", ONE, OTHER)])
    assert claims.last("2001:db8::0", 0.0) == 0.0 and claims.last("2001:db8::1", 0.0) == NOW
