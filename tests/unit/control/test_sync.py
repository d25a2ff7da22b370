"""The sync on a real state folder with a local web server: what is due, what fails, what is kept, what is in force."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from filterd.config.sources import Licence, Source
from filterd.control import lists as lists_use
from filterd.control import sync_publish, sync_sources
from filterd.control.publish import current
from filterd.control.sync import Means, SyncBusy, SyncResult, sync
from filterd.control.sync_state import CUT, SyncState, status
from filterd.errors import ListRejected
from filterd.listbuild import registry
from filterd.listbuild.gate import REFUSED
from filterd.lists.bundle import Bundle
from filterd.wire.name import to_wire
from tests import list_server
from tests.list_server import ListServer
from tests.unit.listbuild.shipped import catalogue

DAY = 86_400.0
MIT = Licence("MIT", True, "may", False, "may not")


class Box:
    """A household's box: its state, its sources, its clock."""

    def __init__(self, state: Path, server: ListServer) -> None:
        self.state = state
        self.server = server
        self.sources: dict[str, Source] = {}
        self.now = 1_795_500_000.0
        self.ticks = 0.0
        self.seen: list[SyncState] = []
        self.on_change: Callable[[SyncState], object] = self.seen.append

    def source(self, key: str, content: Any, category: str = "ads", **more: Any) -> str:
        """Publish a list on the server and know it as a source."""
        path = f"/{key}.txt"
        self.server.content[path] = content
        given: dict[str, Any] = {
            "id": key, "name_vi": key, "name_en": key, "url": self.server.url(path), "homepage": "", "format": "domains",
            "category": category, "licence": MIT, "every_h": 24, "shrink": 0.2, "grow": 1.0, "max_bytes": 4 << 20, "names": 0,
            "recommended": True, "checked": "", "known_from": "a test", "note": "",
        }  # fmt: skip
        self.sources[key] = Source(**given | more)
        return path

    def sync(self, *only: str, **more: Any) -> SyncResult:
        means = Means(
            sources=self.sources, catalogue=catalogue(), loopback=True, total_s=1.0, wall=lambda: self.now,
            clock=lambda: self.ticks, chance=random.Random(1),
        )  # fmt: skip
        return sync(self.state, only, progress=self.on_change, means=means, **more)

    def tags(self, name: str) -> set[str]:
        """The lists in force that name it."""
        bundle = Bundle.open(lists_use.bundles_on_disk(self.state)[0])
        found = {tag.id for tag in bundle.tagsets[bundle.lookup(to_wire(name))].tags}
        bundle.close()
        return found

    def listed(self, key: str) -> registry.Listed:
        return registry.load(self.state)[key]


def names(count: int, word: str = "n") -> bytes:
    return "".join(f"{word}{n}.example.org\n" for n in range(count)).encode()


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "no-run-folder"))
    (tmp_path / "state").mkdir()
    with ListServer() as server:
        yield Box(tmp_path / "state", server)


def failed(result: SyncResult) -> dict[str, str]:
    return {failure.id: failure.code for failure in result.failures}


def test_the_first_sync_registers_fetches_and_publishes_once(box: Box) -> None:
    box.source("one", names(30))
    box.source("two", names(20, "x"), "adult")
    box.source("three", names(5, "y"), recommended=False)
    result = box.sync()
    assert (result.accepted, result.failures, result.revision) == (("one", "two"), (), 1) or set(result.accepted) == {
        "one",
        "two",
    }
    assert (
        box.tags("n1.example.org") == {"one"}
        and box.tags("x1.example.org") == {"two"}
        and box.tags("y1.example.org") == set()
    )
    assert set(registry.load(box.state)) == {"one", "two"}
    last = status(box.state)
    assert (last.phase, last.first, last.of, last.done, last.names, last.revision) == ("done", True, 2, 2, 50, 1)
    assert (
        last.protected == {"ads": 30, "adult": 22} and last.in_force >= 50 and last.started == last.finished == box.now
    )
    assert {now.phase for now in box.seen} == {"fetching", "building", "done"}
    assert box.seen[0].protected == {"adult": 2} and box.seen[0].of == 2


