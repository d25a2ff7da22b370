"""Getting a list's body from a file or an http(s) address: bounded in size and time, nothing taken from the
environment.

Only ListRejected is raised, with a sentence for the page. Judging the body is body.py's and gate.py's business.

    fetch("https://lists.example.org/ads.txt", etag='"abc"')  # Fetched(data=None, ...) when it did not change
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filterd.errors import ListRejected, StoreError
from filterd.host.files import read_bounded
from filterd.listbuild.body import MAX_BODY_BYTES

TIMEOUT_S = 30  # to connect, and for each wait for bytes
MAX_TOTAL_S = 300
MAX_REDIRECTS = 5
_CHUNK_BYTES = 64 * 1024
_USER_AGENT = "filterd"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body, or None when the source says it did not change since `etag`."""

    data: bytes | None
    etag: str = ""


def is_url(origin: str) -> bool:
    """True when `origin` is an address and not a file's path."""
    return "://" in origin


def fetch(origin: str, etag: str = "") -> Fetched:
    """Return the body of a file or an address. Raises ListRejected."""
    if not is_url(origin):
        try:
            return Fetched(read_bounded(Path(origin), MAX_BODY_BYTES))
        except StoreError as exc:
            raise ListRejected(str(exc)) from exc
    if urlsplit(origin).scheme.lower() not in ("http", "https"):
        raise ListRejected(f"expected an http or https address, got {origin}")
    return _fetch_url(origin, etag)


def _fetch_url(url: str, etag: str) -> Fetched:
    import requests

    deadline = time.monotonic() + MAX_TOTAL_S
    headers = {"User-Agent": _USER_AGENT, "Accept": "text/plain, */*;q=0.5"} | ({"If-None-Match": etag} if etag else {})
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no .netrc: what the household did not set does not decide
            session.max_redirects = MAX_REDIRECTS
            with session.get(url, headers=headers, timeout=TIMEOUT_S, stream=True) as answer:
                if url.lower().startswith("https:") and not answer.url.lower().startswith("https:"):
                    raise ListRejected(f"{url} leads to an unprotected address: {answer.url}")
                if answer.status_code == requests.codes.not_modified and etag:
                    return Fetched(None, etag)
                if answer.status_code != requests.codes.ok:
                    raise ListRejected(f"{url}: expected status 200, got {answer.status_code} {answer.reason}")
                body = bytearray()
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise ListRejected(f"{url}: longer than {MAX_BODY_BYTES >> 20} MiB")
                    if time.monotonic() > deadline:
                        raise ListRejected(f"{url}: not complete after {MAX_TOTAL_S} s")
                return Fetched(bytes(body), answer.headers.get("ETag", ""))
    except requests.RequestException as exc:
        raise ListRejected(f"{url}: cannot be fetched: {exc}") from exc
