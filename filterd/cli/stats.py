"""`filterd stats`: how much was asked and blocked, by whom and of what; in the household's language."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from filterd.cli import options
from filterd.cli.log import ids_of, moment_of
from filterd.cli.said import clean
from filterd.control.entry_values import local_time
from filterd.model.activity import Counted, Gap, Stats

_ROWS = 10  # lines of one table
_WORDS = {
    "vi": {
        "days": "Số câu hỏi từ {first} đến {last} (trọn ngày)",
        "day": "Số câu hỏi trong ngày {last}",
        "asked": "đã hỏi",
        "blocked": "đã chặn",
        "total": "tổng cộng",
        "by day": "Theo ngày",
        "profiles": "Theo hồ sơ",
        "devices": "Theo thiết bị",
        "categories": "Theo nhóm nội dung",
        "services": "Theo dịch vụ",
        "names": "Tên bị chặn nhiều nhất từ {since}",
        "unnamed": "(không hiện tên)",
        "unknown": "(chưa rõ)",
        "gaps": "Thiếu sót",
        "ring": "câu hỏi đến quá nhanh, không lưu được",
        "kept": "câu hỏi chỉ được đếm, không lưu từng câu",
        "none": "chưa có gì",
        "more": "và {n} mục khác",
    },
    "en": {
        "days": "Questions from {first} to {last} (whole days)",
        "day": "Questions on {last}",
        "asked": "asked",
        "blocked": "blocked",
        "total": "total",
        "by day": "By day",
        "profiles": "By profile",
        "devices": "By device",
        "categories": "By category",
        "services": "By service",
        "names": "Most blocked names since {since}",
        "unnamed": "(name not shown)",
        "unknown": "(not known)",
        "gaps": "Missing",
        "ring": "questions came too fast to be kept",
        "kept": "questions are counted, but not kept one by one",
        "none": "nothing yet",
        "more": "and {n} more",
    },
}


@click.command()
@click.option("--since", default="24h", show_default=True, metavar="TIME", help="24h, 7d, 2026-11-24.")
@click.option("--profile", default="", metavar="ID", help="A profile: its id or its name.")
@click.option("--device", default="", metavar="ID", help="A device: its id or its name.")
@click.option("--lang", type=click.Choice(("vi", "en")), help="Default: the household's language.")
@options.as_json
@options.state
def stats(since: str, profile: str, device: str, lang: str | None, as_json: bool, state: Path) -> None:
    """Show how much was asked and blocked. Questions are counted by whole days, names by hours.

    \b
    Examples:
      filterd stats
      filterd stats --since 7d --profile lan --lang en
    """
    from filterd.control.activity import view_of
    from filterd.control.activity_stats import stats as count

    view, now = view_of(state), time.time()
    profile, device = ids_of(state, profile, device)
    found = count(
        state, since=moment_of(since, view.zone, now, "since"), profile=profile, device=device, view=view, now=now
    )
    if as_json:
        options.say_json(document(found, view.zone))
        return
    for line in lines(found, lang or view.language, view.zone):
        click.echo(clean(line))


def lines(found: Stats, language: str, zone: Any) -> Iterator[str]:
    """Yield what people read."""
    words = _WORDS.get(language, _WORDS["en"])
    title = words["day" if found.first_day == found.last_day else "days"]
    yield title.format(first=_day(found.first_day, language), last=_day(found.last_day, language))
    if not found.total.asked and not found.names and not found.gaps:
        yield f"  {words['none']}"
        return
    yield from _table(words, "", [(words["total"], found.total)])
    if len(found.days) > 1:
        yield from _table(words, "by day", [(_day(day, language), c) for day, c in found.days], most=100)
    for key, rows in (
        ("profiles", found.profiles),
        ("devices", found.devices),
        ("categories", found.categories),
        ("services", found.services),
    ):
        yield from _table(words, key, rows)
    if found.names or found.unnamed:
        yield ""
        since = local_time(found.names_since, zone)
        yield words["names"].format(since=f"{since:%H:%M} {_day(since.date(), language)}")
        for name, n in found.names:
            yield f"  {n:>9}  {name}"
        if found.unnamed:
            yield f"  {found.unnamed:>9}  {words['unnamed']}"
    if found.gaps:
        yield ""
        yield words["gaps"]
        yield from (f"  {_gap(gap, words, language, zone)}" for gap in found.gaps[:_ROWS])
        if len(found.gaps) > _ROWS:
            yield f"  {words['more'].format(n=len(found.gaps) - _ROWS)}"


def document(found: Stats, zone: Any) -> dict[str, Any]:
    """Return what programs read."""

    def counted(rows: Sequence[tuple[Any, Counted]]) -> list[dict[str, Any]]:
        return [{"id": str(key), **asdict(c)} for key, c in rows]

    def at(ms: int) -> str | None:
        return local_time(ms, zone).isoformat(timespec="milliseconds") if ms else None

    return {
        "first_day": found.first_day.isoformat(),
        "last_day": found.last_day.isoformat(),
        **asdict(found.total),
        "days": counted(found.days),
        "profiles": counted(found.profiles),
        "devices": counted(found.devices),
        "categories": counted(found.categories),
        "services": counted(found.services),
        "names_since": at(found.names_since),
        "names": [{"name": name, "blocked": n} for name, n in found.names],
        "unnamed": found.unnamed,
        "gaps": [{"from": at(g.at_from), "to": at(g.at_to), "lost": g.lost, "kind": g.kind} for g in found.gaps],
    }


def _table(words: dict[str, str], key: str, rows: Sequence[tuple[str, Counted]], most: int = _ROWS) -> Iterator[str]:
    if not rows:
        return
    if key:
        yield ""
        yield words[key]
    shown = [(label or words["unknown"], counted) for label, counted in rows[:most]]
    width = max(20, *(len(label) for label, _ in shown))
    yield f"  {'':{width}} {words['asked']:>10} {words['blocked']:>10}"
    for label, c in shown:
        yield f"  {label:{width}} {c.asked:>10} {c.blocked:>10}"
    if len(rows) > most:
        yield f"  {words['more'].format(n=len(rows) - most)}"


def _gap(gap: Gap, words: dict[str, str], language: str, zone: Any) -> str:
    what = words["ring" if gap.kind == "ring" else "kept"]
    if not gap.at_from or not gap.at_to:
        return f"{gap.lost} {what}"
    since, until = local_time(gap.at_from, zone), local_time(gap.at_to, zone)
    return f"{_day(since.date(), language)} {since:%H:%M:%S}-{until:%H:%M:%S}: {gap.lost} {what}"


def _day(day: date, language: str) -> str:
    return f"{day:%d/%m/%Y}" if language == "vi" else day.isoformat()
