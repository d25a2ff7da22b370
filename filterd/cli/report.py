"""`filterd report`: a site that is blocked by mistake, or one that was missed, is told to the province; and what became of it."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filterd.cli import options
from filterd.cli.said import clean
from filterd.host.parent import end_with_parent

if TYPE_CHECKING:
    from filterd.model.notice import Outcome, Report

GENTLE = 10  # steps of niceness of the child that sends: DNS comes first
_category = click.option("--category", default="", metavar="ID", help="The category it is in, or should be in.")
_reason = click.option("--reason", default="", help="Why, in one sentence. It is sent as you write it.")
_CONSENT = (
    "This is sent, and nothing else: the site's name, the category, mistake or missed, the reason, and a random number of "
    "this box with a count. Who asked, when, and from which device is not."
)


@click.group()
def report() -> None:
    """Tell the province that a site is blocked by mistake or was missed, and see what became of it.

    Nothing leaves but the site's name, its category, your reason, and a random number by which the answer finds this
    box. It waits on this box until there is a connection.

    \b
    Examples:
      filterd report mistake example.org --reason "our school's maths site"
      filterd report missed casino.example --category gambling
      filterd report list
    """


@report.command()
@click.argument("name")
@_category
@_reason
@options.as_json
@options.state
def mistake(name: str, category: str, reason: str, as_json: bool, state: Path) -> None:
    """NAME is blocked and should not be.

    \b
    Example:
      filterd report mistake example.org --reason "our school's maths site"
    """
    _queue(state, "mistake", name, category, reason, as_json)


@report.command()
@click.argument("name")
@_category
@_reason
@options.as_json
@options.state
def missed(name: str, category: str, reason: str, as_json: bool, state: Path) -> None:
    """NAME is open and should be blocked.

    \b
    Example:
      filterd report missed casino.example --category gambling
    """
    _queue(state, "missed", name, category, reason, as_json)


@report.command("list")
@options.as_json
@options.state
def show(as_json: bool, state: Path) -> None:
    """Show this box's reports, newest first, with what became of them.

    \b
    Example:
      filterd report list --json
    """
    from filterd.control.feed_reports import load, mine

    found = mine(state)
    queue = load(state)
    if as_json:
        options.say_json({"reports": [_document(one, outcome) for one, outcome in found], "problem": queue.problem})
        return
    for one, outcome in found:
        click.echo(f"{one.sequence}  {_day(one.at)}  {clean(one.name)}  {one.kind}  {_state(one, outcome)}")
        if one.reason:
            click.echo(f"   {clean(one.reason)}")
    if queue.problem and queue.waiting:
        click.echo(f"the last try to send: {clean(queue.problem)}")
    if not found:
        click.echo("no reports")


@report.command("take-back")
@click.argument("number", type=click.IntRange(1))
@options.state
def take_back(number: int, state: Path) -> None:
    """Forget the report NUMBER, as long as it has not left.

    \b
    Example:
      filterd report take-back 3
    """
    from filterd.control.feed_reports import take_back as forget
    from filterd.errors import ConfigError

    if not forget(state, number):
        raise ConfigError(f"report: {number} is not waiting; what was sent cannot be taken back")
    click.echo(f"report {number} is forgotten")


@report.command()
@click.option("--child", is_flag=True, hidden=True)  # the manager's: niced, ends with it
@options.as_json
@options.state
def send(child: bool, as_json: bool, state: Path) -> None:
    """Send what waits now. The manager does it by itself when there is a connection.

    \b
    Example:
      filterd report send
    """
    from filterd.control.feed_report_send import send_waiting

    if child:
        os.nice(GENTLE)
        end_with_parent()
    done = send_waiting(state)
    if as_json:
        options.say_json({"sent": done.sent, "refused": done.refused, "waiting": done.left, "problem": done.problem})
    else:
        said = f"reports: {done.sent} sent, {done.refused} not taken, {done.left} waiting"
        click.echo(said + (f": {clean(done.problem)}" if done.problem else ""), err=child)
    if done.problem and not done.sent:
        sys.exit(1)


def _queue(state: Path, kind: str, name: str, category: str, reason: str, as_json: bool) -> None:
    from filterd.control.feed_reports import report as queue
    from filterd.model.notice import ReportKind

    made = queue(state, ReportKind(kind), name, category, reason)
    if as_json:
        options.say_json({"sends": made.said(), "sequence": made.sequence})
        return
    click.echo(f"report {made.sequence}: {clean(made.name)} waits to be sent")
    click.echo(f"  {_CONSENT}")


def _state(one: Report, outcome: Outcome | None) -> str:
    if outcome is not None:
        note = f': "{clean(outcome.note.of("en"))}"' if outcome.note.of("en") else ""
        return f"{outcome.verdict} on {outcome.date}{note}"
    if one.state == "sent" and one.sent_at is not None:
        return f"sent on {_day(one.sent_at)}, no answer yet"
    return f"not taken by the office ({clean(one.problem)})" if one.state == "refused" else "waits to be sent"


def _document(one: Report, outcome: Outcome | None) -> dict[str, object]:
    return {
        **one.said(), "at": _instant(one.at), "state": one.state, "sent_at": _instant(one.sent_at), "problem": one.problem,
        "outcome": None if outcome is None else {
            "verdict": outcome.verdict.value, "date": outcome.date, "note": {"vi": outcome.note.vi, "en": outcome.note.en},
        },
    }  # fmt: skip


def _instant(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))
