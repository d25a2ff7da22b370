"""`filterd request`: what a child asked for, and the parent's answer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filterd.cli import options, whom
from filterd.cli.said import Call, changing, clean, telling, when

if TYPE_CHECKING:
    from filterd.control.requests import Request
    from filterd.model.household import Household


@click.group()
def request() -> None:
    """Show, make and answer requests for a site, an app, a category or more time.

    \b
    Examples:
      filterd request list
      filterd request ask lan name example.com --reason "for the biology homework"
      filterd request yes r3 --minutes 60
      filterd request no r4 --note "after dinner"
    """


@request.command("list")
@click.option("--all", "everything", is_flag=True, help="Answered and expired ones too.")
@options.as_json
@options.state
def list_(everything: bool, as_json: bool, state: Path) -> None:
    """Show the requests that wait for an answer, newest first.

    \b
    Example:
      filterd request list --all
    """
    from filterd.control.household import read_stored
    from filterd.control.requests import requests

    now = time.time()
    household, revision = read_stored(state)
    found = requests(state, pending=not everything, now=now)
    if as_json:
        options.say_json({"requests": [r.body() for r in found], "revision": revision})
        return
    for one in found:
        click.echo(_line(one, household, now))
    if not found:
        click.echo("no requests" if everything else "no request waits for an answer")


@request.command()
@click.argument("profile")
@click.argument("scope", type=click.Choice(["time", "name", "service", "category"]))
@click.argument("value", required=False, default="")
@click.option("--device", default="", metavar="ID", help="Ask for this device alone.")
@click.option("--reason", default="", help="Why, for the parent.")
@telling
def ask(call: Call, profile: str, scope: str, value: str, device: str, reason: str) -> None:
    """Ask for something in the name of PROFILE.

    \b
    Examples:
      filterd request ask lan time --reason "the film ends at ten"
      filterd request ask lan service youtube
    """
    from filterd.control.requests import ask as make
    from filterd.model.household import Scope

    household = call.household()
    asked = make(
        call.state,
        call.who,
        profile=whom.find_id(household.profiles, profile, "profile"),
        scope=Scope(scope),
        value=value,
        device=whom.find_id(household.devices, device, "device") if device else "",
        reason=reason,
    )
    if call.as_json:
        options.say_json({"request": asked.body()})
    else:
        click.echo(f"asked: {_line(asked, household, time.time())}")
        click.echo(f"  answer with `filterd request yes {asked.id}` or `filterd request no {asked.id}`")


@request.command()
@click.argument("request_id", metavar="ID")
@click.option("--minutes", type=int, help="For so long. Default 30.")
@click.option("--no-end", is_flag=True, help="Until it is revoked; not for more time.")
@click.option("--note", default="", help="A word to the child.")
@changing
def yes(call: Call, request_id: str, minutes: int | None, no_end: bool, note: str) -> None:
    """Grant the request ID.

    \b
    Example:
      filterd request yes r3 --minutes 60
    """
    if no_end and minutes is not None:
        raise click.UsageError("expected --minutes or --no-end, got both")
    _answer(call, request_id, True, None if no_end else 30 if minutes is None else minutes, note)


@request.command()
@click.argument("request_id", metavar="ID")
@click.option("--note", default="", help="A word to the child.")
@changing
def no(call: Call, request_id: str, note: str) -> None:
    """Refuse the request ID.

    \b
    Example:
      filterd request no r4 --note "after dinner"
    """
    _answer(call, request_id, False, None, note)


def _answer(call: Call, ident: str, granted: bool, minutes: int | None, note: str) -> None:
    from filterd.control.requests import answer, requests

    done = answer(call.state, call.who, ident, granted, minutes=minutes, note=note, seen=call.seen)
    now = time.time()
    mine = next(r for r in requests(call.state, now=now) if r.id == ident)
    call.tell(done, _line(mine, done.household, now), request=mine.body())


def _line(request: Request, household: Household, now: float) -> str:
    what = "more time" if request.scope == "time" else f"{request.scope} {request.value}"
    if request.kind != "ask":
        what = "a talk" if request.kind == "talk" else f"a mistake, {request.value or 'no name kept'},"
    text = f"{request.id}  {request.state}  {what} for {whom.name_of(household, request)}"
    text += f" on {request.device}" if request.device else ""
    text += f", asked {when(request.at, household.timezone, now)}" + (f": {request.reason}" if request.reason else "")
    if request.answered_at is not None:
        text += f"; answered {when(request.answered_at, household.timezone, now)}"
        text += f" by {request.by}" if request.by else ""
        text += f": {request.note}" if request.note else ""
        end = next((g.until for g in household.grants if g.id == request.grant), None)
        text += f", until {when(end, household.timezone, now)}" if end is not None else ""
    return clean(text)
