"""`filterd lists show, history, diff, parse`: what looks at lists and changes nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filterd.cli import options
from filterd.cli.lists_said import counts, event_row, format_option, json_option, loopback_option, refusals, say_report

if TYPE_CHECKING:
    from filterd.listbuild.compare import Difference
    from filterd.listbuild.line import Entry, ParsedLine

_SHOWN = 20  # names of a difference without --all


@click.command()
@options.state
@json_option
def show(state: Path, as_json: bool) -> None:
    """Show the registered lists, the shipped ones, and the bundle in force."""
    from filterd.control.lists import show_lists

    with refusals():
        seen = show_lists(state)
    if as_json:
        rows = [
            {
                "id": entry.id,
                "category": entry.category,
                "format": entry.format,
                "origin": entry.origin,
                "mandatory": entry.mandatory,
                "enabled": entry.enabled,
                "names": entry.names,
                "good_at": entry.good_at() or None,
                "last": event_row(entry.history[-1]) if entry.history else None,
            }
            for entry in seen.lists
        ]
        document = {"lists": rows, "starter": dict(seen.starter), "bundle": seen.bundle or None, "names": seen.names}
        click.echo(json.dumps(document | {"previous": list(seen.previous)}))
        return
    for entry in seen.lists:
        last = entry.history[-1] if entry.history else None
        flags = " mandatory" * entry.mandatory + " disabled" * (not entry.enabled)
        click.echo(f"{entry.id}: {entry.names} names, category {entry.category}, format {entry.format}{flags}")
        click.echo(f"  from {entry.origin}, last good {entry.good_at() or 'never'}")
        if last is not None and last.reason:
            click.echo(f"  {last.at} {last.verdict}: {last.reason}")
    shipped = ", ".join(f"{category} {count}" for category, count in seen.starter if count)
    click.echo(f"shipped: {shipped or 'nothing'}")
    click.echo(f"in force: {seen.bundle or 'nothing yet'} ({seen.names} names), {len(seen.previous)} before it on disk")


@click.command()
@click.argument("list_id", metavar="[ID]", required=False)
@options.state
@json_option
def history(list_id: str | None, state: Path, as_json: bool) -> None:
    """Show when lists were fetched, how large they were, and why one was held or refused."""
    from filterd.control.lists import history as past

    with refusals():
        events = past(state, list_id)
    for name, event in events:
        if as_json:
            click.echo(json.dumps({"id": name} | event_row(event)))
        else:
            click.echo(f"{event.at} {name} {event.verdict} {event.names} names {event.reason}".rstrip())


@click.command()
@click.argument("list_id", metavar="[ID]", required=False)
@click.argument("origin", metavar="[FILE|URL]", required=False)
@click.option("--all", "everything", is_flag=True, help=f"Print every name, not the first {_SHOWN}.")
@options.state
@json_option
@loopback_option
def diff(list_id: str | None, origin: str | None, everything: bool, state: Path, as_json: bool, loopback: bool) -> None:
    """Compare the bundle in force with the one before; or the list ID with what FILE or URL holds now.

    \b
    Examples:
      filterd lists diff
      filterd lists diff gambling-vn
      filterd lists diff gambling-vn new.txt --all
    """
    from filterd.control.lists import diff_in_force, diff_list

    with refusals():
        found = diff_in_force(state) if list_id is None else diff_list(state, list_id, origin, loopback=loopback)
    _say_difference(found, everything, as_json)


@click.command()
@click.argument("file", type=click.File("rb"))
@format_option
@click.option("--summary", is_flag=True, help="Print counts instead of lines.")
@json_option
def parse(file: Any, format_: str, summary: bool, as_json: bool) -> None:
    """Say of every line of FILE (- for standard input) what it blocks and allows, or why nothing.

    \b
    Examples:
      filterd lists parse list.txt --format hosts --json
      curl -s https://lists.example.org/ads.txt | filterd lists parse - --summary
    """
    from filterd.listbuild.body import MAX_BODY_BYTES, prepare
    from filterd.listbuild.detect import detect
    from filterd.listbuild.read import Report, parse_lines, read_claims

    with refusals():
        data = prepare(file.read(MAX_BODY_BYTES + 1))
        chosen = detect(data).format if format_ == "auto" else format_
        if summary:
            report = Report()
            for _ in read_claims(data, chosen, report):
                pass
            if as_json:
                click.echo(json.dumps({"format": chosen} | counts(report)))
            else:
                click.echo(f"format {chosen}, {report.lines} lines")
                say_report(report)
            return
        write = sys.stdout.write
        for line in parse_lines(data, chosen):
            write((json.dumps(_line(line)) if as_json else _line_text(line)) + "\n")


def _line(line: ParsedLine) -> dict[str, Any]:
    """Return a parsed line as JSON shows it. The flags are those of its blocked names, else of its allowed ones."""
    entries = line.blocked or line.allowed
    return {
        "line": line.line,
        "text": line.text,
        "blocked": _texts(line.blocked),
        "allowed": _texts(line.allowed),
        "ignored": line.ignored,
        "error": line.error,
        "exact": any(entry.exact for entry in entries),
        "below_only": any(entry.below_only for entry in entries),
        "important": any(entry.important for entry in entries),
    }


def _line_text(line: ParsedLine) -> str:
    parts = [f"{line.line}:"]
    for verb, entries in (("blocks", line.blocked), ("allows", line.allowed)):
        parts += [f"{verb} {_scope(entry, name)}" for entry, name in zip(entries, _texts(entries), strict=True)]
    parts += [f"ignored ({line.ignored})"] if line.ignored else []
    parts += [f"error ({line.error}): {line.text[:100]!a}"] if line.error else []
    return " ".join(parts)


def _scope(entry: Entry, name: str) -> str:
    return f"{name} (exactly)" if entry.exact else f"*.{name}" if entry.below_only else f"{name} and below"


def _texts(entries: tuple[Entry, ...]) -> list[str]:
    from filterd.wire.name import to_text

    return [to_text(entry.name) for entry in entries]


def _say_difference(found: Difference, everything: bool, as_json: bool) -> None:
    from filterd.wire.name import to_text

    shown = found.names if everything else found.names[:_SHOWN]
    rows = [(to_text(name), list(before), list(after)) for name, before, after in shown]
    if as_json:
        names = [{"name": name, "before": before, "after": after} for name, before, after in rows]
        counts = {"added": found.added, "removed": found.removed, "changed": found.changed}
        click.echo(json.dumps(counts | {"names": names}))
        return
    for name, before, after in rows:
        sign = "+" if not before else "-" if not after else "~"
        click.echo(f"{sign} {name} ({', '.join(before) or 'not listed'} -> {', '.join(after) or 'not listed'})")
    if len(rows) < len(found.names):
        click.echo(f"... and {len(found.names) - len(rows)} more (--all)")
    click.echo(f"{found.added} added, {found.removed} removed, {found.changed} changed")
