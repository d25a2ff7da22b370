"""How a change is called for and told: the shared options, sentences for people, one JSON document for programs.

    @click.command()
    @said.changing
    def off(call: Call) -> None:
        call.tell(moves.off(call.state, call.who, whom, seen=call.seen), "Internet off for everyone")

Exit codes: 0 done and in force, 1 refused with a sentence, 2 bad options, 3 somebody else changed the same thing
meanwhile, 4 saved but not in force yet.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from filterd.cli import options
from filterd.errors import ConfigError, Conflict
from filterd.model.change import Change, Edit, Who

if TYPE_CHECKING:
    from filterd.control.change import Done
    from filterd.model.household import Household

EXIT_CONFLICT = 3
EXIT_NOT_IN_FORCE = 4
MAX_SHOWN = 120  # characters of one value in a sentence
MAX_LINES = 12  # of the differences of one entity
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Call:
    """What every command that changes something is given."""

    state: Path
    as_json: bool
    who: Who
    seen: int | None  # the revision that the person had before their eyes

    def household(self) -> Household:
        """Return the household as it is stored."""
        from filterd.control.household import load

        return load(self.state)

    def tell(self, done: Done, sentence: str, *, nothing: str = "", **more: Any) -> None:
        """Say what a change did and whether it is in force. `more`: for the JSON document. May exit with 4.

        `nothing`: the sentence when there was nothing to change.
        """
        if self.as_json:
            options.say_json(document_of(self.state, done) | more)
        elif done.change is None:
            click.echo(clean(nothing or "nothing to change: it is like that already"))
        else:
            click.echo(clean(sentence))
            click.echo(f"  {in_force(done)}")
        if done.problem:
            click.echo(f"filterd: {clean(done.problem)}", err=True)
            sys.exit(EXIT_NOT_IN_FORCE)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell a Conflict: the sentence, what the others did, exit code 3."""
        try:
            yield
        except Conflict as exc:
            changes = [c for c in exc.changes if isinstance(c, Change)]
            if self.as_json:
                options.say_json({"error": str(exc), "conflict": [change_document(c) for c in changes]})
            click.echo(f"filterd: {clean(str(exc))}", err=True)
            sys.exit(EXIT_CONFLICT)


by = click.option(
    "--by", default=lambda: _login(), envvar="FILTERD_BY", help="Who decides this. Default: the login name."
)


def changing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of every change; it gets them as `call`."""
    return click.option(
        "--if-revision",
        "seen",
        type=click.IntRange(0),
        help="Refuse (exit code 3) when somebody changed the same thing after this revision.",
    )(telling(command))


def telling(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a change that needs no revision: it conflicts with nothing, or finds out itself."""

    @options.state
    @options.as_json
    @by
    @functools.wraps(command)
    def run(*, state: Path, as_json: bool, by: str, seen: int | None = None, **given: Any) -> None:
        call = Call(state, as_json, Who(by, "cli"), seen)
        with call.telling():
            command(call=call, **given)

    return run


def in_force(done: Done) -> str:
    """Return the sentence that says which revision is in force where."""
    assert done.change is not None  # who has nothing to tell does not ask
    number = f"change {done.change.number}"
    if done.published is None:
        return f"{number}: saved" if done.problem else number
    if not done.published.workers:
        return f"{number}: saved as revision {done.published.revision}, in force when filterd runs"
    of = f"{done.published.acknowledged} of {done.published.workers} workers"
    return f"{number}: in force as revision {done.published.revision}, acknowledged by {of}"


def document_of(state: Path, done: Done) -> dict[str, Any]:
    """Return what a change did as plain values. `in_force` None: nothing had to be published."""
    revision = done.revision
    if revision is None:
        from filterd.control.household import read_stored

        revision = read_stored(state)[1]
    published = done.published
    return {
        "change": None if done.change is None else change_document(done.change, done.household.timezone),
        "revision": revision,
        "in_force": (published.workers > 0 and not done.problem) if published else False if done.problem else None,
        "published": None
        if published is None
        else {
            "revision": published.revision,
            "acknowledged": published.acknowledged,
            "workers": published.workers,
            "late": published.late,
        },
        "problem": done.problem,
    }


