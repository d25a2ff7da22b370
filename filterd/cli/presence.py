"""`filterd presence`: watch the network for who is there. `filterd scan`: ask it, once.

`presence` becomes a fresh program without what this command line needed to start; `scan` starts one that may use scapy.
"""

from __future__ import annotations

import ipaddress
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from filterd.errors import StartError
from filterd.model.sighting import Kind, Sighting, decode, encode

_LONGEST_S = 30.0  # beyond the waiting: scapy starts, a thousand addresses are asked
_MOST_TOLD = 1024
_TELL_S = 3.0  # for a manager that does not keep up

_STATE = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False, readable=False),  # it is shut to presence's own user
    default="var",
    envvar="FILTERD_STATE",
    show_default=True,
    show_envvar=True,
    help="The state folder; its run folder is where the manager listens.",
)


@click.command()
@_STATE
@click.option("--interface", default="", help="Watch this interface alone.  [default: all]")
@click.option(
    "--ask/--no-ask", default=True, show_default=True, envvar="FILTERD_PRESENCE_ASK", show_envvar=True,
    help="Also ask, twice an hour: who hands out addresses and resolvers, and does the router answer DNS itself?",
)  # fmt: skip
def presence(state: Path, interface: str, ask: bool) -> None:
    """Tell the manager which devices are on the network, and under which addresses.

    Needs a raw socket (root, or CAP_NET_RAW), looks at ARP, DHCP, mDNS and IPv6 neighbour discovery alone, and at no content.
    Asking takes nothing: no address is requested, and no question leaves the house.

    \b
    Examples:
      filterd presence --state /var/lib/filterd
      filterd presence --interface eth0
      filterd presence --no-ask
    """
    from filterd.host.child import OPTION, memory_file
    from filterd.presence.sniff import may_sniff

    if why := may_sniff():
        raise StartError(f"presence cannot watch the network: {why}")
    fd = memory_file({"state": str(state.resolve()), "interface": interface, "ask": ask})
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "filterd.presence_main", OPTION, str(fd)])  # noqa: S606 - ourselves


@click.command()
@_STATE
@click.option("--interface", default="", help="Ask on this interface.  [default: the one with the default gateway]")
@click.option(
    "--seconds", type=click.FloatRange(1, 60), default=4.0, show_default=True, help="How long to wait for answers."
)
@click.option("--json", "as_json", is_flag=True, help="One sighting a line, as JSON.")
def scan(state: Path, interface: str, seconds: float, as_json: bool) -> None:
    """Ask every address on this network who it is, and ask who hands out addresses and resolvers.

    Needs root: it sends ARP, DHCP and IPv6 packets of its own. A running manager is told what was found.

    \b
    Examples:
      sudo filterd scan
      sudo filterd scan --interface eth0 --json
    """
    from filterd.presence.sniff import may_sniff

    if why := may_sniff():
        raise StartError(f"a scan sends packets of its own: {why}")
    found = _ask(interface, seconds)
    _pass_on(state, found)
    if as_json:
        for sighting in found:
            click.echo(encode(sighting).decode())
        return
    from filterd.presence.vendor import vendor

    for line in said(found, vendor):
        click.echo(line)


def said(found: Sequence[Sighting], maker: Callable[[str], str]) -> list[str]:
    """Return the lines that show a scan. `maker`: who made the device with a MAC, "" when nobody knows."""
    from filterd.model.seen import is_private

    addresses: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    offers: dict[tuple[str, str], list[str]] = {}
    for sighting in found:
        if sighting.kind is Kind.DNS_SERVER:
            offers.setdefault((sighting.address, sighting.mac), []).append(sighting.detail)
            continue
        own = addresses.setdefault(sighting.mac, [])
        if sighting.address and sighting.address not in own:
            own.append(sighting.address)
        if sighting.name:
            names.setdefault(sighting.mac, sighting.name)
    lines = [f"{len(addresses)} devices answered"]
    for mac, own in sorted(addresses.items(), key=lambda pair: _order(pair[1])):
        more = ", ".join(
            word for word in (names.get(mac, ""), "private address" if is_private(mac) else maker(mac)) if word
        )
        lines.append(
            f"  {mac}  {' '.join(sorted(own, key=lambda text: _order([text])))}{f'  ({more})' if more else ''}"
        )
    lines.append("nobody hands out a resolver" if not offers else "resolvers that are handed out:")
    for (address, mac), ways in offers.items():
        lines.append(f"  {address} by {mac} ({', '.join(dict.fromkeys(ways))})")
    return lines


def _order(texts: list[str]) -> tuple[int, int]:
    addresses = sorted((ipaddress.ip_address(text) for text in texts), key=lambda a: (a.version, int(a)))
    return (addresses[0].version, int(addresses[0])) if addresses else (9, 0)


def _ask(interface: str, seconds: float) -> list[Sighting]:
    """Run the scan in its own process and return what it saw. Raises StartError with what it said."""
    command = [sys.executable, "-m", "filterd.presence.scan", interface, str(seconds)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds + _LONGEST_S)
    except subprocess.TimeoutExpired:
        raise StartError(f"the scan did not end within {seconds + _LONGEST_S:g} s") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise StartError(f"the scan failed: {lines[-1].removeprefix('filterd: ')}")
    return [decode(line) for line in done.stdout.splitlines()]


def _pass_on(state: Path, found: Sequence[Sighting]) -> None:
    """Tell the manager, where one listens; one that does not keep up is waited for a little."""
    from filterd.host.run import run_dir
    from filterd.presence.tell import Limiter, Teller

    teller = Teller(lambda: run_dir(state, create=False), Limiter(_MOST_TOLD))
    teller.tell(found, time.monotonic())
    deadline = time.monotonic() + _TELL_S
    while (sock := teller.waiting_on) is not None and time.monotonic() < deadline:
        select.select([], [sock], [], 0.5)
        teller.flush()
    teller.close()
