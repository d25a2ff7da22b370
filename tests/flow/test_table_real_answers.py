"""The whole precedence table in real answers of a real `filterd serve`, and `explain` beside it.

Every row x {A, AAAA, HTTPS, TXT} x {question, CNAME target, HTTPS target} x {miss, hit, stale} x {UDP, TCP} x {IPv4,
IPv6}: shape, extended error, TTL. One process answers all; each case has a name of its own (tests/flow/table.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dnslib
import pytest

from filterd.config.catalogue import load as load_catalogue
from filterd.control.explain import Explainer
from filterd.control.explain_question import Question
from filterd.control.household import knowledge_of
from filterd.control.household import load as load_household
from filterd.control.publish import publish
from filterd.host.run import connect
from filterd.model.household import Device
from filterd.policy.compile import Spent, compile_snapshot
from filterd.policy.snapshot import dump
from filterd.wire.name import to_text
from tests.flow import table
from tests.flow.table import BLOCK_S, CAP_S, CLIENTS, LOCAL_S, PLACES, STALE_S, TYPES, Case, Place, Script
from tests.processes import Service, UpstreamStub

NOERROR, NXDOMAIN = 0, 3
NEEDED_HOSTS = len(table.AGES) * len(table.TRANSPORTS)


class World:
    """A state, a service over it, and all cases."""

    def __init__(self, folder: Path) -> None:
        lifelines = sorted(to_text(name) for name in load_catalogue().lifelines)
        exact = [p for p in PLACES if p.base == "!"]
        assert len(lifelines) >= NEEDED_HOSTS * len(exact), "not enough lifelines for a name each"
        self.cases: dict[str, list[Case]] = {}
        for number, place in enumerate(PLACES):
            hosts = []
            if place.base == "!":
                start = exact.index(place) * NEEDED_HOSTS
                hosts = lifelines[start : start + NEEDED_HOSTS]
            self.cases[str(place) + f"-{number}"] = list(table.cases(place, number, hosts))
        self.all = [case for cases in self.cases.values() for case in cases]
        self.script = Script(self.all)
        self.state = folder / "state"
        self.run = folder / "state.run"
        self.service: Service

    def command(self, *arguments: str) -> str:
        """Run the command line and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "filterd", *arguments, "--state", str(self.state)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def set_up(self) -> None:
        """Household and lists, by the command line."""
        devices = "".join(f'  - {{id: "{p}", name: "{p}", profile: "{p}", ip: {ip}}}\n' for p, ip in CLIENTS.items())
        file = self.state.parent / "household.yaml"
        file.write_text(table.HOUSEHOLD + devices)
        self.command("policy", "import", str(file))
        for list_id, (flag, name) in table.LISTS.items():
            names = self.state.parent / f"{list_id}.txt"
            names.write_text("".join(f"{word}.{name}\n" for word in ("a", "b", "c", "d")) + name + "\n")
            options = ["--category", "gambling", "--format", "domains", *([flag] if flag else [])]
            self.command("lists", "add", list_id, str(names), *options)
        self.lend("plain")

    def lend(self, profile: str) -> None:
        """Let ::1 be a device of `profile`, with the budget of `spent` used up."""
        household = load_household(self.state)
        household = replace(household, devices=(*household.devices, Device("six", "six", profile, ip="::1")))
        now = time.time()
        spent = [Spent("spent", 0, now - 60, now + 86_400)]
        document = compile_snapshot(household, knowledge_of(load_catalogue()), now, spent)
        done = publish(self.state, snapshot=dump(document))
        assert done.workers == done.acknowledged, done.late

    def prime(self) -> None:
        """Let the worker learn what shall be a hit or stale, through its door for the box's own programs."""
        with connect(self.run / "worker-0.sock", timeout_s=10) as sock:
            for case in self.all:
                if case.age != "miss":
                    request = {"op": "resolve", "name": case.name, "type": TYPES[case.qtype]}
                    sock.sendall(json.dumps(request).encode() + b"\n")
                    reply = b""
                    while not reply.endswith(b"\n"):
                        reply += sock.recv(65_536)
                    assert b"packet" in reply, reply
        self.primed_at = time.monotonic()
        time.sleep(1.2)  # the time to live of what shall be stale is 1 s
        self.script.failing = True
        self.script.asked.clear()

    def ask(self, case: Case) -> dnslib.DNSRecord:
        """Ask the question of a case."""
        at = 1 if case.transport.endswith("6") else 0
        return self.service.ask(case.name, case.qtype, case.client, tcp=case.transport.startswith("tcp"), at=at)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything up, facts learned, the upstream failing for what shall be stale."""
    made = World(tmp_path_factory.mktemp("table"))
    made.run.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILTERD_RUN", str(made.run))
        made.set_up()
        with (
            UpstreamStub(behave=made.script) as upstream,
            Service.serve(made.state, upstream, dns=("127.0.0.1:0", "[::1]:0")) as made.service,
        ):
            made.prime()
            yield made


IDS = [f"{place}-{number}" for number, place in enumerate(PLACES)]


@pytest.mark.parametrize("ident", IDS)
def test_every_answer_of_a_place_and_explain_beside_it(world: World, ident: str) -> None:
    cases = world.cases[ident]
    world.lend(cases[0].place.profile)
    for case in cases:
        for _ in range(2 if case.age == "hit" else 1):  # out of the cache, then out of what is prepared
            before = world.script.asked.get((case.name, TYPES[case.qtype]), 0)
            answer = world.ask(case)
            asked = world.script.asked.get((case.name, TYPES[case.qtype]), 0) - before
            problem = wrong(case, answer) or wrong_effort(case, asked)
            assert not problem, f"{case}: {problem}\n{answer}"
    explainer = Explainer(world.state)
    try:
        for case in cases:
            found = explainer.explain(Question(case.name, case.qtype, case.client))
            assert (found["action"], found["row"]) == (case.place.action, case.place.row), (case, found)
            if case.target and case.place.action == "block" and case.place.row not in ("rebind", "upstream"):
                assert found["matched"] == case.target, found
    finally:
        explainer.close()


@pytest.mark.parametrize("row", list(dict.fromkeys(place.row for place in PLACES)))
def test_the_command_says_the_same(world: World, row: str) -> None:
    """`filterd explain --json` as a process of its own, one question a row."""
    case = next(c for c in world.all if c.place.row == row and c.transport == "udp4" and c.age == "hit")
    said = json.loads(world.command("explain", case.name, "--type", case.qtype, "--client", case.client, "--json"))
    assert (said["action"], said["row"], said["profile"]) == (case.place.action, row, case.place.profile)
    assert said["trace"][-1]["row"] == row and said["trace"][-1]["verdict"] == case.place.action


def wrong(case: Case, answer: dnslib.DNSRecord) -> str:
    """What is wrong with an answer, "" when nothing is."""
    place, header = case.place, answer.header
    if not header.ra or header.aa or header.ad or header.tc or not header.rd:
        return "flags"
    if str(answer.q.qname).rstrip(".") != case.name or answer.q.qtype != TYPES[case.qtype]:
        return "another question"
    if place.action == "local":
        is_right = header.rcode == NXDOMAIN and not answer.rr and [rr.rtype for rr in answer.auth] == [6]
        return "" if is_right and answer.auth[0].ttl == LOCAL_S and not table.ede_of(answer) else "local answer"
    if header.rcode != NOERROR:
        return "rcode"
    if place.action == "block":
        return _wrong_block(case, answer)
    return _wrong_allow(case, answer)


def _wrong_block(case: Case, answer: dnslib.DNSRecord) -> str:
    if table.ede_of(answer) != [case.place.ede]:
        return f"extended error {table.ede_of(answer)}"
    null = {"A": "0.0.0.0", "AAAA": "::"}.get(case.qtype)
    if null is None:
        is_nodata = not answer.rr and [rr.rtype for rr in answer.auth] == [6]
        if not is_nodata or answer.auth[0].ttl > 60 or answer.auth[0].rdata.times[4] > 60:
            return "not NODATA with a short SOA"
        return ""
    shape = [(rr.rtype, str(rr.rdata), rr.ttl) for rr in answer.rr]
    return "" if shape == [(TYPES[case.qtype], null, BLOCK_S)] and not answer.auth else f"shape {shape}"


def _wrong_allow(case: Case, answer: dnslib.DNSRecord) -> str:
    place = case.place
    if table.ede_of(answer) != ([3] if case.age == "stale" else []):
        return f"extended error {table.ede_of(answer)}"
    target = case.target if place.where == "https" else ""
    wanted = table.record_data(case.qtype, place.address, target)
    types = ([5] if place.where == "cname" else []) + [TYPES[case.qtype]]
    if [rr.rtype for rr in answer.rr] != types or table.packed(answer.rr[-1].rdata) != table.packed(wanted):
        return "not what the upstream says"
    if place.where == "cname" and str(answer.rr[0].rdata).rstrip(".") != case.target:
        return "another target"
    ttls = {rr.ttl for rr in answer.rr}
    if place.profile == "night":  # it has a boundary: midnight
        return "" if all(1 <= ttl <= CAP_S for ttl in ttls) else f"TTL {ttls}"
    if place.profile == "parents" and case.age != "stale":  # no cap
        least = 300 if case.age == "miss" else 120
        return "" if all(least <= ttl <= 300 for ttl in ttls) else f"TTL {ttls}"
    return "" if ttls == {STALE_S if case.age == "stale" else CAP_S} else f"TTL {ttls}"


def wrong_effort(case: Case, asked: int) -> str:
    """Whether the upstream was asked as often as the age says: it was a miss, a hit, a stale answer indeed."""
    place: Place = case.place
    decided_before = place.action == "local" or (
        place.where == "question" and place.action == "block" and place.row not in ("rebind", "upstream")
    )
    if decided_before or case.age == "hit":
        return "" if asked == 0 else f"asked the upstream {asked} times"
    return "" if asked >= 1 else "did not ask the upstream"
