"""The use cases of lists on a real state folder: add, hold, refuse, roll back, and what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from filterd.control import lists as use
from filterd.control.change import history as changes
from filterd.control.household import ensure
from filterd.control.lists_rollback import rollback_list
from filterd.control.publish import current
from filterd.errors import ListRejected, StoreError
from filterd.listbuild import fetch as fetching
from filterd.listbuild import registry
from filterd.listbuild.fetch import Fetched
from filterd.listbuild.gate import ListHeld
from filterd.listbuild.refusal import Refused, Why
from filterd.lists.bundle import Bundle
from filterd.model.change import Who
from filterd.wire.name import to_wire
from tests.unit.listbuild.shipped import catalogue

WHO = Who("bố", "cli")
AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def write(folder: Path, count: int, name: str = "list.txt") -> str:
    path = folder / name
    path.write_text("".join(f"0.0.0.0 ads{n}.example.org\n" for n in range(count)))
    return str(path)


def add(state: Path, origin: str | None, list_id: str = "mine", **more: object) -> use.Outcome:
    arguments: dict[str, object] = {"category": "ads", "catalogue": catalogue(), "at": AT} | more
    return use.add_list(state, list_id, origin, **arguments)  # type: ignore[arg-type]


def tags(state: Path, name: str) -> set[str]:
    found = Bundle.open(use.bundles_on_disk(state)[0])
    ids = {tag.id for tag in found.tagsets[found.lookup(to_wire(name))].tags}
    found.close()
    return ids


def verdicts(state: Path) -> list[str]:
    return [event.verdict for _, event in use.history(state)]


def test_the_first_bundle_is_there_without_any_list(state: Path) -> None:
    path = use.ensure_bundle(state, catalogue=catalogue())
    bundle = Bundle.open(path)
    shown = {
        name: {(tag.kind.name, tag.id) for tag in bundle.tagsets[bundle.lookup(to_wire(name))].tags}
        for name in (
            "x.porn.example",
            "a.tube.example",
            "t.example",
            "x.t.example",
            "log.tube.example",
            "captive.example",
        )
    }
    assert shown == {
        "x.porn.example": {("LIST", "starter-adult")},
        "a.tube.example": {("SERVICE", "tube")},
        "t.example": {("SERVICE", "tube")},
        "x.t.example": set(),
        "log.tube.example": {("SERVICE", "tube"), ("CHATTER", "tube")},
        "captive.example": {("LIFELINE", "captive")},
    }
    canary = bundle.tagsets[bundle.lookup(to_wire("canary.example"))]
    assert canary.canary and canary.categories == ("bypass",)
    bundle.close()


def test_add_show_and_remove(state: Path, tmp_path: Path) -> None:
    outcome = add(state, write(tmp_path, 30))
    assert (outcome.listed.names, outcome.listed.format, outcome.revision) == (30, "hosts", 1)
    assert tags(state, "ads3.example.org") == {"mine"}
    assert tags(state, "x.ads3.example.org") == set()
    seen = use.show_lists(state, catalogue=catalogue())
    assert [entry.id for entry in seen.lists] == ["mine"]
    assert seen.names > 30 and dict(seen.starter)["adult"] == 2
    assert seen.lists[0].good_at() == "2026-11-24T06:00:00+00:00"
    use.remove_list(state, "mine", catalogue=catalogue())
    assert tags(state, "ads3.example.org") == set()
    assert list((state / "lists" / "raw").iterdir()) == []
    with pytest.raises(ListRejected, match="not registered"):
        use.remove_list(state, "mine", catalogue=catalogue())


def test_an_unknown_category_is_taken_with_a_notice(state: Path, tmp_path: Path) -> None:
    assert "not in the catalogue" in add(state, write(tmp_path, 3), category="own-words").notices[0]


def test_a_mandatory_list_is_marked(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 3), mandatory=True)
    found = Bundle.open(use.bundles_on_disk(state)[0])
    tag = found.tagsets[found.lookup(to_wire("ads1.example.org"))].mandatory
    assert tag is not None and tag.id == "mine"
    found.close()


@pytest.mark.parametrize(
    ("list_id", "more", "why"),
    [
        ("Mine", {}, "an id of 1 to 40"),
        ("x" * 41, {}, "an id of 1 to 40"),
        ("../x", {}, "an id of 1 to 40"),
        ("starter-ads", {}, "belong to the shipped lists"),
        ("mine", {"category": "a b"}, "a category of 1 to 40"),
        ("mine", {"category": None}, "expected a category"),
        ("mine", {"format": "csv"}, "expected a format"),
        ("mine", {"shrink": 2.0}, "shrink bound"),
        ("mine", {"grow": -1.0}, "grow bound"),
    ],
)
def test_arguments_are_checked_first(
    state: Path, tmp_path: Path, list_id: str, more: dict[str, object], why: str
) -> None:
    with pytest.raises(ListRejected, match=why):
        add(state, write(tmp_path, 3), list_id, **more)
    assert registry.load(state) == {}


def test_a_new_list_needs_a_source(state: Path) -> None:
    with pytest.raises(ListRejected, match="a file or address"):
        add(state, None)


def test_a_refused_list_leaves_the_last_good_in_force(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 100))
    write(tmp_path, 5)
    with pytest.raises(ListRejected, match="expected about 100 entries"):
        add(state, None)
    (tmp_path / "list.txt").write_text("<html><body>Not found</body></html>")
    with pytest.raises(ListRejected, match="web page"):
        add(state, None)
    (tmp_path / "list.txt").unlink()
    with pytest.raises(ListRejected, match="No such file"):
        add(state, None)
    assert tags(state, "ads99.example.org") == {"mine"}
    assert verdicts(state) == ["accepted", "refused", "refused", "refused"]
    assert use.show_lists(state, catalogue=catalogue()).lists[0].names == 100


def test_a_shrunken_list_is_held_and_then_confirmed(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 100))
    write(tmp_path, 40)
    for day in (1, 2):
        with pytest.raises(ListHeld, match="held until 2 later syncs"):
            add(state, None, at=AT + timedelta(days=day))
        assert tags(state, "ads99.example.org") == {"mine"}
    outcome = add(state, None, at=AT + timedelta(days=3))
    assert any("confirmed" in notice for notice in outcome.notices)
    assert tags(state, "ads99.example.org") == set() and tags(state, "ads39.example.org") == {"mine"}
    assert verdicts(state) == ["accepted", "held", "held", "accepted"]


def test_a_list_against_never_block_names(state: Path, tmp_path: Path) -> None:
    path = tmp_path / "domains.txt"
    path.write_text("ads.example.org\nbank.example\nschool.example\n")
    outcome = add(state, str(path))
    assert "never be blocked: left out" in outcome.notices[0]
    assert tags(state, "bank.example") == set() == tags(state, "learn.school.example")
    assert tags(state, "school.example") == {"mine"}
    banks = [f"b{n}.bank.example" for n in range(9)]
    path.write_text("".join(f"{name}\n" for name in banks))
    with pytest.raises(ListRejected, match="must never be blocked"):
        add(state, str(path), "bad", catalogue=catalogue(tuple(banks)))
    assert list(registry.load(state)) == ["mine"]


def test_a_bundle_refused_by_the_gate_changes_nothing(state: Path, tmp_path: Path) -> None:
    """A lifeline of the hotline group must resolve, whatever a list says."""
    add(state, write(tmp_path, 9))
    before = current(state)
    path = tmp_path / "bad.txt"
    path.write_text("help.example\n" * 9)
    for list_id in ("other", "mine"):
        with pytest.raises(ListRejected, match=r"would block help\.example"):
            add(state, str(path), list_id, format="domains")
    assert current(state) == before
    assert verdicts(state) == ["accepted", "refused"]
    assert registry.load(state)["mine"].names == 9


def test_rollback_and_diff(state: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="two bundles"):
        use.diff_in_force(state)
    with pytest.raises(StoreError, match="no earlier bundle"):
        use.rollback(state)
    use.build_lists(state, catalogue=catalogue())
    add(state, write(tmp_path, 10))
    found = use.diff_in_force(state)
    assert (found.added, found.removed, found.changed) == (10, 0, 0)
    assert found.names[0] == (to_wire("ads0.example.org"), (), ("mine",))
    file, revision = use.rollback(state)
    assert revision == 3 and tags(state, "ads1.example.org") == set()
    assert use.bundles_on_disk(state)[0] == state / file
    file, _ = use.rollback(state, use.bundles_on_disk(state)[1].name[:6])
    assert tags(state, "ads1.example.org") == {"mine"}
    with pytest.raises(StoreError, match="no earlier bundle ffff"):
        use.rollback(state, "ffff")


def test_diff_of_a_list_with_its_source(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 5))
    write(tmp_path, 6)
    assert (use.diff_list(state, "mine").added, use.diff_list(state, "mine").removed) == (1, 0)
    assert use.diff_list(state, "mine", write(tmp_path, 2, "other.txt")).removed == 3
    with pytest.raises(ListRejected, match="not registered"):
        use.diff_list(state, "nobody")
    with pytest.raises(ListRejected, match="not registered"):
        use.history(state, "nobody")


def test_a_registered_list_waits_for_a_build(state: Path, tmp_path: Path) -> None:
    outcome = add(state, write(tmp_path, 5), build=False)
    assert outcome.built is None and current(state) is None
    steps: list[str] = []
    _, revision = use.build_lists(state, catalogue=catalogue(), progress=lambda what, done, of: steps.append(what))
    assert revision == 1 and tags(state, "ads1.example.org") == {"mine"}
    assert steps == ["catalogue", "list mine", "writing", "checking", "done"]
    use.remove_list(state, "mine", build=False)
    assert use.history(state) == []


def test_the_bundle_in_force_is_kept_and_a_damaged_one_replaced(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 5))
    path = use.ensure_bundle(state, catalogue=catalogue())
    assert path == use.bundles_on_disk(state)[0]
    path.write_bytes(b"damaged")
    again = use.ensure_bundle(state, catalogue=catalogue())
    assert Bundle.open(again).names > 5


def test_a_damaged_registry_costs_the_lists_but_never_the_start(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 5))
    use.bundles_on_disk(state)[0].unlink()
    (state / "lists" / "registry.json").write_text("{")
    assert Bundle.open(use.ensure_bundle(state, catalogue=catalogue())).names > 0
    with pytest.raises(StoreError, match="damaged"):
        use.build_lists(state, catalogue=catalogue())


def test_an_unchanged_source_is_not_read_again(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    body = b"0.0.0.0 a.example.org\n"

    def fetch(origin: str, etag: str = "", modified: str = "", **_: object) -> Fetched:
        asked.append((etag, modified))
        return Fetched(None, etag, modified) if etag else Fetched(body, '"v1"', "Tue")

    monkeypatch.setattr(fetching, "fetch", fetch)
    add(state, "https://lists.example.org/ads.txt")
    assert add(state, None).report is None
    assert asked == [("", ""), ('"v1"', "Tue")]
    assert tags(state, "a.example.org") == {"mine"}
    next((state / "lists" / "raw").iterdir()).unlink()  # without the body its mark is worth nothing
    assert add(state, None).report is not None and asked[-1] == ("", "")
    assert add(state, "https://lists.example.org/other.txt").report is not None and asked[-1] == ("", "")


def test_a_source_that_cannot_be_reached_is_written_down_once(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "fetch", lambda *_, **__: Fetched(b"0.0.0.0 a.example.org\n"))
    add(state, "https://lists.example.org/ads.txt")

    def fail(*_: object, **__: object) -> Fetched:
        raise Refused(Why.NO_CONNECTION, "no way")

    monkeypatch.setattr(fetching, "fetch", fail)
    for hour in range(3):
        with pytest.raises(ListRejected, match="no way"):
            add(state, None, at=AT + timedelta(hours=hour))
    events = [event for _, event in use.history(state, "mine")]
    assert [(event.verdict, event.code) for event in events] == [("accepted", ""), ("refused", "no-connection")]
    assert events[-1].at == "2026-11-24T08:00:00+00:00" and tags(state, "a.example.org") == {"mine"}


def test_a_list_that_was_removed_while_it_was_fetched_stays_away(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "fetch", lambda *_, **__: Fetched(b"0.0.0.0 a.example.org\n", '"v1"'))
    add(state, "https://lists.example.org/ads.txt")

    def fetch(*_: object, **__: object) -> Fetched:
        use.remove_list(state, "mine", catalogue=catalogue())
        return Fetched(None, '"v1"')

    monkeypatch.setattr(fetching, "fetch", fetch)
    with pytest.raises(ListRejected, match="not registered any more"):
        add(state, None)
    assert registry.load(state) == {}


def test_history_keeps_the_last_good_sync(state: Path) -> None:
    listed = registry.Listed("l", "ads", "hosts", "auto", "x")
    event = registry.Event("2026", "d" * 64, 5, 9, "accepted")
    listed = listed.with_event(event)
    for n in range(100):
        listed = listed.with_event(registry.Event(str(n), "e" * 64, 1, 1, "refused", "why"))
    assert len(listed.history) == registry.MAX_HISTORY
    assert listed.history[0] == event
    refused = registry.Listed("l", "ads", "hosts", "auto", "x")
    for n in range(70):
        refused = refused.with_event(registry.Event(str(n), "", 0, 0, "refused"))
    assert [event.at for event in refused.history][:1] == ["10"] and refused.syncs() == [] and refused.good_at() == ""


def test_a_damaged_body_is_found(state: Path, tmp_path: Path) -> None:
    listed = add(state, write(tmp_path, 5)).listed
    assert registry.read_body(state, listed).startswith(b"0.0.0.0 ads0")
    path = next((state / "lists" / "raw").iterdir())
    for data in (b"nothing", path.read_bytes()[:40]):
        path.write_bytes(data)
        with pytest.raises(StoreError, match="damaged"):
            registry.read_body(state, listed)
    path.unlink()
    with pytest.raises(StoreError, match="cannot read"):
        use.build_lists(state, catalogue=catalogue())


@pytest.mark.parametrize(
    "change",
    [{"layout": 9}, {"lists": [{}]}, {"lists": [{"id": "../x", "category": "a"}]}, {"lists": 7}, "[]", "nul"],
)
def test_a_registry_that_is_none_is_refused(state: Path, tmp_path: Path, change: object) -> None:
    add(state, write(tmp_path, 5))
    path = state / "lists" / "registry.json"
    path.write_text(change if isinstance(change, str) else json.dumps(json.loads(path.read_text()) | dict(change)))  # type: ignore[call-overload]
    with pytest.raises(StoreError):
        registry.load(state)


def test_a_registry_with_another_format_or_digest_is_refused(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 5))
    path = state / "lists" / "registry.json"
    good = path.read_text()
    for old, new in (('"format": "hosts"', '"format": "csv"'), ('"digest": "', '"digest": "zz')):
        path.write_text(good.replace(old, new))
        with pytest.raises(StoreError, match="damaged"):
            registry.load(state)


KILLED = """
import os, signal, sys
from pathlib import Path
from filterd.control import lists
from tests.unit.listbuild.shipped import catalogue
state, origin, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
count = 0
def trace(event, args):
    global count
    if event in ("os.rename", "open", "os.remove", "os.link") :
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)
catalogue()
import filterd.control.record, filterd.control.publish, filterd.listbuild.assemble, filterd.listbuild.fetch, filterd.listbuild.compare, filterd.listbuild.unpack
from filterd.listbuild.suffixes import icann; icann()
sys.addaudithook(trace)
lists.add_list(state, "mine", origin, category="ads", catalogue=catalogue())
print("survived")
"""


@pytest.mark.slow
def test_a_kill_at_any_file_operation_loses_nothing(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 20))
    bigger = write(tmp_path, 30, "bigger.txt")
    survived = False
    for step in range(1, 200):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(state), bigger, str(step)], capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        listed = registry.load(state)["mine"]
        assert listed.names in (20, 30)
        assert registry.read_body(state, listed)
        assert tags(state, "ads19.example.org") == {"mine"}
        if done.returncode == 0:
            survived = True
            break
    assert survived and step > 8
    assert tags(state, "ads29.example.org") == {"mine"}


# --- back to an earlier version of one list


def bodies(state: Path) -> list[str]:
    return sorted(path.name for path in (state / "lists" / "raw").iterdir())


def blocks(state: Path, number: int) -> bool:
    return tags(state, f"ads{number}.example.org") == {"mine"}


def test_two_earlier_versions_are_kept_and_no_more(state: Path, tmp_path: Path) -> None:
    for count in (20, 22, 24, 26):
        add(state, write(tmp_path, count))
    listed = registry.load(state)["mine"]
    assert (listed.names, [one.names for one in listed.kept]) == (26, [24, 22])
    assert len(bodies(state)) == 3
    use.remove_list(state, "mine", catalogue=catalogue())
    assert not bodies(state)


def test_a_list_goes_back_and_stays_until_its_source_brings_something_else(state: Path, tmp_path: Path) -> None:
    for count in (20, 22, 24):
        add(state, write(tmp_path, count))
    back = rollback_list(state, "mine", catalogue=catalogue(), at=AT, who=WHO)
    assert (back.names, registry.load(state)["mine"].names) == (22, 22) and back.revision
    assert blocks(state, 21) and not blocks(state, 23)
    assert add(state, None).report is None  # the source still has what was rolled back from
    assert registry.load(state)["mine"].names == 22 and not blocks(state, 23)
    add(state, write(tmp_path, 25))
    listed = registry.load(state)["mine"]
    assert (listed.names, listed.left, [one.names for one in listed.kept]) == (25, "", [22, 24]) and blocks(state, 24)


def test_back_by_two_and_forward_again(state: Path, tmp_path: Path) -> None:
    for count in (20, 22, 24):
        add(state, write(tmp_path, count))
    newest = registry.load(state)["mine"].digest
    rollback_list(state, "mine", 2, catalogue=catalogue())
    listed = registry.load(state)["mine"]
    assert (listed.names, listed.left == newest, [one.names for one in listed.kept]) == (20, True, [24, 22])
    rollback_list(state, "mine", 2, catalogue=catalogue())  # to 22: what the source has is still the newest
    assert registry.load(state)["mine"].left == newest
    assert add(state, None).report is None and registry.load(state)["mine"].names == 22
    rollback_list(state, "mine", version=newest, catalogue=catalogue())
    assert (registry.load(state)["mine"].names, registry.load(state)["mine"].left) == (24, "")
    assert len(bodies(state)) == 3


def test_the_history_says_that_a_person_went_back(state: Path, tmp_path: Path) -> None:
    ensure(state)
    for count in (20, 22):
        add(state, write(tmp_path, count))
    rollback_list(state, "mine", catalogue=catalogue(), who=WHO)
    assert use.history(state)[-1][1].code == registry.ROLLED_BACK
    newest = changes(state, limit=1)[0]
    assert (newest.verb, newest.who.by, newest.edits[0].id) == ("list rolled back", "bố", "mine")


def test_what_cannot_be_gone_back_to_is_refused(state: Path, tmp_path: Path) -> None:
    with pytest.raises(ListRejected, match="not registered"):
        rollback_list(state, "mine")
    add(state, write(tmp_path, 20))
    with pytest.raises(ListRejected, match="at least 1"):
        rollback_list(state, "mine")
    add(state, write(tmp_path, 22))
    with pytest.raises(ListRejected, match="at least 2"):
        rollback_list(state, "mine", 2)
    with pytest.raises(ListRejected, match="this version"):
        rollback_list(state, "mine", version="ff" * 32)
    kept = registry.load(state)["mine"].kept[0]
    (state / "lists" / "raw" / f"mine.{kept.digest[:16]}.gz").write_bytes(b"damaged")
    with pytest.raises(StoreError, match="damaged"):
        rollback_list(state, "mine", catalogue=catalogue())
    assert registry.load(state)["mine"].names == 22 and blocks(state, 21)


def test_without_a_build_the_next_sync_is_due(state: Path, tmp_path: Path) -> None:
    for count in (20, 22):
        add(state, write(tmp_path, count))
    back = rollback_list(state, "mine", build=False)
    assert back.revision == 0 and registry.load(state)["mine"].next_at == ""
    assert blocks(state, 21)
    use.build_lists(state, catalogue=catalogue())
    assert not blocks(state, 21)


def test_a_registry_without_earlier_versions_is_read(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 5))
    path = state / "lists" / "registry.json"
    document = json.loads(path.read_text())
    for entry in document["lists"]:
        del entry["kept"], entry["left"]
    path.write_text(json.dumps(document))
    assert registry.load(state)["mine"].kept == ()
    document["lists"][0]["kept"] = [{"digest": "../../x", "names": 1, "format": "hosts", "at": ""}]
    path.write_text(json.dumps(document))
    with pytest.raises(StoreError, match="damaged"):
        registry.load(state)


@pytest.mark.slow
def test_a_kill_during_a_rollback_leaves_one_of_the_two(state: Path, tmp_path: Path) -> None:
    add(state, write(tmp_path, 20))
    add(state, write(tmp_path, 30))
    code = KILLED.replace(
        'lists.add_list(state, "mine", origin, category="ads", catalogue=catalogue())',
        'rollback_list(state, "mine", catalogue=catalogue())',
    ).replace("from filterd.control import lists\n", "from filterd.control.lists_rollback import rollback_list\n")
    survived = False
    for step in range(1, 200):
        done = subprocess.run(
            [sys.executable, "-c", code, str(state), "-", str(step)], capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        listed = registry.load(state)["mine"]
        assert {listed.names, listed.kept[0].names} == {20, 30}
        assert registry.read_body(state, listed) and blocks(state, 19)
        if done.returncode == 0:
            survived = True
            break
        if listed.names == 20:  # killed after the registry was written: forward again for the next step
            rollback_list(state, "mine", catalogue=catalogue())
    assert survived and step > 8
    assert not blocks(state, 29)
