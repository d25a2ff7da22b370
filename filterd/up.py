"""`filterd up`: every part in the foreground, supervised. For a first look, for `make run`, for containers.

Makes sure that the state has lists and a household, starts workers, manager, presence and page as children of its own, starts a
dead one again, and ends them all together. A composition root; the children are serve.py, manage.py and webui.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from filterd.config.settings import Listen, Settings
from filterd.errors import FilterdError, StartError, StoreError
from filterd.host.files import Lock
from filterd.host.parts import child_part, manager_part, presence_part, ready_line, web_part, worker_parts
from filterd.host.run import run_dir
from filterd.host.supervise import Part, Supervisor
from filterd.net.listen import reserve, shown
from filterd.presence.sniff import may_sniff


def up(
    state: Path,
    settings: Settings,
    out: Callable[[str], object],
    say: Callable[[str], object],
    *,
    sync: bool = False,
    lists: Path | None = None,
    presence: bool = True,
    presence_ask: bool = True,
) -> int:
    """Run everything until SIGTERM or SIGINT and return the exit code.

    `out` gets what the user asked for (`ready` and the lines to try), `say` what happens meanwhile. `sync`: fetch the
    public lists in the background, the recommended ones at the first start. `lists`: first take lists from the files in
    this folder. `presence`: watch the network for devices, where that is allowed; `presence_ask`: and ask it. DNS waits for none of
    it. Raises FilterdError when it cannot start.
    """
    state = state.resolve()
    try:
        lock = Lock(state / "lock", wait=False)
    except StoreError as exc:
        raise StartError(f"filterd runs on this state already: {exc}") from None
    try:
        bound, sockets = reserve([(listen.address, listen.port) for listen in settings.dns], keep=settings.workers == 1)
        try:
            prepare(state, say, sync=sync)
            run_dir(state)
            settings = replace(settings, dns=tuple(Listen(address, port) for address, port in bound))
            document = {
                "state": str(state),
                "settings": settings.to_json(),
                "loop_key": secrets.token_hex(16),
                "sync": sync,
                "lists": None if lists is None else str(lists.resolve()),
                "presence_ask": presence_ask,
            }
            parts = [*worker_parts(document, settings.workers, [s.fileno() for s in sockets]), manager_part(document)]
            if settings.web not in ("", "off"):
                parts.append(web_part(document))
                parts[-1].tell = lambda answer: _tell_page(state, answer, out)
            if settings.child not in ("", "off"):
                parts.append(child_part(document))
                parts[-1].tell = lambda answer: _tell_child(answer, out)
            if presence and (why := may_sniff()):
                say(f"devices are known from the neighbour table alone: {why}")
            elif presence:
                parts.append(presence_part(document))
            for part in parts:
                part.repair = (lambda: _repair(state, say)) if part.needed else None
            supervisor = Supervisor(parts, say, lambda ready: _tell(state, bound, ready, out))
            return supervisor.run()
        finally:
            for sock in sockets:
                sock.close()
    finally:
        lock.release()


def prepare(state: Path, say: Callable[[str], object], *, sync: bool = False) -> None:
    """Make sure that there are a list bundle and a household in force. Raises FilterdError.

    `sync`: also register the recommended sources of lists that this household was never offered; nothing is fetched.
    """
    from filterd.control.household import ensure
    from filterd.control.lists import ensure_bundle
    from filterd.control.publish import current, publish_bundle

    path = ensure_bundle(state)
    revision = current(state)
    if revision is None or revision.bundle is None or state / revision.bundle.file != path:
        publish_bundle(state, path)
    try:
        if ensure(state):
            say(f"a demonstration household with three children was set up in {state}")
    except FilterdError as exc:
        revision = current(state)
        if revision is None or revision.snapshot is None:
            raise
        say(f"the household is not taken over, the last good one stays in force: {exc}")
    if sync:
        _offer(state, say)


def _offer(state: Path, say: Callable[[str], object]) -> None:
    """Register the recommended sources; a registry that cannot be read costs the large lists, not the start."""
    from filterd.control.sync_sources import offer

    try:
        new = offer(state)
    except (FilterdError, OSError) as exc:
        say(f"the sources of lists cannot be registered: {exc}")
        return
    if new:
        say(f"{len(new)} public lists are fetched in the background; `filterd lists status` shows how far it is")


def _repair(state: Path, say: Callable[[str], object]) -> None:
    """A worker could not start: make anew what is damaged on disk, from the lists and the household."""
    try:
        prepare(state, say)
    except (FilterdError, OSError) as exc:
        say(f"the state cannot be repaired: {exc}")


def _tell(state: Path, bound: Sequence[tuple[str, int]], parts: Sequence[Part], out: Callable[[str], Any]) -> None:
    with contextlib.suppress(OSError):  # nobody reads standard output any more: no reason to stop answering
        out(ready_line([shown(*pair) for pair in bound]))
        for line in things_to_try(state, bound):
            out(line)


def _tell_child(answer: dict[str, Any], out: Callable[[str], Any]) -> None:
    with contextlib.suppress(OSError):
        out(f"child's page: http://{answer.get('address', '')}/")


def _tell_page(state: Path, answer: dict[str, Any], out: Callable[[str], Any]) -> None:
    from filterd.control import setup

    with contextlib.suppress(OSError):
        out(f"page: http://{answer.get('address', '')}/")
        if answer.get("secure"):
            out(f"page: https://{answer['secure']}/")
        with contextlib.suppress(FilterdError):
            if setup.needed(state):
                out(f"setup code: {setup.code(state)}")


def things_to_try(state: Path, bound: Sequence[tuple[str, int]]) -> list[str]:
    """Return the lines to try with the demonstration household; none with a family's own."""
    from filterd.control.household import is_demonstration

    port = next((port for address, port in bound if address in ("127.0.0.1", "0.0.0.0")), None)
    if port is None or not is_demonstration(state):
        return []
    return [
        "three children live on this machine; what each of them gets:",
        f"  dig @127.0.0.1 -p {port} -b 127.0.0.11 tiktok.com        # Lan, 10 to 13",
        f"  dig @127.0.0.1 -p {port} -b 127.0.0.12 facebook.com      # Minh, 7 to 9",
        f"  dig @127.0.0.1 -p {port} -b 127.0.0.13 www.google.com    # Tuấn, 14 to 17: safe search",
        "  filterd explain tiktok.com --client 127.0.0.11",
    ]