def test_nothing_is_asked_again_before_it_is_due_and_then_only_whether_it_changed(box: Box) -> None:
    path = box.source("one", names(30))
    box.sync()
    assert box.sync().state.of == 0 and box.server.asked(path) == 1
    assert abs(status(box.state).next_at - box.now - DAY) <= 0.1 * DAY
    box.now += 1.2 * DAY
    result = box.sync()
    assert (result.unchanged, result.revision, box.server.asked(path)) == (("one",), 0, 2)
    assert "If-None-Match" in box.server.requests[-1][1]
    box.now += 1.2 * DAY
    box.server.content[path] = names(33)
    assert (box.sync().accepted, box.tags("n32.example.org"), current(box.state).number) == (("one",), {"one"}, 2)  # type: ignore[union-attr]


def test_the_same_body_without_marks_is_unchanged_too(box: Box) -> None:
    body = names(9)
    box.source("one", lambda handler: handler.answer(200, body))
    box.sync()
    box.now += 1.2 * DAY
    assert box.sync().unchanged == ("one",)


def test_by_hand_one_or_all_whether_due_or_not(box: Box) -> None:
    paths = [box.source(key, names(9, key)) for key in ("one", "two")]
    box.source("more", names(4, "more"), recommended=False)
    box.sync()
    assert box.sync("one").unchanged == ("one",)
    assert [box.server.asked(path) for path in paths] == [2, 1]
    assert set(box.sync(everything=True).unchanged) == {"one", "two"}
    assert box.sync("more").accepted == ("more",) and box.tags("more1.example.org") == {"more"}
    with pytest.raises(ListRejected, match="no source is called none"):
        box.sync("none")
    sync_sources.enable(box.state, "one", False, box.sources)
    with pytest.raises(ListRejected, match="switched off"):
        box.sync("one")


FAULTS: Mapping[str, tuple[Any, str]] = {
    "slow": (list_server.slow, "slow"),
    "slow-header": (list_server.slow_header, "slow"),
    "silent": (list_server.silent, "slow"),
    "endless": (list_server.endless, "too-large"),
    "truncated": (list_server.truncated, "truncated"),
    "truncated-gzip": (list_server.truncated_gzip, "truncated"),
    "a thousand to one": (list_server.bomb, "bomb"),
    "led to this machine": (list_server.leads_to("http://0.0.0.0/list"), "private"),
    "led into the home": (list_server.leads_to("http://192.168.1.1/list"), "private"),
    "led round and round": (list_server.leads_to("/one.txt"), "redirects"),
    "gone": (lambda handler: handler.answer(404), "status"),
    "a web page": (list_server.web_page, "web-page"),
    "json": (b'[{"name": "x.example.org"}]', "not-text"),
    "an archive": (lambda handler: handler.answer(200, b"PK\x03\x04 and so on"), "not-text"),
    "another format": (b"".join(b"local-zone: \"n%d.example.org\" refuse\n" % n for n in range(300)), "format"),
    "empty": (b"# nothing today\n", "empty"),
    "nine tenths gone": (names(30), "held"),
    "nearly nothing left": (names(29), "shrunk"),
    "against a school": (b"".join(b"n%d.learn.school.example\n" % n for n in range(300)), "never-block"),
    "against a hotline": (names(300) + b"help.example\n", "never-block"),
}  # fmt: skip


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_changes_nothing_says_why_and_stops_no_other_list(box: Box, fault: str) -> None:
    content, code = FAULTS[fault]
    path = box.source("one", names(300))
    box.source("other", names(9, "x"))
    protect = ("learn.school.example", *(f"n{n}.learn.school.example" for n in range(9)))
    shipped = catalogue(protect)
    means = Means(box.sources, shipped, loopback=True, total_s=1.0, wall=lambda: box.now, chance=random.Random(1))
    assert not sync(box.state, means=means).failures
    before = box.listed("one")
    box.server.content |= {path: content, "/other.txt": names(10, "x")}
    box.now += 1.2 * DAY
    result = sync(box.state, means=means)
    assert failed(result) == {"one": code}
    after = box.listed("one")
    assert (after.digest, after.names, after.etag) == (before.digest, 300, before.etag)
    assert box.tags("n299.example.org") == {"one"} and box.tags("x9.example.org") == {"other"}
    assert (after.history[-1].code, after.history[-1].verdict) == (code, "held" if code == "held" else REFUSED)
    assert after.history[-1].reason and result.accepted == ("other",)
    assert status(box.state).failures == result.failures


