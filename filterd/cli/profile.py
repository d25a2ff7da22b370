"""`filterd profile`: the people of the household and the rules of each."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from filterd.cli import options, whom
from filterd.cli.said import Call, changing, clean
from filterd.errors import ConfigError
from filterd.model.household import DAYS

if TYPE_CHECKING:
    from filterd.model.household import Household

_RULES = click.Choice(["block", "allow", "default"])
_comma = "Separated by commas."


@click.group()
def profile() -> None:
    """Show and change profiles: one a person, or a kind of device.

    \b
    Examples:
      filterd profile list
      filterd profile add "Bé Na" --preset age-7-9
      filterd profile service lan tiktok block
      filterd profile name lan add block example-chat.com
      filterd profile window lan add "Giờ ngủ" --from 21:30 --to 06:00 --effect offline
      filterd profile free-day lan
    """


@profile.command("list")
@options.as_json
@options.state
def list_(as_json: bool, state: Path) -> None:
    """Show the profiles with their devices.

    \b
    Example:
      filterd profile list --json
    """
    from filterd.control.household import read_stored

    household, revision = read_stored(state)
    now = time.time()
    default = household.default_profile or household.profiles[0].id
    rows: list[dict[str, Any]] = [
        {
            "id": p.id,
            "name": p.name,
            "preset": p.preset,
            "default": p.id == default,
            "devices": [d.id for d in household.devices if d.profile == p.id],
            "off": _is_off(household, p.id, now),
        }
        for p in household.profiles
    ]
    if as_json:
        options.say_json({"profiles": rows, "revision": revision})
        return
    for row in rows:
        words = [f"{row['id']}  {row['name']}, preset {row['preset']}"]
        words += [f"devices {', '.join(row['devices'])}"] if row["devices"] else []
        words += ["new devices get it"] if row["default"] else []
        words += ["Internet OFF"] if row["off"] else []
        click.echo(clean("; ".join(words)))


@profile.command()
@click.argument("profile_id", metavar="ID")
@options.as_json
@options.state
def show(profile_id: str, as_json: bool, state: Path) -> None:
    """Show every rule of the profile ID, as the household's file has it.

    \b
    Example:
      filterd profile show lan
    """
    household, revision, body = _read(state, profile_id)
    devices = [d.id for d in household.devices if d.profile == body["id"]]
    if as_json:
        options.say_json({"profile": body, "devices": devices, "revision": revision})
        return
    import yaml

    for line in yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=110).splitlines():
        click.echo(clean(line))
    click.echo(clean(f"# devices: {', '.join(devices) or 'none'}"))


@profile.command()
@click.argument("name")
@click.option("--preset", required=True, help="What an age says: age-0-6, age-7-9, age-10-13, age-14-17, adult, none.")
@click.option("--id", "ident", default="", help="Default: made of the name.")
@changing
def add(call: Call, name: str, preset: str, ident: str) -> None:
    """Add a profile called NAME.

    \b
    Example:
      filterd profile add "Bé Na" --preset age-7-9
    """
    from filterd.control.profiles import add_profile

    done, made = add_profile(call.state, call.who, name, preset, ident=ident, seen=call.seen)
    call.tell(done, f"profile {made} added: {name}, preset {preset}", id=made)


@profile.command()
@click.argument("profile_id", metavar="ID")
@click.option("--devices-to", default="", metavar="ID", help="The profile that its devices get.")
@changing
def remove(call: Call, profile_id: str, devices_to: str) -> None:
    """Remove the profile ID with its grants.

    \b
    Example:
      filterd profile remove lan --devices-to minh
    """
    from filterd.control.profiles import remove_profile

    household = call.household()
    ident = _id(household, profile_id)
    to = _id(household, devices_to) if devices_to else ""
    done = remove_profile(call.state, call.who, ident, devices_to=to, seen=call.seen)
    moved = [e.id for e in done.change.edits if e.kind == "device"] if done.change is not None else []
    call.tell(done, f"profile {ident} removed" + (f"; {', '.join(moved)} now {to}" if moved else ""))


@profile.command()
@click.argument("profile_id", metavar="ID")
@click.argument("name")
@changing
def rename(call: Call, profile_id: str, name: str) -> None:
    """Give the profile ID another NAME; the id stays.

    \b
    Example:
      filterd profile rename lan "Lan Anh"
    """
    ident = _id(call.household(), profile_id)
    _patch(call, ident, {"name": name}, f"profile {ident} is called {name}")


@profile.command("default")
@click.argument("profile_id", metavar="ID")
@changing
def default_(call: Call, profile_id: str) -> None:
    """Give devices that were never seen before the profile ID.

    \b
    Example:
      filterd profile default minh
    """
    from filterd.control.profiles import patch_household

    ident = _id(call.household(), profile_id)
    done = patch_household(call.state, call.who, {"default_profile": ident}, seen=call.seen)
    call.tell(done, f"new devices get profile {ident}")


@profile.command("set")
@click.argument("profile_id", metavar="ID")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@changing
def set_(call: Call, profile_id: str, pairs: tuple[str, ...]) -> None:
    """Replace keys of the profile ID, in the form of the household's file; an empty VALUE takes a key away.

    \b
    Examples:
      filterd profile set lan preset=age-14-17 parent_sees=categories
      filterd profile set lan 'budgets=[{services: [youtube], minutes: 60}]'
      filterd profile set lan windows=
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"expected KEY=VALUE, got {pair[:60]!r}")
        if key in values:
            raise ConfigError(f"{clean(key[:60])}: given twice")
        values[key] = None if text.strip() in ("", "null", "~") else _plain(key, text)
    ident = _id(call.household(), profile_id)
    _patch(call, ident, values, f"profile {ident}: {', '.join(values)} set")


