"""`filterd lists add, remove, build, rollback`: what changes the lists in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from filterd.cli import options
from filterd.cli.lists_said import (
    building,
    counts,
    format_option,
    json_option,
    loopback_option,
    refusals,
    say_built,
    say_report,
)
from filterd.cli.said import by
from filterd.model.change import Who


@click.command()
@click.argument("list_id", metavar="ID")
@click.argument("origin", metavar="[FILE|URL]", required=False)
@click.option("--category", help="The category that its names belong to (new lists need one).")
@format_option
@click.option("--mandatory", is_flag=True, help="Block it on every device, as if the province listed it.")
@click.option("--shrink", type=click.FloatRange(0, 1), help="Share it may lose unconfirmed. Default 0.2.")
@click.option("--grow", type=click.FloatRange(0), help="Share it may gain unconfirmed. Default 1.")
@click.option("--no-build", is_flag=True, help="Only register it; `lists build` takes it into force.")
@options.state
@json_option
@loopback_option
@by
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
    loopback: bool,
    by: str,
) -> None:
    """Add the list ID, or fetch it again, and take it into force.

    \b
    Examples:
      filterd lists add gambling-vn --category gambling https://lists.example.org/gambling.txt
      filterd lists add school --category games --format domains games.txt
      filterd lists add gambling-vn            (fetches it again from where it came)
    """
    from filterd.control.lists import add_list

    with refusals(), building() as progress:
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
            loopback=loopback,
            who=Who(by, "cli"),
        )
    for notice in outcome.notices:
        click.echo(notice, err=True)
    entry = outcome.listed
    if as_json:
        document: dict[str, Any] = {"id": entry.id, "category": entry.category, "format": entry.format}
        document |= {"names": entry.names, "revision": outcome.revision or None, "notices": list(outcome.notices)}
        click.echo(json.dumps(document | (counts(outcome.report) if outcome.report else {})))
        return
    if outcome.report is None:
        click.echo(f"{entry.id}: not changed since it was fetched last, {entry.names} names")
    else:
        click.echo(f"{entry.id}: {entry.names} names, format {entry.format}")
        say_report(outcome.report)
    say_built(outcome.built, outcome.revision)


@click.command()
@click.argument("list_id", metavar="ID")
@click.option("--no-build", is_flag=True, help="Only unregister it; the next build leaves it out.")
@options.state
@by
def remove(list_id: str, no_build: bool, state: Path, by: str) -> None:
    """Remove the list ID and take the bundle without it into force.

    \b
    Example:
      filterd lists remove gambling-vn
    """
    from filterd.control.lists import remove_list

    with refusals(), building() as progress:
        outcome = remove_list(state, list_id, build=not no_build, progress=progress, who=Who(by, "cli"))
    click.echo(f"{list_id}: removed")
    say_built(outcome.built, outcome.revision)


@click.command()
@options.state
@json_option
def build(state: Path, as_json: bool) -> None:
    """Build the bundle anew from the shipped and the registered lists, check it, take it into force.

    \b
    Examples:
      filterd lists build
    """
    from filterd.control.lists import build_lists

    with refusals(), building() as progress:
        built, revision = build_lists(state, progress=progress)
    if as_json:
        document = {"file": built.path.name, "digest": built.digest, "names": built.names, "folded": built.folded}
        click.echo(json.dumps(document | {"bytes": built.size_bytes, "revision": revision}))
        return
    say_built(built, revision)


@click.command()
@click.argument("what", metavar="[ID|DIGEST]", required=False)
@click.option("--to", type=click.IntRange(1, 2), help="Of one list: how many versions back. Default 1.")
@options.state
@json_option
@by
def rollback(what: str | None, to: int | None, state: Path, as_json: bool, by: str) -> None:
    """Put an earlier version of the list ID into force; without ID all lists as they were before.

    A list stays at that version until its source brings something else. Without ID (or with the first digits of a
    bundle's file) the registered lists stay as they are: the next build brings them back.

    \b
    Examples:
      filterd lists rollback hostsvn-adult
      filterd lists rollback hostsvn-adult --to 2
      filterd lists rollback
      filterd lists rollback 7f3a
    """
    from filterd.control.lists_rollback import is_registered, rollback_list

    if what is not None and (to is not None or is_registered(state, what)):
        with refusals(), building() as progress:
            back = rollback_list(state, what, to=to or 1, progress=progress, who=Who(by, "cli"))
        if as_json:
            click.echo(json.dumps({"id": what, "names": back.names, "revision": back.revision}))
        else:
            click.echo(f"{what}: the version with {back.names} names is in force (revision {back.revision})")
        return
    if to is not None:
        raise click.UsageError("--to needs the id of a list")
    from filterd.control.lists import rollback as roll_back

    with refusals():
        file, revision = roll_back(state, what, who=Who(by, "cli"))
    if as_json:
        click.echo(json.dumps({"file": file, "revision": revision}))
    else:
        click.echo(f"in force again: {file} (revision {revision})")
