"""Ways round the filter in this house: the manager's side, which watches, and the page's, which reads and answers.

`Ways` (watch_job.py) feeds presence/bypass.py with sightings and with the workers' events, and keeps what it finds: open ways, those
that ended, at most MAX_KEPT. A person's answers ("this device is fine", "remind me later") lie in a file of their own,
because the page writes them and the manager reads them. Both are small and are written when something changes.

    ways = Ways(state)       # watch_job.py, in the manager: an ingest consumer, and a listener of control/seen.py

    findings(state); fine(state, ident, by="Hạnh"); later(state, ident)
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filterd.errors import ConfigError, StoreError
from filterd.host.files import locked, read_bounded, write_atomic
from filterd.host.run import run_dir
from filterd.model.bypass import SYSTEMS, Confidence, Finding, Kind
from filterd.model.now import Check

FILE, ANSWERS, BEAT = "ways.json", "ways-answers.json", "ways-beat.json"
MAX_KEPT = 200
MAX_ANSWERS = 400
KEPT_S = 30 * 86_400.0
LATER_S = 3600.0
BEAT_S = 30.0
_BEAT_OLD_S = 180.0
_MAX_BYTES = 512 * 1024
LAYOUT = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A way round that was found. `ended`: when it was over, None: it goes on; `is_fine`: a person says it is all right.

    `later`: when to be reminded of it again, None: now.
    """

    finding: Finding
    ended: float | None = None
    is_fine: bool = False
    later: float | None = None

    @property
    def id(self) -> str:
        """The id by which the page calls it."""
        return ident_of(self.finding.key)

    @property
    def is_open(self) -> bool:
        """Whether it goes on and nobody said that it is all right."""
        return self.ended is None and not self.is_fine


def ident_of(key: str) -> str:
    """Return the id of a way by its key."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def findings(state: Path) -> list[Kept]:
    """Return what was found, open ones first, the surest and newest first; [] when nothing was, or none can be read."""
    answers = _answers(state)
    found: list[Kept] = []
    for kept in load(state):
        answer = answers.get(kept.id, {})
        until = answer.get("later")
        later = float(until) if isinstance(until, (int, float)) else None
        found.append(Kept(kept.finding, kept.ended, bool(answer.get("fine")), later))
    return sorted(found, key=lambda k: (not k.is_open, -k.finding.confidence.rank, -k.finding.at))


def one(state: Path, ident: str) -> Kept:
    """Return one of them. ConfigError: there is none."""
    for kept in findings(state):
        if kept.id == ident:
            return kept
    raise ConfigError(f"way round: there is no {ident[:40]!r}")


def watched(state: Path, now: float | None = None) -> bool:
    """Return whether ways round are looked for now: the manager's watch runs, and presence shows it the network."""
    from filterd.control.seen import is_watched

    at = time.time() if now is None else now
    beat = _document(run_dir(state, create=False) / BEAT).get("at")
    return isinstance(beat, (int, float)) and abs(at - beat) <= _BEAT_OLD_S and is_watched(state, at)


def check(state: Path, now: float) -> Check:
    """Return the check `bypass` of control/truth.py: no way round is known. Facts name the worst one.

    `watched`: whether anybody looks. Reminders that wait, what a person called fine, and a router that merely answers whoever
    asks it (most do) are no failure.
    """
    is_seen = watched(state, now)
    open_ = (k for k in findings(state) if k.is_open and not k.finding.is_chance)
    found = [k for k in open_ if k.later is None or k.later <= now]
    if not found:
        return Check("bypass", True, facts={"watched": is_seen})
    worst = found[0]
    facts: dict[str, Any] = {
        "watched": is_seen, "id": worst.id, "count": len(found), "mac": worst.finding.mac,
        "confidence": worst.finding.confidence.value, "since": worst.finding.since, "at": worst.finding.at,
        "steps": worst.finding.steps, **worst.finding.facts, "device": name_of(state, worst.finding.mac),
    }  # fmt: skip
    return Check("bypass", False, worst.finding.kind.value, facts)


def name_of(state: Path, mac: str) -> str:
    """Return what the household calls a device, else what it calls itself, else its MAC."""
    from filterd.control.household import load as household
    from filterd.control.seen import devices as seen_devices
    from filterd.errors import FilterdError

    try:
        named = next((d.name for d in household(state).devices if d.mac == mac), "")
    except (FilterdError, OSError):
        named = ""
    return named or next((d.names[0] for d in seen_devices(state) if d.mac == mac and d.names), mac)


# --- a person's answers


def fine(state: Path, ident: str, by: str) -> None:
    """This device is all right: this kind of way of it is not told again. ConfigError, StoreError."""
    _answer(state, ident, lambda old: {**old, "fine": True, "by": by[:80], "at": int(time.time())})


def not_fine(state: Path, ident: str) -> None:
    """Take `fine` back. ConfigError, StoreError."""
    _answer(state, ident, lambda old: {key: value for key, value in old.items() if key == "later"})


def later(state: Path, ident: str, now: float | None = None) -> None:
    """Be reminded in an hour. ConfigError, StoreError."""
    until = (time.time() if now is None else now) + LATER_S
    _answer(state, ident, lambda old: {**old, "later": until})


def _answer(state: Path, ident: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    one(state, ident)
    with locked(state / f"{ANSWERS}.lock"):
        answers = _answers(state)
        new = change(answers.pop(ident, {}))
        if new:
            answers[ident] = new
        kept = dict(list(answers.items())[-MAX_ANSWERS:])
        _write(state / ANSWERS, {"layout": LAYOUT, "answers": kept})


def _answers(state: Path) -> dict[str, dict[str, Any]]:
    found = _document(state / ANSWERS).get("answers")
    return {k: v for k, v in found.items() if isinstance(v, dict)} if isinstance(found, dict) else {}


# --- files


def load(state: Path) -> list[Kept]:
    """Return what the manager has kept, without a person's answers; what cannot be read is left out."""
    found = _document(state / FILE).get("ways")
    return [kept for value in found[:MAX_KEPT] if (kept := _kept(value))] if isinstance(found, list) else []


def save(state: Path, ways: list[Kept]) -> None:
    """Keep `ways`. StoreError."""
    values = [{**kept.finding.document(), "ended": kept.ended} for kept in ways[:MAX_KEPT]]
    _write(state / FILE, {"layout": LAYOUT, "ways": values})


def beat(state: Path, now: float) -> None:
    """Say that the watch runs; in memory, not on the disk. StoreError."""
    _write(run_dir(state) / BEAT, {"layout": LAYOUT, "at": now})


def _kept(value: Any) -> Kept | None:
    try:
        facts = {str(k)[:40]: v for k, v in value["facts"].items() if isinstance(v, (str, int, bool))}
        steps = value["steps"] if value["steps"] in SYSTEMS else "browser"
        finding = Finding(
            Kind(value["kind"]), str(value["mac"])[:17], float(value["since"]), float(value["at"]),
            Confidence(value["confidence"]), facts, steps,
        )  # fmt: skip
        ended = value.get("ended")
        return Kept(finding, None if ended is None else float(ended))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_bounded(path, _MAX_BYTES))
    except (OSError, ValueError, RecursionError, StoreError):
        return {}
    return found if isinstance(found, dict) and found.get("layout") == LAYOUT else {}


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        write_atomic(path, json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    except OSError as exc:
        raise StoreError(f"{path}: cannot be written: {exc}") from exc