def test_the_first_body_is_judged_by_what_is_known_of_the_source(box: Box) -> None:
    """The feed that was emptied in June 2026 would have been taken by a box that had never seen it before."""
    box.source("one", names(49), names=500)
    box.source("two", names(50, "x"), names=500)
    assert failed(box.sync()) == {"one": "shrunk"} and box.tags("x1.example.org") == {"two"}


def test_a_held_list_is_confirmed_by_two_later_syncs(box: Box) -> None:
    path = box.source("one", names(100))
    box.sync()
    box.server.content[path] = names(40)
    for _ in range(2):
        box.now += 1.2 * DAY
        assert failed(box.sync()) == {"one": "held"} and box.tags("n99.example.org") == {"one"}
    box.now += 1.2 * DAY
    assert box.sync().accepted == ("one",) and box.tags("n99.example.org") == set()


def test_a_failing_source_is_asked_less_and_less_often(box: Box) -> None:
    path = box.source("one", lambda handler: handler.answer(500))
    waits = []
    for _ in range(9):
        box.sync()
        waits.append(box.listed("one").next_at)
        box.now = status(box.state).next_at + 1
    assert box.server.asked(path) == 9 and box.listed("one").failures == 9
    box.server.content[path] = names(5)
    box.sync()
    assert box.listed("one").failures == 0


def test_offline_is_said_as_such_and_tried_again_soon(box: Box) -> None:
    for key in ("one", "two", "three", "four", "five"):
        box.source(key, names(9, key), url=f"http://name-{key}.invalid/list.txt")
    result = box.sync()
    assert result.offline and set(failed(result).values()) == {"no-connection"} and len(result.failures) == 5
    assert 0 < status(box.state).next_at - box.now <= 400
    assert current(box.state) is None  # the bundle in force, whatever it is, stays
    for _ in range(5):
        box.now = status(box.state).next_at + 1
        box.sync()
    assert status(box.state).next_at - box.now <= 1.3 * 3600
    assert len(box.listed("one").history) == 1  # not a row for each try


