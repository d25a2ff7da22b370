"""`filterd feed init, part, add, review, approve, withdraw`: what the office's people do every day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filterd.cli import feed_office_options as office_options
from filterd.cli import options
from filterd.cli.said import clean

if TYPE_CHECKING:
    from filterd.control.feed_office import Row

SOON_DAYS = 30


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--id", "ident", required=True, metavar="ID", help="Short and for ever, such as lai-chau.")
@click.option("--vi", required=True, help="The office's name in Vietnamese.")
@click.option("--en", required=True, help="The same in English.")
def init(folder: Path, ident: str, vi: str, en: str) -> None:
    """Make a working folder for a feed: entries, settings, no keys yet.

    \b
    Example:
      filterd feed init lai-chau --id lai-chau --vi "Tỉnh Lai Châu" --en "Lai Châu province"
    """
    from filterd.feed.office_new import create

    create(folder, ident, vi, en)
    click.echo(f"{folder}: made. Read feed.yaml and policy.yaml, they are short. Then, in that folder:")
    click.echo("  filterd feed keys status      says which keys to make")
    click.echo("  git init && git add .         the folder holds nothing secret; its history says who changed what")


@click.command()
@click.argument("role", metavar="ROLE")
@click.option("--vi", required=True, help="Its name in Vietnamese.")
@click.option("--en", required=True, help="The same in English.")
@office_options.folder
def part(role: str, vi: str, en: str, folder: Path) -> None:
    """Let a district or a school publish lists of its own, below the office's. They never bind anybody.

    \b
    Example:
      filterd feed part muong-te --vi "Huyện Mường Tè" --en "Mường Tè district"
    """
    from filterd.feed.office_new import add_part

    add_part(office_options.opened(folder), role, vi, en)
    click.echo(f"parts/{role}: made. Next: filterd feed keys make {role} --holder NAME --keys FOLDER")


@click.command()
@click.argument("name")
@click.option("--category", required=True, help="What kind of harm; policy.yaml has them.")
@click.option("--reason", required=True, help="Why: one sentence that somebody else understands in a year.")
@click.option("--evidence", default="", help="A reference: a case number, a link to a report.")
@click.option("--severity", type=click.Choice(["low", "medium", "high"]), default="medium", show_default=True)
@click.option("--exact", is_flag=True, help="This name alone, nothing below it.")
@click.option("--review-by", callback=office_options.day, help="When to look again, such as 2027-06-30.")
@click.option("--public-because", default="", help="Category abuse alone: why this name may stand in a public list.")
@office_options.sure
@office_options.part
@office_options.by
@office_options.folder
def add(
    name: str,
    category: str,
    reason: str,
    evidence: str,
    severity: str,
    exact: bool,
    review_by: date | None,
    public_because: str,
    sure: bool,
    part: str,
    by: str,
    folder: Path,
) -> None:
    """Propose a site. Somebody else approves it, then it is published.

    \b
    Examples:
      filterd feed add casino.example --category gambling --reason "Sòng bạc trực tuyến" --by "Lan"
      filterd feed add live.example --category adult --reason "..." --evidence "CV 12/2026" --by "Lan"
    """
    from filterd.control.feed_office import propose

    entry = propose(
        office_options.opened(folder),
        name,
        category=category,
        reason=reason,
        by=by,
        today=office_options.today(),
        evidence=evidence,
        severity=severity,
        exact=exact,
        part=part,
        review_by=review_by,
        sure=sure,
        public_because=public_because,
    )
    click.echo(f"{entry.name}: proposed for {entry.category}, to be looked at again by {entry.review_by}")
    click.echo(f"  somebody else approves it: filterd feed approve {entry.name} --by NAME")


@click.command()
@click.argument("name", required=False)
@click.option("--by", default="", envvar="FILTERD_BY", help="Your name, when you looked at NAME again.")
@click.option("--until", callback=office_options.day, help="When to look at NAME again.")
@office_options.category
@office_options.part
@office_options.folder
@options.as_json
def review(
    name: str | None, by: str, until: date | None, category: str, part: str, folder: Path, as_json: bool
) -> None:
    """Show what waits for somebody: to approve, to look at again. With NAME: you looked again, and it is still right.

    \b
    Examples:
      filterd feed review
      filterd feed review casino.example --by "Minh"
    """
    from filterd.control.feed_office import look_again, rows

    office, today = office_options.opened(folder), office_options.today()
    if name is not None:
        if not by:
            raise click.UsageError("say who looked at it: --by")
        entry = look_again(office, name, by=by, today=today, category=category, part=part, until=until)
        click.echo(f"{entry.name}: still right, says {entry.reviewed_by}; to be looked at again by {entry.review_by}")
        return
    waiting = [row for row in rows(office, today) if _waits(row, today)]
    lists = _lists_waiting(office.folder, today, office.policy.dropped_after_days)
    if as_json:
        found = [
            {"name": row.entry.name, "category": row.entry.category, "state": row.state, "part": row.part}
            for row in waiting
        ]
        options.say_json({"entries": found, "lists": [list_id for list_id, _ in lists]})
        return
    for row in waiting:
        click.echo(clean(_line(row)))
    for _, line in lists:
        click.echo(clean(line))
    if not waiting and not lists:
        click.echo("nothing waits: every entry is approved, and none has to be looked at within 30 days")


@click.command()
@click.argument("names", nargs=-1)
@click.option("--list", "list_id", default="", metavar="ID", help="A whole list, in place of names.")
@office_options.category
@office_options.sure
@office_options.part
@office_options.by
@office_options.folder
def approve(names: tuple[str, ...], list_id: str, category: str, sure: bool, part: str, by: str, folder: Path) -> None:
    """Approve what somebody else proposed, after looking at it.

    \b
    Examples:
      filterd feed approve casino.example --by "Minh"
      filterd feed approve --list police-scam --by "Minh"
    """
    from filterd.control.feed_office import approve as approve_name
    from filterd.control.feed_office_check import Checker
    from filterd.control.feed_office_import import approve_list

    if bool(names) == bool(list_id):
        raise click.UsageError("expected names, or --list ID")
    office, today = office_options.opened(folder), office_options.today()
    if list_id:
        mirror = approve_list(office, list_id, by=by, today=today)
        click.echo(f"list {mirror.id}: approved by {mirror.approved_by}; it goes out with the next publication")
        return
    checker = Checker(office)
    for name in names:
        entry = approve_name(office, name, by=by, today=today, category=category, part=part, sure=sure, checker=checker)
        click.echo(f"{entry.name}: approved by {entry.approved_by} for {entry.category}")
    click.echo("  published by: filterd feed publish")


@click.command()
@click.argument("name", required=False)
@click.option("--list", "list_id", default="", metavar="ID", help="A whole list, in place of a name.")
@click.option("--reason", required=True, help="Why: a mistake, another owner, gone.")
@office_options.category
@office_options.part
@office_options.by
@office_options.folder
def withdraw(name: str | None, list_id: str, reason: str, category: str, part: str, by: str, folder: Path) -> None:
    """Take a site back, out of whole lists too. One person is enough: a mistake has to end at once.

    \b
    Example:
      filterd feed withdraw casino.example --reason "đã đổi chủ" --by "Minh"
    """
    from filterd.control.feed_office import withdraw as take_back
    from filterd.control.feed_office_import import withdraw_list

    if bool(name) == bool(list_id):
        raise click.UsageError("expected a name, or --list ID")
    office, today = office_options.opened(folder), office_options.today()
    if list_id:
        withdraw_list(office, list_id, by=by, reason=reason, today=today)
        click.echo(f"list {list_id}: withdrawn; boxes drop it after the next publication")
        return
    entry, still = take_back(office, name or "", by=by, reason=reason, today=today, category=category, part=part)
    click.echo(f"{entry.name}: withdrawn from {entry.category}; boxes open it after `filterd feed publish`")
    for one in still:
        click.echo(f"  the list {one} still blocks it, by a name above it", err=True)


def _waits(row: Row, today: date) -> bool:
    from filterd.feed.entries import State

    soon = row.state is State.APPROVED and row.entry.review_by <= today + timedelta(days=SOON_DAYS)
    return soon or row.state in (State.PROPOSED, State.CHANGED, State.OVERDUE, State.DROPPED)


def _line(row: Row) -> str:
    from filterd.feed.entries import State

    entry = row.entry
    said = {
        State.PROPOSED: f"proposed by {entry.proposed_by} on {entry.proposed_at}, waits for another person",
        State.CHANGED: f"changed after {entry.approved_by} approved it, and not published: approve it again",
        State.APPROVED: f"to be looked at again by {entry.review_by}",
        State.OVERDUE: f"had to be looked at again by {entry.review_by}: it will be dropped",
        State.DROPPED: f"dropped: nobody looked at it again by {entry.review_by}",
        State.WITHDRAWN: "withdrawn",
    }[row.state]
    where = f"{row.part}: " if row.part else ""
    return f"{where}{entry.name} ({entry.category}): {said}. {entry.reason}"


def _lists_waiting(folder: Path, today: date, dropped_after_days: int) -> list[tuple[str, str]]:
    from filterd.feed.entries import State
    from filterd.feed.mirrors import read_mirrors

    found = []
    for mirror in read_mirrors(folder):
        state = mirror.state(folder, today, dropped_after_days)
        if mirror.next_by:
            found.append(
                (mirror.id, f"list {mirror.id}: a newer text, taken in by {mirror.next_by}, waits for another person")
            )
        elif state not in (State.APPROVED, State.WITHDRAWN):
            found.append(
                (mirror.id, f"list {mirror.id} ({mirror.category}): {state}, taken in by {mirror.proposed_by}")
            )
    return found
