"""Taking lists in: every format, seen before it is done; short ones as entries, long ones as a whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from filterd.control import feed_office_import
from filterd.control.feed_office import approve, withdraw
from filterd.control.feed_office_import import approve_list, look, take, withdraw_list
from filterd.control.feed_office_publish import contents
from filterd.errors import FeedError, ListRejected
from filterd.feed.entries import State, read_entries
from filterd.feed.mirrors import read_mirrors
from filterd.feed.office import Office
from filterd.feed.office_new import create

TODAY = date(2026, 11, 30)
FORMATS = {
    "domains": "casino.example\nm.shop.example\n",
    "hosts": "0.0.0.0 casino.example\n0.0.0.0 m.shop.example\n",
    "adblock": "[Adblock Plus]\n||casino.example^\n||m.shop.example^\n",
    "dnsmasq": "address=/casino.example/\naddress=/m.shop.example/\n",
    "unbound": 'server:\nlocal-zone: "casino.example" always_nxdomain\nlocal-zone: "m.shop.example" always_nxdomain\n',
    "rpz": "$TTL 60\n@ SOA ns. h. 1 1 1 1 1\ncasino.example CNAME .\n*.casino.example CNAME .\nm.shop.example CNAME .\n",
    "wildcard": "*.casino.example\n*.m.shop.example\n",
}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return create(tmp_path / "office", "tinh", "Tỉnh", "Province")


def file(office: Office, text: str) -> str:
    path = office.folder.parent / "list.txt"
    path.write_text(text)
    return str(path)


def whole(office: Office, text: str, by: str = "Lan") -> int:
    seen = look(office, file(office, text), category="gambling", format_="domains", list_id="police")
    return take(office, seen, by=by, reason="of the police", today=TODAY, licence="CC0-1.0")


def published(office: Office) -> dict[str, bytes]:
    return {one.id: one.text for one in contents(office, TODAY)[0].lists}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_boxes_is_read(office: Office, name: str) -> None:
    seen = look(office, file(office, FORMATS[name]), category="gambling")
    assert seen.format == name
    assert seen.new == ("casino.example", "m.shop.example")
    assert not list(office.entries().glob("*/*"))  # seen, not done
    assert take(office, seen, by="Lan", reason="of the police", today=TODAY) == 2
    exact = {entry.name: entry.exact for entry in read_entries(office.entries())}
    assert exact == {"casino.example": name == "hosts", "m.shop.example": name in ("hosts", "rpz")}
    assert look(office, file(office, FORMATS[name]), category="gambling").new == ()


def test_names_that_must_not_be_blocked_stay_out_and_are_told(office: Office) -> None:
    text = "casino.example\nvn-cop.vn\ngstatic.com\ndichvucong.gov.vn\ncom.vn\nzalo.me\n"
    seen = look(office, file(office, text), category="gambling", format_="domains")
    assert seen.new == ("casino.example",)
    assert {name for name, _ in seen.left_out} == {"vn-cop.vn", "gstatic.com", "dichvucong.gov.vn", "zalo.me"}
    assert seen.left_out_count == 4
    assert seen.skipped == {"wrong: public suffix": 1}


def test_exceptions_do_not_travel(office: Office) -> None:
    seen = look(
        office,
        file(office, "||casino.example^\n@@||help.casino.example^\n||b.example^\n@@||b.example^\n"),
        category="gambling",
    )
    assert seen.new == ("casino.example",)
    assert seen.skipped["exceptions, which a feed does not have"] == 2


def test_many_names_want_to_be_one_list(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_office_import, "MAX_AS_ENTRIES", 1)
    seen = look(office, file(office, FORMATS["domains"]), category="gambling")
    with pytest.raises(FeedError, match=r"2 names are too many to approve one by one \(at most 1\)"):
        take(office, seen, by="Lan", reason="x", today=TODAY)
    assert not list(office.entries().glob("*/*"))


def test_a_whole_list_is_approved_by_another_person(office: Office) -> None:
    assert whole(office, "a.example\nb.example\n") == 2
    assert published(office) == {}
    with pytest.raises(FeedError, match="somebody else has to approve it"):
        approve_list(office, "police", by="lan", today=TODAY)
    approve_list(office, "police", by="Minh", today=TODAY)
    assert published(office) == {"police": b"a.example\nb.example\n"}
    (one,) = contents(office, TODAY)[0].lists
    assert (one.category, one.licence, one.source) == ("gambling", "CC0-1.0", "")


def test_a_newer_text_waits_while_the_approved_one_is_published(office: Office) -> None:
    whole(office, "a.example\nb.example\n")
    approve_list(office, "police", by="Minh", today=TODAY)
    seen = look(office, file(office, "b.example\nc.example\n"), category="gambling", list_id="police")
    assert (seen.new, seen.gone) == (("c.example",), ("a.example",))
    assert whole(office, "b.example\nc.example\n", by="Minh") == 2
    assert published(office) == {"police": b"a.example\nb.example\n"}
    with pytest.raises(FeedError, match="Minh took it in, so somebody else"):
        approve_list(office, "police", by="Minh", today=TODAY)
    assert published(office) == {"police": b"a.example\nb.example\n"}
    approve_list(office, "police", by="Lan", today=TODAY)  # who proposed the first text, and not this one
    assert published(office) == {"police": b"b.example\nc.example\n"}
    assert sorted(path.name for path in (office.folder / "sources").glob("*.txt")) == ["police.txt"]
    assert whole(office, "b.example\nc.example\n", by="Minh") == 0
    with pytest.raises(FeedError, match="was approved by Lan"):
        approve_list(office, "police", by="Minh", today=TODAY)


def test_a_text_edited_by_hand_is_not_published(office: Office) -> None:
    whole(office, "a.example\n")
    approve_list(office, "police", by="Minh", today=TODAY)
    (office.folder / "sources" / "police.txt").write_text("a.example\nevil.example\n")
    assert read_mirrors(office.folder)[0].state(office.folder, TODAY, 30) is State.CHANGED
    assert published(office) == {}


def test_what_the_office_takes_back_goes_out_of_whole_lists_too(office: Office) -> None:
    whole(office, "a.example\nb.example\nm.b.example\n")
    approve_list(office, "police", by="Minh", today=TODAY)
    entry, still = withdraw(office, "a.example", by="Lan", reason="a mistake", today=TODAY)
    assert (entry.category, still) == ("gambling", ())
    assert published(office) == {"police": b"b.example\nm.b.example\n"}
    _, still = withdraw(office, "m.b.example", by="Lan", reason="a mistake", today=TODAY)
    assert still == ("police",)  # b.example covers it: the clerk is told
    withdraw_list(office, "police", by="Lan", reason="ended", today=TODAY)
    assert published(office) == {}


def test_entries_and_lists_of_a_category_live_side_by_side(office: Office) -> None:
    take(office, look(office, file(office, "z.example\n"), category="gambling"), by="Lan", reason="x", today=TODAY)
    approve(office, "z.example", by="Minh", today=TODAY)
    whole(office, "a.example\n")
    approve_list(office, "police", by="Minh", today=TODAY)
    assert published(office) == {"gambling": b"z.example\n", "police": b"a.example\n"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"category": "abuse"}, "category abuse takes no list"),
        ({"category": "weather"}, "expected a category"),
        ({"list_id": "gambling"}, "is the office's own list"),
        ({"list_id": "Police!"}, "expected a list id"),
        ({"list_id": "a-name-too-long-for-it"}, "1 to 17"),
        ({"part": "nowhere"}, "expected a part"),
    ],
)
def test_what_look_refuses(office: Office, given: dict[str, str], sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        look(office, file(office, "a.example\n"), **({"category": "gambling", "format_": "domains"} | given))  # type: ignore[arg-type]


def test_what_take_refuses(office: Office) -> None:
    seen = look(office, file(office, "a.example\n"), category="gambling", format_="domains", list_id="police")
    for given, sentence in (({"licence": ""}, "licence"), ({"reason": ""}, "reason"), ({"by": ""}, "--by")):
        with pytest.raises(Exception, match=sentence):
            take(office, seen, **({"by": "Lan", "reason": "x", "today": TODAY, "licence": "MIT"} | given))  # type: ignore[arg-type]
    with pytest.raises(FeedError, match="no name of it may come in"):
        seen = look(office, file(office, "vn-cop.vn\n"), category="gambling", format_="domains")
        take(office, seen, by="Lan", reason="x", today=TODAY)
    whole(office, "a.example\n")
    with pytest.raises(FeedError, match="list police is of category gambling, not scam"):
        look(office, file(office, "a.example\n"), category="scam", format_="domains", list_id="police")
    with pytest.raises(ListRejected):
        look(office, file(office, "<html>"), category="scam")
    with pytest.raises(FeedError, match=r"expected a list of sources\.yaml"):
        approve_list(office, "other", by="Minh", today=TODAY)


def test_a_text_written_by_hand_is_judged_when_it_is_approved(office: Office) -> None:
    whole(office, "a.example\n")
    path = office.folder / "sources" / "police.txt"
    for text, sentence in (
        ("b.example\na.example\n", "expected sorted names"),
        ("a.example\na.example\n", "expected sorted names"),
        ("A.example\n", "expected nothing but names"),
        ("a.example\ngstatic.com\n", "covers the lifeline"),
    ):
        path.write_text(text)
        with pytest.raises(FeedError, match=sentence):
            approve_list(office, "police", by="Minh", today=TODAY)
    assert published(office) == {}
