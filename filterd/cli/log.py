"""`filterd log`: what was asked and what became of it, from the log and from what the workers still hold in memory.

Oldest first, so that the newest stands above the prompt. Nothing that comes from outside (names, devices) can move the
cursor of a terminal. Times are the household's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filterd.cli import options
from filterd.cli.said import clean
from filterd.control.entry_values import document, local_time, type_of
from filterd.errors import ConfigError
from filterd.model.activity import Entry, Filter, Gap
from filterd.model.decision import Action, Row

if TYPE_CHECKING:
    from filterd.control.activity import View
    from filterd.control.activity_live import Rings

POLL_S = 0.2
RELOAD_S = 5.0  # while following, the household's privacy is read anew so often
LIMIT = 1000
FOLLOW_LIMIT = 100
_PAGE = 1000
_VERDICTS = {Action.ALLOW: "allowed", Action.BLOCK: "BLOCKED", Action.REWRITE: "safe", Action.LOCAL: "local"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what is asked from now on, until Ctrl-C.")
@click.option("--blocked", is_flag=True, help="Blocked questions alone.")
@click.option(
    "--action", type=click.Choice([a.name.lower() for a in Action]), help="Questions with this outcome alone."
)
@click.option("--device", default="", metavar="ID", help="A device: its id, its name, or an address.")
@click.option("--profile", default="", metavar="ID", help="A profile: its id or its name.")
@click.option("--category", default="", metavar="ID", help="What concerns a category, such as games.")
@click.option("--service", default="", metavar="ID", help="What concerns a service, such as tiktok.")
@click.option("--row", type=click.Choice([r.id for r in Row]), help="What this row of the table decided.")
@click.option("--name", default="", help="A name and all below it; without a dot: any name with these letters.")
@click.option("--since", default="", metavar="TIME", help="1h, 2d, 2026-11-24 or 2026-11-24T20:00.")
@click.option("--until", default="", metavar="TIME", help="The same; before it.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), help=f"So many.  [default: {LIMIT}; {FOLLOW_LIMIT} to follow]"
)
@click.option("--older", default="", metavar="CURSOR", help="Go on where an earlier call stopped.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each.")
@options.state
def log(
    follow: bool, limit: int | None, older: str, since: str, until: str, as_json: bool, state: Path, **given: Any
) -> None:
    """Show what was asked and what became of it, oldest first.

    \b
    Examples:
      filterd log --follow --blocked
      filterd log --profile lan --since 2d --category social
      filterd log --json | jq -r .name | sort | uniq -c | sort -n
    """
    from filterd.control.activity import page_of, view_of

    now = time.time()
    view = view_of(state)
    wanted = filter_of(state, view, now, since=since, until=until, **given)
    limit = limit or (FOLLOW_LIMIT if follow else LIMIT)
    try:
        rings, cursor = _show(state, view, wanted, limit, older, as_json, page_of, keep=follow)
        if cursor:
            _tell_older(cursor, as_json)
        sys.stdout.flush()
        if rings is not None:
            _follow(state, rings, view, wanted, as_json)
    except KeyboardInterrupt:
        return


def _show(
    state: Path, view: View, wanted: Filter, limit: int, older: str, as_json: bool, page_of: Any, *, keep: bool
) -> tuple[Rings | None, str]:
    """Print the newest `limit` entries, oldest first; return the rings behind them, and the cursor of what is older."""
    from filterd.control.activity import moment, page

    lines: list[Entry | Gap] = []
    found = 0
    with moment(state, view, wanted, keep=keep) as at:
        first = page_of(at, view, wanted, min(limit, _PAGE), older)
        rings = at.rings if keep else None
    while True:
        lines += first.lines()
        found += len(first.entries)
        if not first.older or found >= limit:
            break
        if not first.complete and sys.stderr.isatty():
            click.echo(f"looking: {local_time(first.scanned_to, view.zone):%Y-%m-%d %H:%M}\r", err=True, nl=False)
        first = page(state, wanted, limit=min(limit - found, _PAGE), older=first.older, view=view)
    for line in reversed(lines):
        _say(line, as_json, view.zone)
    return rings, first.older


def _follow(state: Path, rings: Rings, view: View, wanted: Filter, as_json: bool) -> None:
    from filterd.control.activity import view_of
    from filterd.control.activity_live import Judge, entry_of, matches

    judge, due = Judge(view.masks), time.monotonic() + RELOAD_S
    while True:
        live, gaps = rings.read(judge)
        for gap in gaps:
            _say(gap, as_json, view.zone)
        for at_ms, client, tail in live:
            entry = entry_of(0, at_ms, client, tail, judge.masks)
            if matches(wanted, entry):
                _say(entry, as_json, view.zone)
        sys.stdout.flush()
        if not live and not gaps:
            time.sleep(POLL_S)
        if time.monotonic() > due:
            view, due = view_of(state), time.monotonic() + RELOAD_S
            if view.masks != judge.masks:
                judge = Judge(view.masks)


def filter_of(
    state: Path,
    view: View,
    now: float,
    *,
    since: str = "",
    until: str = "",
    blocked: bool = False,
    action: str | None = None,
    row: str | None = None,
    name: str = "",
    profile: str = "",
    device: str = "",
    **words: str,
) -> Filter:
    """Return what the options mean. Raises ConfigError."""
    from filterd.control.activity import name_filter

    if blocked and action not in (None, "block"):
        raise ConfigError("--blocked and --action: say one of them")
    profile, device = ids_of(state, profile, device)
    return Filter(
        profile=profile,
        device=device,
        row=Row[row.upper()] if row else None,
        action=Action.BLOCK if blocked else Action[action.upper()] if action else None,
        since=moment_of(since, view.zone, now, "since") if since else None,
        until=moment_of(until, view.zone, now, "until") if until else None,
        **(name_filter(name) if name else {}),
        **words,
    )


def moment_of(text: str, zone: tzinfo | None, now: float, option: str) -> int:
    """Return the moment (ms) that a person means: `1h` ago, a day's beginning, a time. Raises ConfigError."""
    text = text.strip()
    if text[-1:] in _UNITS and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 10:
        return max(int((now - int(text[:-1]) * _UNITS[text[-1]]) * 1000), 0)
    try:
        at = datetime.fromisoformat(text.upper())
        at = at if at.tzinfo is not None else at.replace(tzinfo=zone) if zone is not None else at.astimezone()
        if not 1970 <= at.year < 9999:
            raise ValueError
        return max(int(at.timestamp() * 1000), 0)
    except (ValueError, OverflowError):
        raise ConfigError(f"{option}: expected 1h, 2d, 2026-11-24 or 2026-11-24T20:00, got {text[:40]!r}") from None


