"""A program switches a child off over real HTTP, and the worker's next answer says so; ten programs that poll take no page away."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from filterd.control import accounts, accounts_tokens
from filterd.control.accounts import find
from filterd.control.household import ensure
from filterd.model.change import Who
from tests.processes import Service, UpstreamStub, addresses

SITE = "192.0.2.80"
LAN = "127.0.0.11"
READY_S = 60.0
BITES_S = 2.0
TEST = Who("test", "cli")


class Program:
    """A program beside a running box."""

    def __init__(self, service: Service, url: str, token: str) -> None:
        self.service, self.url, self.token = service, url, token

    def call(self, path: str, body: Any = None) -> Any:
        """Call and return what came; urllib raises on a problem."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def bites(self, wanted: list[str]) -> bool:
        """Wait for the worker's answer to Lan's device to become `wanted`."""
        deadline = time.monotonic() + BITES_S
        while addresses(self.service.ask("www.example.org", client=LAN)) != wanted:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    state = tmp_path_factory.mktemp("api") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILTERD_RUN", str(state.parent / "state.run"))
        ensure(state)
        accounts.add(state, TEST, "me", "con-mèo-trèo-cây-cau", "admin", shown="mẹ")
        token = accounts_tokens.create(state, TEST, find(state, "me").id, "Home Assistant", ["read", "household"])[0]
        with (
            UpstreamStub({"www.example.org": [SITE]}) as upstream,
            Service.up(state, upstream, "--web", "127.0.0.1:0") as service,
        ):
            assert service.until(lambda: any(line.startswith("page: ") for line in service.lines), READY_S), (
                service.said
            )
            url = next(line for line in service.lines if line.startswith("page: ")).removeprefix("page: ").rstrip("/")
            yield Program(service, url, token)


def test_off_bites_in_the_next_answer_and_undo_opens_again(program: Program) -> None:
    program.call("/bonus", {"profile": "lan", "minutes": 60})  # whatever hour this test runs at
    assert program.bites([SITE])
    done = program.call("/off", {"profile": "lan", "minutes": 30})
    assert done["in_force"] and program.bites(["0.0.0.0"])
    assert program.call("/profiles/lan/now")["state"] == "off"
    assert program.call(f"/history/{done['revision']}/undo", {})["in_force"] and program.bites([SITE])


def test_programs_that_poll_leave_the_page_to_others(program: Program) -> None:
    failed: list[BaseException] = []

    def poll() -> None:
        try:
            for _ in range(5):
                program.call("/now")
        except BaseException as exc:  # of the thread: told below
            failed.append(exc)

    threads = [threading.Thread(target=poll) for _ in range(10)]
    for thread in threads:
        thread.start()
    with urllib.request.urlopen(f"{program.url}/login", timeout=30) as page:
        assert page.status == 200
    for thread in threads:
        thread.join(timeout=60)
    assert not failed and not any(thread.is_alive() for thread in threads)


def test_the_log_names_the_program_and_the_person(program: Program) -> None:
    program.call("/off", {"device": "may-minh", "minutes": 5})
    newest = program.call("/history?limit=1")["items"][0]
    assert (newest["by"], newest["source"]) == ("mẹ (Home Assistant)", "api")
