"""`filterd lists update, status, sources, enable, disable`: the large lists that come from public sources.

What a sync does is control/sync.py; here it gets a progress bar in a terminal, plain lines elsewhere, and, as a child of
the manager, no more lines than a log should have.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filterd.cli import options
from filterd.cli.lists_said import json_option, loopback_option, refusals
from filterd.cli.said import by
from filterd.host.parent import end_with_parent
from filterd.model.change import Who

if TYPE_CHECKING:
    from filterd.control.sync_state import Failure, SyncState

    Tell = Callable[[SyncState], None]


@click.command()
@click.option("--only", multiple=True, metavar="ID", help="This list, due or not; repeat it for more.")
@click.option("--all", "everything", is_flag=True, help="Every list that is switched on, due or not.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="From the files in this folder (a USB stick), without the network.",
)
@options.state
@json_option
@loopback_option
@click.option("--sources", "file", type=click.Path(path_type=Path, dir_okay=False), hidden=True)  # tests have their own
@click.option("--total-s", type=click.FloatRange(min=0, min_open=True), default=300.0, hidden=True)
@click.option("--child", is_flag=True, hidden=True)  # the manager's: ends with it, few lines
def update(
    only: tuple[str, ...],
    everything: bool,
    folder: Path | None,
    state: Path,
    as_json: bool,
    loopback: bool,
    file: Path | None,
    total_s: float,
    child: bool,
) -> None:
    """Fetch the lists that are due, check them, and take them into force.

    The first time the recommended sources are registered. A list that cannot be fetched or is refused stays as it is,
    and the others go on. A folder has files called as `filterd lists sources` shows: ID.txt, also .gz or .xz.

    \b
    Examples:
      filterd lists update
      filterd lists update --only hostsvn-adult
      filterd lists update --from /media/usb
    """
    from filterd.control.sync import Means, sync

    if child:
        end_with_parent()
    with refusals():
        means = Means(sources=_sources(file), loopback=loopback, total_s=total_s)
        with _lines() if child else _shown() as tell:
            result = sync(state, only, folder=folder, everything=everything, progress=tell, means=means)
    for name in result.unknown_files:
        click.echo(f"{name}: belongs to no list, see `filterd lists sources`", err=True)
    if as_json:
        failures = [_failure(failure) for failure in result.failures]
        document = {"accepted": list(result.accepted), "unchanged": list(result.unchanged), "failures": failures}
        document |= {"revision": result.revision or None, "offline": result.offline}
        click.echo(json.dumps(document | {"names": result.state.in_force, "next_at": result.state.next_at or None}))
    else:
        for line in _summary(result.state, list(result.accepted), list(result.unchanged), list(result.failures)):
            click.echo(f"lists: {line}" if child else line, err=child)
    if result.failures and not result.accepted and not result.unchanged:
        sys.exit(1)


@click.command()
@options.state
@json_option
def status(state: Path, as_json: bool) -> None:
    """Say how far a sync is, or how the last one ended, and what is protected.

    \b
    Example:
      filterd lists status --json
    """
    from dataclasses import asdict

    from filterd.control.sync_state import status as read

    with refusals():
        now = read(state)
    if as_json:
        options.say_json(asdict(now) | {"failures": [_failure(failure) for failure in now.failures]})
        return
    words = {
        "never": "the lists were never updated: the shipped ones protect",
        "fetching": f"fetching: {now.done} of {now.of} lists, {now.names:,} names so far",
        "building": f"taking the lists into force: {now.names:,} names",
        "done": f"updated {_time(now.finished)}: {now.names:,} names",
        "offline": f"no connection {_time(now.finished)}: what is here protects",
        "cut": f"cut in the middle, {now.done} of {now.of} lists: goes on at the next start",
    }
    click.echo(words[now.phase])
    for category, count in (now.protected or {}).items():
        click.echo(f"  {category}: {count:,}")
    for failure in now.failures:
        click.echo(f"  not taken: {failure.reason}")
    if now.next_at:
        click.echo(f"next: {_time(now.next_at)}")


@click.command()
@options.state
@json_option
def sources(state: Path, as_json: bool) -> None:
    """Show the public sources: which are in use, their licence, how they are.

    \b
    Example:
      filterd lists sources
    """
    from filterd.control.sync_sources import overview

    with refusals():
        rows = overview(state)
    for row in rows:
        source, listed = row.source, row.listed
        how = "not used" if listed is None else "off" if not listed.enabled else "waits" if not listed.digest else "on"
        if as_json:
            document = {
                "id": source.id,
                "name": {"vi": source.name_vi, "en": source.name_en},
                "category": source.category,
                "state": how,
                "recommended": source.recommended,
                "url": source.url,
                "homepage": source.homepage,
                "format": source.format,
                "licence": source.licence.id,
                "mirror": {"allowed": source.licence.mirror, "why": source.licence.mirror_why},
                "ship": {"allowed": source.licence.ship, "why": source.licence.ship_why},
                "every_h": source.every_h,
                "expected": source.names,
                "checked": source.checked or "never",
                "known_from": source.known_from,
                "note": source.note,
                "names": listed.names if listed else 0,
                "good_at": (listed.good_at() if listed else "") or None,
                "next_at": (listed.next_at if listed else "") or None,
            }
            options.say_json(document)
            continue
        star = "*" if source.recommended else " "
        names = f"about {source.names:,} names" if source.names else "size not known"
        names = f"{listed.names:,} names" if listed and listed.digest else names
        click.echo(f"{star} {source.id:24} {how:9} {source.category:16} {source.licence.id:13} {names}")
    if not as_json:
        click.echo("* recommended. `filterd lists enable ID` uses a source from the next update on.")


@click.command()
@click.argument("list_id", metavar="ID")
@options.state
@by
def enable(list_id: str, state: Path, by: str) -> None:
    """Use the list or source ID from the next update on.

    \b
    Example:
      filterd lists enable hagezi-bypass
    """
    _switch(state, list_id, True, by)


@click.command()
@click.argument("list_id", metavar="ID")
@options.state
@by
def disable(list_id: str, state: Path, by: str) -> None:
    """Leave the list or source ID out from the next update on; what is known of it stays.

    \b
    Example:
      filterd lists disable ut1-games
    """
    _switch(state, list_id, False, by)


def _switch(state: Path, list_id: str, on: bool, by: str) -> None:
    from filterd.control.sync_sources import enable

    with refusals():
        enable(state, list_id, on, who=Who(by, "cli"))
    click.echo(f"{list_id}: switched {'on' if on else 'off'}; `filterd lists update` takes it into force")


def _sources(file: Path | None) -> Any:
    if file is None:
        return None
    from filterd.config.sources import load

    return load(file)


def _failure(failure: Failure) -> dict[str, str]:
    from filterd.control.sync_words import sentence

    said = {language: sentence(failure.code, language) for language in ("vi", "en")}
    return {"id": failure.id, "code": failure.code, "reason": failure.reason} | said


def _summary(state: SyncState, accepted: list[str], unchanged: list[str], failures: list[Failure]) -> Iterator[str]:
    """Yield what to say at the end."""
    if state.phase == "offline":
        what = "the shipped lists protect" if not state.names else "the lists that are here protect"
        yield f"no connection to the Internet just now: {what}; the next try is {_time(state.next_at)}"
        return
    for failure in failures:
        yield f"not taken: {failure.reason}"
    if not state.of:
        yield "nothing is due" if not state.revision else f"taken into force, revision {state.revision}"
        return
    parts = [f"{len(accepted)} new", f"{len(unchanged)} unchanged", f"{len(failures)} not taken"]
    force = f", in force with revision {state.revision}" if state.revision else ""
    yield f"{state.of} lists looked at: {', '.join(parts)}; {state.names:,} names{force}"


@contextlib.contextmanager
def _shown() -> Iterator[Tell]:
    """Give a progress bar when a terminal watches, lines otherwise."""
    if not sys.stderr.isatty():
        with _lines() as tell:
            yield tell
        return
    with click.progressbar(length=1, label="lists", file=sys.stderr, show_pos=True) as bar:  # pragma: no cover

        def draw(now: SyncState) -> None:
            bar.length = max(now.of, 1)
            bar.label = f"{now.names:,} names" if now.phase == "fetching" else "taking them into force"
            bar.update(now.done - bar.pos)

        yield draw


@contextlib.contextmanager
def _lines() -> Iterator[Tell]:
    """Give plain lines: one for each list of a first sync that gets through, the steps into force of any."""
    said = ""

    def tell(now: SyncState) -> None:
        nonlocal said
        line = ""
        if now.phase == "fetching" and now.first and now.names and now.current:
            line = f"lists: {now.done} of {now.of}, {now.names:,} names so far ({now.current[-1]})"
        elif now.phase == "building":
            line = f"lists: taking {now.names:,} names into force"
        if line and line != said:
            click.echo(line, err=True)
            said = line

    yield tell


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M") if moment else "soon"
