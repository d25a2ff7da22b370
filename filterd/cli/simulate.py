"""`filterd simulate`: a profile's days at a glance."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("profile")
@click.option("--week", is_flag=True, help="Seven days (default: one).")
@click.option("--from", "start", default="", help="First day, such as 2026-11-28; default today.")
@click.option("--json", "as_json", is_flag=True)
@click.option("--state", type=click.Path(path_type=Path), default="var", envvar="FILTERD_STATE", show_default=True)
def simulate(profile: str, week: bool, start: str, as_json: bool, state: Path) -> None:
    """Say what is on and off when for PROFILE.

    \b
    Example:
      filterd simulate lan --week
    """
    from filterd.control.explain import Explainer

    explainer = Explainer(state, live=False)
    try:
        document = explainer.simulate(profile, 7 if week else 1, start)
    finally:
        explainer.close()
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    click.echo(f"{profile} ({document['timezone']})")
    for s in document["stretches"]:
        words = {"on": "on", "off": "OFF", "only": "only some"}[s["internet"]]
        more = [s["why"]] if s["why"] else []
        more += [f"open: {', '.join(s['open'])}"] if s["open"] else []
        more += [f"closed: {', '.join(s['closed'])}"] if s["closed"] else []
        more += [f"grant: {g}" for g in s["grants"]]
        click.echo(f"  {s['from'][:16]} - {s['to'][:16]}  {words:9} {'; '.join(more)}".rstrip())
