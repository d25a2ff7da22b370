"""`filterd upstream`: whom the box asks for names, and how each does."""

from __future__ import annotations

from pathlib import Path

import click

from filterd.cli import options
from filterd.cli.said import Call, changing, clean


@click.group()
def upstream() -> None:
    """Show, try and change the name servers that the box asks.

    Without any of the household's own, those of filterd.yaml hold.

    \b
    Examples:
      filterd upstream list
      filterd upstream test udp://192.0.2.1
      filterd upstream add udp://192.0.2.1
      filterd upstream use-defaults
    """


@upstream.command("list")
@options.as_json
@options.state
def list_(as_json: bool, state: Path) -> None:
    """Show whom the box asks, in this order, and how each does.

    \b
    Example:
      filterd upstream list
    """
    from filterd.control.upstreams import HOUSEHOLD, look

    found = look(state)
    if as_json:
        rows = [{"url": o.url, "answers": o.answers, "ms": o.ms or None, "looping": o.looping} for o in found.ones]
        options.say_json({"from": found.origin, "upstreams": rows, "defaults": list(found.defaults)})
        return
    for one in found.ones:
        how = "nothing known yet" if one.answers is None else "answers" if one.answers else "does not answer"
        how = "leads back to this box" if one.looping else f"{how}, {one.ms:g} ms" if one.answers and one.ms else how
        click.echo(clean(f"{one.url}  {how}"))
    if found.origin == HOUSEHOLD:
        click.echo("chosen by the household; `filterd upstream use-defaults` goes back to those of filterd.yaml")
    elif found.ones:
        click.echo("from the operator's settings (filterd.yaml)")
    else:
        click.echo("those of filterd.yaml; no worker is running that could say which")


@upstream.command()
@click.argument("url")
@options.as_json
@options.state
def test(url: str, as_json: bool, state: Path) -> None:
    """Let a worker ask URL something harmless; exit code 1 when it does not answer.

    \b
    Example:
      filterd upstream test udp://192.0.2.1
    """
    from filterd.control.upstreams import try_one

    trial = try_one(state, url)
    if as_json:
        options.say_json({"url": url, "ms": trial.ms, "failed": trial.failed})
    else:
        click.echo(clean(f"{url}: {trial.sentence}"))
    if trial.ms is None:
        raise SystemExit(1)


@upstream.command()
@click.argument("url")
@changing
def add(call: Call, url: str) -> None:
    """Ask URL too, after the others; it must answer now. The first one takes the place of those of filterd.yaml.

    \b
    Example:
      filterd upstream add udp://192.0.2.1
    """
    from filterd.control.upstreams import add

    call.tell(add(call.state, call.who, url, seen=call.seen), f"{url} is asked from now on")


@upstream.command()
@click.argument("url")
@changing
def remove(call: Call, url: str) -> None:
    """Ask URL no more.

    \b
    Example:
      filterd upstream remove udp://192.0.2.1
    """
    from filterd.control.upstreams import remove

    call.tell(remove(call.state, call.who, url, seen=call.seen), f"{url} is not asked any more")


@upstream.command()
@click.argument("url")
@click.argument("place", type=click.IntRange(1, 8))
@changing
def move(call: Call, url: str, place: int) -> None:
    """Ask URL at PLACE, 1 is first.

    \b
    Example:
      filterd upstream move udp://192.0.2.1 1
    """
    from filterd.control.upstreams import move

    call.tell(move(call.state, call.who, url, place - 1, seen=call.seen), f"{url} is number {place} now")


@upstream.command("use-defaults")
@changing
def use_defaults(call: Call) -> None:
    """Ask those of filterd.yaml again.

    \b
    Example:
      filterd upstream use-defaults
    """
    from filterd.control.upstreams import use_defaults

    call.tell(use_defaults(call.state, call.who, seen=call.seen), "the name servers of filterd.yaml are asked again")
