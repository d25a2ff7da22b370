"""The feed's own host is a lifeline while it is followed; nothing else that a feed may name becomes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control.feed_lifeline import GROUP, with_feeds
from filterd.control.feed_trust import forget_feed
from filterd.feed.state import Followed, load_followed, save_followed
from filterd.wire.name import to_wire
from tests.feed_box import Box
from tests.feed_server import Province
from tests.unit.listbuild.shipped import catalogue

HOST = "feed.laichau.example"


def follow(state: Path, host: str, url: str = "") -> None:
    save_followed(state, (Followed("0" * 16, "0" * 64, url or f"https://{host}/feed", "lai-chau", host=host),))


def test_the_host_that_a_person_typed_is_one(tmp_path: Path) -> None:
    known = catalogue()
    assert with_feeds(tmp_path, known) is known
    follow(tmp_path, HOST)
    found = with_feeds(tmp_path, known)
    assert found.lifelines == {**known.lifelines, to_wire(HOST): GROUP} and found.digest != known.digest
    assert with_feeds(tmp_path, found) is found


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "https://feed.laichau.example"),
        ("casino.example", "https://feed.laichau.example"),  # the feed says so, nobody typed it
        (HOST, "/media/usb"),
        (HOST, "http://[broken"),
        ("com.vn", ""),
        ("tube.example", ""),
        ("www.tube.example", ""),
        ("x.tubecdn.example", ""),
        ("t.example", ""),
        ("a..example", ""),
    ],
)
def test_what_else_a_feed_names_is_none(tmp_path: Path, host: str, url: str) -> None:
    follow(tmp_path, host, url)
    known = catalogue()
    assert with_feeds(tmp_path, known) is known


def test_a_name_above_an_app_or_on_a_shipped_list_is_none(tmp_path: Path) -> None:
    from filterd.config.catalogue import load

    known = load()
    listed = next(iter(known.starter["adult"]))
    for wire in (listed, next(iter(known.safe_hosts)), next(iter(known.canaries))):
        from filterd.wire.name import to_text

        follow(tmp_path, to_text(wire).rstrip("."))
        assert with_feeds(tmp_path, known) is known, wire
    follow(tmp_path, "youtube.com")
    assert with_feeds(tmp_path, known) is known


def test_damaged_settings_add_nothing(tmp_path: Path) -> None:
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / "config.json").write_text("{")
    known = catalogue()
    assert with_feeds(tmp_path, known) is known


def test_it_comes_with_the_first_look_and_goes_with_the_feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filterd.control.lists_build.shipped", catalogue)
    province = Province()
    province.publish({"adult": [b"adult.example"]}, host="localhost.example")
    with Box(tmp_path / "state", province) as box:
        assert box.code() is None
        assert not box.tags("localhost.example").lifeline  # this box has another address for the feed
        (one,) = load_followed(box.state)
        save_followed(box.state, (Followed(one.key, one.fingerprint, "http://localhost.example", one.feed),))
        assert box.code(source=box.server.url("")) is None
        assert box.tags("localhost.example").lifeline and not box.tags("www.localhost.example").lifeline
        assert box.sync(source=box.server.url("")).revision == 0  # nothing new: no bundle is made again
        forget_feed(box.state, "lai-chau")
        assert not box.tags("localhost.example").lifeline and not box.blocks("adult.example")