def change_document(change: Change, timezone: str = "UTC") -> dict[str, Any]:
    """Return a row of the history as plain values, its moment in household time."""
    return {
        "number": change.number,
        "at": datetime.fromtimestamp(change.at, ZoneInfo(timezone)).isoformat(timespec="seconds"),
        "by": change.who.by,
        "source": change.who.source,
        "address": change.who.address,
        "verb": change.verb,
        "reverts": change.reverts,
        "edits": [{"kind": e.kind, "id": e.id, "before": e.before, "after": e.after} for e in change.edits],
    }


def clean(text: str) -> str:
    """Return `text` without anything that moves a terminal's cursor or turns its writing around: escaped instead."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def when(at: float, timezone: str, now: float) -> str:
    """Return a moment in household time, as short as it is clear: `21:30`, `tomorrow 06:00`, `2026-12-24 18:00`."""
    zone = ZoneInfo(timezone)
    moment = datetime.fromtimestamp(at, zone)
    today = datetime.fromtimestamp(now, zone).date()
    days = {today: "", today + timedelta(days=1): "tomorrow ", today - timedelta(days=1): "yesterday "}
    return f"{days.get(moment.date(), f'{moment.date()} ')}{moment:%H:%M}"


def differences(edit: Edit) -> Iterator[str]:
    """Yield one line for each key that differs, before and after; at most MAX_LINES."""
    if edit.after is None:
        yield "removed"
        return
    if edit.before is None:
        for key, value in edit.after.items():
            if key != "id":
                yield f"{clean(key)}: {_short(value)}"
        return
    lines = list(_differing(edit.before, edit.after, ""))
    if not lines:
        yield f"moved from place {edit.position_before + 1} to {edit.position_after + 1}"
    yield from lines[:MAX_LINES]
    if len(lines) > MAX_LINES:
        yield f"and {len(lines) - MAX_LINES} more"


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[str]:
    for key in [*before, *(k for k in after if k not in before)]:
        old, new = before.get(key), after.get(key)
        where = f"{path}{clean(str(key))}"
        if old == new:
            continue
        if isinstance(old or {}, dict) and isinstance(new or {}, dict):
            yield from _differing(old or {}, new or {}, f"{where}.")
        elif isinstance(old or [], list) and isinstance(new or [], list):
            changed = [f"-{_short(v)}" for v in old or [] if v not in (new or [])]
            changed += [f"+{_short(v)}" for v in new or [] if v not in (old or [])]
            yield f"{where}: {', '.join(changed[:5]) or 'in another order'}{', ...' if len(changed) > 5 else ''}"
        else:
            yield f"{where}: {_short(old)} -> {_short(new)}"


def _short(value: Any) -> str:
    """Return a value on one line: small, harmless, as YAML would nearly say it."""
    if value is None:
        return "(nothing)"
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{k}: {_short(v)}" for k, v in value.items()) + "}"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(_short(v) for v in value[:20]) + (", ..." if len(value) > 20 else "") + "]"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if _INSTANT.fullmatch(text):
            text = f"{text[:10]} {text[11:16]}"  # the store has it in household time
    text = clean(text)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def until_of(text: str, timezone: str, now: float) -> float:
    """Return the moment that `--until` means: HH:MM is the next one in household time. ConfigError: none."""
    from filterd.control.explain_question import parse_at

    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(now, zone)
    if text.strip() == "24:00":
        return datetime(today.year, today.month, today.day, tzinfo=zone).timestamp() + _day_s(today, zone)
    if re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", text.strip()):
        hour, minute = map(int, text.split(":"))
        for days in (0, 1):
            day = today.date() + timedelta(days=days)
            at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()
            if at > now:
                return at
    try:
        return parse_at(text, zone)
    except ConfigError:
        raise ConfigError(
            f"until: expected 21:30 (the next one), '2026-11-28 21:30' or RFC 3339, got {text[:60]!r}"
        ) from None


def _day_s(today: datetime, zone: ZoneInfo) -> float:
    first = datetime(today.year, today.month, today.day, tzinfo=zone)
    after = first.date() + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=zone).timestamp() - first.timestamp()


def _login() -> str:
    """Return the name of the person at the keyboard, behind sudo too; "" when there is none."""
    import getpass

    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
    return name if name.isprintable() else ""
