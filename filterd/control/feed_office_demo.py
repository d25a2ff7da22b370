"""A demonstration feed in one call: an office, keys that are worth nothing, two publications, a part, a warning.

For trying and for tests. Nobody may trust it: its passphrase stands in this file.

    demo = make_demo(Path("demo"), now)
    demo.root, demo.fingerprint, demo.office.repository
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import FeedError

if TYPE_CHECKING:
    from filterd.feed.office import Office

PASSPHRASE = "only for a demonstration"  # noqa: S105 - of keys that are thrown away
FIRST = (
    ("gambling", "casino.example", "Sòng bạc trực tuyến. An online casino."),
    ("gambling", "betting.example", "Cá độ. Betting."),
    ("adult", "adult.example", "Nội dung người lớn. Adult content."),
    ("scam", "bank-login.example", "Giả trang đăng nhập của ngân hàng. A false login page of a bank."),
    ("games", "game.example", "Trò chơi. Games."),
)
LATER = (("gambling", "lottery.example", "Lô đề. An unlicensed lottery."),)
PART, PART_NAME = "muong-te", "vui-choi.example"


@dataclass(frozen=True, slots=True)
class Demo:
    """Where everything of the demonstration lies."""

    office: Office
    keys: Path
    root: Path
    fingerprint: str


def ask(_label: str, _new: bool) -> str:
    """Answer every question for a passphrase."""
    return PASSPHRASE


def make_demo(folder: Path, now: datetime) -> Demo:
    """Make `folder`/office and `folder`/keys, publish, and return where things are. Raises FeedError."""
    from filterd.control.feed_office import approve, propose
    from filterd.control.feed_office_advise import advise
    from filterd.control.feed_office_check import Checker
    from filterd.control.feed_office_keys import make
    from filterd.control.feed_office_publish import publish
    from filterd.feed import root
    from filterd.feed.office_new import add_part, create
    from filterd.model.feed import Words

    if folder.exists() and any(folder.iterdir()):
        raise FeedError(f"{folder} is not empty: name a folder that does not exist yet")
    today = now.date()
    keys = folder / "keys"
    office = create(folder / "office", "demo", "Nguồn tin thử nghiệm", "Demonstration feed")
    office = add_part(office, PART, "Huyện thử nghiệm", "A district for trying")
    for role, holder in (("root", "Lan"), ("root", "Minh"), ("root", "Hoa"), ("targets", "Lan"), ("online", "máy chủ")):
        make(office, role, holder, keys, ask, today)
    make(office, PART, "Minh", keys, ask, today)
    signed = root.sign(office, [keys], ask, now)
    assert signed is not None  # a new folder has no root yet
    checker = Checker(office)

    def enter(rows: tuple[tuple[str, str, str], ...], part: str = "") -> None:
        for category, name, reason in rows:
            propose(office, name, category=category, reason=reason, by="Lan", today=today, part=part, checker=checker)
            approve(office, name, by="Minh", today=today, part=part, checker=checker)

    enter(FIRST)
    enter((("games", PART_NAME, "Trò chơi trong giờ học. A game played in lessons."),), PART)
    publish(office, [keys], ask, now)
    enter(LATER)
    advise(
        office,
        "canh-bao-thu",
        title=Words("Cảnh báo thử", "A warning for trying"),
        text=Words("Đây chỉ là cảnh báo thử, không có gì xảy ra cả.", "This is only a test: nothing has happened."),
        today=today,
        until=_month_later(today),
    )
    publish(office, [keys], ask, now)
    return Demo(office, keys, root.roots(office.folder)[1], signed.fingerprint)


def _month_later(today: date) -> date:
    return today + timedelta(days=30)
