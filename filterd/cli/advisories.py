"""`filterd advisories`: the warnings that the province has signed, newest first."""

from __future__ import annotations

from pathlib import Path

import click

from filterd.cli import options
from filterd.cli.said import clean


@click.command()
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="In which language.")
@click.option("--dismiss", metavar="ID", help="Note that this one was read: it leaves the first page.")
@click.option("--show/--hide", "wanted", default=None, help="Show advisories on the first page, or do not.")
@options.as_json
@options.state
def advisories(lang: str, dismiss: str | None, wanted: bool | None, as_json: bool, state: Path) -> None:
    """Show the province's advisories: at most three, what they say, and what to do.

    \b
    Examples:
      filterd advisories
      filterd advisories --dismiss 2026-11-fake-bank
      filterd advisories --hide
    """
    from filterd.control import notices

    if dismiss is not None:
        notices.dismiss(state, dismiss)
    if wanted is not None:
        notices.want(state, wanted)
    found, chosen = notices.advisories(state), notices.choice(state)
    if as_json:
        rows = [
            {
                "id": one.id, "date": one.date, "until": one.until, "read": one.id in chosen.read,
                "title": one.title.of(lang), "text": one.text.of(lang), "do": [step.of(lang) for step in one.act],
                "talk": one.talk.of(lang) if one.talk else "", "source": one.source.of(lang) if one.source else "",
            }
            for one in found
        ]  # fmt: skip
        options.say_json({"advisories": rows, "shown": chosen.wanted})
        return
    for one in found:
        click.echo(f"{one.date}  {clean(one.title.of(lang))}  [{one.id}]{' (read)' if one.id in chosen.read else ''}")
        click.echo(f"   {clean(one.text.of(lang))}")
        for step in one.act:
            click.echo(f"   - {clean(step.of(lang))}")
    if not found:
        click.echo("no advisories")
    if not chosen.wanted:
        click.echo("they are not shown on the first page (filterd advisories --show)")
