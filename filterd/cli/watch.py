"""`filterd watch`: the bypass watch over a recording, or what it has found in this house."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filterd.cli import options
from filterd.errors import StoreError

if TYPE_CHECKING:
    from filterd.model.bypass import Finding


@click.command()
@options.state
@click.option("--replay", metavar="FILE", help="Run the detector over this recording (- for standard input).")
@click.option("--box", multiple=True, metavar="ADDRESS", help="An address of the box that recorded; may come again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def watch(state: Path, replay: str | None, box: tuple[str, ...], as_json: bool) -> None:
    """Show ways round the filter: devices that talk but do not ask, VPNs, other resolvers.

    With --replay the real detector runs over a recording of sightings and questions, as filterd/presence/README.md
    describes it, and prints what it finds, in the recording's own time. Without it: what the running box has found.

    \b
    Examples:
      filterd watch
      filterd watch --replay days.jsonl --json
    """
    found: Iterable[Finding]
    if replay is None:
        from filterd.control.watch import findings, watched

        found = [kept.finding for kept in findings(state) if kept.is_open]
        if not found and not as_json:
            click.echo(
                "No way round the filter has been seen."
                if watched(state)
                else "Ways round are not watched for: the manager or presence does not run."
            )
    else:
        found = _replayed(replay, box)
    for finding in found:
        click.echo(json.dumps(finding.document(), ensure_ascii=False) if as_json else _line(finding))


def _replayed(path: str, box: tuple[str, ...]) -> Iterator[Finding]:
    from filterd.control.watch_replay import replay
    from filterd.presence.replay import short_lines

    def complain(text: str) -> None:
        click.echo(f"filterd: {path}: {text}", err=True)

    if path == "-":
        yield from replay(short_lines(sys.stdin), complain, box)
        return
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            yield from replay(short_lines(file), complain, box)
    except OSError as exc:
        raise StoreError(f"{path}: cannot be read: {exc.strerror}") from exc


def _line(finding: Finding) -> str:
    at = datetime.fromtimestamp(finding.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    facts = ", ".join(f"{key}={value}" for key, value in finding.facts.items())
    return f"{at}  {finding.kind.value}  {finding.mac}  {finding.confidence.value}  {facts}"
