"""`filterd devices`: who is on the network, known or not."""

from __future__ import annotations

import time
from pathlib import Path

import click

from filterd.cli import options
from filterd.cli.said import clean, when


@click.command()
@click.option("--new", "only_new", is_flag=True, help="Only those that nobody has assigned.")
@options.as_json
@options.state
def devices(only_new: bool, as_json: bool, state: Path) -> None:
    """Show who was seen on the network, the last heard first.

    Names are what devices call themselves. `filterd device add` and `filterd device assign` say whose they are;
    `filterd scan` looks for those that are silent.

    \b
    Examples:
      filterd devices
      filterd devices --new --json
    """
    from filterd.control.devices_again import hints
    from filterd.control.household import read_stored
    from filterd.control.seen import devices as seen_devices
    from filterd.control.seen import is_watched

    household, _ = read_stored(state)
    now = time.time()
    found = seen_devices(state, now)
    known = {d.mac: d for d in household.devices if d.mac}
    by_ip = {d.ip: d for d in household.devices if d.ip}
    likely = hints(state, household, found)
    rows = []
    for met in found:
        device = known.get(met.mac) or next((by_ip[a] for a in met.addresses if a in by_ip), None)
        if only_new and device is not None:
            continue
        rows.append((met, device, likely.get(met.mac, [])))
    watched = is_watched(state, now)
    if as_json:
        listed = [
            {
                "mac": met.mac, "private": met.is_private, "vendor": met.vendor, "names": list(met.names),
                "addresses": list(met.addresses), "first": met.first, "last": met.last, "asked": met.asked,
                "device": device.id if device else None, "profile": device.profile if device else None,
                "router": met.is_router, "shared": met.is_shared, "rival": met.rival or None,
                "maybe": [{"device": h.device.id, "reasons": [r.value for r in h.reasons]} for h in hints_of],
            }
            for met, device, hints_of in rows
        ]  # fmt: skip
        options.say_json({"devices": listed, "watched": watched, "now": now})
        return
    for met, device, hints_of in rows:
        who = f"{device.name} ({device.id})" if device else "new" if not met.is_router else "router"
        called = f" calls itself {met.names[0]!r};" if met.names else ""
        made = " private address;" if met.is_private else f" {met.vendor};" if met.vendor else ""
        at = when(met.last, household.timezone, now)
        click.echo(clean(f"{met.mac}  {who};{called}{made} {', '.join(met.addresses[:4]) or 'no address'}; last {at}"))
        for hint in hints_of[:1]:
            click.echo(clean(f"    maybe {hint.device.id} again: {', '.join(r.value for r in hint.reasons)}"))
    if not rows:
        click.echo("nobody was seen" if not only_new else "nobody new was seen")
    if not watched:
        click.echo("presence does not look at the network: only those are known that talk to this box", err=True)
