"""Use cases of upstreams: whom the box asks, how each does, try one, and change them while questions go on.

The household's own stand in the snapshot, so every worker takes them over between two packets; without any, the operator's
(filterd.yaml) hold. Before a change is made its upstreams are tried by a worker: a family is never left without an answer.

    now = look(state)                               # Upstreams: in order, where they are from, how they do
    trial = try_one(state, "udp://192.0.2.1")       # Trial(ms=12.5) or Trial(failed="silent")
    done = add(state, who, "udp://192.0.2.1")
    done = use_defaults(state, who)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from filterd.control.change import Done, apply
from filterd.control.household import load
from filterd.errors import ConfigError, FilterdError, UpstreamError
from filterd.host.interfaces import local_networks
from filterd.host.run import connect, run_dir, worker_sockets
from filterd.model.change import Change, Who
from filterd.model.household import Household
from filterd.model.upstream import MAX_UPSTREAMS, Upstream, parse

OPERATOR, HOUSEHOLD = "operator", "household"
_LOOK_S = 1.0
_TRY_S = 4.0  # a worker gives up on a trial before
_MAX_REPLY = 128 * 1024
_FAILED = {
    "silent": "it does not answer",
    "unreachable": "it cannot be reached",
    "refused": "it answers, but refuses to look names up for this house",
    "worker": "no worker is there to try it",
}


@dataclass(frozen=True, slots=True)
class One:
    """One upstream. `answers`: None when no worker says; `ms`: smoothed, 0: not known yet; `looping`: it leads back here."""

    url: str
    answers: bool | None = None
    ms: float = 0.0
    looping: bool = False


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Whom the box asks, in order. `origin`: OPERATOR or HOUSEHOLD; `defaults`: the operator's, () when no worker says."""

    origin: str
    ones: tuple[One, ...]
    defaults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a trial: milliseconds, or a word of _FAILED."""

    ms: float | None = None
    failed: str = ""

    @property
    def sentence(self) -> str:
        """In English, for the command line and for errors."""
        return f"answers in {self.ms:g} ms" if self.ms is not None else _FAILED.get(self.failed, self.failed)


def is_changed_by(change: Change) -> bool:
    """Return whether a change of the history concerns the upstreams: taking it back needs the right to them."""
    return any(
        edit.kind == "household" and (edit.before or {}).get("upstreams") != (edit.after or {}).get("upstreams")
        for edit in change.edits
    )


def look(state: Path) -> Upstreams:
    """Return whom the box asks. Raises FilterdError when the household cannot be read."""
    own = load(state).upstreams
    said = _workers(state, {"op": "upstreams"}, _LOOK_S)
    defaults = _texts(said[0].get("operator")) if said else ()
    by_url: dict[str, list[dict[str, Any]]] = {}
    for reply in said:
        for row in reply.get("upstreams", ()):
            by_url.setdefault(row["url"], []).append(row)
    return Upstreams(
        HOUSEHOLD if own else OPERATOR, tuple(_one(url, by_url.get(url, [])) for url in own or defaults), defaults
    )


def try_one(state: Path, url: str) -> Trial:
    """Let a worker ask one upstream something harmless; takes 4 s at most. Raises ConfigError when `url` is none."""
    return _tried(state, _parsed(url))


def add(state: Path, who: Who, url: str, *, seen: int | None = None) -> Done:
    """Ask `url` too, after the others; the first of a household's own takes the place of the operator's.

    Raises ConfigError: it is none, does not answer, leads back to this box, or there are eight already.
    """
    one = _parsed(url)
    _refuse_own(state, one)
    if one.url in load(state).upstreams:
        raise ConfigError(f"upstream: {one.url} is asked already")
    trial = _tried(state, one)
    if trial.ms is None:
        raise ConfigError(f"upstream: {one.url} was not added: {trial.sentence}")

    def alter(urls: tuple[str, ...]) -> tuple[str, ...]:
        if one.url not in urls and len(urls) >= MAX_UPSTREAMS:
            raise ConfigError(f"upstreams: expected at most {MAX_UPSTREAMS}")
        return urls if one.url in urls else (*urls, one.url)

    return _apply(state, who, "upstream added", alter, seen)


def remove(state: Path, who: Who, url: str, *, seen: int | None = None) -> Done:
    """Ask `url` no more. Raises ConfigError when it is none of the household's, or when no other answers."""
    gone = _parsed(url).url
    left = tuple(other for other in load(state).upstreams if other != gone)
    if left and not _any_answers(state, left):
        raise ConfigError(f"upstream: {gone} stays: none of the others answers just now")

    def alter(urls: tuple[str, ...]) -> tuple[str, ...]:
        if gone not in urls:
            raise ConfigError(f"upstream: {gone} is none of the household's own")
        if len(urls) == 1:
            raise ConfigError(f"upstream: {gone} is the last one: go back to those of filterd.yaml instead")
        return tuple(other for other in urls if other != gone)

    return _apply(state, who, "upstream removed", alter, seen)


