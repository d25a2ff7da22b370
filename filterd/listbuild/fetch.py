"""Getting a list's body from a file or an http(s) address: bounded in size, time and unpacked size, never from a
private address, nothing taken from the environment.

Only Refused is raised, with a code and a sentence. Judging the body is body.py's and gate.py's business, which addresses
may be asked target.py's.

    fetch("https://lists.example.org/ads.txt", etag='"abc"')  # Fetched(data=None, ...) when it did not change
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from filterd.errors import StoreError
from filterd.host.deadline import Deadline, pools_of
from filterd.host.files import read_bounded
from filterd.listbuild.body import MAX_BODY_BYTES
from filterd.listbuild.refusal import Refused, Why
from filterd.listbuild.target import Resolve, check_url, open_socket
from filterd.listbuild.unpack import Unpacker

if TYPE_CHECKING:
    import requests

MAX_REDIRECTS = 5
RETRIES = 2  # of a connection that did not come about; a body that broke off is tried again at the next sync
_MOVED = (301, 302, 303, 307, 308)
_CHUNK_BYTES = 64 * 1024
_USER_AGENT = "filterd"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one source may take."""

    max_bytes: int = MAX_BODY_BYTES  # as sent, and unpacked
    wait_s: float = 30.0  # to connect, and for each wait for bytes
    total_s: float = 300.0  # from the first byte asked to the last one got, redirects included


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body, or None when the source says it did not change. `etag`, `modified`: its marks for the next time."""

    data: bytes | None
    etag: str = ""
    modified: str = ""


def is_url(origin: str) -> bool:
    """True when `origin` is an address and not a file's path."""
    return "://" in origin


def fetch(
    origin: str,
    etag: str = "",
    modified: str = "",
    *,
    limits: Limits | None = None,
    loopback: bool = False,
    resolve: Resolve | None = None,
) -> Fetched:
    """Return the body of a file or an address. Raises Refused.

    `etag`, `modified`: what an earlier answer said, so that an unchanged body is not sent again. `loopback` allows
    addresses of this machine: tests have their servers there. `resolve`: who knows the addresses of hosts (target.py).
    """
    limits = limits or Limits()
    if not is_url(origin):
        try:
            return Fetched(read_bounded(Path(origin), limits.max_bytes))
        except StoreError as exc:
            raise Refused(Why.FILE, str(exc)) from exc
    check_url(origin)
    with Deadline(limits.total_s) as watch:
        try:
            return _follow(origin, etag, modified, limits, watch, _adapter(watch, loopback, resolve))
        except Refused as exc:
            if watch.is_over:
                raise Refused(Why.SLOW, f"{origin}: not complete after {watch.total_s:g} s") from exc
            raise Refused(exc.why, f"{origin}: {exc}") from exc


