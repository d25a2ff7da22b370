"""`filterd budget`: how far the daily budgets are used, in the household's language."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from filterd.cli import options, whom
from filterd.cli.said import clean

if TYPE_CHECKING:
    from filterd.control.budgets_status import BudgetStatus
    from filterd.model.household import Household

_WORDS = {
    "vi": {
        "none": "chưa đặt giới hạn giờ dùng nào",
        "used up": "{about}, đã hết giờ đến {until}",
        "soon": "{about}, đã hết giờ, chưa chặn",
    },
    "en": {
        "none": "no daily budgets",
        "used up": "{about}, used up until {until}",
        "soon": "{about}, used up, not blocked yet",
    },
}


@click.command()
@click.option("--profile", default="", metavar="ID", help="A profile, by its id or name.")
@options.as_json
@options.state
def budget(profile: str, as_json: bool, state: Path) -> None:
    """Show how far today's budgets are used. DNS sees when use begins, not how long it lasts: read it as "about".

    \b
    Examples:
      filterd budget
      filterd budget --profile lan --json
    """
    from filterd.control.budgets_status import status
    from filterd.control.household import load

    household, now = load(state), time.time()
    wanted = whom.find_id(household.profiles, profile, "profile") if profile else None
    found = status(state, wanted, now)
    if as_json:
        options.say_json({"budgets": [_document(b, household) for b in found]})
        return
    for line in _lines(found, household):
        click.echo(clean(line))


def _lines(found: Sequence[BudgetStatus], household: Household) -> Iterator[str]:
    words = _WORDS["vi" if household.language == "vi" else "en"]
    names = {p.id: p.name for p in household.profiles}
    called = _called(household.language)
    last = ""
    for one in found:
        if one.profile != last:
            last = one.profile
            yield f"{names.get(last, last)} ({last})"
        what = ", ".join(called.get(ident, ident) for ident in (*one.services, *one.categories))
        text = one.text
        if one.used_up:
            until = f"{datetime.fromtimestamp(one.until, ZoneInfo(household.timezone)):%H:%M}"
            text = words["used up" if one.blocked else "soon"].format(about=text, until=until)
        yield f"  {what}: {text}"
    if not found:
        yield words["none"]


def _document(one: BudgetStatus, household: Household) -> dict[str, Any]:
    from filterd.model.household import DAYS

    return {
        "profile": one.profile,
        "number": one.number,
        "key": one.key,
        "services": list(one.services),
        "categories": list(one.categories),
        "days": None if one.days is None else [DAYS[d] for d in sorted(one.days)],
        "minutes": one.minutes,
        "today": one.today,
        "used": one.used,
        "used_up": one.used_up,
        "blocked": one.blocked,
        "text": one.text,
        "until": datetime.fromtimestamp(one.until, ZoneInfo(household.timezone)).isoformat(timespec="seconds"),
    }


def _called(language: str) -> Mapping[str, str]:
    """Return what services and categories are called."""
    from filterd.config.catalogue import load

    catalogue = load()
    if language == "vi":
        return {t.id: t.name_vi for t in catalogue.categories.values()} | {
            t.id: t.name_vi for t in catalogue.services.values()
        }
    return {t.id: t.name_en for t in catalogue.categories.values()} | {
        t.id: t.name_en for t in catalogue.services.values()
    }
