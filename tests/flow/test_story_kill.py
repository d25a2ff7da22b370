"""Killed at any moment, damaged in any way: no rule and no list is lost, and what answers is the last good state.

The moments are random but repeatable: the number of a point is its seed.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dnslib
import pytest

from filterd.control.household import load as load_household
from filterd.control.lists import show_lists
from filterd.control.publish import announce, current, publish
from filterd.host.files import write_atomic
from filterd.host.revision import NAME
from filterd.policy.clients import dump
from filterd.wire.name import to_text
from tests.processes import Service, UpstreamStub, addresses, children, gone, part

KID, BLOCKED, SITE = "127.0.0.21", ["0.0.0.0"], ["192.0.2.1"]
VICTIMS = ("worker", "manager", "supervisor", "command")
PROCESSES = {"worker": "filterd.serve", "manager": "filterd.manage"}


def household(rules: int) -> str:
    """A household whose child has so many names blocked."""
    names = ", ".join(f"rule-{number}.example" for number in range(rules))
    return f"""\
version: 1
profiles:
  - id: kid
    name: Kid
    categories: {{gambling: block}}
    names: {{block: [{names}]}}
devices:
  - {{id: phone, name: Phone, profile: kid, ip: {KID}}}
"""


def everywhere(question: dnslib.DNSRecord, transport: str) -> bytes:
    """An upstream where every name exists: what is not blocked is seen to be allowed."""
    reply = question.reply(aa=0)
    if question.q.qtype == 1:
        reply.add_answer(dnslib.RR(question.q.qname, 1, ttl=300, rdata=dnslib.A(SITE[0])))
    return bytes(reply.pack())


class Story:
    """A running box, what was promised to its family, and the random hand."""

    def __init__(self, folder: Path, upstream: UpstreamStub) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.upstream = upstream
        self.service: Service | None = None
        self.rules = 1  # promised: rule-0 .. rule-(n-1)
        self.lists: list[str] = []
        self.spent = 0.6  # s that a command takes on this machine

    def start(self) -> None:
        """Start everything on what is there."""
        self.service = Service.up(self.state, self.upstream)
        self.service.ready()

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a command."""
        command = [sys.executable, "-m", "filterd", *arguments, "--state", str(self.state)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def do(self, *arguments: str) -> None:
        """Run a command to its end."""
        running = self.begin(*arguments)
        _, said = running.communicate(timeout=60)
        assert running.returncode == 0, said

    def import_rules(self, rules: int) -> None:
        """Import a household with so many rules."""
        file = self.folder / "household.yaml"
        file.write_text(household(rules))
        self.do("policy", "import", str(file))

    def change(self, number: int) -> tuple[subprocess.Popen[bytes], Callable[[], None]]:
        """Begin a change; return it with what to call when it said that it is done."""
        if number % 2:
            file = self.folder / f"list-{number}.txt"
            file.write_text("".join(f"{word}.listed-{number}.example\n" for word in ("a", "b", "c")))
            begun = self.begin("lists", "add", f"list-{number}", "--category", "gambling", str(file))
            return begun, lambda: self.lists.append(f"list-{number}")
        file = self.folder / "household.yaml"
        file.write_text(household(self.rules + 1))
        return self.begin("policy", "import", str(file)), self._one_more

    def _one_more(self) -> None:
        self.rules += 1

    def point(self, number: int) -> None:
        """One kill at one moment during one change; then everything promised must be there."""
        hand = random.Random(number)
        assert self.service is not None
        victim = VICTIMS[(number // 2) % len(VICTIMS)]
        if victim in PROCESSES:  # one that was killed before comes back after a pause, which grows
            part(self.service.process.pid, PROCESSES[victim], 40)
        running, promise = self.change(number)
        start = time.monotonic()
        time.sleep(hand.uniform(0.05, 1.1) * self.spent)
        pid = {
            "worker": lambda: part(self.service.process.pid, PROCESSES["worker"], 5),  # type: ignore[union-attr]
            "manager": lambda: part(self.service.process.pid, PROCESSES["manager"], 5),  # type: ignore[union-attr]
            "supervisor": lambda: self.service.process.pid,  # type: ignore[union-attr]
            "command": lambda: running.pid,
        }[victim]()
        below = children(self.service.process.pid)
        os.kill(pid, signal.SIGKILL)  # an ended command is still there for us: not waited for
        _, said = running.communicate(timeout=30)
        if running.returncode == 0:
            promise()
            if victim != "command":
                self.spent = time.monotonic() - start
        else:
            assert victim == "command" and running.returncode == -signal.SIGKILL, said
        if victim == "supervisor":
            self.service.process.wait(5)
            assert all(gone(child, 5) for child in below), "a child outlived its supervisor"
            self.service.end()
            self.start()
        self.check(f"point {number}: {victim} killed")

    def check(self, why: str) -> None:
        """Everything promised is in force, from the first answer on."""
        for number in range(self.rules):
            assert self.first_answer(f"x.rule-{number}.example") == BLOCKED, f"{why}: rule {number} is lost"
        for list_id in self.lists:
            name = f"a.{list_id.replace('list', 'listed')}.example"
            assert self.first_answer(name) == BLOCKED, f"{why}: {list_id} is lost"
        assert self.first_answer("free.example") == SITE, why
        kept = {to_text(name) for name in load_household(self.state).profiles[0].names.block}
        assert {f"rule-{number}.example" for number in range(self.rules)} <= kept, why
        assert set(self.lists) <= {entry.id for entry in show_lists(self.state).lists}, why

    def first_answer(self, name: str) -> list[str]:
        """The first answer that comes: a worker may be on its way back, but it must not come back with less."""
        assert self.service is not None
        deadline = time.monotonic() + 15
        while True:
            try:
                return addresses(self.service.ask(name, client=KID, seconds=1.0))
            except (TimeoutError, ConnectionError):
                assert time.monotonic() < deadline, f"no answer\n{self.service.said}"
                time.sleep(0.05)

    def end(self) -> None:
        """End everything."""
        if self.service is not None:
            below = children(self.service.process.pid)
            start = time.monotonic()
            assert self.service.end() == 0
            assert time.monotonic() - start < 5 and all(gone(pid, 0.5) for pid in below)


@pytest.fixture(scope="module")
def upstream() -> Iterator[UpstreamStub]:
    """Where every name exists."""
    with UpstreamStub(behave=everywhere) as stub:
        yield stub


@pytest.fixture
def story(tmp_path: Path, upstream: UpstreamStub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """A box with one rule, running."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    made = Story(tmp_path, upstream)
    made.import_rules(1)
    try:
        made.start()
        yield made
    finally:
        if made.service is not None:
            made.service.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamStub) -> Path:
    """A state with a rule, a client map and a list, to be copied."""
    made = Story(tmp_path_factory.mktemp("prepared"), upstream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILTERD_RUN", str(made.folder / "state.run"))
        made.import_rules(1)
        publish(made.state, clients=dump({"192.0.2.9": "02:00:00:00:00:09"}))
        file = made.folder / "list-1.txt"
        file.write_text("a.listed-1.example\nb.listed-1.example\n")
        made.do("lists", "add", "list-1", "--category", "gambling", str(file))
    return made.state


@pytest.fixture
def served(tmp_path: Path, prepared: Path, upstream: UpstreamStub, monkeypatch: pytest.MonkeyPatch) -> Story:
    """The prepared state; a test starts the workers alone, so that nobody publishes beside it."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    made = Story(tmp_path, upstream)
    shutil.copytree(prepared, made.state)
    made.lists.append("list-1")
    return made


def test_nothing_is_lost_by_a_kill_at_any_moment(story: Story) -> None:
    for number in (0, 1, 3, 4, 7):  # worker, worker, manager, supervisor, command
        story.point(number)
    story.end()


@pytest.mark.slow
def test_nothing_is_lost_by_a_kill_at_any_of_many_moments(story: Story) -> None:
    for number in range(100, 120):
        story.point(number)
    story.end()
    story.start()
    story.check("after a quiet end")
    story.end()


def damage(data: bytes, how: str) -> bytes:
    """Return damaged content."""
    if how == "empty":
        return b""
    if how == "cut":
        return data[: len(data) * 2 // 3]
    if how == "garbage":
        return random.Random(5).randbytes(len(data))
    flipped = bytearray(data)
    place = {"first bit": 0, "middle bit": len(data) // 2, "last bit": len(data) - 1}[how]
    flipped[place] ^= 0x10
    return bytes(flipped)


DAMAGES = ("first bit", "middle bit", "last bit", "cut", "garbage", "empty")
PARTS = ("bundle", "snapshot", "clients")


def pairs(fast: dict[str, str], *hows: str) -> list[Any]:
    """All pairs of part and damage; those that are not in `fast` are for the slow suite."""
    return [
        pytest.param(name, how, marks=[] if fast[name] == how else [pytest.mark.slow]) for name in PARTS for how in hows
    ]


def test_a_running_worker_refuses_what_is_damaged_and_goes_on(served: Story, upstream: UpstreamStub) -> None:
    with Service.serve(served.state, upstream) as served.service:
        good = current(served.state)
        assert good is not None
        number = good.number
        for name in PARTS:
            piece = getattr(good, name)
            whole = (served.state / piece.file).read_bytes()
            for how in DAMAGES:
                number += 1
                broken = piece.file.rpartition("/")[0] + f"/broken-{number}"
                (served.state / broken).write_bytes(damage(whole, how))
                bad = replace(good, number=number, **{name: replace(piece, file=broken)})
                write_atomic(served.state / NAME, bad.encode())
                done = announce(served.state, number)
                assert done.acknowledged == 0 and len(done.late) == 1, (name, how, done)
                assert f"keeps revision {good.number}" in done.late[0], (name, how, done)
                served.check(f"{name} damaged: {how}")
        write_atomic(served.state / NAME, replace(good, number=number + 1).encode())
        assert announce(served.state, number + 1).acknowledged == 1
        served.check("whole again")
        assert "Traceback" not in served.service.said


@pytest.mark.parametrize(
    ("name", "how"),
    pairs({"bundle": "middle bit", "snapshot": "cut", "clients": "empty"}, "middle bit", "cut", "empty"),
)
def test_a_start_with_a_damaged_newest_part_takes_the_last_good_one(
    served: Story, upstream: UpstreamStub, name: str, how: str
) -> None:
    """The damage is done to a part that is new in the newest revision; the one before is whole."""
    before = current(served.state)
    assert before is not None
    if name == "bundle":
        served.do("lists", "remove", "list-1")
    elif name == "snapshot":
        served.import_rules(0)
    else:
        publish(served.state, clients=dump({}))
    newest = current(served.state)
    assert newest is not None and getattr(newest, name) != getattr(before, name)
    path = served.state / getattr(newest, name).file
    path.write_bytes(damage(path.read_bytes(), how))
    with Service.serve(served.state, upstream) as served.service:
        assert "damaged file passed over" in served.service.said
        for name_ in ("x.rule-0.example", "a.listed-1.example"):
            assert served.first_answer(name_) == BLOCKED
        assert served.first_answer("free.example") == SITE


def test_a_damaged_client_map_alone_never_costs_the_newest_rules_nor_the_start(
    served: Story, upstream: UpstreamStub
) -> None:
    """All revisions on disk share the damaged map: who is who is found out anew, the rules stay."""
    for rules in (2, 3, 4):
        served.import_rules(rules)
    served.rules = 4
    newest = current(served.state)
    assert newest is not None and newest.clients is not None
    (served.state / newest.clients.file).write_bytes(b"")
    with Service.serve(served.state, upstream) as served.service:
        served.check("client map damaged")


def test_a_damaged_list_file_alone_never_costs_the_newest_rules(served: Story, upstream: UpstreamStub) -> None:
    """The newest list file is damaged and the newest rules are newer than it: an older list, and all rules."""
    served.do("lists", "remove", "list-1")
    for rules in (2, 3, 4):
        served.import_rules(rules)
    served.rules = 4
    newest = current(served.state)
    assert newest is not None and newest.bundle is not None
    path = served.state / newest.bundle.file
    path.write_bytes(damage(path.read_bytes(), "middle bit"))
    with Service.serve(served.state, upstream) as served.service:
        for number in range(4):
            assert served.first_answer(f"x.rule-{number}.example") == BLOCKED
        assert served.first_answer("a.listed-1.example") == BLOCKED  # of the list file before
        assert served.first_answer("free.example") == SITE


@pytest.mark.parametrize(
    ("name", "how"), pairs({"bundle": "cut", "snapshot": "empty", "clients": "cut"}, "cut", "empty")
)
def test_what_is_damaged_under_a_running_box_is_made_anew(
    served: Story, upstream: UpstreamStub, name: str, how: str
) -> None:
    """The only copy on disk is damaged in place: the worker may even die of it, but comes back with everything."""
    newest = current(served.state)
    assert newest is not None
    for other in ("bundles", "policy", "clients"):  # no older copies
        for path in (served.state / other).iterdir():
            if f"{other}/{path.name}" not in {newest.bundle.file, newest.snapshot.file, newest.clients.file}:
                path.unlink()
    with Service.up(served.state, upstream) as served.service:
        running = current(served.state)
        assert running is not None
        piece = getattr(running, name)
        path = served.state / piece.file
        path.write_bytes(damage(path.read_bytes(), how))
        worker = part(served.service.process.pid, "filterd.serve")
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        served.check(f"{name} damaged: {how}")


@pytest.mark.parametrize("how", ["cut", *(pytest.param(how, marks=pytest.mark.slow) for how in ("garbage", "empty"))])
def test_a_damaged_revision_file_takes_the_one_before(served: Story, upstream: UpstreamStub, how: str) -> None:
    path = served.state / NAME
    path.write_bytes(damage(path.read_bytes(), how))
    with Service.up(served.state, upstream) as served.service:
        assert served.first_answer("x.rule-0.example") == BLOCKED
        assert served.first_answer("free.example") == SITE
    assert current(served.state) is not None


def test_a_second_instance_is_refused_in_one_sentence_whoever_runs(story: Story) -> None:
    assert story.service is not None
    for word in ("up", "serve"):
        second = story.begin(word, "--dns", "127.0.0.1:0")
        _, said = second.communicate(timeout=30)
        assert second.returncode == 1
        assert said.startswith(b"filterd: filterd runs on this state already") and said.count(b"\n") == 1
    story.check("after the second was refused")
    story.end()
