"""`filterd account` and `filterd setup-code`: who may sign in to the page, from the box's own command line.

Whoever may write the state folder is trusted here: nobody's old password is asked for. This is also the way back in
when everybody forgot theirs. Passwords are typed without being shown, or read from standard input, never given as a
word of the command, where the list of processes would show them.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from filterd.cli import options
from filterd.cli.said import Call, clean, telling
from filterd.errors import ConfigError
from filterd.model.account import Account, Role

_MOST_STDIN = 4096
stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input: its first line.")


@click.group()
def account() -> None:
    """Show, add and remove the people who may sign in to the page.

    \b
    Examples:
      filterd account list
      filterd account add Hạnh --role parent --shown "mẹ Hạnh"
      filterd account password Hạnh
    """


@account.command("list")
@options.as_json
@options.state
def list_(as_json: bool, state: Path) -> None:
    """Show who may sign in.

    \b
    Example:
      filterd account list
    """
    from filterd.control.accounts import list_accounts

    found = list_accounts(state)
    if as_json:
        options.say_json({"accounts": [_document(a) for a in found]})
        return
    for a in found:
        rooms = f", of {' '.join(a.ranges)}" if a.ranges else ""
        second = "; second factor" if a.has_totp else ""
        click.echo(clean(f"{a.id}  {a.name}, called {a.shown}; {a.role}{rooms}{second}"))
    if not found:
        click.echo("no accounts yet: `filterd setup-code` shows how to begin")


@account.command()
@click.argument("name")
@click.option("--role", type=click.Choice([r.value for r in Role]), required=True, help="What they may do.")
@click.option("--shown", default="", help="How the family calls them. Default: the name.")
@click.option("--range", "ranges", multiple=True, metavar="DEVICE", help="Of a teacher: id of a room or class.")
@stdin
@telling
def add(call: Call, name: str, role: str, shown: str, ranges: tuple[str, ...], password_stdin: bool) -> None:
    """Add somebody called NAME, who signs in by that name; capitals and diacritics do not matter then.

    \b
    Examples:
      filterd account add Hạnh --role parent --shown "mẹ Hạnh"
      filterd account add "cô Lan" --role teacher --range phong-12
    """
    from filterd.control import accounts

    made = accounts.add(call.state, call.who, name, _password(password_stdin), role, shown=shown, ranges=ranges)
    _tell(call, f"account {made.id} added: {made.shown}, {made.role}", account=_document(made))


@account.command()
@click.argument("name")
@stdin
@telling
def password(call: Call, name: str, password_stdin: bool) -> None:
    """Give NAME a new password; they are signed out everywhere.

    \b
    Example:
      filterd account password Hạnh
    """
    from filterd.control import accounts

    found = accounts.find(call.state, name)
    accounts.reset_password(call.state, call.who, found.id, _password(password_stdin))
    _tell(call, f"account {found.id} has a new password", account=_document(accounts.find(call.state, found.id)))


@account.command()
@click.argument("name")
@click.argument("role", type=click.Choice([r.value for r in Role]))
@click.option("--range", "ranges", multiple=True, metavar="DEVICE", help="Of a teacher: id of a room or class.")
@telling
def role(call: Call, name: str, role: str, ranges: tuple[str, ...]) -> None:
    """Let NAME do what ROLE may do.

    \b
    Example:
      filterd account role Hạnh admin
    """
    from filterd.control import accounts

    found = accounts.find(call.state, name)
    made = accounts.set_role(call.state, call.who, found.id, role, ranges=ranges)
    _tell(call, f"account {made.id} is {made.role}", account=_document(made))


@account.command()
@click.argument("name")
@telling
def remove(call: Call, name: str) -> None:
    """Remove NAME; they are signed out everywhere, and their tokens end.

    \b
    Example:
      filterd account remove "cô Lan"
    """
    from filterd.control import accounts

    found = accounts.find(call.state, name)
    accounts.remove(call.state, call.who, found.id)
    _tell(call, f"account {found.id} removed", account=_document(found))


@account.command("totp-off")
@click.argument("name")
@telling
def totp_off(call: Call, name: str) -> None:
    """Take the second factor off NAME, who lost it; they are signed out everywhere.

    \b
    Example:
      filterd account totp-off Hạnh
    """
    from filterd.control import accounts, accounts_totp

    found = accounts.find(call.state, name)
    made = accounts_totp.reset(call.state, call.who, found.id)
    said = "has no second factor any more" if made is not None else "had no second factor"
    _tell(call, f"account {found.id} {said}", account=_document(accounts.find(call.state, found.id)))


@account.command()
@click.argument("name")
@options.as_json
@options.state
def sessions(name: str, as_json: bool, state: Path) -> None:
    """Show where NAME is signed in.

    \b
    Example:
      filterd account sessions Hạnh
    """
    from filterd.control import accounts

    found = accounts.sessions(state, accounts.find(state, name).id)
    if as_json:
        rows = [
            {"id": s.id, "since": _when(s.created), "used": _when(s.seen), "address": s.address, "browser": s.agent}
            for s in found
        ]
        options.say_json({"sessions": rows})
        return
    for s in found:
        click.echo(clean(f"{s.id}  {s.address or 'address unknown'}, used {_when(s.seen)}; {s.agent}"))
    if not found:
        click.echo("signed in nowhere")


@account.command("log-out")
@click.argument("name")
@telling
def log_out(call: Call, name: str) -> None:
    """Sign NAME out everywhere.

    \b
    Example:
      filterd account log-out Hạnh
    """
    from filterd.control import accounts

    count = accounts.log_out_everywhere(call.state, accounts.find(call.state, name).id)
    _tell(call, f"signed out in {count} browser{'' if count == 1 else 's'}", ended=count)


@click.command("setup-code")
@options.as_json
@options.state
def setup_code(as_json: bool, state: Path) -> None:
    """Show the code that the page asks for at its first start.

    \b
    Example:
      filterd setup-code
    """
    from filterd.control import setup

    made = setup.code(state) if setup.needed(state) else ""
    if as_json:
        options.say_json({"needed": bool(made), "code": made or None})
    else:
        click.echo(made or "this box is set up already: sign in at its page")


def _password(from_stdin: bool) -> str:
    """Return the password that somebody types, twice, or writes to standard input."""
    if not from_stdin:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))
    line = sys.stdin.readline(_MOST_STDIN)
    text = line.rstrip("\r\n")
    if not text:
        raise ConfigError("password: expected a line on standard input, got nothing")
    return text


def _tell(call: Call, sentence: str, **document: Any) -> None:
    if call.as_json:
        options.say_json(document)
    else:
        click.echo(clean(sentence))


def _document(a: Account) -> dict[str, Any]:
    return {
        "id": a.id,
        "name": a.name,
        "shown": a.shown,
        "role": str(a.role),
        "ranges": list(a.ranges),
        "second_factor": a.has_totp,
        "created": _when(a.created),
        "password_changed": _when(a.password_changed),
    }


def _when(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