def _follow(url: str, etag: str, modified: str, limits: Limits, watch: Deadline, adapter: Any) -> Fetched:
    """Ask `url`, then where it leads. Every hop is a new session: no cookie and no password goes along."""
    headers = {"User-Agent": _USER_AGENT, "Accept": "text/plain, */*;q=0.5", "Accept-Encoding": "gzip"}
    headers |= {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": modified} if modified else {}
    for _ in range(MAX_REDIRECTS + 1):
        with _answer(url, headers, limits, watch, adapter) as answer:
            if answer.status_code == 304 and (etag or modified):
                return Fetched(None, etag, modified)
            if answer.status_code not in _MOVED:
                if answer.status_code != 200:
                    raise Refused(Why.STATUS, f"expected status 200, got {answer.status_code} {answer.reason}")
                body = _body(answer, limits, watch)
                return Fetched(body, answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", ""))
            target = urljoin(url, answer.headers.get("Location", ""))
        if not answer.headers.get("Location"):
            raise Refused(Why.REDIRECTS, "a redirect without a target")
        if check_url(url).scheme == "https" and check_url(target).scheme != "https":
            raise Refused(Why.UNSAFE_CONNECTION, f"leads to an unprotected address: {target}")
        url = target
    raise Refused(Why.REDIRECTS, f"more than {MAX_REDIRECTS} redirects")


@contextlib.contextmanager
def _answer(
    url: str, headers: dict[str, str], limits: Limits, watch: Deadline, adapter: Any
) -> Iterator[requests.Response]:
    """Give the answer to one request, its body still to be read. Errors of the connection become Refused."""
    import requests
    import urllib3

    check_url(url)
    session = requests.Session()
    session.trust_env = False  # no proxy, no .netrc, no CA bundle: what the household did not set does not decide
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    try:
        with (
            session,
            session.get(url, headers=headers, timeout=limits.wait_s, stream=True, allow_redirects=False) as answer,
        ):
            if not watch.is_used:  # a library that connects in another way would go round the check
                raise Refused(Why.PRIVATE, "the connection was not made by the checked way")
            yield answer
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as exc:
        raise Refused(Why.UNSAFE_CONNECTION, f"the connection is not safe: {exc}") from exc
    except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError) as exc:
        raise Refused(Why.SLOW, f"nothing came for {limits.wait_s:g} s") from exc
    except urllib3.exceptions.HTTPError as exc:
        raise Refused(Why.TRUNCATED, f"the answer broke off: {exc}") from exc
    except requests.exceptions.ConnectionError as exc:
        inner = exc.args[0] if exc.args else None
        inner = inner.reason if isinstance(inner, urllib3.exceptions.MaxRetryError) else inner
        if isinstance(inner, urllib3.exceptions.ProtocolError):
            raise Refused(Why.TRUNCATED, f"the answer broke off: {inner}") from exc
        raise Refused(Why.NO_CONNECTION, f"cannot be fetched: {inner or exc}") from exc
    except (requests.RequestException, ValueError) as exc:  # ValueError: what a library cannot parse
        raise Refused(Why.ADDRESS, f"cannot be fetched: {exc}") from exc


def _body(answer: requests.Response, limits: Limits, watch: Deadline) -> bytes:
    """Return the whole body, unpacked. Every bound is kept while it comes, not when it is there."""
    length = answer.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length) > limits.max_bytes:
        raise Refused(Why.TOO_LARGE, f"expected at most {limits.max_bytes} bytes, {length[:20]} are announced")
    unpacker = Unpacker(answer.headers.get("Content-Encoding", "").strip().lower(), limits.max_bytes)
    body = bytearray()
    for chunk in answer.raw.stream(_CHUNK_BYTES, decode_content=False):
        body += unpacker.feed(chunk)
        if watch.is_over:
            break
    if watch.is_over:  # a cut connection may look like a proper end
        raise Refused(Why.SLOW, "not complete in time")
    unpacker.finish()
    return bytes(body)


def _adapter(watch: Deadline, loopback: bool, resolve: Resolve | None) -> Any:
    """Return a transport whose connections are opened by target.open_socket and end when the time is over."""
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry
    from urllib3.connection import HTTPConnection
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    def connect(connection: HTTPConnection) -> socket.socket:
        timeout = connection.timeout if isinstance(connection.timeout, (int, float)) else None
        try:
            host, port = connection.host.strip("[]"), connection.port or 0
            sock = open_socket(host, port, timeout, loopback=loopback, resolve=resolve)
        except TimeoutError as exc:
            raise ConnectTimeoutError(connection, f"nobody answers at {connection.host} in {timeout} s") from exc
        except OSError as exc:
            raise NewConnectionError(connection, f"nobody answers: {exc.strerror or exc}") from exc
        return watch.add(sock)

    pools = pools_of(connect)

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more)
            self.poolmanager.pool_classes_by_scheme = pools

    retries = Retry(
        RETRIES,
        connect=RETRIES,
        other=RETRIES,
        read=False,
        redirect=0,
        status=0,
        backoff_factor=0.5,
        backoff_jitter=0.5,
    )
    return Adapter(max_retries=retries)
