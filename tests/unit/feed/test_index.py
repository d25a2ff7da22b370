"""The index: what is written is read, and what makes no sense is refused with the field's name, whoever signed it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.feed import index
from filterd.feed.refusal import FeedRefused
from filterd.model.feed import FeedIndex, FeedLinks, FeedList, FeedPart, FeedUpstream, Level, Refusal, Words
from tests.examples import examples

LIST = FeedList(
    "adult", "adult", Level.MANDATORY, 7, 3, "a" * 64, 31, 5, ((4, 5), (5, 7)), False, Words("Người lớn", "Adult")
)
GOOD = FeedIndex(
    "lai-chau", 9, "2026-12-01T00:00:00Z", Words("Lai Châu", "Lai Chau"), "feed.example.org", (LIST,),
    (FeedPart("muong-te", Words("Mường Tè")),), True, True, False,
    FeedLinks("111", "https://vn-cop.vn/", Words("https://example.org/vi", "https://example.org/en")),
    (FeedUpstream("tls://dns.example.org", Words("lọc sẵn")),),
)  # fmt: skip


def test_what_is_written_is_read() -> None:
    assert index.parse(index.dump(GOOD)) == GOOD
    assert index.dump(GOOD) == index.dump(GOOD)


def test_chains() -> None:
    assert index.chain(LIST, 7) == ()
    assert index.chain(LIST, 5) == ((5, 7),)
    assert index.chain(LIST, 4) == ((4, 5), (5, 7))
    assert index.chain(LIST, 3) is None and index.chain(LIST, 8) is None


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("layout",), 2, "layout"), (("feed",), "../x", "feed"), (("feed",), "a" * 21, "feed"), (("seq",), 0, "seq"),
        (("seq",), True, "seq"), (("issued",), "yesterday", "moment"), (("issued",), "2026-12-01T00:00:00", "moment"),
        (("host",), "UP.example", "host"), (("name",), {"vi": "a\x1b[2J"}, "printable"), (("lists",), {}, "list"),
        (("lists", 0, "id"), "a/b", "id"), (("lists", 0, "level"), "must", "level"), (("lists", 0, "base"), 8, "base"),
        (("lists", 0, "deltas"), [[4, 6], [5, 7]], "delta"), (("lists", 0, "deltas"), [[5, 6]], "deltas"),
        (("lists", 0, "deltas"), [[5]], "pairs"), (("lists", 0, "count"), 5_000_001, "count"),
        (("lists", 0, "size"), 2**40, "size"), (("lists", 0, "sha256"), "zz", "sha256"),
        (("lists", 0, "exact"), 1, "exact"), (("parts", 0, "role"), "..", "role"), (("advisories",), "yes", "advisories"),
        (("links", "hotline"), "javascript:1", "hotline"), (("links", "report"), "javascript:alert(1)", "report"),
        (("links", "report"), "https://a:b@example.org/", "report"), (("upstreams", 0, "url"), "file:///etc", "upstreams"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(where: tuple[Any, ...], value: Any, said: str) -> None:
    document = json.loads(index.dump(GOOD))
    place = document
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    with pytest.raises(FeedRefused, match=said) as refused:
        index.parse(json.dumps(document).encode())
    assert refused.value.code is Refusal.BAD_INDEX


@pytest.mark.parametrize(("key", "most"), [("lists", 64), ("parts", 32), ("upstreams", 16)])
def test_bounds(key: str, most: int) -> None:
    document = json.loads(index.dump(GOOD))
    entry = document[key][0]
    ident = "role" if key == "parts" else "id"
    document[key] = [entry | {ident: f"x{n}"} for n in range(most)]
    index.parse(json.dumps(document).encode())
    document[key].append(entry | {ident: "one-more"})
    with pytest.raises(FeedRefused, match="at most"):
        index.parse(json.dumps(document).encode())


def test_an_id_comes_once() -> None:
    document = json.loads(index.dump(GOOD))
    document["lists"] *= 2
    with pytest.raises(FeedRefused, match="twice"):
        index.parse(json.dumps(document).encode())


def test_a_part_has_lists_alone() -> None:
    document = json.loads(index.dump(GOOD))
    document["lists"][0]["level"] = "optional"
    part = index.parse(json.dumps(document).encode(), "muong-te")
    assert part.lists and not part.parts and not part.advisories and not part.upstreams and part.links == FeedLinks()


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(sorted(json.loads(index.dump(GOOD)))), inner, max_size=6))  # fmt: skip


@given(JSON | st.dictionaries(st.sampled_from(sorted(json.loads(index.dump(GOOD)))), JSON))
@settings(max_examples=examples(300))
def test_anything_is_read_or_refused(document: Any) -> None:
    good = json.loads(index.dump(GOOD))
    for found in (document, good | document if isinstance(document, dict) else document):
        try:
            index.parse(json.dumps(found).encode())
        except FeedRefused as exc:
            assert exc.code is Refusal.BAD_INDEX