def move(state: Path, who: Who, url: str, to: int, *, seen: int | None = None) -> Done:
    """Ask `url` at place `to` (from 0). Raises ConfigError when it is none of the household's."""
    wanted = _parsed(url).url

    def alter(urls: tuple[str, ...]) -> tuple[str, ...]:
        if wanted not in urls:
            raise ConfigError(f"upstream: {wanted} is none of the household's own")
        others = [other for other in urls if other != wanted]
        place = max(0, min(to, len(others)))
        return (*others[:place], wanted, *others[place:])

    return _apply(state, who, "upstreams in another order", alter, seen)


def use_defaults(state: Path, who: Who, *, seen: int | None = None) -> Done:
    """Ask the operator's again. Raises ConfigError when none of them answers while one of the household's does."""
    now = look(state)
    own = tuple(one.url for one in now.ones)
    if now.origin == HOUSEHOLD and now.defaults and not _any_answers(state, now.defaults) and _any_answers(state, own):
        raise ConfigError("upstreams: none of those in filterd.yaml answers just now, so the household's own stay")
    return _apply(state, who, "upstreams of the settings", lambda _urls: (), seen)


def _apply(
    state: Path, who: Who, verb: str, alter: Callable[[tuple[str, ...]], tuple[str, ...]], seen: int | None
) -> Done:
    def change(household: Household) -> Household:
        urls = alter(household.upstreams)
        return household if urls == household.upstreams else replace(household, upstreams=urls)

    return apply(state, who, verb, change, seen=seen)


def _parsed(url: str) -> Upstream:
    try:
        return parse(url[:200])
    except UpstreamError as exc:
        raise ConfigError(f"upstream: {exc}") from None


def _refuse_own(state: Path, one: Upstream) -> None:
    """Raises ConfigError when this box itself answers there."""
    ours = {*local_networks()[0], "127.0.0.1", "::1"}
    stats = _workers(state, {"op": "stats"}, _LOOK_S)
    ports = {text.rpartition(":")[2] for reply in stats for text in _texts(reply.get("stats", {}).get("listening"))}
    if one.address in ours and str(one.port) in ports:
        raise ConfigError(f"upstream: {one.url} is this box itself: expected another one")


def _tried(state: Path, one: Upstream) -> Trial:
    for reply in _workers(state, {"op": "try", "upstream": one.url}, _TRY_S, first=True):
        if isinstance(reply.get("ms"), int | float):
            return Trial(float(reply["ms"]))
        return Trial(failed=str(reply.get("failed") or reply.get("error") or "silent")[:200])
    return Trial(failed="worker")


def _any_answers(state: Path, urls: Sequence[str]) -> bool:
    """Return whether one of them answers; all are tried at once."""
    with ThreadPoolExecutor(len(urls)) as pool:
        trials = list(pool.map(partial(_tried, state), map(parse, urls)))
    return any(trial.ms is not None for trial in trials)


def _one(url: str, rows: list[dict[str, Any]]) -> One:
    """Return what the workers say together: one that sees it answer is right, one that was just started knows no time."""
    if not rows:
        return One(url)
    known = [float(row["ms"]) for row in rows if row["ms"]]
    looping = any(row["looping"] for row in rows)
    return One(url, all(row["answers"] for row in rows) and not looping, min(known, default=0.0), looping)


def _workers(state: Path, request: dict[str, Any], wait_s: float, *, first: bool = False) -> list[dict[str, Any]]:
    """Return what the workers answer, those that do not left out; `first`: that of one is enough."""
    found: list[dict[str, Any]] = []
    try:
        paths = worker_sockets(run_dir(state, create=False))
    except FilterdError:
        return found
    for path in paths:
        try:
            with connect(path, wait_s) as sock:
                sock.sendall(json.dumps(request).encode() + b"\n")
                received = bytearray()
                while not received.endswith(b"\n") and len(received) < _MAX_REPLY:
                    data = sock.recv(65_536)
                    if not data:
                        break
                    received += data
            reply = json.loads(received)
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(reply, dict):
            found.append(reply)
            if first:
                break
    return found


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
