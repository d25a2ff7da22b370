"""The manager's part in real processes: `filterd up --lists DIR`, a child that is started when a list is due, its end."""

from __future__ import annotations

import json
import lzma
import time
from pathlib import Path

from filterd.control.sync_state import status
from filterd.listbuild.registry import Listed, load, save
from tests.flow.sync_box import SyncBox
from tests.list_server import ListServer
from tests.processes import Service, UpstreamStub, addresses, children, gone

WORD = "update"


def until(condition, seconds: float = 60.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def updates(service: Service) -> list[int]:
    """The update that runs below a service."""
    found = []
    for pid in children(service.process.pid):
        try:
            if WORD in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0"):
                found.append(pid)
        except OSError:
            continue
    return found


def test_up_with_a_folder_answers_at_once_and_then_blocks_what_is_in_it(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    names = "".join(f"casino{n}.example\n" for n in range(66_000))
    (stick / "hostsvn-gambling.txt.xz").write_bytes(lzma.compress(names.encode()))
    with ListServer() as server:
        box = SyncBox(tmp_path, server)
        box.prepare()
    state = box.state
    with UpstreamStub({"casino7.example": ["192.0.2.7"]}) as upstream:
        with Service.up(state, upstream, "--no-sync", "--lists", str(stick)) as service:
            until(lambda: status(state).phase == "done")
            assert status(state).revision and "lists: 1 of 1, 66,000 names so far (hostsvn-gambling)" in service.said
            assert addresses(service.ask("casino7.example", client="127.0.0.12")) == ["0.0.0.0"]
            explained = json.loads(box.command("explain", "casino7.example", "--client", "127.0.0.12", "--json"))
            assert (explained["row"], explained["list"]) == ("category", "hostsvn-gambling")
        assert load(state)["hostsvn-gambling"].names == 66_000 and set(load(state)) == {"hostsvn-gambling"}


def test_without_leave_nothing_is_registered_and_nothing_started(tmp_path: Path) -> None:
    with Service.up(tmp_path / "state", None, "--no-sync") as service:
        time.sleep(4.0)  # longer than the first sync would wait
        assert updates(service) == [] and load(tmp_path / "state") == {} and status(tmp_path / "state").phase == "never"


def test_a_due_list_is_fetched_by_a_child_that_ends_with_everything_else(tmp_path: Path) -> None:
    """The list's server is on this machine, which the product refuses: the refusal shows that the child was there."""
    state = tmp_path / "state"
    with Service.up(state, None, "--no-sync"):
        pass
    listed = Listed("one", "ads", "hosts", "hosts", "http://127.0.0.1:9/list.txt")
    save(state, {"one": listed})
    with ManagerAlone(state) as service:
        until(lambda: load(state)["one"].history)
        assert load(state)["one"].history[-1].code == "private" and load(state)["one"].next_at
        until(lambda: not updates(service))


class ManagerAlone(Service):
    """`filterd manage` on a state that is set up."""

    def __init__(self, state: Path) -> None:
        super().__init__(["manage", "--state", str(state), "--sync"], state, state.parent / f"{state.name}.run")

    def ready(self, seconds: float = 30.0) -> None:
        """It says nothing."""


def test_a_manager_that_is_ended_takes_its_update_along(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Service.up(state, None, "--no-sync"):
        pass
    # a name whose look-up takes a moment, so that the child is caught at work
    save(state, {f"n{n}": Listed(f"n{n}", "ads", "hosts", "hosts", f"http://n{n}.invalid/list.txt") for n in range(30)})
    with ManagerAlone(state) as service:
        until(lambda: updates(service))
        running = updates(service)
    assert all(gone(pid, 5.0) for pid in running)
