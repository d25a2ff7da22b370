"""`filterd grant`, `off`, `on`, `pause`, `bonus`: the daily moves, each of which `filterd undo` takes back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filterd.cli import options, whom
from filterd.cli.moves_said import grant_text, made_document, made_id, off_text, standing_of, tell_grant
from filterd.cli.said import Call, changing, clean, until_of

if TYPE_CHECKING:
    from filterd.model.household import Household

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
    tell_grant(call, done, now)


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
    rows = [(g, standing_of(household, g, now)) for g in household.grants]
    rows = [(g, s) for g, s in rows if everything or s != "over"]
    if as_json:
        bodies = bodies_of(household)
        documents = [{**bodies["grant", g.id], "state": s} for g, s in rows]
        options.say_json({"grants": documents, "revision": revision})
        return
    for g, standing in rows:
        click.echo(clean(f"{g.id}  {grant_text(household, g, now)}{' (over)' if standing == 'over' else ''}"))
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
        made = next(o for o in done.household.internet_off if o.id == made_id(done.change, "off"))
        call.tell(done, f"Internet off: {off_text(done.household, made, now)}", off=made_document(done, "off"))
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
    tell_grant(call, pause_filter(call.state, call.who, who, minutes, reason=reason, seen=call.seen, now=now), now)


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
    tell_grant(call, give(call.state, call.who, who, minutes, reason=reason, seen=call.seen, now=now), now)


def _show_offs(household: Household, revision: int, now: float, as_json: bool) -> None:
    from filterd.control.entities import bodies_of
    from filterd.control.moves import is_off

    offs = [o for o in household.internet_off if is_off(o, now)]
    if as_json:
        bodies = bodies_of(household)
        options.say_json({"off": [bodies["off", o.id] for o in offs], "revision": revision})
        return
    for one in offs:
        click.echo(clean(f"{one.id}  {off_text(household, one, now)}"))
    if not offs:
        click.echo("the Internet is off for nobody; `filterd off everyone` and `filterd off lan` switch it off")
