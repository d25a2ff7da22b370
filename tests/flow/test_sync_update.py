"""`filterd lists update` as a process, beside DNS workers that go on answering: faults, kill -9, a stick, no network."""

from __future__ import annotations

import json
import lzma
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import list_server
from tests.flow.sync_box import SyncBox, wait_until
from tests.list_server import Handler, ListServer
from tests.processes import Service, UpstreamStub, addresses

LAN = "127.0.0.11"
SITE = "192.0.2.80"
BLOCKED = ["0.0.0.0"]


def names(count: int, word: str) -> bytes:
    return "".join(f"{word}{n}.example\n" for n in range(count)).encode()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SyncBox]:
    with ListServer() as server:
        yield SyncBox(tmp_path, server)


def test_dns_answers_from_the_starter_while_the_first_sync_lasts_and_blocks_more_afterwards(box: SyncBox) -> None:
    go_on = threading.Event()

    def held_back(handler: Handler) -> None:
        go_on.wait(60)
        handler.serve(names(3000, "casino"))

    box.source("small", names(500, "naughty"), "adult")
    box.source("late", held_back, "gambling")
    zone = {"naughty7.example": [SITE], "casino7.example": [SITE]}
    box.prepare()
    with UpstreamStub(zone) as upstream, Service.serve(box.state, upstream) as service:
        update = box.start()
        try:
            wait_until(lambda: box.status()["done"] == 1)
            during = box.status()
            assert (during["phase"], during["first"], during["of"], during["names"]) == ("fetching", True, 2, 500)
            assert during["protected"]["adult"] >= 25 and "gambling" in during["protected"]
            assert addresses(service.ask("naughty7.example", client=LAN)) == [SITE]
            assert addresses(service.ask("pornhub.com", client=LAN)) == BLOCKED  # the starter
            go_on.set()
            said, _ = update.communicate(timeout=60)
        finally:
            go_on.set()
            if update.poll() is None:
                update.kill()
                update.communicate()
        assert update.returncode == 0, said
        assert "lists: 1 of 2, 500 names so far (small)" in said and "2 lists looked at: 2 new" in said
        assert addresses(service.ask("naughty7.example", client=LAN)) == BLOCKED
        assert addresses(service.ask("casino7.example", client=LAN)) == BLOCKED
    after = box.status()
    assert after["phase"] == "done" and after["protected"]["gambling"] >= 3000 and after["revision"]


def test_the_box_finds_its_lists_while_the_whole_home_is_offline(box: SyncBox) -> None:
    """Its own programs are no child: they ask the workers past the household's rules, whatever the hour."""
    box.prepare()
    box.command("off", "everyone", "--minutes", "120")
    box.source("one", names(90, "one"), "ads", url=box.server.url("/one.txt").replace("127.0.0.1", "lists.example.net"))
    with UpstreamStub({"lists.example.net": ["127.0.0.1"]}) as upstream, Service.serve(box.state, upstream) as service:
        assert addresses(service.ask("lists.example.net", client=LAN)) == BLOCKED
        assert json.loads(box.update("--json").stdout)["accepted"] == ["one"]
    assert box.server.asked("/one.txt") == 1


def test_kill_9_in_the_middle_and_the_next_start_goes_on(box: SyncBox) -> None:
    stop = threading.Event()

    def hangs(handler: Handler) -> None:
        if not stop.is_set():
            handler.wait(60)
        handler.serve(names(90, "last"))

    for key in ("one", "two", "three", "four", "five"):
        box.source(key, names(200, key), "ads")
    box.source("last", hangs, "ads")
    update = box.start()
    try:
        wait_until(lambda: box.status()["done"] == 5)
    finally:
        update.send_signal(signal.SIGKILL)
        update.communicate()
    assert box.status()["phase"] == "cut" and "goes on at the next start" in box.command("lists", "status")
    assert {key: row["names"] for key, row in box.lists().items()} == dict.fromkeys(("five", "four", "one", "three", "two"), 200) | {"last": 0}  # fmt: skip
    stop.set()
    found = json.loads(box.update("--json").stdout)
    assert found["accepted"] == ["last"] and found["unchanged"] == [] and found["revision"]
    assert [box.server.asked(f"/{key}.txt") for key in ("one", "two", "three", "four", "five", "last")] == [1] * 5 + [2]
    assert (
        box.status()["names"] == 1090
        and sorted(p.name for p in (box.state / "lists/raw").iterdir() if p.name.startswith(".")) == []
    )


