"""`filterd history` and `filterd undo`: who changed what when, and taking it back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filterd.cli import options
from filterd.cli.said import Call, change_document, clean, differences, telling, when

if TYPE_CHECKING:
    from filterd.model.change import Change, Edit

KINDS = (
    "household",
    "profile",
    "device",
    "grant",
    "off",
    "request",
    "setting",
    "account",
    "token",
    "list",
    "lists",
    "log",
)
_PAGE = 500  # changes read at once while looking for those that are asked for


@click.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="So many, newest first.")
@click.option("--before", type=int, help="Only changes before this number.")
@click.option("--profile", default="", help="Only what concerns this profile: its rules, devices, grants, offs.")
@click.option("--device", default="", help="Only what concerns this device.")
@click.option("--kind", type=click.Choice(KINDS), help="Only changes of this kind of thing.")
@options.as_json
@options.state
def history(
    limit: int, before: int | None, profile: str, device: str, kind: str | None, as_json: bool, state: Path
) -> None:
    """Show who changed what when, newest first. A change can be taken back by its number: `filterd undo NUMBER`; not one
    of accounts, of lists, or of what was deleted from the log.

    \b
    Examples:
      filterd history --profile lan
      filterd history --kind off --json
    """
    from filterd.control.household import load

    household = load(state)
    found: list[Change] = []
    more = False
    for change in _changes(state, before):
        if _concerns(change, profile, device, kind or ""):
            if len(found) == limit:
                more = True
                break
            found.append(change)
    if as_json:
        rows = [change_document(c, household.timezone) for c in found]
        options.say_json({"changes": rows, "older": found[-1].number if more else None})
        return
    now = time.time()
    for change in found:
        click.echo(headline(change, household.timezone, now))
        for edit in change.edits[:10]:
            _say_edit(edit)
        if len(change.edits) > 10:
            click.echo(f"    and {len(change.edits) - 10} more")
    if more:
        click.echo(f"older: filterd history --before {found[-1].number}")
    if not found:
        click.echo("no changes")


@click.command()
@click.argument("number", type=click.IntRange(1), required=False)
@telling
def undo(call: Call, number: int | None) -> None:
    """Take the newest change back, within 10 seconds; with its NUMBER any change, as long as nobody changed the same
    things since. What was taken back can be taken back too.

    \b
    Examples:
      filterd undo
      filterd undo 12
    """
    from filterd.control import change as changes

    if number is None:
        done = changes.undo(call.state, call.who)
    else:
        done = changes.revert(call.state, call.who, number)
    back = "" if done.change is None else done.change.reverts
    call.tell(done, f"change {back} taken back")
    if done.change is not None and not call.as_json:
        for edit in done.change.edits[:10]:
            _say_edit(edit)


def headline(change: Change, timezone: str, now: float) -> str:
    """Return the first line of a change: number, when, who, what."""
    by = change.who.by or "somebody"
    source = " ".join(x for x in (change.who.source, change.who.address) if x)
    back = f" of {change.reverts}" if change.reverts is not None else ""
    return clean(f"{change.number}  {when(change.at, timezone, now)}  {by} ({source})  {change.verb}{back}")


def _say_edit(edit: Edit) -> None:
    name = clean(f"{edit.kind} {edit.id}".strip())
    lines = list(differences(edit))
    if edit.before is None:
        click.echo(f"    {name} added: {', '.join(lines)}")
    elif edit.after is None:
        click.echo(f"    {name} removed")
    else:
        for line in lines:
            click.echo(f"    {name}  {line}")


def _changes(state: Path, before: int | None) -> Iterator[Change]:
    from filterd.control.change import history as page

    while found := page(state, limit=_PAGE, before=before):
        yield from found
        before = found[-1].number


def _concerns(change: Change, profile: str, device: str, kind: str) -> bool:
    """Return whether one edit of `change` fits all that is asked for. Ids alone: who is gone has a history too."""
    return not (profile or device or kind) or any(
        (not kind or edit.kind == kind)
        and (not profile or _names(edit, "profile", profile))
        and (not device or _names(edit, "device", device))
        for edit in change.edits
    )


def _names(edit: Edit, kind: str, ident: str) -> bool:
    return (edit.kind, edit.id) == (kind, ident) or any(
        body is not None and body.get(kind) == ident for body in (edit.before, edit.after)
    )
