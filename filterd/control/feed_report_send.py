"""Sends the reports that wait, one after the other, to the province's office. Only `filterd report send` calls this: the
page and the manager never do.

A report that was sent twice, because the power went between the answer and its note, is one report there: its number
(site, sequence) says so. What the office does not take is said on the page; when nobody answers, the next try is later.

    done = send_waiting(state)
    done.sent, done.left, done.problem
"""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from filterd.control import feed_reports as reports
from filterd.control.alerts_address import is_home_address
from filterd.errors import FeedError
from filterd.host.files import Lock, make_folder
from filterd.model.notice import Report

CONNECT_S, READ_S = 10.0, 20.0
TOTAL_S = 120.0  # for one round; the rest goes with the next one
FIRST_RETRY_S = 300.0  # doubled with each failure
MAX_RETRY_S = 6 * 3600.0
_TAKEN = frozenset({200, 201, 202})
_NEVER = frozenset({400, 413, 415, 422})  # this one will not be taken, however often it comes
_KNOWN_OTHERWISE = 409
NO_ADDRESS = "the feed comes from a folder and names no address for reports"
NO_ENCRYPTION = "the office's address has no encryption; reports wait until the feed names one with https"

Post = Callable[[str, str, bytes], tuple[int, float]]  # (address, proxy, body) -> (status, seconds to wait)


class NotSent(FeedError):
    """The office could not be asked; the sentence says why, without its address."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a round did. `problem`: why it ended early, "" when it did not."""

    sent: int = 0
    refused: int = 0
    left: int = 0
    problem: str = ""


def send_waiting(state: Path, *, now: Callable[[], float] = time.time, post: Post | None = None) -> Sent:
    """Send what waits; return what became of it. Raises StoreError (somebody else is sending, the disk is full)."""
    lock = Lock(make_folder(state / "feed") / "send.lock", wait=False)
    try:
        return _round(state, now, post or post_report)
    finally:
        lock.release()


def office_of(state: Path) -> tuple[str, str]:
    """Return where reports go and the proxy to it: what the index says, else /report beside the feed. Raises NotSent."""
    from filterd.control import feed_documents
    from filterd.feed.state import load_followed

    found = load_followed(state)
    if not found:
        raise NotSent("no province's feed is followed here")
    proxy = found[0].proxy or ""
    inbox = feed_documents.links(state).inbox
    if inbox:
        return inbox, proxy
    parts = urlsplit(found[0].url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise NotSent(NO_ADDRESS)
    return f"{parts.scheme}://{parts.netloc}/report", proxy


def post_report(address: str, proxy: str, body: bytes) -> tuple[int, float]:
    """POST one report; return the status and how long the office asks to wait. Its answer's body is not read."""
    import requests

    parts = urlsplit(address)
    if parts.scheme != "https":
        _stay_home(parts.hostname or "", parts.port or 80)
    headers = {"User-Agent": "filterd", "Content-Type": "application/json"}
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no .netrc but what the configuration of the feed says
            if proxy:
                session.proxies = {"http": proxy, "https": proxy}
            with session.post(
                address, data=body, headers=headers, timeout=(CONNECT_S, READ_S), allow_redirects=False, stream=True
            ) as answer:
                return answer.status_code, _seconds(answer.headers.get("Retry-After", ""))
    except requests.exceptions.SSLError:
        raise NotSent("the office's certificate cannot be trusted") from None
    except requests.Timeout:
        raise NotSent("the office did not answer in time") from None
    except (requests.RequestException, ValueError, OSError):
        raise NotSent("the office cannot be reached") from None


def _round(state: Path, now: Callable[[], float], post: Post) -> Sent:
    sent = refused = 0
    start = time.monotonic()
    waiting = reports.load(state).waiting
    while waiting and time.monotonic() - start < TOTAL_S:
        one = waiting[0]
        try:
            address, proxy = office_of(state)
            status, pause = post(address, proxy, json.dumps(one.said(), ensure_ascii=False).encode())
        except NotSent as exc:
            return _later(state, now(), 0.0, str(exc), sent, refused)
        if status in _TAKEN:
            reports.settle(state, one, replace(one, state="sent", sent_at=now()))
            sent += 1
        elif status == _KNOWN_OTHERWISE:
            reports.renew(state, one)
        elif status in _NEVER:
            reports.settle(state, one, replace(one, state="refused", problem=f"status {status}"))
            refused += 1
        else:
            return _later(state, now(), pause, f"the office answered with status {status}", sent, refused)
        waiting = _rest(reports.load(state).waiting, one, status)
    return Sent(sent, refused, len(waiting))


def _rest(waiting: tuple[Report, ...], done: Report, status: int) -> tuple[Report, ...]:
    """Return what is still to be sent; a second 409 in a row cannot be, for a number is new by chance."""
    return waiting if status == _KNOWN_OTHERWISE else tuple(one for one in waiting if one.key != done.key)


def _later(state: Path, now: float, pause: float, problem: str, sent: int, refused: int) -> Sent:
    failures = reports.load(state).failures
    patience = min(FIRST_RETRY_S * 2**failures, MAX_RETRY_S) * random.SystemRandom().uniform(0.8, 1.2)
    reports.wait(state, now + max(patience, min(pause, MAX_RETRY_S)), problem)
    return Sent(sent, refused, len(reports.load(state).waiting), problem)


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _stay_home(host: str, port: int) -> None:
    """NotSent unless every address of `host` is one of the house: a report does not cross the Internet in the clear."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise NotSent("the office cannot be reached") from None
    if not all(map(is_home_address, found)):
        raise NotSent(NO_ENCRYPTION)
