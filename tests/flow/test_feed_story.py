"""The provincial feed from three key holders to a child's device, and every attack on the way, with real processes.

The office types its commands, `filterd feed serve` serves, a running box follows by its manager's own child and answers
DNS; a second box takes several days' changes at once. Then the way between them is in the hands of somebody else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner

from filterd.control.feed_office import approve, propose
from filterd.control.feed_office_check import Checker
from filterd.control.feed_office_publish import publish
from filterd.control.feed_status import feed_status
from filterd.control.sync_sources import shipped
from filterd.host.files import make_folder
from filterd.listbuild.registry import save_offered
from tests import list_server
from tests.feed_forge import Forged, tree_files
from tests.feed_story import OUTSIDE, Story, home_page
from tests.flow.test_feed_office import PASSPHRASE, Clerk, found_office
from tests.flow.test_feed_report import office as served
from tests.list_server import Content, ListServer
from tests.processes import Service, UpstreamStub
from tests.unit.control.receivers import free_port

pytestmark = pytest.mark.slow

BLOCKED, LATER, DISTRICT = "casino.example", "tin-gia.example", "game.example"
OPEN = "hoctoan.example"
LABELS = {"timestamp": "online-1", "snapshot": "online-1", "targets": "targets-1", "muong-te": "muong-te-1"}


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    clerk, port, state = Clerk(tmp_path), free_port(), tmp_path / "state"
    make_folder(state)
    save_offered(state, set(shipped()))  # nothing is fetched here but the feed
    found_office(clerk)
    for label in ("root-1", "root-3"):
        clerk.say("keys", "sign", "--keys", clerk.stick(label))
    clerk.say("part", "muong-te", "--vi", "Huyện Mường Tè", "--en", "Mường Tè district")
    clerk.say("keys", "make", "muong-te", "--holder", "Lò Hoa")
    zone = {name: [OUTSIDE] for name in (BLOCKED, LATER, DISTRICT, OPEN, *(f"day{day}.example" for day in range(4)))}
    with (
        UpstreamStub(zone) as upstream,
        Service.up(state, upstream, "--web", "127.0.0.1:0", "--sync") as box,
    ):
        yield Story(clerk, port, box, upstream)


def test_the_whole_story(story: Story) -> None:
    clerk, state = story.clerk, story.state
    # --- three days of publications; a box in a school takes the first by stick
    filler = [f"{hashlib.sha256(b'%d' % n).hexdigest()[:20]}.example" for n in range(150)]
    now = datetime.now(UTC)
    _decide(story, "scam", BLOCKED, OPEN, *filler)
    _decide(story, "games", DISTRICT, part="muong-te")
    school = ("feed", "sync", "--state", str(clerk.home / "school"), "--from", str(story.repository), "--json")
    first_root = str(clerk.office / "keys" / "root" / "1.root.json")
    editions = []
    for day in (3, 2, 1):
        _decide(story, "scam", f"day{day}.example")
        publish(story.office, [story.desk], lambda _label, _new: PASSPHRASE, now - timedelta(days=day))
        editions.append(tree_files(story.repository))
        if day == 3:
            first = story.filterd(*school, "--root", first_root, behind_s=day * 86_400.0)
            assert (first["result"], first["seq"]) == ("taken", 1)
    said = (
        "--title-vi",
        "Lừa vay tiền",
        "--title-en",
        "False loans",
        "--vi",
        "Đừng gửi mã OTP.",
        "--en",
        "Send no codes.",
    )
    clerk.say("advise", "vay-tien", *said)
    _decide(story, "malware", LATER)
    clerk.say("publish")
    later = story.filterd(*school)
    assert (later["result"], later["seq"], later["refusal"]) == ("taken", 4, None)
    scam = next(one for one in later["lists"] if one["id"] == "lai-chau-scam")
    assert (scam["seq"], scam["count"]) == (3, 155)  # by two days' changes, or the base was asked for again:
    assert not _asked_again(story, editions[0], clerk.home / "school")

    # --- a home follows: a person compares, the manager's child does the rest
    with served(clerk.office, story.port):
        shown = re.search(r"[0-9a-f]{4}( [0-9a-f]{4}){7,}", clerk.say("keys", "status"))
        assert shown is not None
        at = ("--state", str(state))
        url = f"http://127.0.0.1:{story.port}"
        wrong = shown[0].translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
        story.filterd("feed", "trust", first_root, "--url", url, "--fingerprint", wrong, *at, code=1)
        story.filterd("feed", "trust", first_root, "--url", url, "--fingerprint", shown[0], *at)
        assert story.blocks_in_time(BLOCKED) and story.blocks(LATER) and story.blocks("day1.example")
        assert story.blocks(OPEN)  # by mistake: a report will say so
        # the status is a look's last write, a moment after the lists are in force
        assert story.box.until(
            lambda: (seen := feed_status(state)) is not None and (seen.seq, seen.refusal) == (4, None)
        )
        assert "Lừa vay tiền" in home_page(story)
        assert "False loans" in story.filterd("advisories", "--lang", "en", *at)

        # --- a report, its decision, its outcome
        story.filterd("report", "mistake", OPEN, "--category", "scam", "--reason", "trang học", *at)
        story.filterd("report", "send", *at)
        groups = json.loads(clerk.say("inbox", "--json"))["groups"]
        assert [(group["name"], group["kind"]) for group in groups] == [(OPEN, "mistake")]
        decided = ("--accept", "--by", "cô Hoa", "--vi", "Đã gỡ khỏi danh sách.", "--en", "Taken off the list.")
        clerk.say("inbox", "decide", OPEN, "--kind", "mistake", *decided)
        clerk.say("withdraw", OPEN, "--reason", "trang học", "--by", "Lò Hoa")

        # --- the online key is stolen: two of three replace it, the box follows
        stolen = story.signer("online-1")
        clerk.say("keys", "replace", "online-1", "--because", "stolen")
        for label in ("root-2", "root-1"):
            clerk.say("keys", "sign", "--keys", clerk.stick(label))
        clerk.say("publish")
        assert story.look(url)["seq"] == 5
        assert story.blocks_in_time(OPEN, False) and story.blocks(BLOCKED)
        (answer,) = story.filterd("report", "list", "--json", *at)["reports"]
        assert answer["outcome"]["note"]["vi"] == "Đã gỡ khỏi danh sách."

    # --- and then somebody else has the line
    signers = {role: story.signer(label.replace("online-1", "online-2")) for role, label in LABELS.items()}
    good = tree_files(story.repository)
    before = feed_status(state)
    assert before is not None
    for code, files, behind_s in _attacks(story, good, editions, signers, stolen):
        with ListServer(files) as server:
            done = story.look(server.url(""), "--wait-s", "1", "--total-s", "3", code=1, behind_s=behind_s)
        assert (done["result"], done["refusal"]["code"]) == ("refused", code), done
        assert done["refusal"]["vi"] and done["refusal"]["en"]
        assert story.blocks(BLOCKED) and story.blocks(LATER) and not story.blocks(OPEN), code
        after = feed_status(state)
        assert after is not None and (after.seq, after.version, after.lists) == (5, before.version, before.lists), code
    outside = Forged(good, signers)
    outside.put("muong-te", "lists/gambling/base-9.zz", b"not its business")
    for role in ("muong-te", "targets"):
        outside.latest(role).signed.version += 1
        outside.sign(role)
    outside.stamp()
    outside.stamp()
    with ListServer(outside.files) as server:  # what a part does wrong leaves that part as it was, and nothing else
        done = story.look(server.url(""))
    assert [one["code"] for one in done["left_out"]] == ["outside_paths"]
    assert "lai-chau-muong-te-games" in {one["id"] for one in done["lists"]}
    assert story.blocks(BLOCKED) and story.box.process.poll() is None
    assert story.upstream.count(LATER) == 0


def _drip(handler: list_server.Handler) -> None:
    """A byte now and then of what is announced to be short enough."""
    handler.begin(200, "9000")
    with contextlib.suppress(OSError):
        while handler.wait(0.05):
            handler.wfile.write(b" ")


Attack = tuple[str, Mapping[str, Content], float]


def _attacks(
    story: Story,
    good: dict[str, bytes],
    editions: list[dict[str, bytes]],
    signers: dict[str, CryptoSigner],
    stolen: CryptoSigner,
) -> Iterator[Attack]:
    """Yield the code that is expected, what is served, and how far the box's clock is behind."""

    def forged(role: str, change: Callable[[Any], None] = lambda _signed: None, *keys: CryptoSigner) -> dict[str, Any]:
        made = Forged(good, signers)
        made.latest(role).signed.version += 1
        change(made.latest(role).signed)
        made.sign(role, *keys)
        return dict(made.files)

    def past(signed: Any) -> None:
        signed.expires = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def leap(signed: Any) -> None:
        signed.version = 2**31 - 2

    stamp = "/metadata/timestamp.json"
    back = Forged(good, signers)
    back.latest("timestamp").signed.version -= 1
    back.sign("timestamp")
    yield "rollback", dict(back.files), 0.0
    yield "frozen", forged("timestamp", past), 0.0
    yield "frozen", forged("timestamp", past), time.time() - 86_400.0  # it is 1970 here
    yield "fast_forward", forged("timestamp", leap), 0.0
    yield "endless", dict(good) | {stamp: _drip}, 0.0
    yield (
        "truncated",
        dict(good) | {stamp: lambda handler: handler.answer(200, good[stamp][:200], len(good[stamp]))},
        0.0,
    )
    changed = forged("timestamp")
    changed[stamp] = re.sub(rb'"expires": ?"20\d', b'"expires":"21', changed[stamp].replace(b'":"202', b'":"203', 1))
    yield "tampered", changed, 0.0
    yield "wrong_key", forged("timestamp", lambda _signed: None, CryptoSigner.generate_ed25519()), 0.0
    yield "wrong_key", forged("timestamp", lambda _signed: None, stolen), 0.0
    yield "wrong_key", dict(editions[-1]) | {path: good[path] for path in good if path.endswith(".root.json")}, 0.0
    few = (story.signer("root-1", Path(story.clerk.stick("root-1"))),)
    yield "few_signatures", forged("root", lambda _signed: None, *few), 0.0
    yield "foreign_root", _other_office(story), 0.0
    yield "bomb", dict(good) | {stamp: b" " * 20_000}, 0.0
    yield "bomb", dict(good) | {stamp: b"[" * 16_000}, 0.0
    # the last one: timestamp and snapshot are right and new, so nothing older than they will be taken any more
    mixed = Forged(good, signers)
    mixed.latest("targets").signed.version += 1
    mixed.sign("targets")
    mixed.stamp()
    yield "mixed", dict(mixed.files) | {mixed.path("targets"): good[Forged(good, {}).path("targets")]}, 0.0


