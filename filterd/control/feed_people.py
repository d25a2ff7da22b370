"""What the office publishes for people: advisories/, materials/ and outcomes/ of its working folder, as the feed's documents.

One entry a YAML file (materials may have several in one); `id` is the file's name when it says none. What a box would
not take is refused here, with the file and the line's key. A decision is written by feed_inbox.py.

    documents(Path("lai-chau"), now)        # {"advisories": b"{...}", "outcomes": b"{...}"}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from filterd.config import notices
from filterd.errors import ConfigError, FeedError
from filterd.host.files import read_bounded, write_atomic
from filterd.model.feed import Words
from filterd.model.notice import Verdict

MAX_FILES = 20_000
MAX_FILE_BYTES = 512 * 1024
MAX_BYTES = 1024 * 1024  # of a document
OUTCOME_DAYS = 180  # so long an outcome stays in the feed: a box that was away that long has others
FILE_MODE = 0o644
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it stands in outcomes/*.yaml. `keys`: of the reports that it answers."""

    name: str
    kind: str
    verdict: Verdict
    date: str
    by: str
    note: Words
    keys: tuple[str, ...]


def documents(folder: Path, now: float) -> dict[str, bytes]:
    """Return the feed's documents, without those that have nothing to say. Raises ConfigError, FeedError."""
    found: dict[str, bytes] = {}
    warnings = [_stemmed(path, values) for path, values in _files(folder / "advisories")]
    if warnings:
        newest = sorted(warnings, key=lambda one: str(one.get("date")), reverse=True)[: notices.MAX_ADVISORIES]
        found["advisories"] = _document("advisories", newest)
    cards = [_stemmed(path, one) for path, values in _files(folder / "materials") for one in _each(values)]
    if cards:
        found["materials"] = _document("materials", cards)
    answers = outcomes(folder, now)
    if answers:
        found["outcomes"] = _document("outcomes", answers)
    notices.advisories(json.loads(found.get("advisories", _document("advisories", []))), "advisories")
    notices.materials(json.loads(found.get("materials", _document("materials", []))), "materials")
    return found


def outcomes(folder: Path, now: float) -> list[dict[str, Any]]:
    """Return the outcomes that belong into the feed, newest first, as many as fit."""
    first = (datetime.fromtimestamp(now, UTC).date() - timedelta(days=OUTCOME_DAYS)).isoformat()
    newest: dict[str, dict[str, Any]] = {}
    decided = sorted(
        (read_decided(path, values) for path, values in _files(folder / "outcomes")), key=lambda one: one.date
    )
    for one in reversed(decided):
        for key in one.keys if one.date >= first else ():
            note = {"note": {"vi": one.note.vi, "en": one.note.en}} if one.note.vi else {}
            newest.setdefault(key, {"key": key, "verdict": one.verdict.value, "date": one.date, **note})
    found = list(newest.values())[: notices.MAX_OUTCOMES]
    while found and len(_document("outcomes", found)) > MAX_BYTES:
        found = found[: len(found) * 9 // 10]
    return found


def read_decided(path: Path, values: Any) -> Decided:
    """Return the decision in a file. Raises ConfigError."""
    where = path.name
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected name, kind, verdict, date, by, note and reports")
    keys = values.get("reports")
    if not isinstance(keys, list) or not keys:
        raise ConfigError(f"{where}: reports: expected the keys of the reports")
    note = {"note": values["note"]} if values.get("note") else {}
    read = [
        notices.outcome({"key": key, "verdict": values.get("verdict"), "date": values.get("date"), **note}, where)
        for key in keys
    ]
    return Decided(
        str(values.get("name", "")), str(values.get("kind", "")), read[0].verdict, read[0].date, str(values.get("by", "")),
        read[0].note, tuple(one.key for one in read),
    )  # fmt: skip


def write_decided(path: Path, decided: Decided) -> None:
    """Write a decision as a person can read it."""
    values: dict[str, Any] = {
        "name": decided.name, "kind": decided.kind, "verdict": decided.verdict.value, "date": decided.date, "by": decided.by,
    }  # fmt: skip
    if decided.note.vi:
        values["note"] = {"vi": decided.note.vi, "en": decided.note.en}
    values["reports"] = list(decided.keys)
    text = yaml.dump(values, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    write_atomic(path, text.encode(), FILE_MODE)


def _files(folder: Path) -> Iterator[tuple[Path, Any]]:
    """Yield every YAML file of a folder with its values, by name."""
    if not folder.is_dir():
        return
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".yaml" and not path.name.startswith("."))
    if len(paths) > MAX_FILES:
        raise FeedError(f"{folder}: expected at most {MAX_FILES} files, found {len(paths)}; move old ones away")
    for path in paths:
        try:
            yield path, yaml.load(read_bounded(path, MAX_FILE_BYTES), Loader=_Loader)  # one of the two safe loaders
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
            raise ConfigError(f"{path.name}: not YAML: {' '.join(str(exc).split())[:200]}") from exc


def _each(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _stemmed(path: Path, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ConfigError(f"{path.name}: expected a mapping, got {type(values).__name__}")
    said = {key: str(value) if key in ("date", "until") else value for key, value in values.items()}
    return {"id": path.stem, **said}


def _document(kind: str, entries: list[dict[str, Any]]) -> bytes:
    document = {"layout": notices.LAYOUT, kind: entries}
    return json.dumps(document, ensure_ascii=False, indent=1, default=str).encode() + b"\n"
