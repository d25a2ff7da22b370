"""The gate: sizes against history, and what a bundle must and must not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.errors import ListRejected
from filterd.listbuild.body import prepare
from filterd.listbuild.build import Builder
from filterd.listbuild.claims import BLOCK, BLOCK_BELOW, BLOCK_SELF
from filterd.listbuild.gate import ACCEPTED, HELD, REFUSED, Bound, ListHeld, Sync, check_bundle, check_list
from filterd.listbuild.guard import Guard
from filterd.listbuild.line import wrong
from filterd.listbuild.read import Report, read_claims
from filterd.lists.bundle import Bundle
from filterd.model.tags import Tag, TagKind
from filterd.wire.name import to_wire
from tests.shared import need_shared


def judge(size: int, *history: Sync, digest: str = "new", bound: Bound | None = None) -> str:
    try:
        check_list("l", Report(blocked=size), digest, history, bound or Bound())
    except ListHeld:
        return HELD
    except ListRejected:
        return REFUSED
    return ACCEPTED


def good(names: int) -> Sync:
    return Sync("old", names, ACCEPTED)


def test_the_first_body_may_have_any_size_but_none() -> None:
    assert judge(5) == ACCEPTED
    assert judge(0) == REFUSED


def test_twelve_per_cent_less_in_eight_days_passes() -> None:
    """A real list: 3.6 % then 8.7 % less."""
    assert judge(964, good(1000)) == ACCEPTED
    assert judge(880, good(964)) == ACCEPTED
    assert judge(880, good(1000)) == ACCEPTED


def test_a_third_less_within_four_months_passes_step_by_step() -> None:
    size, history = 100_000, [good(100_000)]
    while size > 69_000:
        size = int(size * 0.95)
        assert judge(size, *history) == ACCEPTED
        history.append(good(size))


def test_a_third_less_at_once_is_held_until_two_later_syncs_agree() -> None:
    history = [good(100_000)]
    for size, verdict in ((69_000, HELD), (68_900, HELD), (68_800, ACCEPTED)):
        assert judge(size, *history) == verdict
        history.append(Sync(f"d{size}", size, verdict))


def test_the_same_body_again_confirms_itself() -> None:
    held = Sync("new", 300, HELD)
    assert judge(300, good(100), held) == HELD
    assert judge(300, good(100), held, held) == ACCEPTED


def test_another_direction_or_a_refusal_in_between_confirms_nothing() -> None:
    shrunk, grown = Sync("a", 50, HELD), Sync("b", 500, HELD)
    assert judge(50, good(100), shrunk, grown) == HELD
    assert judge(50, good(100), shrunk, Sync("x", 0, REFUSED)) == HELD
    assert judge(100, good(100), shrunk, grown) == ACCEPTED


def test_near_empty_is_never_confirmed() -> None:
    tiny = Sync("new", 9, HELD)
    assert judge(9, good(100), tiny, tiny, tiny) == REFUSED
    assert judge(10, good(100), *[Sync("new", 10, HELD)] * 2) == ACCEPTED


def test_each_list_has_its_own_bound() -> None:
    assert judge(60, good(100), bound=Bound(shrink=0.5)) == ACCEPTED
    assert judge(110, good(100), bound=Bound(grow=0.05)) == HELD


def test_the_last_good_size_counts_not_the_last_seen() -> None:
    assert judge(95, good(100), Sync("x", 5, REFUSED)) == ACCEPTED


def test_a_list_that_is_mostly_errors_has_another_format() -> None:
    report = Report(blocked=2, errors=Report().errors)
    report.errors["unknown syntax"] = 3
    report.shown.append(wrong(1, "x", "unknown syntax"))
    with pytest.raises(ListRejected, match="format may be another one"):
        check_list("l", report, "d", [], Bound())


@pytest.mark.parametrize(("file", "entries"), [("abuse", 0), ("gambling", 10), ("porn", 30)])
def test_the_emptied_feed_of_june_2026_is_refused(file: str, entries: int) -> None:
    """A real feed: the header was right, the body was gone. Each list had thousands of entries before."""
    data = (need_shared() / "data/lists/blocklistproject/incident-2026-06" / f"{file}.txt").read_bytes()
    report = Report()
    assert len(list(read_claims(prepare(data), "hosts", report))) == entries
    with pytest.raises(ListRejected, match="expected about|blocks nothing"):
        check_list(file, report, "d", [good(2000), *[Sync("d", entries, HELD)] * 2], Bound())


ADS = Tag(TagKind.LIST, "ads", "ads")


def bundle(folder: Path, *names: str, mask: int = BLOCK, tag: Tag = ADS) -> Bundle:
    builder = Builder()
    builder.add(tag, [(mask, to_wire(name)) for name in names])
    return Bundle.open(builder.write(folder, b"k" * 16).path)


def test_a_good_bundle_passes(tmp_path: Path) -> None:
    check_bundle(
        bundle(tmp_path, "ads.example", "s3.amazonaws.com"),
        never_block=[to_wire("bank.example")],
        must_resolve=[to_wire("captive.example")],
        must_block=[to_wire("x.ads.example")],
        sample={to_wire("ads.example"): "ads"},
    )


def test_a_bundle_is_refused_by_look_up(tmp_path: Path) -> None:
    found = bundle(tmp_path, "ads.example")
    name, other = to_wire("x.ads.example"), to_wire("other.example")
    for arguments, why in (
        ({"never_block": [name]}, "must never be blocked"),
        ({"must_resolve": [name]}, "must never be blocked"),
        ({"must_block": [other]}, "must be blocked"),
        ({"sample": {other: "ads"}}, "self-check"),
        ({"sample": {name: "adult"}}, "self-check"),
    ):
        with pytest.raises(ListRejected, match=why):
            check_bundle(found, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ListRejected, match="empty"):
        check_bundle(bundle(tmp_path))
    with pytest.raises(ListRejected, match=r"co\.uk is a public suffix"):
        check_bundle(bundle(tmp_path, "co.uk"))


def test_a_service_may_hold_a_never_block_name(tmp_path: Path) -> None:
    check_bundle(
        bundle(tmp_path, "bank.example", tag=Tag(TagKind.SERVICE, "bank")), never_block=[to_wire("bank.example")]
    )


def test_the_guard_leaves_out_what_would_block_a_protected_name() -> None:
    guard, report = Guard([to_wire("www.bank.example")]), Report()
    names = ["www.bank.example", "bank.example", "ads.bank.example", "x.www.bank.example", "example.org"]
    passed = list(guard.passed([(BLOCK, to_wire(name)) for name in names], report))
    assert passed == [(BLOCK_SELF, to_wire("bank.example")), *((BLOCK, to_wire(name)) for name in names[2:])]
    assert report.errors["never block"] == 2
    assert list(guard.passed([(BLOCK_BELOW, to_wire("bank.example"))], report)) == []
    assert list(guard.passed([(BLOCK_SELF, to_wire("bank.example"))], report)) == [
        (BLOCK_SELF, to_wire("bank.example"))
    ]


def test_a_list_full_of_protected_names_is_no_blocklist() -> None:
    names = [to_wire(f"bank{n}.example") for n in range(30)]
    report = Report(blocked=30)
    list(Guard(names).passed([(BLOCK, name) for name in names], report))
    assert len(report.shown) == 20
    with pytest.raises(ListRejected, match=r"must never be blocked: bank0\.example, bank1\.example"):
        check_list("l", Report(blocked=30, errors=report.errors, shown=report.shown), "d", [], Bound())
