"""`filterd activity export` and `delete`: a family's log belongs to the family."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Literal

import click

from filterd.cli import options
from filterd.cli.log import filter_of
from filterd.cli.said import by
from filterd.control.entry_values import document
from filterd.errors import ConfigError
from filterd.model.change import Who


@click.group()
def activity() -> None:
    """Take the log away as a file, or delete it.

    \b
    Examples:
      filterd activity export --format csv > log.csv
      filterd activity delete --profile lan --yes
    """


@activity.command()
@click.option("--format", "form", type=click.Choice(("csv", "json")), required=True, help="Table, or array of objects.")
@click.option("--since", default="", metavar="TIME", help="1h, 2d, 2026-11-24 or 2026-11-24T20:00.")
@click.option("--until", default="", metavar="TIME", help="The same; before it.")
@click.option("--profile", default="", metavar="ID", help="A profile: its id or its name.")
@click.option("--device", default="", metavar="ID", help="A device: its id, its name, or an address.")
@options.state
def export(form: Literal["csv", "json"], since: str, until: str, profile: str, device: str, state: Path) -> None:
    """Write the log to standard output, oldest first, as the household's privacy shows it.

    CSV is UTF-8 with a byte order mark; cells that look like a formula begin with an apostrophe. JSON is one array.

    \b
    Examples:
      filterd activity export --format csv --profile lan > lan.csv
      filterd activity export --format json --since 2026-11-24 | jq length
    """
    from filterd.control.activity import view_of
    from filterd.control.activity_export import export as write

    view = view_of(state)
    wanted = filter_of(state, view, time.time(), since=since, until=until, profile=profile, device=device)
    out = sys.stdout.buffer
    for text in write(state, wanted, form, view=view, document=document):
        out.write(text.encode("utf-8", "replace"))
    out.flush()


@activity.command()
@click.option("--profile", default="", metavar="ID", help="What is remembered of a profile.")
@click.option("--device", default="", metavar="ID", help="What is remembered of a device.")
@click.option("--everything", is_flag=True, help="The whole log.")
@click.option("--before", default="", metavar="TIME", help="Only what is older: 7d, 2026-11-24 or 2026-11-24T20:00.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.as_json
@options.state
@by
def delete(
    profile: str, device: str, everything: bool, before: str, yes: bool, as_json: bool, state: Path, by: str
) -> None:
    """Delete what is remembered, from the disk too. There is no way back.

    \b
    Examples:
      filterd activity delete --profile lan
      filterd activity delete --everything --before 30d --yes
    """
    from filterd.cli.log import ids_of, moment_of
    from filterd.control.activity import view_of
    from filterd.control.retention import delete as forget

    if bool(profile) + bool(device) + everything != 1:
        raise ConfigError("say whose log: --profile, --device or --everything")
    profile, device = ids_of(state, profile, device)
    whose = f"profile {profile}" if profile else f"device {device}" if device else "everyone"
    if before:
        moment = moment_of(before, view_of(state).zone, time.time(), "before") / 1000
        whose += f" before {before}"
    else:
        moment = None
    if not yes:
        click.confirm(f"Delete what is remembered of {whose}? There is no way back", abort=True, err=True)
    who = Who(by, "cli")
    done = forget(state, profile=profile, device=device, everything=everything, before=moment, who=who)
    if as_json:
        options.say_json({"events": done.events, "counted": done.counted})
    else:
        click.echo(f"deleted: {done.events} questions in detail, {done.counted} from the counts")
