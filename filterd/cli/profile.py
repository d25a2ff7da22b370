"""`filterd profile`: the people of the household. The rules of each are profile_rules.py's and profile_hours.py's."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filterd.cli import options, profile_hours, profile_rules
from filterd.cli.profile_change import id_of, patch, read
from filterd.cli.said import Call, changing, clean
from filterd.errors import ConfigError

if TYPE_CHECKING:
    from filterd.model.household import Household


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


for _command in (
    profile_rules.category,
    profile_rules.service,
    profile_rules.name,
    profile_rules.safe_search,
    profile_hours.window,
    profile_hours.free_day,
):
    profile.add_command(_command)


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
    household, revision, body = read(state, profile_id)
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
    ident = id_of(household, profile_id)
    to = id_of(household, devices_to) if devices_to else ""
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
    ident = id_of(call.household(), profile_id)
    patch(call, ident, {"name": name}, f"profile {ident} is called {name}")


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

    ident = id_of(call.household(), profile_id)
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
    ident = id_of(call.household(), profile_id)
    patch(call, ident, values, f"profile {ident}: {', '.join(values)} set")


def _plain(key: str, text: str) -> Any:
    """Return the plain value of a piece of YAML; every scalar stays text, as the household's reader wants it (21:30)."""
    import yaml

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.BaseLoader)):
            raise ConfigError(f"{clean(key[:60])}: expected a value without aliases")
        return yaml.load(text, Loader=yaml.BaseLoader)  # it makes texts, lists and mappings only
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(f"{clean(key[:60])}: not YAML: {text[:60]!r}") from None


def _is_off(household: Household, ident: str, now: float) -> bool:
    from filterd.control.moves import is_off

    return any((o.everyone or o.profile == ident) and is_off(o, now) for o in household.internet_off)