def test_every_fault_at_once_changes_nothing_and_the_good_list_comes_through(box: SyncBox) -> None:
    good = names(300, "ad")
    faults = {
        "slow": list_server.slow,
        "endless": list_server.endless,
        "truncated": list_server.truncated,
        "bomb": list_server.bomb,
        "private": list_server.leads_to("http://0.0.0.0/"),
        "web-page": list_server.web_page,
        "held": names(30, "ad"),
    }
    for key in faults:
        box.source(key, good, "ads", max_mib=2)
    box.source("good", good, "ads")
    box.update()
    before = {key: (row["names"], row["good_at"]) for key, row in box.lists().items()}
    bundle = box.status()["in_force"]
    for key, content in faults.items():
        box.server.content[f"/{key}.txt"] = content
    box.server.content["/good.txt"] = names(301, "ad")
    found = json.loads(box.update("--all", "--json", "--total-s", "1.5").stdout)
    codes = {failure["id"]: failure["code"] for failure in found["failures"]}
    assert codes.pop("endless") == "too-large" and codes == {key: key for key in faults if key != "endless"}
    assert all(failure["vi"] and failure["en"] and failure["reason"] for failure in found["failures"])
    assert found["accepted"] == ["good"] and found["names"] == bundle + 1
    after = box.lists()
    assert {key: (after[key]["names"], after[key]["good_at"]) for key in faults} == {key: before[key] for key in faults}
    assert all(after[key]["last"]["code"] for key in faults) and "not taken" in box.command("lists", "status")
    assert box.update("--only", "slow", "--total-s", "1", code=1).stdout.startswith("not taken: ")


def test_a_stick_needs_no_network_and_passes_the_same_gate(box: SyncBox, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    for key in ("one", "two", "three"):
        box.source(key, names(100, key), "ads", url=f"http://{key}.invalid/{key}/domains")
    (stick / "one.txt.xz").write_bytes(lzma.compress(names(100, "one")))
    (stick / "two.txt").write_bytes(b"<html><body>not a list</body></html>")
    (stick / "holiday.jpg").write_bytes(b"\xff\xd8")
    done = box.update("--from", str(stick), "--json")
    found = json.loads(done.stdout)
    assert found["accepted"] == ["one"] and [f["code"] for f in found["failures"]] == ["web-page"]
    assert "holiday.jpg: belongs to no list" in done.stderr
    assert list(box.lists()) == ["one", "two"] and box.lists()["one"]["names"] == 100 and box.server.requests == []
    assert "in force" in box.command("lists", "show")


def test_without_a_connection_one_kind_line(box: SyncBox) -> None:
    for key in ("one", "two", "three", "four"):
        box.source(key, b"", "ads", url=f"http://{key}.invalid/list.txt")
    done = box.update(code=1)
    assert done.stdout.count("\n") == 1 and done.stdout.startswith(
        "no connection to the Internet just now: the shipped lists protect"
    )
    assert done.stderr == "" and box.status()["phase"] == "offline"


def test_sources_enable_and_disable(box: SyncBox) -> None:
    rows = [json.loads(line) for line in box.command("lists", "sources", "--json").splitlines()]
    assert len(rows) >= 25 and all(row["licence"] and row["state"] == "not used" and row["checked"] for row in rows)
    assert "recommended" in box.command("lists", "sources")
    box.command("lists", "enable", "hagezi-bypass")
    box.command("lists", "disable", "ut1-games")
    states = {
        row["id"]: row["state"] for row in map(json.loads, box.command("lists", "sources", "--json").splitlines())
    }
    assert (states["hagezi-bypass"], states["ut1-games"]) == ("waits", "off")
