"""A publication as a box sees it: python-tuf's own client reads the tree that was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tuf.api.exceptions import ExpiredMetadataError, RepositoryError

from filterd.control.feed_office_keys import make, replace_key
from filterd.errors import FeedError, StoreError
from filterd.feed import delta, publish, repository
from filterd.feed.office import Office
from filterd.feed.office_new import add_part
from filterd.feed.publish import Content
from tests.feed_office import PASSPHRASE, START, Made, ask, contents, copy, days, office

TODAY = START.date()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return office(tmp_path)


def with_part(made: Made, role: str = "muong-te") -> Made:
    made.office = add_part(made.office, role, "Mường Tè", "Mường Tè")
    make(made.office, role, "Minh", made.desk, ask, TODAY)
    return made


def part(role: str = "muong-te", **lists: list[str]) -> Content:
    return Content(role, publish.Words("Mường Tè", "Mường Tè"), contents(**lists))


def test_a_box_gets_the_base_then_a_delta_then_nothing_but_the_timestamp(made: Made, tmp_path: Path) -> None:
    made.publish(gambling=["casino.example", "betting.example"])
    box = made.client(tmp_path / "box")
    (listed,) = box.sync().lists
    text = box.text("lists/gambling/base-1.zz")
    assert (text, listed.seq, listed.count) == (b"betting.example\ncasino.example\n", 1, 2)
    done = made.publish(gambling=["casino.example", "lottery.example"])
    assert done.signed == ["targets", "snapshot", "timestamp"]
    (listed,) = box.sync().lists
    text = delta.apply(text, box.text("lists/gambling/delta-1-2.zz"))
    assert text == b"casino.example\nlottery.example\n"
    assert made.publish(gambling=["casino.example", "lottery.example"]).signed == ["timestamp"]
    box.sync()
    assert [url.rpartition("/")[2] for url, _ in box.tree.asked] == ["2.root.json", "timestamp.json"]
    assert sum(max(0, size) for _, size in box.tree.asked) < 1000


def test_everything_the_index_speaks_of_is_signed_and_there(made: Made, tmp_path: Path) -> None:
    document = json.dumps({"layout": 1, "advisories": []}).encode()
    with_part(made)
    made.publish(
        parts=[part(games=["game.example"])],
        documents={"advisories": document},
        gambling=["casino.example"],
        scam=["s.example"],
    )
    box = made.client(tmp_path / "box")
    index = box.sync()
    assert [one.id for one in index.lists] == ["gambling", "scam"]
    assert (index.advisories, index.materials, [p.role for p in index.parts]) == (True, False, ["muong-te"])
    assert box.data("feed/advisories.json") == document
    below = publish.index.parse(box.data("parts/muong-te/index.json"), "muong-te")
    assert below.lists[0].id == "games"
    assert box.text("parts/muong-te/lists/games/base-1.zz") == b"game.example\n"


def test_a_part_signs_nothing_outside_its_own_paths(made: Made, tmp_path: Path) -> None:
    from tuf.api.metadata import MetaFile, TargetFile

    with_part(made)
    made.publish(parts=[part(games=["game.example"])], gambling=["casino.example"])
    hand = publish.Hand((made.desk,), ask)
    work = publish._Work(made.office, hand, START)
    targets = work.repo.latest("muong-te").signed  # type: ignore[union-attr]
    for path in ("lists/evil/base-1.zz", "parts/other/index.json", "parts/muong-te/a/b/c/d"):
        targets.targets[path] = TargetFile.from_data(path, b"x", ["sha256"])
    targets.version = work.repo.next_version("muong-te")
    signer = work._signer("muong-te")
    assert signer is not None
    work.repo.sign(targets, "muong-te", [signer])
    work.finish()
    box = made.client(tmp_path / "box")
    box.sync()
    assert box.updater.get_targetinfo("parts/muong-te/index.json") is not None
    for path in ("lists/evil/base-1.zz", "parts/other/index.json", "parts/muong-te/a/b/c/d"):
        assert box.updater.get_targetinfo(path) is None
    assert isinstance(work.repo.latest("snapshot").signed.meta["muong-te.json"], MetaFile)  # type: ignore[union-attr]


def test_a_part_without_its_key_stays_as_it_was(made: Made, tmp_path: Path) -> None:
    with_part(made)
    done = made.publish(parts=[part(games=["game.example"])], gambling=["casino.example"])
    assert "muong-te" in done.signed
    made.desk.joinpath("muong-te-1.pem").rename(tmp_path / "away.pem")
    done = made.publish(parts=[part(games=["other.example"])], gambling=["lottery.example"])
    assert (done.skipped, "muong-te" in done.signed) == (["muong-te"], False)
    box = made.client(tmp_path / "box")
    assert [p.role for p in box.sync().parts] == ["muong-te"]
    assert box.text("parts/muong-te/lists/games/base-1.zz") == b"game.example\n"


def test_a_part_that_never_had_a_key_at_hand_is_not_spoken_of(made: Made, tmp_path: Path) -> None:
    with_part(made)
    made.desk.joinpath("muong-te-1.pem").unlink()
    made.publish(parts=[part(games=["game.example"])], gambling=["casino.example"])
    box = made.client(tmp_path / "box")
    assert box.sync().parts == ()
    assert box.updater.get_targetinfo("parts/muong-te/index.json") is None


def test_a_stolen_part_key_is_out_with_the_next_publication(made: Made, tmp_path: Path) -> None:
    with_part(made)
    made.publish(parts=[part(games=["game.example"])], gambling=["casino.example"])
    box = made.client(tmp_path / "box")
    box.sync()
    replace_key(made.office, "muong-te-1", "stolen", holder="", folder=made.desk, ask=ask, today=TODAY)
    done = made.publish(parts=[part(games=["game.example"])], gambling=["casino.example"])
    assert "muong-te" in done.signed  # nothing of it changed but the key
    box.sync()
    assert box.text("parts/muong-te/lists/games/base-1.zz") == b"game.example\n"


def test_a_part_that_is_given_up_leaves_boxes_in_peace(made: Made, tmp_path: Path) -> None:
    with_part(made)
    made.publish(parts=[part(games=["game.example"])], gambling=["casino.example"])
    box = made.client(tmp_path / "box")
    box.sync()
    (made.office.folder / "parts" / "muong-te" / "part.yaml").unlink()
    made.office = Office.open(made.office.folder)
    made.publish(gambling=["casino.example"])
    assert box.sync().parts == ()  # a snapshot without its line would be refused


def test_the_online_key_alone_keeps_the_feed_fresh_and_nothing_else(made: Made, tmp_path: Path) -> None:
    made.publish(gambling=["casino.example"])
    made.desk.joinpath("targets-1.pem").unlink()
    hand = publish.Hand((made.desk,), ask)
    box = made.client(tmp_path / "box")
    with pytest.raises(ExpiredMetadataError):
        box.sync(START + days(4))
    assert publish.refresh(made.office, hand, START + days(2)).signed == ["timestamp"]
    assert box.sync(START + days(4)).seq == 1
    assert publish.refresh(made.office, hand, START + days(5)).signed == ["snapshot", "timestamp"]
    assert box.sync(START + days(7.5)).seq == 1
    with pytest.raises(FeedError, match="the key of targets is not at hand"):
        made.publish(gambling=["casino.example", "lottery.example"])
    with pytest.raises(FeedError, match="the lists' signature ended"):
        publish.refresh(made.office, hand, START + days(91))


def test_lists_are_signed_anew_before_half_of_their_time_is_over(made: Made) -> None:
    made.publish(gambling=["casino.example"])
    assert "targets" not in made.publish(at=START + days(44), gambling=["casino.example"]).signed
    assert "targets" in made.publish(at=START + days(46), gambling=["casino.example"]).signed


def test_a_lost_build_folder_never_turns_the_numbers_back(made: Made, tmp_path: Path) -> None:
    for names in (["a.example"], ["a.example", "b.example"], ["b.example"]):
        made.publish(gambling=names)
    box = made.client(tmp_path / "box")
    assert box.sync().seq == 3
    made.office.folder.joinpath("build").rename(tmp_path / "lost")
    made.publish(gambling=["b.example", "c.example"])
    assert box.sync().seq == 4
    assert box.text("lists/gambling/base-4.zz") == b"b.example\nc.example\n"


def test_a_lost_build_folder_wants_the_parts_key(made: Made, tmp_path: Path) -> None:
    with_part(made)
    made.publish(parts=[part(games=["game.example"])], gambling=["a.example"])
    made.office.folder.joinpath("build").rename(tmp_path / "lost")
    made.desk.joinpath("muong-te-1.pem").unlink()
    with pytest.raises(FeedError, match="its key is needed"):
        made.publish(parts=[part(games=["game.example"])], gambling=["a.example"])


@pytest.mark.parametrize("last", range(1, 9))
def test_an_end_in_the_middle_leaves_the_publication_before(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    """The disk refuses the n-th write: a box sees the old publication until the next one succeeds."""
    made.publish(gambling=["a.example"])
    writes = 0
    real = repository.write_atomic

    def limited(*given: Any) -> None:
        nonlocal writes
        writes += 1
        if writes >= last:
            raise StoreError("no space left")
        real(*given)

    monkeypatch.setattr(repository, "write_atomic", limited)
    box = made.client(tmp_path / "box")
    try:
        made.publish(gambling=["a.example", "b.example"])
    except StoreError:
        assert box.sync().lists[0].count == 1
    else:
        assert writes < last
    monkeypatch.undo()
    made.publish(gambling=["a.example", "b.example"])
    assert box.sync().lists[0].count == 2


def test_old_files_go_when_no_box_in_the_middle_of_a_sync_needs_them(made: Made, tmp_path: Path) -> None:
    many = [f"name{n * 7919}.example" for n in range(200)]
    for day in range(40):
        made.publish(at=START + days(day), gambling=[*many, f"day{day}.example"])
    names = {path.name.partition(".")[2] for path in (made.office.repository / "targets" / "lists").rglob("*.zz")}
    assert "base-1.zz" not in names
    assert len([name for name in names if name.startswith("delta-")]) <= 33
    files = list((made.office.repository / "metadata").glob("*.targets.json"))
    assert len(files) == repository.KEPT_VERSIONS
    box = made.client(tmp_path / "box", START + days(39))
    assert box.sync().lists[0].seq == 40


def test_nothing_secret_is_in_the_working_folder(made: Made) -> None:
    with_part(made)
    made.publish(parts=[part(games=["game.example"])], gambling=["a.example"])
    secrets = [PASSPHRASE.encode(), b"PRIVATE KEY"]
    for pem in made.keys.rglob("*.pem"):
        body = pem.read_text().splitlines()[1]
        secrets.append(body.encode())
    for path in made.office.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(secret in data for secret in secrets), path
            assert path.suffix not in (".pem", ".key")


def test_two_publications_at_once_do_not_mix(made: Made) -> None:
    from threading import Thread

    made.publish(gambling=["a.example"])
    works = [Thread(target=made.publish, kwargs={"gambling": [f"n{n}.example"]}) for n in range(4)]
    for one in works:
        one.start()
    for one in works:
        one.join(60)
    memory = json.loads((made.office.folder / "published.json").read_text())
    assert memory["seq"][""] == 5
    assert memory["versions"]["timestamp"] == 5


def test_a_damaged_memory_is_not_guessed(made: Made) -> None:
    made.publish(gambling=["a.example"])
    for text in (
        "{",
        "[]",
        '{"layout": 2, "seq": {}, "versions": {}}',
        '{"layout": 1, "seq": {"": "x"}, "versions": {}}',
    ):
        (made.office.folder / "published.json").write_text(text)
        with pytest.raises(FeedError, match=r"published\.json is damaged"):
            made.publish(gambling=["a.example"])


def test_the_last_good_copy_of_the_folder_is_no_way_back(made: Made, tmp_path: Path) -> None:
    """A folder from last month publishes lower numbers, and boxes refuse them: git has the newest."""
    made.publish(gambling=["a.example"])
    old = copy(made, tmp_path / "old")
    for n in range(3):
        made.publish(gambling=[f"n{n}.example"])
    box = made.client(tmp_path / "box")
    box.sync()
    old.publish(gambling=["b.example"])
    box.tree.folder = old.office.repository
    with pytest.raises(RepositoryError):
        box.sync()


def test_without_the_online_key_nothing_is_valid(made: Made) -> None:
    made.desk.joinpath("online-1.pem").unlink()
    with pytest.raises(FeedError, match="the online key is not at hand"):
        made.publish(gambling=["a.example"])
    assert not (made.office.repository / "metadata" / "timestamp.json").exists()
