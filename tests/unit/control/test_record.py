"""The history tells of the log and of lists too: who, when, from where, what; and takes none of it back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from filterd.control import lists_build, sync_sources
from filterd.control.change import history, revert, undo
from filterd.control.household import ensure
from filterd.control.lists import add_list, remove_list
from filterd.control.lists_history import body_of
from filterd.control.record import record
from filterd.control.retention import delete
from filterd.errors import ConfigError, ListRejected
from filterd.listbuild.registry import Listed
from filterd.model.change import Change, Edit, Who

ME = Who("quản trị", "web", "192.168.1.20")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    ensure(tmp_path / "state")
    return tmp_path / "state"


def newest(state: Path) -> Change:
    return history(state, limit=1)[0]


def is_kept(state: Path, change: Change, sentence: str) -> None:
    """Check who and when, and that it is not taken back."""
    assert change.who == ME and abs(change.at - time.time()) < 300
    with pytest.raises(ConfigError, match=sentence):
        revert(state, ME, change.number)
    with pytest.raises(ConfigError, match=sentence):
        undo(state, ME)
    assert newest(state) == change


def test_a_deleted_log_leaves_a_row(state: Path) -> None:
    before = newest(state).number
    delete(state, profile="lan", who=ME)
    change = newest(state)
    assert (change.number, change.verb) == (before + 1, "log deleted")
    assert change.edits == (Edit("log", "lan", {"profile": "lan"}, None),)
    is_kept(state, change, "deleted from the log: that cannot be taken back")
    moment = 1_700_000_000.0
    delete(state, everything=True, before=moment, who=ME)
    assert newest(state).edits[0].before == {"everything": True, "before": "2023-11-15T05:13:20+07:00"}
    number = newest(state).number
    with pytest.raises(ConfigError):
        delete(state, who=ME)
    assert newest(state).number == number


def test_nothing_goes_of_what_could_not_be_written_down(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filterd.control.retention.delete_rows", lambda *_: pytest.fail("deleted all the same"))
    with pytest.raises(ConfigError, match="printable"):
        delete(state, everything=True, who=Who("mẹ\n", "web"))


def test_a_list_that_comes_and_goes_leaves_rows(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "ads.txt"
    file.write_text("ads.example.org\nbanner.example.org\n")
    add_list(state, "ads", str(file), category="ads", build=False, who=ME)
    change = newest(state)
    assert change.verb == "list added" and (change.edits[0].kind, change.edits[0].id) == ("list", "ads")
    assert change.edits[0].before is None and change.edits[0].after is not None
    assert change.edits[0].after["from"] == str(file) and change.edits[0].after["enabled"] is True
    is_kept(state, change, "change the lists themselves")
    file.write_text("ads.example.org\nbanner.example.org\nmore.example.org\n")
    add_list(state, "ads", build=False, who=ME)  # the same list, fetched again: its own history tells of it
    assert newest(state) == change
    sync_sources.enable(state, "ads", False, who=ME)
    change = newest(state)
    assert change.verb == "list disabled" and change.edits[0].before is not None and change.edits[0].after is not None
    assert (change.edits[0].before["enabled"], change.edits[0].after["enabled"]) == (True, False)
    sync_sources.enable(state, "ads", False, who=ME)  # it is off already
    assert newest(state) == change
    sync_sources.enable(state, "ads", True, who=ME)
    assert newest(state).verb == "list enabled"
    remove_list(state, "ads", build=False, who=ME)
    assert newest(state).verb == "list removed" and newest(state).edits[0].after is None
    number = newest(state).number
    with pytest.raises(ListRejected):
        remove_list(state, "ads", build=False, who=ME)
    assert newest(state).number == number


def test_a_source_that_was_not_here_yet_is_told_of(state: Path) -> None:
    source = next(iter(sync_sources.shipped()))
    sync_sources.enable(state, source, True, who=ME)
    assert newest(state).edits[0].before is None and newest(state).edits[0].id == source


def test_a_rollback_leaves_a_row(state: Path) -> None:
    file = lists_build.build_lists(state)[0].path
    (state / "ads.txt").write_text("ads.example.org\n")
    add_list(state, "ads", str(state / "ads.txt"), category="ads", who=ME)
    now = lists_build.bundles_on_disk(state)[0]
    lists_build.rollback(state, who=ME)
    change = newest(state)
    assert change.verb == "lists rolled back" and now != file
    assert change.edits == (Edit("lists", "", {"file": now.name}, {"file": file.name}),)
    is_kept(state, change, "change the lists themselves")


def test_keys_in_an_address_stay_out_of_it() -> None:
    one = Listed("ads", "ads", "domains", "auto", "https://me:secret@lists.example.org:8443/a.txt?key=secret")
    assert body_of(one)["from"] == "https://lists.example.org:8443/a.txt"


def test_without_a_household_there_is_no_history(tmp_path: Path) -> None:
    assert record(tmp_path, ME, "log deleted", Edit("log", "everything", {"everything": True}, None)) is None
    assert list(tmp_path.iterdir()) == []
