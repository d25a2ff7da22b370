"""`filterd log`: what was asked, from the workers' rings. What has left the rings is gone until the store keeps it.

Names are private: this shows them to whoever may open the run folder, and stores nothing.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from filterd.model.decision import Action
from filterd.model.event import Event, Origin
from filterd.net.ring import Reader

POLL_S = 0.2
_ORIGINS = {Origin.HERE: "here", Origin.CACHE: "cache", Origin.STALE: "stale", Origin.UPSTREAM: "upstream"}
_VERDICTS = {Action.ALLOW: "allowed", Action.BLOCK: "BLOCKED", Action.REWRITE: "safe", Action.LOCAL: "local"}
_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 64: "SVCB",
          65: "HTTPS", 255: "ANY"}  # fmt: skip


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what is asked from now on, until Ctrl-C.")
@click.option("--blocked", is_flag=True, help="Blocked questions alone.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each.")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default="var",
    envvar="FILTERD_STATE",
    show_default=True,
    help="The state folder.",
)
def log(follow: bool, blocked: bool, as_json: bool, state: Path) -> None:
    """Show what was asked and what became of it, oldest first.

    \b
    Examples:
      filterd log --follow --blocked
      filterd log --json | jq -r .name | sort | uniq -c | sort -n
    """
    from filterd.host.run import run_dir

    rings = Rings(run_dir(state, create=False), blocked)
    try:
        while True:
            events, lost = rings.poll()
            for event in events:
                click.echo(as_line(event, as_json))
            if lost:
                gap = {"lost": lost} if as_json else None
                click.echo(json.dumps(gap) if gap else f"-- {lost} questions came too fast to be kept --")
            sys.stdout.flush()
            if not events and not lost:
                if not follow:
                    return
                time.sleep(POLL_S)
    except KeyboardInterrupt:
        return


class Rings:
    """All rings of all workers, also of those that come later."""

    def __init__(self, folder: Path, blocked_only: bool) -> None:
        self._folder = folder
        self._kinds = ("blocked",) if blocked_only else ("blocked", "allowed")
        self._readers: dict[Path, Reader] = {}

    def poll(self) -> tuple[list[Event], int]:
        """Return what is new in all of them, in the order of time, and how many were lost."""
        for path in self._paths():
            if path not in self._readers:
                self._readers[path] = Reader(path)
        found: list[Event] = []
        lost = 0
        for reader in self._readers.values():
            while True:
                events, missed = reader.poll()
                found += events
                lost += missed
                if not events:
                    break
        found.sort(key=lambda event: event.at_ms)
        return found, lost

    def _paths(self) -> Iterator[Path]:
        for kind in self._kinds:
            yield from sorted(self._folder.glob(f"worker-*.{kind}"))


def as_line(event: Event, as_json: bool) -> str:
    """Return one event as people or programs read it."""
    tail = event.tail
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC).astimezone()
    client = _address(event.client)
    name, matched = _text(tail.qname), _text(tail.matched) if tail.matched else ""
    if as_json:
        return json.dumps(
            {
                "at": at.isoformat(timespec="milliseconds"),
                "client": client,
                "profile": tail.profile,
                "device": tail.device,
                "name": name,
                "type": _type(tail.qtype),
                "action": tail.action.name.lower(),
                "row": tail.row.id,
                "rule": tail.rule,
                "category": tail.category,
                "service": tail.service,
                "list": tail.list_id,
                "matched": matched,
                "rcode": tail.rcode,
                "origin": _ORIGINS.get(tail.origin, "failed"),
            },
            ensure_ascii=False,
        )
    who = tail.device or client
    why = " ".join(_reasons(tail.row.id, tail.category, tail.service, tail.rule, matched))
    when = at.strftime("%H:%M:%S")
    return f"{when} {tail.profile:10} {who:15} {_VERDICTS[tail.action]:7} {name} {_type(tail.qtype)}  {why}".rstrip()


def _reasons(row: str, category: str, service: str, rule: str, matched: str) -> Iterable[str]:
    if row != "default":
        yield row
    seen = {row}
    for word in (service, category, rule):
        if word and word not in seen:
            seen.add(word)
            yield word
    if matched:
        yield f"because of {matched}"


def _type(number: int) -> str:
    return _TYPES.get(number, f"TYPE{number}")


def _text(name: bytes) -> str:
    from filterd.errors import ParseError
    from filterd.wire.name import to_text

    try:
        return to_text(name)
    except ParseError:
        return name.hex()


def _address(packed: bytes) -> str:
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed)
    return socket.inet_ntop(socket.AF_INET6, packed) if len(packed) == 16 else ""
