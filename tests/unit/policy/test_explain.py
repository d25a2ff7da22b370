"""Why, since when, and what changes it next."""

from __future__ import annotations

from typing import Any

from filterd.model.decision import Row
from filterd.policy.explain import Explanation, Name, explain, matched_name
from filterd.wire.name import to_wire
from tests.unit.policy.house import BLOCK, EVERY_NIGHT, NOON, House, at, grant, house, kid, off, window


def name(h: House, text: str, matched: str = "", **tags: Any) -> Name:
    """A looked-up name."""
    wire = to_wire(text)
    return Name(wire, h.tags(**tags), h.judge.snapshot.overlay(wire), False, to_wire(matched) if matched else b"")


def why(h: House, asked: Name, wall: float = NOON, chain: tuple[Name, ...] = ()) -> Explanation:
    """Explain a question of the profile `lan`."""
    return explain(h.judge, h.judge.identify("198.51.100.9"), asked, wall, True, chain)


def test_bedtime_is_explained_with_its_beginning_and_what_comes_next() -> None:
    h = house(kid(windows=(EVERY_NIGHT,)))
    found = why(h, name(h, "x.example"), at("2026-11-24 23:00"))
    assert found.decision.row is Row.WINDOW and found.since == at("2026-11-24 21:30")
    assert found.change is not None and found.change.at == at("2026-11-25 06:00")
    assert found.change.decision.row is Row.DEFAULT
    assert [s.row.id for s in found.steps] == ["local", "lifeline", "mandatory", "grant", "off", "window"]


def test_boundaries_that_do_not_change_the_decision_are_passed_over() -> None:
    """A blocked category is blocked before, after, but not during bedtime: then the window blocks first."""
    permit = window("permit", "10:00", "11:00", days=frozenset({5}), services=("blox",))
    h = house(kid(windows=(permit, window("only", "18:00", "19:00", services=("chat",)))))
    found = why(h, name(h, "chat.example", services=["chat"]))
    assert found.decision.row is Row.DEFAULT and found.change is None and found.since is None
    found = why(h, name(h, "blox.example", services=["blox"]))
    assert found.change is not None and found.change.at == at("2026-11-24 18:00")


def test_a_grants_end_is_what_comes_next() -> None:
    h = house(kid(categories={"games": BLOCK}), grants=(grant("category", "games", until="2026-11-24 20:00"),))
    found = why(h, name(h, "x.example", lists=["games"]))
    assert found.since == at("2026-11-24 00:00")
    assert found.change is not None and (found.change.at, found.change.decision.row.id) == (
        at("2026-11-24 20:00"),
        "category",
    )


def test_an_off_without_an_end_has_nothing_next() -> None:
    h = house(internet_off=(off(),))
    found = why(h, name(h, "x.example"))
    assert (found.decision.row, found.since, found.change) == (Row.OFF, at("2026-11-24 08:00"), None)


def test_far_from_the_import_the_next_change_is_found_too() -> None:
    h = house(kid(windows=(window("offline", "10:00", "11:00", days=frozenset({5})),)))
    for year in (2001, 2040):
        found = why(h, name(h, "x.example"), at(f"{year}-07-01 12:00"))
        assert found.change is not None and 0 < found.change.at - at(f"{year}-07-01 12:00") < 7 * 86400
        assert found.since is not None and found.since >= at(f"{year}-06-23 12:00")


def test_a_blocked_name_of_the_chain_blocks_the_answer_and_is_named() -> None:
    h = house(kid(categories={"games": BLOCK}))
    chain = (name(h, "cdn.example"), name(h, "edge.games.example", "games.example", lists=["games"]))
    asked = name(h, "x.example")
    found = why(h, asked, chain=chain)
    assert found.decision.row is Row.CATEGORY and found.target == to_wire("edge.games.example")
    assert matched_name(found, asked, chain) == to_wire("edge.games.example")
    assert [s.why for s in found.steps if s.verdict == "block"] == ["target: blocked"]


def test_an_allow_that_covers_its_chain_lets_it_pass() -> None:
    h = house(kid(categories={"games": BLOCK}), grants=(grant("name", "x.example", until="2026-11-24 13:00"),))
    found = why(h, name(h, "x.example"), chain=(name(h, "games.example", lists=["games"]),))
    assert found.decision.row is Row.GRANT
    assert found.change is not None and found.change.decision.row is Row.CATEGORY


def test_the_listed_name_is_the_one_that_matched() -> None:
    h = house(kid(categories={"games": BLOCK}))
    asked = name(h, "www.games.example", "games.example", lists=["games"])
    assert matched_name(why(h, asked), asked, ()) == to_wire("games.example")
    h = house(kid(categories={"games": BLOCK}), grants=(grant("category", "games"),))
    granted = name(h, "www.games.example", "games.example", lists=["games"])
    assert matched_name(why(h, granted), granted, ()) == to_wire("games.example")
    unlisted = name(h, "x.example")
    assert matched_name(why(h, unlisted), unlisted, ()) == b""


def test_a_year_of_boundaries_is_looked_through_quickly_enough() -> None:
    from time import process_time

    windows = tuple(window("only", f"{h:02}:00", f"{h:02}:30", services=("chat",)) for h in range(8, 20, 2))
    h = house(kid(windows=windows))
    begin = process_time()
    assert why(h, name(h, "chat.example", services=["chat"])).change is None
    assert process_time() - begin < 1.5  # coverage traces every line