def as_line(entry: Entry, as_json: bool, zone: tzinfo | None = None) -> str:
    """Return one question as people or programs read it. `zone` None: this computer's."""
    at = local_time(entry.at_ms, zone)
    if as_json:
        return json.dumps(document(entry, zone), ensure_ascii=False)
    who = entry.device or entry.client
    why = " ".join(_reasons(entry))
    when = f"{at:%H:%M:%S}" if entry.exact else f"{at:%H:..:..}"
    name = entry.name or "(name not shown)"
    verdict = _VERDICTS[entry.action]
    return clean(f"{when} {entry.profile:10} {who:15} {verdict:7} {name} {type_of(entry.qtype)}  {why}".rstrip())


def gap_line(gap: Gap, as_json: bool, zone: tzinfo | None) -> str:
    """Return a gap as people or programs read it."""
    known = gap.at_from > 0 and gap.at_to > 0
    if as_json:
        found: dict[str, Any] = {"lost": gap.lost}
        if known:
            found["kind"] = gap.kind
            found["from"], found["to"] = (
                local_time(at, zone).isoformat(timespec="milliseconds") for at in (gap.at_from, gap.at_to)
            )
        return json.dumps(found)
    why = "came too fast to be kept" if gap.kind == "ring" else "are counted, but not kept one by one"
    since = f"{local_time(gap.at_from, zone):%H:%M:%S} to {local_time(gap.at_to, zone):%H:%M:%S}: " if known else ""
    return f"-- {since}{gap.lost} questions {why} --"


def _say(line: Entry | Gap, as_json: bool, zone: tzinfo | None) -> None:
    click.echo(gap_line(line, as_json, zone) if isinstance(line, Gap) else as_line(line, as_json, zone))


def _tell_older(cursor: str, as_json: bool) -> None:
    if as_json:
        options.say_json({"older": cursor})
    else:
        click.echo(f"older: the same with --older {cursor}", err=True)


def _reasons(entry: Entry) -> Iterable[str]:
    if entry.row is not Row.DEFAULT:
        yield entry.row.id
    seen = {entry.row.id}
    for word in (entry.service, entry.category, entry.rule):
        if word and word not in seen:
            seen.add(word)
            yield word
    if entry.matched:
        yield f"because of {entry.matched}"


def ids_of(state: Path, profile: str, device: str) -> tuple[str, str]:
    """Return the ids of what is called so; a word that the household does not know may be a past id or an address."""
    from filterd.cli.whom import find_id
    from filterd.control.household import has_store, load

    if (profile or device) and has_store(state):
        household = load(state)
        for among, word in ((household.profiles, profile), (household.devices, device)):
            if not word:
                continue
            try:
                found = find_id(among, word, "")
            except ConfigError:
                continue
            if among is household.profiles:
                profile = found
            else:
                device = found
    return profile, device
