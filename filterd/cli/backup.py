"""`filterd backup`, `filterd restore`: a box as one file, and back. The file is as secret as a house key."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

import click

from filterd.cli import options


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@options.state
def backup(file: Path, state: Path) -> None:
    """Write people, devices, rules, accounts and the choice of lists into FILE (- for standard output).

    The log of what was asked is not in it, nor sessions, tokens and addresses for messages.

    \b
    Examples:
      filterd backup filterd.zip
      filterd backup - | ssh nas 'cat > filterd.zip'
    """
    from filterd.control.backup import make
    from filterd.host.files import write_atomic

    data = make(state)
    if str(file) == "-":
        sys.stdout.buffer.write(data)
        return
    write_atomic(file, data, 0o600)
    click.echo(f"{file}: {len(data)} bytes; keep it secret, the passwords of all accounts can be guessed from it")


@click.command()
@click.argument("file", type=click.File("rb"))
@options.state
@click.option("--accounts/--no-accounts", default=True, show_default=True, help="The accounts, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--check", is_flag=True, help="Say what is in it; change nothing.")
def restore(file: BinaryIO, state: Path, accounts: bool, yes: bool, check: bool) -> None:
    """Make this box what FILE says. What is there now is replaced; nothing changes when an error is found.

    \b
    Examples:
      filterd restore --check filterd.zip
      filterd restore filterd.zip
    """
    from filterd.control.backup import MAX_FILE
    from filterd.control.backup_read import read
    from filterd.control.restore import restore as take_in
    from filterd.model.change import Who

    data = file.read(MAX_FILE + 1)
    found = read(data, state)
    click.echo(
        f"backup of {found.made_at.isoformat()}: {len(found.household.profiles)} profiles, "
        f"{len(found.household.devices)} devices, {len(found.accounts)} accounts, {len(found.lists)} lists"
    )
    for ident in found.left_out:
        click.echo(f"the names of the list {ident} are not in it: it was too large", err=True)
    if check:
        return
    if not yes and not click.confirm("This replaces the household, and the accounts. Go on?", default=False):
        sys.exit(1)
    who = Who(os.environ.get("SUDO_USER") or os.environ.get("USER") or "", "cli")
    done = take_in(state, who, data, with_accounts=accounts)
    for ident, why in done.refused.items():
        click.echo(f"list {ident} was not taken: {why}", err=True)
    published = done.imported.published
    click.echo(
        f"restored as revision {published.revision}"
        + ("" if published.workers else "; it is in force when filterd runs")
    )
    if any("://" in one.origin and one.enabled for one in found.lists):
        click.echo("lists that are not here yet come with the next update: `filterd lists update` fetches them now")
