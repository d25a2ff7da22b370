"""A box that follows a province's feed, as a sync would have left it: for tests of what people see of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from filterd.feed.state import Followed, load_followed, save_document, save_followed, save_status
from filterd.model.feed import FeedSeen, Words

NOW = 1_796_000_000.0  # 2026-11-30 in UTC
URL = "https://feed.example.org"
NOTE = {"vi": "Đã gỡ khỏi danh sách.", "en": "It was taken off the list."}


def follow(state: Path, *, url: str = URL, **seen: Any) -> Followed:
    """Let a box follow a feed; return it. `seen`: fields of its status."""
    root = b"{}"
    digest = hashlib.sha256(root).hexdigest()
    one = Followed(digest[:16], digest, url, "lai-chau-demo")
    save_followed(state, (one,))
    fields = {"name": Words("Lai Châu", "Lai Chau"), "seq": 7, "checked_at": NOW, "verified_at": NOW,
              "expires": NOW + 3 * 86_400, "signed_at": NOW - 3600, "version": 41}  # fmt: skip
    save_status(state, one, FeedSeen(one.feed, url, digest, **{**fields, **seen}))
    index(state)
    return one


def index(state: Path, **links: Any) -> None:
    """Put an index with these links in force."""
    document = {
        "layout": 1,
        "feed": "lai-chau-demo",
        "seq": 7,
        "issued": "2026-11-30T08:00:00Z",
        "lists": [],
        "links": links,
    }
    _put(state, "index.json", document)


def advise(state: Path, *advisories: dict[str, Any]) -> None:
    """Put these advisories in force."""
    _put(state, "advisories.json", {"layout": 1, "advisories": list(advisories)})


def answer(state: Path, *outcomes: dict[str, Any]) -> None:
    """Put these outcomes in force."""
    _put(state, "outcomes.json", {"layout": 1, "outcomes": list(outcomes)})


def teach(state: Path, *cards: dict[str, Any]) -> None:
    """Put these cards in force."""
    _put(state, "materials.json", {"layout": 1, "materials": list(cards)})


def advisory(ident: str = "gia-mao", date: str = "2026-11-24", **more: Any) -> dict[str, Any]:
    """Return an advisory as it is published."""
    said = {"vi": f"Tin nhắn giả {ident}", "en": f"False messages {ident}"}
    text = {"vi": "Có tin nhắn giả danh ngân hàng.", "en": "Messages pretend to come from a bank."}
    step = {"vi": "Đừng bấm đường dẫn.", "en": "Do not tap the link."}
    return {"id": ident, "date": date, "title": said, "text": text, "do": [step], **more}


def card(ident: str = "the", audience: str = "child", ages: tuple[int, int] = (6, 9), **more: Any) -> dict[str, Any]:
    """Return a card as it is published."""
    said = {"vi": f"Câu hỏi {ident}", "en": f"Question {ident}"}
    return {"id": ident, "audience": audience, "ages": list(ages), "title": said, "text": said, "steps": [], "source": said,
            **more}  # fmt: skip


def _put(state: Path, name: str, document: dict[str, Any]) -> None:
    one = load_followed(state)[0]
    save_document(state, one, name, json.dumps(document, ensure_ascii=False).encode())
