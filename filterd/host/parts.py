"""Which child processes the service consists of, for whoever supervises them (up.py, serve.py).

Supervisor(worker_parts(document, 2, ()), say, on_ready).run()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from filterd.host.child import Child
from filterd.host.supervise import Part

WEB_SILENT_S = 120.0  # the page asks itself now and then, and a slow one is no reason to end it
SILENT_S = 15.0  # a worker whose loop gives no sign of life for so long is killed and started again


def worker_parts(document: dict[str, Any], count: int, fds: Sequence[int]) -> list[Part]:
    """Return `count` DNS workers with their settings. `fds`: listening sockets that outlive them, for all alike."""

    def part(index: int) -> Part:
        own = document | {"index": index, "workers": 1, "shared": count > 1, "fds": list(fds)}
        return Part(f"worker-{index}", lambda: Child.start("filterd.serve", own, fds), silent_s=SILENT_S)

    return [part(index) for index in range(count)]


def manager_part(document: dict[str, Any]) -> Part:
    """Return the manager. DNS does not need it: nobody waits for it."""
    return Part("manager", lambda: Child.start("filterd.manage", document), needed=False)


def web_part(document: dict[str, Any]) -> Part:
    """Return the page, at the address that the settings in `document` give it. Nobody waits for it."""
    settings = document["settings"]
    own = {"state": document["state"], "listen": settings["web"], "tls": settings.get("web_tls", "off")}
    return Part("web", lambda: Child.start("webui", own), needed=False, silent_s=WEB_SILENT_S)


def child_part(document: dict[str, Any]) -> Part:
    """Return the child's page, at the address that the settings in `document` give it. Nobody waits for it."""
    own = {"state": document["state"], "listen": document["settings"]["child"]}
    return Part("child's page", lambda: Child.start("webui.child", own), needed=False, silent_s=WEB_SILENT_S)


def presence_part(document: dict[str, Any]) -> Part:
    """Return what watches the network for devices, for the manager. Nobody waits for it."""
    own = {"state": document["state"], "ask": document.get("presence_ask", True)}
    return Part("presence", lambda: Child.start("filterd.presence_main", own), needed=False, silent_s=WEB_SILENT_S)


def ready_line(addresses: Sequence[str]) -> str:
    """Return the line that says that questions are answered."""
    return f"ready: answering DNS at {', '.join(addresses)} (UDP and TCP)"