@profile.command()
@click.argument("profile_id", metavar="ID")
@click.argument("word", metavar="CATEGORY")
@click.argument("rule", type=_RULES)
@changing
def category(call: Call, profile_id: str, word: str, rule: str) -> None:
    """Block or allow a CATEGORY for the profile ID; default is what its preset says.

    \b
    Example:
      filterd profile category lan games block
    """
    _set_rule(call, profile_id, "categories", word, rule)


@profile.command()
@click.argument("profile_id", metavar="ID")
@click.argument("word", metavar="SERVICE")
@click.argument("rule", type=_RULES)
@changing
def service(call: Call, profile_id: str, word: str, rule: str) -> None:
    """Block or allow a SERVICE (an app or site) for the profile ID; default takes its own word away.

    \b
    Example:
      filterd profile service lan tiktok block
    """
    _set_rule(call, profile_id, "services", word, rule)


@profile.command()
@click.argument("profile_id", metavar="ID")
@click.argument("action", type=click.Choice(["add", "remove"]))
@click.argument("part", type=click.Choice(["block", "allow", "always"]), metavar="block|allow|always")
@click.argument("name")
@changing
def name(call: Call, profile_id: str, action: str, part: str, name: str) -> None:
    """Put a site's NAME on a list of the profile ID, or take it off; it covers everything below it.

    always: at bedtime, with the Internet off and with a budget used up too.

    \b
    Examples:
      filterd profile name lan add block example-chat.com
      filterd profile name lan add always vnedu.vn
      filterd profile name lan remove block example-chat.com
    """
    from filterd.control.profiles import add_name, remove_name

    ident = _id(call.household(), profile_id)
    done = (add_name if action == "add" else remove_name)(call.state, call.who, ident, part, name, seen=call.seen)
    call.tell(done, f"profile {ident}: {name} {'now' if action == 'add' else 'no longer'} under {part}")


@profile.command()
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
    _, revision, body = _read(call.state, profile_id)
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
    _patch(call, body["id"], {"windows": after}, said, revision)


@profile.command("safe-search")
@click.argument("profile_id", metavar="ID")
@click.argument("engine")
@click.argument("level", type=click.Choice(["on", "off", "none", "moderate", "strict", "default"]))
@changing
def safe_search(call: Call, profile_id: str, engine: str, level: str) -> None:
    """Set the safe search of an ENGINE (on, off) or of youtube (none, moderate, strict); default is the preset's.

    \b
    Examples:
      filterd profile safe-search lan google on
      filterd profile safe-search lan youtube moderate
    """
    _, revision, body = _read(call.state, profile_id)
    levels = dict(body.get("safe_search", {}))
    if level == "default":
        levels.pop(engine, None)
    else:
        levels[engine] = level if engine == "youtube" else {"on": True, "off": False}.get(level, level)
    _patch(call, body["id"], {"safe_search": levels}, f"profile {body['id']}: safe search {engine} {level}", revision)


@profile.command("free-day")
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

    household, revision, body = _read(call.state, profile_id)
    on = _date(day, household.timezone)
    if not cancel:
        done = tomorrow_off(call.state, call.who, body["id"], on, seen=call.seen)
        call.tell(done, f"profile {body['id']}: no windows start on {on}")
        return
    before = body.get("exceptions", [])
    after = [e for e in before if e.get("date") != on.isoformat() or e["windows"]]
    if len(after) == len(before):
        raise ConfigError(f"free day: {on} is none of {body['id']}")
    _patch(call, body["id"], {"exceptions": after}, f"profile {body['id']}: the windows of {on} hold again", revision)


def _plain(key: str, text: str) -> Any:
    """Return the plain value of a piece of YAML; every scalar stays text, as the household's reader wants it (21:30)."""
    import yaml

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.BaseLoader)):
            raise ConfigError(f"{clean(key[:60])}: expected a value without aliases")
        return yaml.load(text, Loader=yaml.BaseLoader)  # it makes texts, lists and mappings only
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(f"{clean(key[:60])}: not YAML: {text[:60]!r}") from None


def _id(household: Household, word: str) -> str:
    return whom.find_id(household.profiles, word, "profile")


def _read(state: Path, word: str) -> tuple[Household, int, dict[str, Any]]:
    """Return the household, its revision and the profile's body. Who patches from it sends the revision along."""
    from filterd.control.entities import bodies_of
    from filterd.control.household import read_stored

    household, revision = read_stored(state)
    return household, revision, dict(bodies_of(household)["profile", _id(household, word)])


def _patch(call: Call, ident: str, values: dict[str, Any], sentence: str, read_at: int | None = None) -> None:
    from filterd.control.profiles import patch

    seen = read_at if call.seen is None else call.seen
    call.tell(patch(call.state, call.who, ident, values, seen=seen), sentence)


def _set_rule(call: Call, profile_id: str, part: str, word: str, rule: str) -> None:
    from filterd.control.profiles import set_rule

    ident = _id(call.household(), profile_id)
    done = set_rule(call.state, call.who, ident, part, word, rule, seen=call.seen)
    said = "as its preset says" if rule == "default" else {"block": "blocked", "allow": "allowed"}[rule]
    call.tell(done, f"profile {ident}: {word} {said}")


def _is_off(household: Household, ident: str, now: float) -> bool:
    from filterd.control.moves import is_off

    return any((o.everyone or o.profile == ident) and is_off(o, now) for o in household.internet_off)


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
