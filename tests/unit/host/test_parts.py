"""Which children the service consists of."""

from __future__ import annotations

from typing import Any

import pytest

from filterd.host import parts
from filterd.host.parts import manager_part, ready_line, web_part, worker_parts


def test_workers_know_their_number_and_whether_they_share_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, dict[str, Any], list[int]]] = []

    def start(module: str, document: dict[str, Any], fds: Any = ()) -> None:
        started.append((module, document, list(fds)))

    monkeypatch.setattr(parts.Child, "start", start)
    for part in (
        *worker_parts({"state": "s"}, 2, ()),
        *worker_parts({"state": "s"}, 1, [7, 8]),
        manager_part({"a": 1}),
    ):
        part.start(0.0)
    one, two, alone, manager = started
    assert (one[1]["index"], one[1]["shared"], one[2]) == (0, True, [])
    assert (two[0], two[1]["index"], two[1]["workers"]) == ("filterd.serve", 1, 1)
    assert (alone[1]["shared"], alone[1]["fds"], alone[2]) == (False, [7, 8], [7, 8])
    assert manager == ("filterd.manage", {"a": 1}, [])
    assert not manager_part({}).needed


def test_the_line_that_says_ready() -> None:
    assert ready_line(["127.0.0.1:53", "[::1]:53"]) == "ready: answering DNS at 127.0.0.1:53, [::1]:53 (UDP and TCP)"


def test_the_page_gets_its_state_and_its_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(parts.Child, "start", lambda module, document, fds=(): started.append((module, document)))
    part = web_part({"state": "s", "settings": {"web": "127.0.0.1:8080", "upstreams": []}, "loop_key": "secret"})
    part.start(0.0)
    assert started == [("webui", {"state": "s", "listen": "127.0.0.1:8080", "tls": "off"})]
    assert not part.needed and part.silent_s


def test_so_does_the_childs_page(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(parts.Child, "start", lambda module, document, fds=(): started.append((module, document)))
    part = parts.child_part({"state": "s", "settings": {"child": "127.0.0.1:80"}, "loop_key": "secret"})
    part.start(0.0)
    assert started == [("webui.child", {"state": "s", "listen": "127.0.0.1:80"})]
    assert not part.needed and part.silent_s


def test_workers_are_watched_and_the_manager_is_not() -> None:
    assert all(part.silent_s == parts.SILENT_S for part in worker_parts({}, 2, ()))
    assert manager_part({}).silent_s == 0


def test_presence_gets_the_state_alone_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(parts.Child, "start", lambda module, document, fds=(): started.append((module, document)))
    part = parts.presence_part({"state": "s", "loop_key": "secret"})
    part.start(0.0)
    assert started == [("filterd.presence_main", {"state": "s", "ask": True})]
    parts.presence_part({"state": "s", "presence_ask": False}).start(0.0)
    assert started[1][1] == {"state": "s", "ask": False}
    assert not part.needed and part.silent_s
