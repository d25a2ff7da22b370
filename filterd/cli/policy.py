"""`filterd policy`: the household as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click

from filterd.cli import options


@click.group()
def policy() -> None:
    """Export, import or check the household (profiles, schedules, devices).

    \b
    Examples:
      filterd policy export > household.yaml
      filterd policy check household.yaml
      filterd policy import household.yaml
    """


_file = click.argument("file", type=click.File("rb"))


@policy.command("export")
@options.state
def export_(state: Path) -> None:
    """Write the household to standard output."""
    from filterd.control.household import export_household

    sys.stdout.buffer.write(export_household(state))


@policy.command("import")
@_file
@options.state
def import_(file: BinaryIO, state: Path) -> None:
    """Replace the whole household, grants and off included. Nothing changes when an error is found."""
    from filterd.control.household import import_household

    done = import_household(state, file.read(options.HOUSEHOLD_FILE_BYTES), getattr(file, "name", "household"))
    _say(done.household, "imported")
    published = done.published
    if published.workers:
        click.echo(f"in force: revision {published.revision}, {published.acknowledged} of {published.workers} workers")
    else:
        click.echo(f"saved as revision {published.revision}; it is in force when filterd runs")
    for line in published.late:
        click.echo(line, err=True)


@policy.command()
@_file
@options.state
def check(file: BinaryIO, state: Path) -> None:
    """Say whether FILE is a valid household: path and line of every error. Changes nothing."""
    from filterd.control.household import check as check_household

    _say(check_household(file.read(options.HOUSEHOLD_FILE_BYTES), state, getattr(file, "name", "household")), "valid")


def _say(household: object, verb: str) -> None:
    from filterd.model.household import Household

    assert isinstance(household, Household)  # what control returns
    click.echo(
        f"{verb}: {len(household.profiles)} profiles, {len(household.devices)} devices, {len(household.grants)} grants"
    )
