"""A new working folder: the files that a clerk then edits, with a sentence on each choice.

create(Path("lai-chau"), "lai-chau", "Sở ... tỉnh Lai Châu", "Lai Châu province")
"""

from __future__ import annotations

from pathlib import Path

from filterd.errors import FeedError
from filterd.feed.entries import FILE_MODE, dump
from filterd.feed.office import Office, part_name, slug
from filterd.host.files import make_folder, write_atomic
from filterd.model.feed import MAX_PARTS

MANDATORY = ("abuse", "scam", "malware")
RECOMMENDED = (
    *("adult", "grooming", "dating", "violence", "self-harm", "hate", "drugs", "alcohol-tobacco", "gambling"),
    *("bypass", "piracy"),
)
OPTIONAL = ("games", "social", "video")

_FEED = """\
# Who publishes this feed. `id` is part of every box's settings: it never changes.
layout: 1
id: {id}
name:
  vi: {vi}
  en: {en}
# The web server's name; boxes keep it reachable whatever else they block.
# host: feed.example.org
# Shown to families: whom to call, where to report, what to read. They may change at any time.
links:
  hotline: '111'
  report: https://vn-cop.vn/
# Where boxes send reports of mistakes, when that is another server than the feed's:
#  inbox: https://reports.example.org/report
#  handbook:
#    vi: https://feed.example.org/cam-nang
#    en: https://feed.example.org/handbook
# Resolvers that block sites of child abuse themselves, so that no list of such sites has to go to every home.
# upstreams:
# - url: tls://dns.example.org
#   why:
#     vi: Chặn trang xâm hại trẻ em theo danh sách của cơ quan công an.
#     en: Blocks sites of child abuse by a list of the police.
# For how many days each signature is good. Boxes refuse what is older, so sign in good time.
expiry_days:
  root: 365
  targets: 90
  snapshot: 7
  timestamp: 3
"""

_POLICY = """\
# How this office curates.
layout: 1
# A new entry is looked at again after so many months; so many days after that it is dropped from the feed.
review_months: 12
dropped_after_days: 30
# Licence of our own entries. Lists of others keep theirs (sources.yaml).
licence: CC0-1.0
# A file of names, the most asked first, one a line or `rank,name`: whoever proposes one of them is warned. Optional.
# popular:
#   file: popular.csv
#   top: 1000
# mandatory: blocked on every device, no home can switch it off. recommended: on, for the ages that a home's profiles say.
# optional: offered. What is mandatory is a decision of the office, not of one clerk.
categories:
"""


def create(folder: Path, ident: str, vi: str, en: str) -> Office:
    """Make a working folder and return it opened. Raises FeedError when there is one already."""
    slug(ident, "an id", 20)
    if (folder / "feed.yaml").exists():
        raise FeedError(f"{folder} is an office's folder already")
    make_folder(folder, 0o755)
    for name in ("entries", "advisories", "materials", "outcomes", "keys", "parts", "sources"):
        make_folder(folder / name, 0o755)
        if not any((folder / name).iterdir()):
            write_atomic(folder / name / ".gitkeep", b"", FILE_MODE)
    said = {key: dump({"v": text}).decode().removeprefix("v: ").strip() for key, text in (("vi", vi), ("en", en))}
    policy = _POLICY
    for level, categories in (("mandatory", MANDATORY), ("recommended", RECOMMENDED), ("optional", OPTIONAL)):
        for category in categories:
            policy += f"- id: {category}\n  level: {level}\n"
    write_atomic(folder / "policy.yaml", policy.encode(), FILE_MODE)
    if not (folder / ".gitignore").exists():
        write_atomic(folder / ".gitignore", b"# made anew by `filterd feed publish`\nbuild/\n", FILE_MODE)
    write_atomic(folder / "feed.yaml", _FEED.format(id=ident, **said).encode(), FILE_MODE)  # last: now it is one
    return Office.open(folder)


def add_part(office: Office, role: str, vi: str, en: str) -> Office:
    """Add a part (a district, a school), which then needs a key, and return the office opened anew. Raises FeedError."""
    folder = office.folder / "parts" / part_name(role)
    if (folder / "part.yaml").exists():
        raise FeedError(f"the part {role} exists already")
    if len(office.parts) >= MAX_PARTS:
        raise FeedError(f"expected at most {MAX_PARTS} parts")
    make_folder(folder / "entries", 0o755)
    write_atomic(folder / "part.yaml", dump({"layout": 1, "name": {"vi": vi, "en": en}}), FILE_MODE)
    return Office.open(office.folder)
