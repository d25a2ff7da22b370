"""`filterd lists`: what is blocked by list. Words and numbers only; the use cases are control/lists.py.

Results go to standard output, progress and warnings to standard error; a refusal is one sentence and exit status 1.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filterd.cli import options

if TYPE_CHECKING:
    from filterd.listbuild.build import Built
    from filterd.listbuild.compare import Difference
    from filterd.listbuild.line import Entry, ParsedLine
    from filterd.listbuild.read import Report

FORMATS = ("hosts", "domains", "wildcard", "adblock", "dnsmasq", "unbound", "rpz")
_SHOWN = 20  # names of a difference without --all

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_format = click.option(
    "--format", "format_", type=click.Choice(("auto", *FORMATS)), default="auto", show_default=True, help="The format."
)


@click.group()
def lists() -> None:
    """Blocklists: show, add, remove, build, parse, compare, roll back.

    \b
    Examples:
      filterd lists show
      filterd lists add ads --category ads https://lists.example.org/ads.txt
      filterd lists parse my-list.txt --format adblock --json
      filterd lists rollback
    """


@lists.command()
@options.state
@_json
def show(state: Path, as_json: bool) -> None:
    """Show the registered lists, the shipped ones, and the bundle in force."""
    from filterd.control.lists import show_lists

    with _refusals():
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
                "last": _event(entry.history[-1]) if entry.history else None,
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


@lists.command()
@click.argument("list_id", metavar="ID")
@click.argument("origin", metavar="[FILE|URL]", required=False)
@click.option("--category", help="The category that its names belong to (new lists need one).")
@_format
@click.option("--mandatory", is_flag=True, help="Block it on every device, as if the province listed it.")
@click.option("--shrink", type=click.FloatRange(0, 1), help="Share it may lose unconfirmed. Default 0.2.")
@click.option("--grow", type=click.FloatRange(0), help="Share it may gain unconfirmed. Default 1.")
@click.option("--no-build", is_flag=True, help="Only register it; `lists build` takes it into force.")
@options.state
@_json
def add(
    list_id: str,
    origin: str | None,
    category: str | None,
    format_: str,
    mandatory: bool,
    shrink: float | None,
    grow: float | None,
    no_build: bool,
    state: Path,
    as_json: bool,
) -> None:
    """Add the list ID, or fetch it again, and take it into force.

    \b
    Examples:
      filterd lists add gambling-vn --category gambling https://lists.example.org/gambling.txt
      filterd lists add school --category games --format domains games.txt
      filterd lists add gambling-vn            (fetches it again from where it came)
    """
    from filterd.control.lists import add_list

    with _refusals(), _progress() as progress:
        outcome = add_list(
            state,
            list_id,
            origin,
            category=category,
            format=format_,
            mandatory=mandatory,
            shrink=shrink,
            grow=grow,
            build=not no_build,
            progress=progress,
        )
    for notice in outcome.notices:
        click.echo(notice, err=True)
    entry = outcome.listed
    if as_json:
        document: dict[str, Any] = {"id": entry.id, "category": entry.category, "format": entry.format}
        document |= {"names": entry.names, "revision": outcome.revision or None, "notices": list(outcome.notices)}
        click.echo(json.dumps(document | (_counts(outcome.report) if outcome.report else {})))
        return
    if outcome.report is None:
        click.echo(f"{entry.id}: not changed since it was fetched last, {entry.names} names")
    else:
        click.echo(f"{entry.id}: {entry.names} names, format {entry.format}")
        _say_report(outcome.report)
    _say_built(outcome.built, outcome.revision)


@lists.command()
@click.argument("list_id", metavar="ID")
@click.option("--no-build", is_flag=True, help="Only unregister it; the next build leaves it out.")
@options.state
def remove(list_id: str, no_build: bool, state: Path) -> None:
    """Remove the list ID and take the bundle without it into force.

    \b
    Example:
      filterd lists remove gambling-vn
    """
    from filterd.control.lists import remove_list

    with _refusals(), _progress() as progress:
        outcome = remove_list(state, list_id, build=not no_build, progress=progress)
    click.echo(f"{list_id}: removed")
    _say_built(outcome.built, outcome.revision)


@lists.command()
@click.option("--sync", is_flag=True, help="First fetch every list that comes from an address.")
@options.state
@_json
def build(sync: bool, state: Path, as_json: bool) -> None:
    """Build the bundle anew from the shipped and the registered lists, check it, take it into force.

    \b
    Examples:
      filterd lists build
      filterd lists build --sync
    """
    from filterd.control.lists import build_lists, sync_all

    with _refusals():
        for list_id, outcome in sync_all(state) if sync else ():
            text = str(outcome) if isinstance(outcome, Exception) else f"{list_id}: {outcome.listed.names} names"
            click.echo(text, err=True)
        with _progress() as progress:
            built, revision = build_lists(state, progress=progress)
    if as_json:
        document = {"file": built.path.name, "digest": built.digest, "names": built.names, "folded": built.folded}
        click.echo(json.dumps(document | {"bytes": built.size_bytes, "revision": revision}))
        return
    _say_built(built, revision)


@lists.command()
@click.argument("file", type=click.File("rb"))
@_format
@click.option("--summary", is_flag=True, help="Print counts instead of lines.")
@_json
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

    with _refusals():
        data = prepare(file.read(MAX_BODY_BYTES + 1))
        chosen = detect(data).format if format_ == "auto" else format_
        if summary:
            report = Report()
            for _ in read_claims(data, chosen, report):
                pass
            if as_json:
                click.echo(json.dumps({"format": chosen} | _counts(report)))
            else:
                click.echo(f"format {chosen}, {report.lines} lines")
                _say_report(report)
            return
        write = sys.stdout.write
        for line in parse_lines(data, chosen):
            write((json.dumps(_line(line)) if as_json else _line_text(line)) + "\n")


@lists.command()
@click.argument("list_id", metavar="[ID]", required=False)
@click.argument("origin", metavar="[FILE|URL]", required=False)
@click.option("--all", "everything", is_flag=True, help=f"Print every name, not the first {_SHOWN}.")
@options.state
@_json
def diff(list_id: str | None, origin: str | None, everything: bool, state: Path, as_json: bool) -> None:
    """Compare the bundle in force with the one before; or the list ID with what FILE or URL holds now.

    \b
    Examples:
      filterd lists diff
      filterd lists diff gambling-vn
      filterd lists diff gambling-vn new.txt --all
    """
    from filterd.control.lists import diff_in_force, diff_list

    with _refusals():
        found = diff_in_force(state) if list_id is None else diff_list(state, list_id, origin)
    _say_difference(found, everything, as_json)


@lists.command()
@click.argument("digest", required=False)
@options.state
@_json
def rollback(digest: str | None, state: Path, as_json: bool) -> None:
    """Put the bundle before this one into force again (or the one whose file begins with DIGEST).

    The registered lists stay as they are: the next build brings them back.

    \b
    Examples:
      filterd lists rollback
      filterd lists rollback 7f3a
    """
    from filterd.control.lists import rollback as roll_back

    with _refusals():
        file, revision = roll_back(state, digest)
    if as_json:
        click.echo(json.dumps({"file": file, "revision": revision}))
    else:
        click.echo(f"in force again: {file} (revision {revision})")


@lists.command()
@click.argument("list_id", metavar="[ID]", required=False)
@options.state
@_json
def history(list_id: str | None, state: Path, as_json: bool) -> None:
    """Show when lists were fetched, how large they were, and why one was held or refused."""
    from filterd.control.lists import history as past

    with _refusals():
        events = past(state, list_id)
    for name, event in events:
        if as_json:
            click.echo(json.dumps({"id": name} | _event(event)))
        else:
            click.echo(f"{event.at} {name} {event.verdict} {event.names} names {event.reason}".rstrip())


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


def _counts(report: Report) -> dict[str, Any]:
    return {
        "lines": report.lines,
        "blocked": report.blocked,
        "allowed": report.allowed,
        "ignored": dict(report.ignored),
        "errors": dict(report.errors),
    }


def _event(event: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(event)


def _say_report(report: Report) -> None:
    click.echo(f"  {report.blocked} entries block, {report.allowed} are exceptions")
    for what, counts in (("ignored", report.ignored), ("wrong", report.errors)):
        if counts:
            click.echo(f"  {what}: " + ", ".join(f"{count} {kind}" for kind, count in counts.most_common()))
    for line in report.shown:
        where = f"line {line.line}: " if line.line else ""
        click.echo(f"  {where}{line.error}: {line.text[:100]!a}")


def _say_built(built: Built | None, revision: int) -> None:
    if built is None:
        click.echo("not in force yet: run `filterd lists build`")
        return
    click.echo(f"bundle {built.path.name}: {built.names} names, {built.size_bytes / 1e6:.1f} MB, revision {revision}")


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


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Turn a refusal into one sentence and exit status 1."""
    from filterd.errors import FilterdError

    try:
        yield
    except FilterdError as exc:
        raise click.ClickException(str(exc)) from exc


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Give a progress bar when a terminal watches standard error, a plain line for each step otherwise."""
    if not sys.stderr.isatty():
        yield lambda what, done, of: click.echo(f"{what} ({done} of {of})", err=True)
        return
    with click.progressbar(length=1, label="building", file=sys.stderr, show_pos=True) as bar:  # pragma: no cover

        def tell(what: str, done: int, of: int) -> None:
            bar.length = of
            bar.label = what
            bar.update(done - bar.pos)

        yield tell
