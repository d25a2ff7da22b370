"""A week of the demonstration family's log, for pictures: what three children were refused from Wednesday to now.

build(state)       # before the box starts
"""

from __future__ import annotations

import random
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from filterd.model.decision import Action, Row
from filterd.store.activity import open_activity

HOUR_MS, DAYS = 3_600_000, 7
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
BUSY = (6, 7, 11, 12, 16, 17, 17, 19, 20, 20, 20, 21)  # the hours in which children are on the network
CHILDREN = {"lan": "127.0.0.11", "minh": "127.0.0.12", "tuan": "127.0.0.13"}
# who, what, category, service, how often a week
WANTED = (
    ("lan", "www.tiktok.com", "", "tiktok", 22), ("lan", "v16.tiktokcdn.com", "", "tiktok", 11),
    ("minh", "www.facebook.com", "social", "facebook", 9), ("minh", "m.youtube.com", "video", "youtube", 14),
    ("minh", "www.roblox.com", "games", "roblox", 17), ("tuan", "fb88.com", "gambling", "", 5),
    ("lan", "fb88.com", "gambling", "", 2), ("tuan", "bit.example.net", "scam", "", 3),
)  # fmt: skip


def build(state: Path, seed: int = 1) -> None:
    """Write the log."""
    chance = random.Random(seed)
    at = int(time.time() * 1000)
    engine = open_activity(state)
    raw = engine.raw_connection()
    cursor = raw.cursor()
    number = 0
    events = []
    for profile, name, category, service, times in WANTED:
        for day in range(DAYS):
            moment = datetime.fromtimestamp(at / 1000 - day * 86_400, ZONE)
            start = int(moment.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
            number += 1
            ordinal = moment.date().toordinal()
            row = Row.SERVICE if service else Row.CATEGORY
            cursor.execute("INSERT INTO name VALUES (?, ?, ?)", (number, ordinal, name))
            cursor.execute(
                "INSERT INTO who VALUES (?, ?, ?, ?, ?)",
                (number, ordinal, CHILDREN[profile], profile, f"may-{profile}"),
            )
            what = (-number, ordinal, int(Action.BLOCK), int(row), 1, 0, 3, category, service, "", "", "")
            cursor.execute("INSERT INTO what VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", what)
            for _ in range(chance.randint(0, 2 * times // DAYS) + (moment.weekday() > 4)):
                when = start + chance.choice(BUSY) * HOUR_MS + chance.randrange(HOUR_MS)
                if when < at - 60_000:
                    events.append((when * 1024, number, number, -number))
    for offset, (ident, *rest) in enumerate(sorted(set(events))):
        cursor.execute("INSERT INTO event VALUES (?, ?, ?, ?)", (ident + offset % 1024, *rest))
    cursor.execute(
        "INSERT INTO hour SELECT id / 3686400000, name, who, count(*) FROM event WHERE what < 0 GROUP BY 1, 2, 3"
    )
    cursor.execute(
        """INSERT INTO count SELECT w.day, w.profile, w.device, v.action, v."row", v.category, v.service, count(*)
        FROM event e JOIN who w ON w.id = e.who JOIN what v ON v.id = e.what GROUP BY 1, 2, 3, 4, 5, 6, 7"""
    )
    raw.commit()
    raw.close()
    engine.dispose()
