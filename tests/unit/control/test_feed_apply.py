"""What a verified feed does to a box: levels, the household's choices, the gate, deltas, what is let go of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control import lists as lists_use
from filterd.control.feed_status import advisories, feed_status, feeds, links
from filterd.control.feed_sync import sync_feed
from filterd.control.feed_trust import forget_feed
from filterd.control.sync_sources import enable
from filterd.errors import FeedError, ListRejected, StoreError
from filterd.feed.state import Followed, load_followed, save_followed
from filterd.listbuild.registry import load, registry_lock, save
from filterd.model.feed import Level, Refusal
from tests.feed_box import Box
from tests.feed_server import Province


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "state", Province()) as box:
        yield box


def test_levels(box: Box) -> None:
    lists = {"adult": [b"a.example"], "ads": [b"b.example"], "games": [b"c.example"]}
    levels = {"adult": Level.MANDATORY, "ads": Level.RECOMMENDED, "games": Level.OPTIONAL}
    box.province.publish(lists, levels=levels)
    assert sorted(box.sync().taken) == ["lai-chau-ads", "lai-chau-adult"]
    mandatory = box.tags("www.a.example").mandatory
    assert mandatory is not None and mandatory.category == "adult"
    assert box.tags("b.example").mandatory is None and box.blocks("b.example")
    assert not box.blocks("c.example")
    assert not load(box.state)["lai-chau-games"].enabled
    assert not any("lists/games" in path for path, _ in box.server.requests)  # offered, not fetched


def test_a_household_chooses_among_what_it_may(box: Box) -> None:
    lists = {"adult": [b"a.example"], "ads": [b"b.example"], "games": [b"c.example"]}
    levels = {"ads": Level.RECOMMENDED, "games": Level.OPTIONAL}
    box.province.publish(lists, levels=levels)
    assert box.code() is None
    with pytest.raises(ListRejected, match="mandatory"):
        enable(box.state, "lai-chau-adult", False)
    enable(box.state, "lai-chau-ads", False)
    enable(box.state, "lai-chau-games", True)
    assert box.sync().taken == ("lai-chau-games",)
    assert box.blocks("c.example") and not box.blocks("b.example")
    box.province.publish({"ads": [b"b.example", b"d.example"]}, levels=levels)
    assert box.code() is None  # and that choice stays
    assert not box.blocks("d.example")
    box.province.publish({"ads": [b"b.example", b"d.example", b"e.example"]})  # mandatory from now on
    assert box.code() is None
    assert box.tags("d.example").mandatory is not None


def test_lists_of_a_feed_are_the_feeds(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"]})
    assert box.code() is None
    with pytest.raises(ListRejected, match="belongs to a feed"):
        lists_use.remove_list(box.state, "lai-chau-adult")
    with pytest.raises(ListRejected, match="belongs to a feed"):
        lists_use.add_list(box.state, "lai-chau-adult", "/dev/null", category="adult")


def test_a_list_of_that_name_which_is_not_the_feeds_is_left_alone(box: Box, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("own.example\n")
    lists_use.add_list(box.state, "lai-chau-adult", str(own), category="adult")
    box.province.publish({"adult": [b"a.example"]})
    result = box.sync()
    assert [warning.code for warning in result.seen.warnings] == [Refusal.GATE]
    assert box.blocks("own.example") and not box.blocks("a.example")


def test_a_change_costs_less_than_the_whole(box: Box) -> None:
    names = [b"n%d.example" % n for n in range(5000)]
    box.province.publish({"adult": names})
    whole = box.sync().body_bytes
    box.province.publish({"adult": [*names[10:], b"new.example"]})
    result = box.sync()
    assert result.taken == ("lai-chau-adult",) and result.body_bytes < whole / 4
    assert not any("base" in path for path, _ in box.server.requests[-6:])
    assert box.blocks("new.example") and not box.blocks("n3.example") and box.blocks("n4999.example")
    again = box.sync()
    assert not again.changed and again.requests == 2 and again.body_bytes < 1000 and not again.revision


def test_a_chain_over_several_editions(box: Box) -> None:
    names = [b"n%d.example" % n for n in range(2000)]
    box.province.publish({"adult": names})
    assert box.code() is None
    for number in range(5):
        names = [*names[3:], b"new%d.example" % number]
        box.province.publish({"adult": names})
    result = box.sync()
    assert result.taken == ("lai-chau-adult",)
    assert sum("delta" in path for path, _ in box.server.requests) == 5
    assert box.blocks("new0.example") and box.blocks("new4.example") and not box.blocks("n14.example")


def test_a_chain_that_was_dropped_leads_to_the_base(box: Box) -> None:
    names = [b"n%d.example" % n for n in range(2000)]
    box.province.publish({"adult": names})
    assert box.code() is None
    for number in range(22):  # past the longest chain: a new base
        names = [*names[1:], b"new%d.example" % number]
        box.province.publish({"adult": names})
    assert box.code() is None
    assert box.blocks("new21.example") and any("base-22" in path for path, _ in box.server.requests)


def test_the_gate_stands_before_a_feed_too(box: Box) -> None:
    """A signed mistake of the office: nearly nothing left, or what must never be blocked."""
    box.province.publish({"adult": [b"a%d.example" % n for n in range(2000)], "ads": [b"b.example"]})
    assert box.code() is None
    box.province.publish({"adult": [b"left.example"], "ads": [b"b.example", b"c.example"]})
    result = box.sync()
    assert [warning.code for warning in result.seen.warnings] == [Refusal.GATE]
    assert box.blocks("a7.example") and box.blocks("c.example") and not box.blocks("left.example")
    seen = feed_status(box.state)
    assert seen is not None and {entry.id: entry.seq for entry in seen.lists} == {
        "lai-chau-adult": 1,
        "lai-chau-ads": 2,
    }


def test_never_block_names_in_a_change_are_left_out(box: Box) -> None:
    box.province.publish({"adult": [b"a.example", b"b.example"]})
    assert box.code() is None
    box.province.publish({"adult": [b"a.example", b"b.example", b"bank.example"]})
    assert box.code() is None
    assert not box.blocks("bank.example") and box.blocks("a.example")


def test_exact_lists_match_themselves_alone(box: Box) -> None:
    made = box.province.publish({"adult": [b"a.example"]})
    box.province.lists["adult"] = replace(made.lists[0], exact=True)
    box.province.publish()
    assert box.code() is None
    assert box.blocks("a.example") and not box.blocks("www.a.example")


def test_a_list_that_the_feed_drops_is_let_go_of(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"], "ads": [b"b.example"]})
    assert box.code() is None
    del box.province.lists["ads"]
    box.province.publish({"adult": [b"a.example", b"c.example"]})
    assert box.sync().removed == ("lai-chau-ads",)
    assert not box.blocks("b.example") and box.blocks("c.example")


def test_documents_come_and_go(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"]}, documents={"advisories": b'{"layout": 1, "advisories": []}'})
    assert box.code() is None
    assert advisories(box.state) == {"layout": 1, "advisories": []} and links(box.state).hotline == "111"
    box.province.documents.clear()
    box.province.publish({"adult": [b"a.example", b"b.example"]})
    assert box.code() is None
    assert advisories(box.state) == {}


def test_a_cut_between_registry_and_bundle_is_mended(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"]})
    assert box.code() is None
    with registry_lock(box.state):
        lists = load(box.state)
        save(box.state, {})  # as if the list had been lost
    assert lists
    assert box.sync().taken == ("lai-chau-adult",)
    assert box.blocks("a.example")


def test_damage_of_what_is_kept_is_mended(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"]})
    assert box.code() is None
    for path in [*(box.state / "lists" / "raw").iterdir(), *(box.state / "feed").glob("*/*.json")]:
        if path.name != "root.json":
            path.write_bytes(b"damaged")
    box.province.publish({"adult": [b"a.example", b"b.example"]})
    assert box.code() is None
    assert box.blocks("b.example")


def test_a_damaged_configuration_is_said(box: Box) -> None:
    (box.state / "feed").mkdir(parents=True)
    (box.state / "feed" / "config.json").write_bytes(b"{")
    (seen,) = feeds(box.state)
    assert seen.refusal is not None and seen.refusal.code is Refusal.CONFIG
    with pytest.raises(StoreError):
        load_followed(box.state)


def test_another_feed_of_the_same_name_is_refused(box: Box, tmp_path: Path) -> None:
    box.province.publish({"adult": [b"a.example"]})
    assert box.code() is None
    twin = Province()
    twin.publish({"adult": [b"evil.example"]})
    with Box(box.state, twin) as other:
        assert other.code() is Refusal.CONFIG
    assert box.blocks("a.example") and not box.blocks("evil.example")
    assert [one.feed for one in load_followed(box.state)] == ["lai-chau"]


def test_two_feeds_side_by_side(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"]})
    assert box.code() is None
    school = Province("school")
    school.publish({"adult": [b"s.example"]}, levels={"adult": Level.RECOMMENDED})
    with Box(box.state, school) as other:
        assert other.code() is None
    assert box.blocks("a.example") and box.blocks("s.example")
    assert [seen.feed for seen in feeds(box.state)] == ["lai-chau", "school"]
    assert forget_feed(box.state, "school")[1] == ("school-adult",)
    assert not box.blocks("s.example") and box.blocks("a.example")


def test_a_feed_that_changes_its_name_is_refused(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"]})
    assert box.code() is None
    box.province.feed = "other"
    box.province.publish({"adult": [b"a.example", b"b.example"]})
    assert box.code() is Refusal.BAD_INDEX
    assert not box.blocks("b.example")


def test_a_pinned_root_that_was_changed_on_disk_is_refused(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"]})
    assert box.code() is None
    (one,) = load_followed(box.state)
    (box.state / "feed" / one.key / "root.json").write_bytes(Province().root_bytes)
    refusal = sync_feed(box.state, one, source=box.server.url("")).refusal
    assert refusal is not None and refusal.code is Refusal.CONFIG


def test_failures_wait_longer_each_time(box: Box) -> None:
    box.province.publish({"adult": [b"a.example"]})
    assert box.code() is None
    box.files = {}
    waits = []
    for _ in range(6):
        waits.append(box.sync().seen.next_at - box.now)
    assert waits[0] < waits[1] < waits[2] and all(wait <= 3600 * 1.25 for wait in waits)
    box.files = None
    seen = box.sync().seen
    assert seen.failures == 0 and 5 * 3600 < seen.next_at - box.now < 7 * 3600


def test_no_more_feeds_than_four(box: Box) -> None:
    five = tuple(Followed(f"{n:016x}", f"{n:064x}") for n in range(5))
    with pytest.raises(FeedError, match="at most 4"):
        save_followed(box.state, five)
