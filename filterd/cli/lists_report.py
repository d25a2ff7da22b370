"""`filterd lists report`: are the lists good? Words and numbers only; control/lists_report.py finds them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from filterd.cli import options

_PAIRS = 10
_NAMES = 40  # of a category, without --all
_MARKS = {"right": "right", "wrong": "WRONG", "": "not decided"}


@click.command("report")
@click.option(
    "--popular",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Names that are asked most, one a line or rank,name (Tranco, Umbrella), to see what would be blocked.",
)
@click.option("--top", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True, help="How many of them.")
@click.option(
    "--reviewed", type=click.Path(path_type=Path, dir_okay=False), help="Decisions in place of the shipped ones."
)
@click.option("--all", "all_names", is_flag=True, help="Every name, also those that are rightly blocked.")
@options.as_json
@options.state
def report(popular: Path | None, top: int, reviewed: Path | None, all_names: bool, as_json: bool, state: Path) -> None:
    """Show what each list adds, how lists overlap, and which well-known names they would block.

    \b
    Examples:
      filterd lists report
      filterd lists report --popular top-1m.csv --json
    """
    from filterd.control.lists_report import report as judge

    found = judge(state, popular=popular, top=top, reviewed=reviewed)
    if as_json:
        document = asdict(found)
        if found.popular is not None:
            document["popular"] |= {
                "outside": found.popular.outside,
                "undecided": found.popular.undecided,
                "outside_share": found.popular.outside_share,
            }
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    click.echo(f"{found.bundle}: {found.names} names")
    for part in found.lists:
        said = f"{part.id}: {part.names} names ({part.category}), {part.alone} of them in no other list"
        if part.entries:
            said += f"; {part.repeated} of its {part.entries} entries say what others of it say"
        click.echo(said)
    for pair in found.overlaps[:_PAIRS]:
        click.echo(f"{pair.a} and {pair.b}: {pair.names} names in both")
    if found.popular is None:
        click.echo("well-known names: not looked at; give a file with --popular")
        return
    names = found.popular.names
    click.echo(
        f"of the {found.popular.asked} most asked names {len({n.name for n in names})} are on a list; outside their "
        f"category: {found.popular.outside} ({found.popular.outside_share:.2%}), not decided: {found.popular.undecided}"
    )
    for category, count in sorted(Counter(n.category for n in names).items()):
        click.echo(f"{category}: {count}")
        shown = [n for n in names if n.category == category and (all_names or n.verdict != "right")]
        for name in shown if all_names else shown[:_NAMES]:
            why = f": {name.reason}" if name.reason else ""
            click.echo(f"  {name.rank:>6}  {name.name}  {_MARKS[name.verdict]}{why}  ({', '.join(name.lists)})")
        if not all_names and len(shown) > _NAMES:
            click.echo(f"  and {len(shown) - _NAMES} more (--all)")
