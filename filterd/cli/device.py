"""`filterd device`: which devices there are and whose they are."""

from __future__ import annotations

from pathlib import Path

import click

from filterd.cli import options, whom
from filterd.cli.said import Call, changing, clean


@click.group()
def device() -> None:
    """Show, add and change devices.

    \b
    Examples:
      filterd device list
      filterd device add "Điện thoại của Lan" lan --mac 02:1a:2b:3c:4d:5e
      filterd device assign dien-thoai-cua-lan minh
    """


@device.command("list")
@click.option("--profile", default="", metavar="ID", help="Only those of this profile.")
@options.as_json
@options.state
def list_(profile: str, as_json: bool, state: Path) -> None:
    """Show the devices.

    \b
    Example:
      filterd device list --profile lan
    """
    from filterd.control.household import read_stored

    household, revision = read_stored(state)
    wanted = whom.find_id(household.profiles, profile, "profile") if profile else ""
    found = [d for d in household.devices if wanted in ("", d.profile)]
    if as_json:
        rows = [
            {"id": d.id, "name": d.name, "profile": d.profile, "mac": d.mac, "ip": d.ip, "range": d.range}
            for d in found
        ]
        options.say_json({"devices": rows, "revision": revision})
        return
    for d in found:
        click.echo(clean(f"{d.id}  {d.name}; profile {d.profile}; {d.mac or d.ip or d.range}"))
    if not found:
        click.echo("no devices")


@device.command()
@click.argument("name")
@click.argument("profile")
@click.option("--mac", default="", help="Its hardware address.")
@click.option("--ip", default="", help="Its address, when that stays the same.")
@click.option("--range", "range_", default="", help="A range of addresses: a class, a VLAN.")
@click.option("--id", "ident", default="", help="Default: made of the name.")
@changing
def add(call: Call, name: str, profile: str, mac: str, ip: str, range_: str, ident: str) -> None:
    """Add a device called NAME to PROFILE, with exactly one of --mac, --ip and --range.

    \b
    Example:
      filterd device add "Điện thoại của Lan" lan --mac 02:1a:2b:3c:4d:5e
    """
    from filterd.control.devices import add_device

    owner = whom.find_id(call.household().profiles, profile, "profile")
    done, made = add_device(
        call.state, call.who, name, owner, mac=mac, ip=ip, range=range_, ident=ident, seen=call.seen
    )  # fmt: skip
    call.tell(done, f"device {made} added: {name}, profile {owner}", id=made)


@device.command()
@click.argument("device_id", metavar="ID")
@click.argument("name")
@changing
def rename(call: Call, device_id: str, name: str) -> None:
    """Give the device ID another NAME; the id stays.

    \b
    Example:
      filterd device rename may-lan "Máy bàn"
    """
    _change(call, device_id, f"is called {name}", name=name)


@device.command()
@click.argument("device_id", metavar="ID")
@click.argument("profile")
@changing
def assign(call: Call, device_id: str, profile: str) -> None:
    """Give the device ID to PROFILE.

    \b
    Example:
      filterd device assign may-lan minh
    """
    owner = whom.find_id(call.household().profiles, profile, "profile")
    _change(call, device_id, f"has profile {owner}", profile=owner)


@device.command()
@click.argument("device_id", metavar="ID")
@click.argument("address", metavar="MAC")
@changing
def mac(call: Call, device_id: str, address: str) -> None:
    """Tell the new hardware address of the device ID, in the place of what it was known by.

    \b
    Example:
      filterd device mac dien-thoai-cua-lan 02:1a:2b:3c:4d:5f
    """
    _change(call, device_id, f"is known by {address}", mac=address)


@device.command()
@click.argument("device_id", metavar="ID")
@changing
def remove(call: Call, device_id: str) -> None:
    """Remove the device ID with its grants; from then on it is one that was never seen before.

    \b
    Example:
      filterd device remove may-lan
    """
    from filterd.control.devices import remove_device

    ident = whom.find_id(call.household().devices, device_id, "device")
    call.tell(remove_device(call.state, call.who, ident, seen=call.seen), f"device {ident} removed")


def _change(
    call: Call,
    word: str,
    sentence: str,
    *,
    name: str | None = None,
    profile: str | None = None,
    mac: str | None = None,
) -> None:
    from filterd.control.devices import change_device

    ident = whom.find_id(call.household().devices, word, "device")
    done = change_device(call.state, call.who, ident, name=name, profile=profile, mac=mac, seen=call.seen)
    call.tell(done, f"device {ident} {sentence}")
