"""`filterd feed inbox` and `filterd feed serve`: what boxes report to the office, and the office's answer."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from filterd.cli import options
from filterd.cli.said import clean

if TYPE_CHECKING:
    from filterd.store.inbox import Row

_folder = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=".",
    envvar="FILTERD_FEED_FOLDER",
    help="The office's working folder.  [default: this one]",
)
_database = click.option(
    "--database",
    default="",
    envvar="FILTERD_INBOX_DATABASE",
    help="postgresql+psycopg://... in place of build/inbox.db.",
)


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="So many names.")
@_folder
@_database
@options.as_json
@click.pass_context
def inbox(ctx: click.Context, limit: int, folder: Path, database: str, as_json: bool) -> None:
    """Show what homes and schools have reported, grouped by site: those of most homes first.

    \b
    Examples:
      filterd feed inbox
      filterd feed inbox show example.org
      filterd feed inbox decide example.org --kind mistake --accept --by "cô Hoa" --vi "Đã gỡ." --en "Removed."
    """
    if ctx.invoked_subcommand is not None:
        for name in ctx.params:
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise click.UsageError(f"options go behind {ctx.invoked_subcommand}, not before it")
        return
    from filterd.control.feed_inbox import groups
    from filterd.control.feed_inbox import inbox as opened

    with opened(folder, database) as box:
        found = groups(box, limit)
    if as_json:
        rows = [
            {"name": g.name, "kind": g.kind, "reports": g.reports, "homes": g.homes, "first": g.first, "last": g.last}
            for g in found
        ]
        options.say_json({"groups": rows})
        return
    for group in found:
        word = "blocked by mistake" if group.kind == "mistake" else "missed"
        click.echo(
            f"{clean(group.name)}  {word}  {group.reports} report(s) of {group.homes} home(s), the first on {_day(group.first)}"
        )
    if not found:
        click.echo("the inbox is empty")


@inbox.command()
@click.argument("name", required=False, default="")
@click.option("--decided", is_flag=True, help="Those that were decided, in place of those that wait.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="So many, newest first.")
@_folder
@_database
@options.as_json
def show(name: str, decided: bool, limit: int, folder: Path, database: str, as_json: bool) -> None:
    """Show single reports, of NAME or of all.

    \b
    Example:
      filterd feed inbox show example.org
    """
    from filterd.control.feed_inbox import inbox as opened
    from filterd.control.feed_inbox import rows

    with opened(folder, database) as box:
        found = rows(box, name, is_open=not decided, limit=limit)
    if as_json:
        options.say_json({"reports": [_document(row) for row in found]})
        return
    for row in found:
        said = f"  {row.verdict} by {clean(row.decided_by)}" if row.verdict else ""
        click.echo(f"{_day(row.at)}  {clean(row.name)}  {row.kind}  {clean(row.category or '-')}{said}")
        if row.reason:
            click.echo(f"   {clean(row.reason)}")
    if not found:
        click.echo("no such reports")


@inbox.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(["mistake", "missed"]), required=True, help="Which reports about it.")
@click.option("--accept/--decline", "accepted", default=None, help="They are right, or they are not.")
@click.option("--by", required=True, envvar="FILTERD_BY", help="Who decides; stays in the office's folder.")
@click.option("--vi", default="", help="A word to the homes, in Vietnamese.")
@click.option("--en", default="", help="The same in English.")
@_folder
@_database
@options.as_json
def decide(
    name: str, kind: str, accepted: bool | None, by: str, vi: str, en: str, folder: Path, database: str, as_json: bool
) -> None:
    """Decide all reports about NAME; the answer goes out with the next publication.

    \b
    Example:
      filterd feed inbox decide example.org --kind mistake --accept --by "cô Hoa" --vi "Đã gỡ." --en "Removed."
    """
    from filterd.control.feed_inbox import decide as settle
    from filterd.control.feed_inbox import inbox as opened
    from filterd.model.feed import Words
    from filterd.model.notice import ReportKind, Verdict

    if accepted is None:
        raise click.UsageError("say --accept or --decline")
    verdict = Verdict.ACCEPTED if accepted else Verdict.DECLINED
    with opened(folder, database) as box:
        count = settle(box, folder, name, ReportKind(kind), verdict, by, Words(vi, en), time.time())
    if as_json:
        options.say_json({"decided": count, "verdict": verdict.value})
        return
    click.echo(f"{count} report(s) about {clean(name)}: {verdict}")
    if accepted:
        step = f"filterd feed withdraw {name}" if kind == "mistake" else f"filterd feed add {name}"
        click.echo(f"  the list itself is not changed by this: {clean(step)}")
    click.echo("  homes see it after: filterd feed publish")


@click.command()
@click.option("--listen", default="127.0.0.1:8099", show_default=True, metavar="ADDRESS:PORT", help="Where.")
@click.option("--behind-proxy", is_flag=True, help="One proxy stands before it and says who asks.")
@click.option("--reports-only", is_flag=True, help="Another server has the published feed.")
@_folder
def serve(listen: str, behind_proxy: bool, reports_only: bool, folder: Path) -> None:
    """Serve the published feed for trying, and take reports of boxes in.

    Any static web server or CDN may serve build/repository/ in its place; reports then need this one, at the address in
    feed.yaml under links.inbox. FILTERD_INBOX_DATABASE names a PostgreSQL database for them.

    \b
    Example:
      filterd feed serve --listen 0.0.0.0:8099
    """
    words = [str(folder), "--listen", listen]
    words += ["--behind-proxy"] * behind_proxy + ["--reports-only"] * reports_only
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "webui.office", *words])  # noqa: S606 - ourselves


def _document(row: Row) -> dict[str, object]:
    names = ("id", "at", "kind", "name", "category", "reason", "verdict", "decided_at", "decided_by")
    return {name: getattr(row, name) for name in names}


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))
