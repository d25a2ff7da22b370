"""`filterd grant`, `off`, `on`, `pause`, `bonus`: the daily moves, each of which `filterd undo` takes back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filterd.cli import options, whom
from filterd.cli.said import Call, changing, clean, until_of, when

if TYPE_CHECKING:
    from filterd.model.household import Grant, Household, InternetOff

_minutes = click.option("--minutes", type=int, help="For so long from now.")
_until = click.option("--until", default="", metavar="TIME", help='21:30 (the next), "2026-11-28 21:30" or RFC 3339.')
_reason = click.option("--reason", default="", help="A few words, shown with it.")


@click.group()
def grant() -> None:
    """Allow a site, an app, a category or more time for a while.

    \b
    Examples:
      filterd grant add lan name example.com --minutes 30
      filterd grant add lan service tiktok --until 21:30 --reason "finished the homework"
      filterd grant add --device may-lan time --minutes 15
      filterd grant list
      filterd grant revoke g12
    """


@grant.command("add")
@click.argument("words", nargs=-1, required=True, metavar="[WHO] SCOPE [VALUE]")
@whom.profile
@whom.device
@_minutes
@_until
@click.option("--no-end", is_flag=True, help="Until it is revoked.")
@_reason
@changing
def add(
    call: Call,
    words: tuple[str, ...],
    profile: str,
    device: str,
    minutes: int | None,
    until: str,
    no_end: bool,
    reason: str,
) -> None:
    """Allow something for WHO (a profile or a device).

    SCOPE is time (bedtime, off and budgets wait), name, service, category or filter; the middle three take a VALUE.

    \b
    Example:
      filterd grant add lan category games --minutes 60
    """
    from filterd.control.moves import grant as give
    from filterd.model.household import Scope

    rest = list(words)
    word = "" if profile or device else rest.pop(0)
    scopes = [s.value for s in Scope]
    if not rest or rest[0] not in scopes or len(rest) > 2:
        raise click.UsageError(f"expected [WHO] SCOPE [VALUE] with a SCOPE among {', '.join(scopes)}")
    if (minutes is not None) + bool(until) + no_end != 1:
        raise click.UsageError("expected one of --minutes, --until and --no-end")
    now = time.time()
    household = call.household()
    who = whom.find(household, word, profile, device)
    done = give(
        call.state,
        call.who,
        Scope(rest[0]),
        who,
        value=rest[1] if len(rest) > 1 else "",
        minutes=minutes,
        until=until_of(until, household.timezone, now) if until else None,
        reason=reason,
        seen=call.seen,
        now=now,
    )
    _tell_grant(call, done, now)


@grant.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over too.")
@options.as_json
@options.state
def list_(everything: bool, as_json: bool, state: Path) -> None:
    """Show the grants in force.

    \b
    Example:
      filterd grant list --all
    """
    from filterd.control.entities import bodies_of
    from filterd.control.household import read_stored

    household, revision = read_stored(state)
    now = time.time()
    rows = [(g, _standing(household, g, now)) for g in household.grants]
    rows = [(g, s) for g, s in rows if everything or s != "over"]
    if as_json:
        bodies = bodies_of(household)
        documents = [{**bodies["grant", g.id], "state": s} for g, s in rows]
        options.say_json({"grants": documents, "revision": revision})
        return
    for g, standing in rows:
        click.echo(clean(f"{g.id}  {_grant_text(household, g, now)}{' (over)' if standing == 'over' else ''}"))
    if not rows:
        click.echo("no grants in force")


@grant.command()
@click.argument("grant_id", metavar="ID")
@changing
def revoke(call: Call, grant_id: str) -> None:
    """End the grant ID at once (`filterd grant list` shows the ids).

    \b
    Example:
      filterd grant revoke g12
    """
    from filterd.control.moves import revoke as take

    call.tell(take(call.state, call.who, grant_id, seen=call.seen), f"grant {grant_id} revoked")


@click.command()
@whom.selecting
@_minutes
@_until
@_reason
@changing
def off(
    call: Call, word: str, profile: str, device: str, everyone: bool, minutes: int | None, until: str, reason: str
) -> None:
    """Switch the Internet off for WHO: a profile, a device, or everyone. Without WHO: show where it is off.

    Until then or until `filterd on`. It ends the running grants of those it covers; `filterd undo` restores them.

    \b
    Examples:
      filterd off lan --minutes 60
      filterd off everyone --until 18:30 --reason dinner
      filterd off --device may-lan
      filterd off
    """
    from filterd.control.household import read_stored
    from filterd.control.moves import off as switch_off

    now = time.time()
    if not (word or profile or device or everyone or minutes is not None or until):
        _show_offs(*read_stored(call.state), now, call.as_json)
        return
    household = call.household()
    who = whom.find(household, word, profile, device, everyone)
    end = until_of(until, household.timezone, now) if until else None
    done = switch_off(
        call.state, call.who, who, minutes=minutes, until=end, reason=reason, seen=call.seen, now=now
    )  # fmt: skip
    if done.change is not None:
        made = next(o for o in done.household.internet_off if o.id == _made(done.change, "off"))
        call.tell(done, f"Internet off: {_off_text(done.household, made, now)}", off=_made_document(done, "off"))
    else:
        call.tell(done, "", off=None)


@click.command("on")
@whom.selecting
@changing
def on(call: Call, word: str, profile: str, device: str, everyone: bool) -> None:
    """Switch the Internet on again where `filterd off` switched it off for exactly this WHO.

    The grants that the off ended stay ended; `filterd undo` right after the off restores them.

    \b
    Examples:
      filterd on lan
      filterd on everyone
    """
    from filterd.control.moves import on as switch_on

    household = call.household()
    who = whom.find(household, word, profile, device, everyone)
    done = switch_on(call.state, call.who, who, seen=call.seen)
    name = whom.name_of(household, who)
    call.tell(done, f"Internet on again: {name}", nothing=f"the Internet is not off for {name}")


@click.command()
@whom.selecting
@click.option("--minutes", type=int, default=30, show_default=True, help="At most a day.")
@_reason
@changing
def pause(call: Call, word: str, profile: str, device: str, everyone: bool, minutes: int, reason: str) -> None:
    """Pause the filter for WHO, a profile or a device. What the province makes mandatory stays blocked.

    \b
    Examples:
      filterd pause bo-me
      filterd pause --device laptop --minutes 10
    """
    from filterd.control.moves import pause as pause_filter

    now = time.time()
    who = whom.find(call.household(), word, profile, device, everyone)
    _tell_grant(call, pause_filter(call.state, call.who, who, minutes, reason=reason, seen=call.seen, now=now), now)


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[WHO] MINUTES")
@whom.profile
@whom.device
@_reason
@changing
def bonus(call: Call, words: tuple[str, ...], profile: str, device: str, reason: str) -> None:
    """Give WHO, a profile or a device, MINUTES more from now on: bedtime, off and budgets wait, the filter stays.

    \b
    Examples:
      filterd bonus lan 15
      filterd bonus --device may-lan 30 --reason "helped in the kitchen"
    """
    from filterd.control.moves import bonus as give

    *before, last = words
    if len(before) != (0 if profile or device else 1) or not last.isdecimal() or len(last) > 6:
        raise click.UsageError("expected [WHO] MINUTES, such as: filterd bonus lan 15")
    minutes = int(last)
    now = time.time()
    who = whom.find(call.household(), before[0] if before else "", profile, device)
    _tell_grant(call, give(call.state, call.who, who, minutes, reason=reason, seen=call.seen, now=now), now)


def _tell_grant(call: Call, done: Any, now: float) -> None:
    """Tell a grant that was just given."""
    ident = _made(done.change, "grant")
    made = next((g for g in done.household.grants if g.id == ident), None)
    text = "" if made is None else f"granted {made.id}: {_grant_text(done.household, made, now)}"
    call.tell(done, text, grant=_made_document(done, "grant"))


def _made(change: Any, kind: str) -> str:
    """Return the id of the `kind` that a change made; "" when it made none."""
    return "" if change is None else next((e.id for e in change.edits if e.kind == kind and e.before is None), "")


def _made_document(done: Any, kind: str) -> dict[str, Any] | None:
    """Return the body of what a change made, as the change has it."""
    made = () if done.change is None else (e.after for e in done.change.edits if e.kind == kind and e.before is None)
    return next((dict(body) for body in made if body is not None), None)


def _grant_text(household: Household, grant: Grant, now: float) -> str:
    what = {"time": "more time", "filter": "filter paused"}.get(grant.scope.value, grant.scope.value)
    end = "until revoked" if grant.until is None else f"until {when(grant.until, household.timezone, now)}"
    cut = _cut_by(household, grant, now)
    end += f", ended by {cut.id} ({whom.name_of(household, cut)} off)" if cut is not None else ""
    return f"{what}{' ' + grant.value if grant.value else ''} for {whom.name_of(household, grant)}, {end}{_said(grant)}"


def _off_text(household: Household, off: InternetOff, now: float) -> str:
    since = "" if off.start is None else f" since {when(off.start, household.timezone, now)}"
    end = "until switched on" if off.until is None else f"until {when(off.until, household.timezone, now)}"
    return f"{whom.name_of(household, off)}{since} {end}{_said(off)}"


def _said(move: Grant | InternetOff) -> str:
    return (f", by {move.by}" if move.by else "") + (f": {move.reason}" if move.reason else "")


def _standing(household: Household, grant: Grant, now: float) -> str:
    if (grant.until is not None and grant.until <= now) or _cut_by(household, grant, now) is not None:
        return "over"
    return "waiting" if (grant.start or 0.0) > now else "in force"


def _cut_by(household: Household, grant: Grant, now: float) -> InternetOff | None:
    """Return the off that ended the grant for all whom it covers (DECISIONS 1: one given later, while it had an end)."""
    if grant.until is None:
        return None
    profile = grant.profile or next((d.profile for d in household.devices if d.id == grant.device), "")
    for off in household.internet_off:
        start = off.start or 0.0
        covers = off.everyone or off.profile == profile or (bool(grant.device) and off.device == grant.device)
        worked = (off.until is None or start < off.until) and (off.ended is None or start < off.ended)
        if covers and worked and (grant.start or 0.0) < start <= min(now, grant.until):
            return off
    return None


def _show_offs(household: Household, revision: int, now: float, as_json: bool) -> None:
    from filterd.control.entities import bodies_of
    from filterd.control.moves import is_off

    offs = [o for o in household.internet_off if is_off(o, now)]
    if as_json:
        bodies = bodies_of(household)
        options.say_json({"off": [bodies["off", o.id] for o in offs], "revision": revision})
        return
    for one in offs:
        click.echo(clean(f"{one.id}  {_off_text(household, one, now)}"))
    if not offs:
        click.echo("the Internet is off for nobody; `filterd off everyone` and `filterd off lan` switch it off")