def _other_office(story: Story) -> Mapping[str, Content]:
    story.filterd("feed", "demo", str(story.clerk.home / "other"), "--json")
    return dict(tree_files(story.clerk.home / "other" / "office" / "build" / "repository"))


def _asked_again(story: Story, first: dict[str, bytes], school: Path) -> bool:
    """True when a box that has the first edition needs the whole list once more: a copy of it looks over HTTP."""
    copy = story.clerk.home / "school2"
    stick = story.clerk.home / "first"
    for path, data in first.items():
        (stick / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (stick / path[1:]).write_bytes(data)
    root = str(story.clerk.office / "keys" / "root" / "1.root.json")
    words = ("feed", "sync", "--state", str(copy), "--root", root, "--json", "--from")
    story.filterd(*words, str(stick), behind_s=3 * 86_400.0)
    with ListServer(dict(tree_files(story.repository))) as server:
        assert story.filterd(*words, server.url(""))["seq"] == 4
        asked = [path for path, _headers in server.requests if "/scam/" in path]
    assert len(asked) == 2 and school.is_dir(), asked
    return any("base-" in path for path in asked)


def _decide(story: Story, category: str, *names: str, part: str = "") -> None:
    """Two people decide on names."""
    office, today = story.office, datetime.now(UTC).date()
    checker = Checker(office)
    for name in names:
        propose(
            office, name, category=category, reason="Sòng bạc", by="Nguyễn Lan", today=today, part=part, checker=checker
        )
        approve(office, name, by="Vàng Minh", today=today, part=part, checker=checker)