def test_a_host_that_cannot_be_reached_is_not_tried_for_all_its_lists(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filterd.listbuild import target

    asked: list[str] = []
    original = target.socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return original(host, *rest, **more)

    monkeypatch.setattr(target.socket, "getaddrinfo", look_up)
    for n in range(20):
        box.source(f"n{n}", b"", url=f"http://down.invalid/{n}.txt")
    box.source("good", names(9))
    result = box.sync()
    assert result.accepted == ("good",) and len(result.failures) == 20 and not result.offline
    assert asked.count("down.invalid") <= 4  # two that say it, and those that were on their way


def test_a_cut_sync_goes_on_and_does_not_fetch_again(box: Box) -> None:
    """The process dies after the first list was taken: nothing is in force yet, and nothing is lost."""
    paths = [box.source(key, names(9, key)) for key in ("one", "two", "three", "four", "five", "six")]

    class Killed(BaseException):
        pass

    def kill(now: SyncState) -> None:
        if now.done == 2:
            raise Killed

    box.on_change = kill
    with pytest.raises(Killed):
        box.sync()
    assert status(box.state).phase == "fetching" and current(box.state) is None
    kept = [key for key, listed in registry.load(box.state).items() if listed.digest]
    assert len(kept) == 2
    box.on_change = box.seen.append
    result = box.sync()
    assert len(result.accepted) == 4 and not set(result.accepted) & set(kept)
    assert all(box.server.asked(path) <= 2 for path in paths)
    assert all(box.server.asked(f"/{key}.txt") == 1 for key in kept)
    assert all(box.tags(f"{key}3.example.org") == {key} for key in ("one", "two", "three", "four", "five", "six"))


def test_a_cut_between_the_last_list_and_the_bundle_is_made_up_for(box: Box) -> None:
    box.source("one", names(9))

    class Killed(BaseException):
        pass

    def kill(now: SyncState) -> None:
        if now.phase == "building":
            raise Killed

    box.on_change = kill
    with pytest.raises(Killed):
        box.sync()
    assert current(box.state) is None and box.listed("one").digest
    box.on_change = box.seen.append
    result = box.sync()
    assert (result.state.of, result.revision, box.tags("n1.example.org")) == (0, 1, {"one"})


def test_a_slow_first_sync_protects_on_the_way(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filterd.control.sync_fetch.AT_ONCE", 1)
    for key in ("one", "two", "three", "four"):
        box.source(key, names(9, key))
    revisions = []

    def pass_time(now: SyncState) -> None:
        if now.phase == "fetching":
            box.ticks += 20.0
        elif now.phase == "building":
            box.ticks += 1.0
        revisions.append(now.revision)
        box.seen.append(now)

    box.on_change = pass_time
    result = box.sync()
    assert result.revision >= 3 and revisions == sorted(revisions)
    halfway = next(now for now in box.seen if now.revision == 1)
    assert 0 < halfway.done < 4 and halfway.protected is not None and halfway.protected["ads"] == 9 * halfway.done
    assert sync_publish.STEP_S == 30.0 and current(box.state).number == result.revision  # type: ignore[union-attr]


def test_building_takes_at_most_a_quarter_of_the_time(box: Box) -> None:
    """A Pi that builds for a minute does not do so after every list."""
    from filterd.control.sync_publish import Publisher
    from filterd.control.sync_state import Writer

    writer = Writer(box.state, None)
    writer.update(of=9, done=1)
    now = [0.0]
    publisher = Publisher(
        box.state, catalogue(), lambda *_: now.__setitem__(0, now[0] + 60.0) or 1, writer, lambda: now[0]
    )
    publisher.new_names = 5
    assert not publisher.is_due()
    now[0] = 30.0
    assert publisher.is_due()
    publisher.publish()
    publisher.new_names = 5
    now[0] += 179.0
    assert not publisher.is_due()
    now[0] += 1.0
    assert publisher.is_due()
    writer.update(done=9)
    assert not publisher.is_due()  # the last one follows anyway


def test_two_syncs_never_run_at_once(box: Box) -> None:
    box.source("one", names(9))
    caught = []

    def again(now: SyncState) -> None:
        if not caught:
            with pytest.raises(SyncBusy, match="already"):
                box.sync()
            caught.append(now)

    box.on_change = again
    assert box.sync().accepted == ("one",) and caught


def test_what_a_person_removes_or_switches_off_stays_so(box: Box) -> None:
    box.source("one", names(9))
    box.source("two", names(9, "x"))
    box.sync()
    lists_use.remove_list(box.state, "one", catalogue=catalogue())
    sync_sources.enable(box.state, "two", False, box.sources)
    box.source("new", names(9, "y"))  # an upgrade brings another one
    box.now += 2 * DAY
    assert box.sync().accepted == ("new",)
    assert set(registry.load(box.state)) == {"two", "new"} and box.tags("x1.example.org") == set()
    sync_sources.enable(box.state, "two", True, box.sources)
    assert box.sync().unchanged == ("two",) and box.tags("x1.example.org") == {"two"}


def test_switching_the_last_list_off_takes_it_out_of_force(box: Box) -> None:
    box.source("one", names(9))
    box.sync()
    sync_sources.enable(box.state, "one", False, box.sources)
    assert box.sync().revision == 2 and box.tags("n1.example.org") == set()


def test_an_upgrade_moves_a_source_but_not_one_with_an_address_of_its_own(box: Box) -> None:
    box.source("one", names(9))
    box.source("two", names(9, "x"))
    box.sync()
    own = box.server.url("/own.txt")
    box.server.content["/own.txt"] = names(9, "own")
    lists_use.add_list(box.state, "two", own, format="domains", catalogue=catalogue(), loopback=True)
    for key in ("one", "two"):
        box.source(key, names(9, "moved"), url=box.server.url("/moved.txt"), every_h=48)
    box.server.content["/moved.txt"] = names(9, "moved")
    assert box.sync().accepted == ("one",)
    assert (box.listed("one").origin, box.listed("one").every_h) == (box.server.url("/moved.txt"), 48)
    assert box.listed("two").origin == own and box.tags("own1.example.org") == {"two"}


def test_a_body_that_was_damaged_on_the_card_is_fetched_again_and_stops_no_other(box: Box) -> None:
    box.source("one", names(9))
    box.source("two", names(9, "x"))
    box.sync()
    path = next(path for path in (box.state / "lists/raw").iterdir() if path.name.startswith("one."))
    path.write_bytes(b"\x1f\x8b damaged")
    box.source("three", names(9, "y"))
    result = box.sync()
    assert (
        failed(result) == {"one": "file"}
        and box.tags("y1.example.org") == {"three"}
        and box.tags("x1.example.org") == {"two"}
    )
    assert box.sync().accepted == ("one",) and box.tags("n1.example.org") == {"one"}


def test_a_bundle_that_is_refused_leaves_the_earlier_one(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.source("one", names(9))
    box.sync()
    box.source("two", names(9, "x"))

    def refuse(*_: Any, **__: Any) -> None:
        raise ListRejected("self-check failed")

    with monkeypatch.context() as patch:
        patch.setattr("filterd.listbuild.assemble.check_bundle", refuse)
        assert failed(box.sync()) == {"": "check"}
    assert box.tags("x1.example.org") == set() and box.tags("n1.example.org") == {"one"}
    assert box.sync().revision == 2 and box.tags("x1.example.org") == {"two"}


def test_a_full_disk_is_an_error_and_what_was_in_force_stays(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    from filterd.errors import StoreError

    box.source("one", names(9))
    box.sync()
    before = current(box.state)
    box.source("two", names(9, "x"))

    def full(*_: Any, **__: Any) -> None:
        raise StoreError("cannot write: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("filterd.listbuild.registry.write_atomic", full)
        with pytest.raises(StoreError, match="No space"):
            box.sync()
    assert current(box.state) == before and box.tags("n1.example.org") == {"one"}
    assert box.sync().accepted == ("two",)


def test_a_list_that_is_changed_or_removed_while_it_is_fetched_is_left_to_who_did_it(box: Box) -> None:
    key = "one"

    def fetch_and_remove(handler: list_server.Handler) -> None:
        lists_use.remove_list(box.state, key, build=False, catalogue=catalogue())
        handler.serve(names(9))

    box.source(key, fetch_and_remove)
    assert box.sync().accepted == () and registry.load(box.state) == {}


def test_a_clock_that_was_wrong_stops_no_sync(box: Box) -> None:
    path = box.source("one", names(9))
    box.sync()
    box.now -= 400 * DAY
    box.sync()
    assert box.server.asked(path) == 2


def test_status_before_after_and_of_a_dead_sync(box: Box) -> None:
    assert status(box.state).phase == "never"
    box.source("one", names(9))
    box.sync()
    file = box.state / "sync" / "last.json"
    text = file.read_text()
    file.write_text(
        text.replace('"done"', '"fetching"', 1).replace(f'"pid": {status(box.state).pid}', '"pid": 999999999')
    )
    assert status(box.state).phase == CUT
    for damaged in ("", "{", "[]", '{"failures": 7}', '{"failures": [{"x": 1}]}', "nul", '"x"'):
        file.write_text(damaged)
        assert status(box.state).phase == "never"


def test_the_run_folder_is_used_while_parts_run(box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    box.source("one", names(9))
    box.sync()
    assert (tmp_path / "run" / "sync.json").exists() and (box.state / "sync" / "last.json").exists()
    (tmp_path / "run" / "sync.json").unlink()
    assert status(box.state).phase == "done"
