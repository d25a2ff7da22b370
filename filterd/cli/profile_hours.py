"""`filterd profile window, free-day`: when a profile may what."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from filterd.cli.profile_change import patch, read
from filterd.cli.said import Call, changing, clean
from filterd.errors import ConfigError
from filterd.model.household import DAYS

_comma = "Separated by commas."


@click.command()
@click.argument("profile_id", metavar="ID")
@click.argument("action", type=click.Choice(["add", "remove"]))
@click.argument("name")
@click.option("--from", "start", default="", metavar="HH:MM")
@click.option("--to", "end", default="", metavar="HH:MM", help="Earlier than --from: on the next day.")
@click.option("--days", default="", help="mon-fri or sat,sun. Default: every day.")
@click.option("--effect", type=click.Choice(["offline", "only", "permit"]), help="What it does while it is in force.")
@click.option("--names", default="", help=f"Of `only`. {_comma}")
@click.option("--services", default="", help=f"Of `only` and `permit`. {_comma}")
@click.option("--categories", default="", help=f"Of `only` and `permit`. {_comma}")
@changing
def window(call: Call, profile_id: str, action: str, name: str, start: str, end: str, days: str, **given: str) -> None:
    """Add a weekly window to the profile ID, or remove those called NAME.

    offline: nothing; only: nothing but what is named; permit: what is named then, and at no other time.

    \b
    Examples:
      filterd profile window lan add "Giờ ngủ" --from 21:30 --to 06:00 --effect offline
      filterd profile window lan add Game --days sat,sun --from 14:00 --to 17:00 --effect permit --services roblox
      filterd profile window lan remove Game
    """
    _, revision, body = read(call.state, profile_id)
    before = list(body.get("windows", []))
    if action == "remove":
        after = [w for w in before if w["name"] != name.strip()]
        if len(after) == len(before):
            known = ", ".join(w["name"] for w in before) or "none"
            raise ConfigError(f"window: {body['id']} has none called {name[:80]!r} (known: {clean(known)})")
        said = f"profile {body['id']}: window {name} removed"
    else:
        if not (start and end and given["effect"]):
            raise click.UsageError("a window needs --from, --to and --effect")
        made = {"name": name, "days": _days(days), "from": start, "to": end, "effect": given["effect"]}
        made |= {key: [x.strip() for x in given[key].split(",")] for key in ("names", "services", "categories")
                 if given[key]}  # fmt: skip
        after = [*before, {key: value for key, value in made.items() if value != []}]
        said = f"profile {body['id']}: window {name} {days or 'every day'} {start} to {end}, {given['effect']}"
    patch(call, body["id"], {"windows": after}, said, revision)


@click.command("free-day")
@click.argument("profile_id", metavar="ID")
@click.argument("day", required=False, default="tomorrow", metavar="[DATE]")
@click.option("--cancel", is_flag=True, help="The weekly windows hold on that day after all.")
@changing
def free_day(call: Call, profile_id: str, day: str, cancel: bool) -> None:
    """Let no window start on DATE (today, tomorrow, 2026-12-24) for the profile ID. Default: tomorrow.

    \b
    Examples:
      filterd profile free-day lan
      filterd profile free-day lan 2026-12-24 --cancel
    """
    from filterd.control.moves import tomorrow_off

    household, revision, body = read(call.state, profile_id)
    on = _date(day, household.timezone)
    if not cancel:
        done = tomorrow_off(call.state, call.who, body["id"], on, seen=call.seen)
        call.tell(done, f"profile {body['id']}: no windows start on {on}")
        return
    before = body.get("exceptions", [])
    after = [e for e in before if e.get("date") != on.isoformat() or e["windows"]]
    if len(after) == len(before):
        raise ConfigError(f"free day: {on} is none of {body['id']}")
    patch(call, body["id"], {"exceptions": after}, f"profile {body['id']}: the windows of {on} hold again", revision)


def _days(text: str) -> list[str]:
    """Return the days of `mon-fri,sun`; what is none is left to the household's reader to refuse."""
    found: list[str] = []
    for part in filter(None, (p.strip().lower() for p in text.split(","))):
        first, dash, last = part.partition("-")
        if dash and first in DAYS and last in DAYS:
            begin = DAYS.index(first)
            found += [DAYS[(begin + i) % 7] for i in range((DAYS.index(last) - begin) % 7 + 1)]
        else:
            found.append(part)
    return found


def _date(text: str, timezone: str) -> date:
    today = datetime.fromtimestamp(time.time(), ZoneInfo(timezone)).date()
    if text in ("today", "tomorrow"):
        return today + timedelta(days=text == "tomorrow")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"date: expected today, tomorrow or 2026-12-24, got {text[:60]!r}") from None
