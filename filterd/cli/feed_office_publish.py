"""`filterd feed import, advise, publish, demo`, and what `filterd feed status` says of an office's folder."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filterd.cli import feed_office_options as office_options
from filterd.cli import options
from filterd.cli.lists_said import format_option, loopback_option
from filterd.cli.said import clean

if TYPE_CHECKING:
    from filterd.control.feed_office_import import Seen

_SHOWN = 10


@click.command("import")
@click.argument("origin", metavar="FILE|URL")
@click.option("--category", required=True, help="The category of all its names.")
@click.option("--list", "list_id", default="", metavar="ID", help="Keep it as one list, approved as a whole.")
@click.option("--licence", default="", help="With --list: under which licence it may be passed on.")
@click.option("--reason", default="", help="Why these names belong to the category.")
@click.option("--yes", is_flag=True, help="Do it; without, only what would change is shown.")
@click.option("--by", default="", envvar="FILTERD_BY", help="Your name.")
@office_options.part
@format_option
@office_options.folder
@options.as_json
@loopback_option
def import_(
    origin: str,
    category: str,
    list_id: str,
    licence: str,
    reason: str,
    yes: bool,
    by: str,
    part: str,
    format_: str,
    folder: Path,
    as_json: bool,
    loopback: bool,
) -> None:
    """Take a list in, of any format that boxes know: first shown, then (--yes) proposed.

    Up to 2,000 names become entries, each to be approved. More stay one list (--list ID), approved as a whole.

    \b
    Examples:
      filterd feed import gambling.txt --category gambling
      filterd feed import gambling.txt --category gambling --reason "CV 12/2026" --by "Lan" --yes
      filterd feed import https://lists.example.org/scam.txt --category scam --list police-scam --licence MIT \\
          --reason "..." --by "Lan" --yes
    """
    from filterd.control.feed_office_import import look, take

    office = office_options.opened(folder)
    seen = look(office, origin, category=category, format_=format_, list_id=list_id, part=part, loopback=loopback)
    taken = None
    if yes:
        if not by:
            raise click.UsageError("say who you are: --by")
        taken = take(office, seen, by=by, reason=reason, today=office_options.today(), licence=licence)
    if as_json:
        document = {"format": seen.format, "names": seen.names, "new": len(seen.new), "gone": len(seen.gone)}
        options.say_json(document | {"left_out": seen.left_out_count, "skipped": seen.skipped, "taken": taken})
        return
    _say_seen(seen)
    if taken is None:
        click.echo("nothing is changed yet: the same with --reason, --by and --yes proposes them")
    elif not taken:
        click.echo("nothing to do: all of it stands there already")
    elif seen.list_id:
        click.echo(
            f"{taken} names wait: somebody else looks at them, then filterd feed approve --list {seen.list_id} --by NAME"
        )
    else:
        click.echo(f"{taken} names wait for another person: filterd feed review")


@click.command()
@click.argument("ident", metavar="ID")
@click.option("--title-vi", required=True)
@click.option("--title-en", required=True)
@click.option("--vi", "text_vi", required=True, help="What happened, in two or three plain sentences.")
@click.option("--en", "text_en", required=True)
@click.option("--do-vi", multiple=True, help="One thing to do; repeat it, beside as many --do-en.")
@click.option("--do-en", multiple=True)
@click.option("--days", type=click.IntRange(1, 365), default=14, show_default=True, help="For how long it is shown.")
@click.option("--again", is_flag=True, help="In the place of the warning of this id.")
@office_options.folder
def advise(
    ident: str,
    title_vi: str,
    title_en: str,
    text_vi: str,
    text_en: str,
    do_vi: tuple[str, ...],
    do_en: tuple[str, ...],
    days: int,
    again: bool,
    folder: Path,
) -> None:
    """Warn families: shown on every box's first page after the next publication.

    \b
    Example:
      filterd feed advise vay-tien --title-vi "Lừa vay tiền" --title-en "False loans" --vi "..." --en "..."
    """
    from filterd.control.feed_office_advise import advise as write
    from filterd.model.feed import Words

    if len(do_vi) != len(do_en):
        raise click.UsageError("expected as many --do-vi as --do-en")
    office, today = office_options.opened(folder), office_options.today()
    path = write(
        office,
        ident,
        title=Words(title_vi, title_en),
        text=Words(text_vi, text_en),
        steps=[Words(*pair) for pair in zip(do_vi, do_en, strict=True)],
        today=today,
        until=today + timedelta(days=days),
        again=again,
    )
    click.echo(f"advisories/{path.name}: written; read it once more, then filterd feed publish")


@click.command()
@click.option("--refresh", is_flag=True, help="Only say that the last publication still holds (the online key alone).")
@office_options.keys
@office_options.folder
@options.as_json
def publish(refresh: bool, key_folders: tuple[Path, ...], folder: Path, as_json: bool) -> None:
    """Sign what is approved and write it to build/repository/, for any web server.

    \b
    Examples:
      filterd feed publish
      filterd feed publish --keys /media/lan --keys /etc/filterd-feed
      filterd feed publish --refresh          every day, by a server
    """
    from filterd.control import feed_office_publish as control

    office = office_options.opened(folder)
    folders = office_options.places(office, key_folders)
    make = control.refresh if refresh else control.publish
    done = make(office, folders, office_options.passphrases(folder), office_options.now())
    if as_json:
        document = {"seq": done.seq, "names": done.names, "signed": done.signed, "skipped": done.skipped}
        document |= {"unsigned": done.unsigned}
        document |= {
            "new_files": done.new_files,
            "expires": {role: at.isoformat() for role, at in done.expires.items()},
        }
        options.say_json(document)
        return
    if not refresh:
        click.echo(f"publication {done.seq}: {done.names} names, {len(done.new_files)} new files")
        for path, size in sorted(done.new_files.items()):
            click.echo(f"  {path}: {size} bytes")
    click.echo(f"signed: {', '.join(done.signed)}")
    for role in done.skipped:
        click.echo(f"  {role}: its key is not here, so it stays as it was last published", err=True)
    if done.unsigned:
        click.echo(f"  the new root lacks {done.unsigned} signature(s): until then the keys before it count", err=True)
    soonest = min(done.expires.items(), key=lambda item: item[1])
    click.echo(
        f"publish again before {soonest[1]:%Y-%m-%d %H:%M} UTC ({soonest[0]}), or boxes say that the feed is stale"
    )
    click.echo(f"any web server may serve {office.repository}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@options.as_json
def demo(folder: Path, as_json: bool) -> None:
    """Make a demonstration feed in FOLDER, with keys that are worth nothing.

    \b
    Example:
      filterd feed demo /tmp/demo
    """
    from filterd.control.feed_office_demo import make_demo

    made = make_demo(folder, datetime.now(UTC))
    if as_json:
        document = {"office": str(made.office.folder), "keys": str(made.keys), "root": str(made.root)}
        options.say_json(document | {"repository": str(made.office.repository), "fingerprint": made.fingerprint})
        return
    click.echo(f"the office's folder: {made.office.folder}")
    click.echo(f"root of trust:       {made.root}")
    click.echo(f"fingerprint:         {made.fingerprint}")
    click.echo("try it:")
    click.echo(f"  filterd feed serve --folder {made.office.folder}")
    click.echo(f"  filterd feed sync --state /tmp/box --from {made.office.repository} --root {made.root}")


def say_office_status(folder: Path, as_json: bool) -> None:
    """Say how an office's folder stands: entries, lists, keys, the last publication, and what to do next."""
    from filterd.control.feed_office import rows
    from filterd.control.feed_office_keys import guide
    from filterd.control.feed_office_publish import published
    from filterd.feed.mirrors import read_mirrors

    office, now = office_options.opened(folder), office_options.now()
    states = Counter(row.state.value for row in rows(office, now.date()))
    mirrors = {m.id: m.state(folder, now.date(), office.policy.dropped_after_days).value for m in read_mirrors(folder)}
    expires, steps = published(office), guide(office, now)
    late = sorted(role for role, at in expires.items() if at <= now)
    if as_json:
        document = {"feed": office.feed.id, "entries": dict(states), "lists": mirrors, "steps": list(steps)}
        options.say_json(
            document | {"expires": {role: at.isoformat() for role, at in expires.items()}, "expired": late}
        )
        return
    click.echo(f"feed {office.feed.id}: {clean(office.feed.name.en)}")
    click.echo("  entries: " + (", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none yet"))
    for list_id, state in mirrors.items():
        click.echo(f"  list {list_id}: {state}")
    for role, at in sorted(expires.items(), key=lambda item: item[1]):
        click.echo(f"  {role}: good until {at:%Y-%m-%d %H:%M} UTC" + (" - PAST, publish now" if at <= now else ""))
    if not expires:
        click.echo("  nothing is published yet")
    for step in steps:
        click.echo(f"  to do: {step}")


def _say_seen(seen: Seen) -> None:
    what = f"list {seen.list_id}" if seen.list_id else f"category {seen.category}"
    click.echo(f"format {seen.format}: {seen.names} names, {len(seen.new)} of them new in {what}")
    for sign, names in (("+", seen.new), ("-", seen.gone)):
        for name in names[:_SHOWN]:
            click.echo(f"  {sign} {name}")
        if len(names) > _SHOWN:
            click.echo(f"  {sign} and {len(names) - _SHOWN} more")
    if seen.left_out_count:
        click.echo(f"left out: {seen.left_out_count}")
        for name, why in seen.left_out[:_SHOWN]:
            click.echo(f"  {name}: {clean(why)}")
    if seen.skipped:
        click.echo(
            "lines without effect: " + ", ".join(f"{count} {kind}" for kind, count in sorted(seen.skipped.items()))
        )
