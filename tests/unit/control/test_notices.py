"""What the province tells the house: three advisories at most, dismissed, recalled, switched off; cards; links."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import feed_documents, notices
from filterd.errors import ConfigError
from filterd.feed.state import folder_of, load_followed
from filterd.model.notice import Audience
from tests.unit.control.province import NOW, advise, advisory, card, follow, index, teach


@pytest.fixture
def state(tmp_path: Path) -> Path:
    follow(tmp_path)
    return tmp_path


def idents(state: Path) -> list[str]:
    return [one.id for one in notices.advisories(state, NOW)]


def test_the_three_newest_are_kept(state: Path) -> None:
    advise(state, *(advisory(f"a{day}", f"2026-11-{day}") for day in range(10, 30)))
    assert idents(state) == ["a29", "a28", "a27"]


def test_what_is_over_or_of_tomorrow_is_not_shown(state: Path) -> None:
    advise(
        state, advisory("over", "2026-11-20", until="2026-11-29"), advisory("last-day", "2026-11-20", until="2026-11-30"),
        advisory("old", "2026-09-30"), advisory("just", "2026-10-02"), advisory("far", "2026-12-03"),
    )  # fmt: skip
    assert idents(state) == ["last-day", "just"]


def test_one_stands_on_the_first_page_until_it_is_dismissed(state: Path) -> None:
    advise(state, advisory("a", "2026-11-20"), advisory("b", "2026-11-25"))
    seen = []
    while (one := notices.current(state, NOW)) is not None:
        seen.append(one.id)
        notices.dismiss(state, one.id)
    assert seen == ["b", "a"] and idents(state) == ["b", "a"]  # they are still there to be read
    notices.recall(state, "b")
    found = notices.current(state, NOW)
    assert found is not None and found.id == "b"


def test_who_does_not_want_them_sees_none(state: Path) -> None:
    advise(state, advisory())
    notices.want(state, False)
    assert notices.current(state, NOW) is None and notices.choice(state).wanted is False
    notices.want(state, True)
    assert notices.current(state, NOW) is not None


def test_only_what_is_there_is_dismissed(state: Path) -> None:
    with pytest.raises(ConfigError, match="there is no 'x'"):
        notices.dismiss(state, "x")


def test_so_many_dismissals_are_remembered(state: Path) -> None:
    for number in range(notices.MAX_READ + 5):
        advise(state, advisory(f"a{number}"))
        notices.dismiss(state, f"a{number}")
    read = notices.choice(state).read
    assert len(read) == notices.MAX_READ and read[-1] == f"a{notices.MAX_READ + 4}"


@pytest.mark.parametrize("text", ["", "[]", '{"wanted": false}', '{"wanted": true, "read": 7}', "\0"])
def test_a_damaged_choice_shows_everything(state: Path, text: str) -> None:
    advise(state, advisory())
    (state / "feed" / "read.json").write_text(text)
    assert notices.current(state, NOW) is not None
    notices.dismiss(state, "gia-mao")
    assert notices.current(state, NOW) is None


def test_cards_are_the_feeds_when_it_brings_any_else_the_shipped_ones(state: Path) -> None:
    shipped = notices.cards(state, Audience.CHILD, 6, 9)
    assert len(shipped) >= 3
    teach(state, card("own"), card("teen", ages=(14, 17)), card("talk", "parent", (0, 17)))
    assert [one.id for one in notices.cards(state, Audience.CHILD, 6, 9)] == ["own"]
    assert [one.id for one in notices.cards(state, Audience.PARENT)] == ["talk"]


def test_another_card_every_day_the_same_all_day(state: Path) -> None:
    found = notices.cards(state, Audience.CHILD, 10, 13)
    days = {notices.of_the_day(found, NOW + day * 86_400) for day in range(len(found))}
    assert days == set(found) and notices.of_the_day((), NOW) is None
    start = NOW - NOW % 86_400
    assert notices.of_the_day(found, start) == notices.of_the_day(found, start + 86_399)


def test_links_change_with_the_feed_and_are_never_missing(tmp_path: Path) -> None:
    shipped = notices.links(tmp_path)
    assert (shipped.hotline, shipped.report) == ("111", "https://vn-cop.vn") and shipped.handbook.vi.startswith(
        "https://"
    )
    follow(tmp_path)
    assert notices.links(tmp_path) == shipped
    index(tmp_path, hotline="1900 111", handbook={"vi": "https://example.org/cam-nang", "en": ""})
    found = notices.links(tmp_path)
    assert (found.hotline, found.report) == ("1900 111", "https://vn-cop.vn")
    assert found.handbook.of("vi") == "https://example.org/cam-nang" and found.handbook.en == shipped.handbook.en
    assert notices.site_of("https://www.vn-cop.vn/x") == "vn-cop.vn"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1]", b'{"layout": 9, "advisories": []}', b"[" * 200_000, b"\xff" * 2_000_000]
)
def test_a_sick_file_counts_as_nothing(state: Path, data: bytes) -> None:
    folder = folder_of(state, load_followed(state)[0].key)
    for name in ("advisories", "materials", "outcomes", "index"):
        (folder / f"{name}.json").write_bytes(data)
    assert (
        idents(state) == []
        and feed_documents.outcomes(state) == {}
        and len(notices.cards(state, Audience.CHILD)) >= 12 - 5
    )
    assert notices.links(state).hotline == "111"


def test_files_are_read_again_only_when_they_changed(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    advise(state, advisory("a"))
    assert idents(state) == ["a"]
    read = []
    monkeypatch.setattr(feed_documents, "read_bounded", lambda path, most: read.append(path) or b"")
    assert idents(state) == ["a"] and read == []
    monkeypatch.undo()
    advise(state, advisory("b"))
    assert idents(state) == ["b"]
