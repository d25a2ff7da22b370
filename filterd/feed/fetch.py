"""Bringing the files of a feed here, over HTTP or from a folder: bounded in size and time, nothing from the environment.

python-tuf asks through this and judges what comes. What it learns of a failure is a code of FeedRefused: offline (nobody
answers, or not with the file), endless, truncated, bomb. The content is judged nowhere in here. Any address may be
asked, a school's own server too: a person set it, and nothing is believed that is not signed.

    fetcher = Fetcher("https://feed.example.org", proxy="http://192.0.2.8:3128")
    fetcher.download_bytes("https://feed.example.org/metadata/timestamp.json", 16384)
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface
from urllib3.connection import HTTPConnection

from filterd.errors import FeedError
from filterd.feed.refusal import FeedRefused
from filterd.host.deadline import Deadline, pools_of
from filterd.model.feed import Refusal

FOLDER = "folder:"  # scheme of the addresses of files in a folder
WAIT_S = 20.0  # to connect, and for each wait for bytes
TOTAL_S = 900.0  # for all files of one sync: 5 MB take 11 minutes at 64 kbit/s
_CHUNK_BYTES = 64 * 1024
_HEADERS = {"User-Agent": "filterd", "Accept": "*/*", "Accept-Encoding": "identity"}

Resolve = Callable[[str], Sequence[str]]  # a host's addresses, none when they are not known


def base_of(source: str) -> str:
    """Return the address under which the files of a URL or folder are asked for. Raises FeedError."""
    if "://" not in source:
        return f"{FOLDER}{quote(str(Path(source).absolute()))}"
    try:
        split = urlsplit(source)
        fits = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
    except ValueError:  # of brackets, or a port that is none
        fits = False
    if not fits or "@" in split.netloc or split.query:
        raise FeedError(f"expected the feed's address as http(s)://host/path or a folder, got {source[:200]!r}")
    return source.rstrip("/")


class Fetcher(FetcherInterface):
    """Gets files for one sync. Counts what it asked and what came; remembers the last file for the judgement."""

    def __init__(
        self,
        proxy: str = "",
        *,
        resolve: Resolve | None = None,
        wait_s: float = WAIT_S,
        total_s: float = TOTAL_S,
    ) -> None:
        """`proxy`: an http address, '' for none. `resolve`: who knows the addresses of hosts; else the system does."""
        self.requests = 0
        self.body_bytes = 0
        self.server_at: float | None = None  # what time the server says it is, when it says so
        self.last_url = ""
        self.last_body = b""  # of the last file of metadata, whole or as far as it came
        self._watch = Deadline(total_s).start()
        self._wait_s = wait_s
        self._limit = 0
        self._too_long = Refusal.BOMB
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, .netrc or CA bundle that nobody set for this
        self._session.proxies = {"http": proxy, "https": proxy} if proxy else {}
        adapter = _adapter(self._watch, resolve)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()
        self._watch.close()

    def download_bytes(self, url: str, max_length: int, too_long: Refusal = Refusal.BOMB) -> bytes:
        """Return a file of at most `max_length` bytes. `too_long`: what one is that says to be longer.

        Raises DownloadHTTPError when the server has no such file, FeedRefused for every other failure.
        """
        self._limit, self._too_long = max_length, too_long
        body = bytearray()
        try:
            for chunk in self.fetch(url):
                if len(body) + len(chunk) > max_length:
                    raise FeedRefused(Refusal.ENDLESS, f"{_shown(url)}: more than {max_length} bytes came")
                body += chunk
        finally:
            self.last_body = bytes(body)
        return self.last_body

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.last_url = url
        self.requests += 1
        return self._from_folder(url) if url.startswith(FOLDER) else self._from_server(url)

    def _from_folder(self, url: str) -> Iterator[bytes]:
        path = unquote(url.removeprefix(FOLDER))
        try:
            # O_NONBLOCK: a FIFO in the place of a file must not hang us
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
                self._announced(url, os.fstat(file.fileno()).st_size)
                while chunk := file.read(_CHUNK_BYTES):
                    self.body_bytes += len(chunk)
                    yield chunk
        except FileNotFoundError as exc:
            if Path(path).parent.is_dir():
                raise DownloadHTTPError(f"{path}: no such file", 404) from exc
            raise FeedRefused(Refusal.OFFLINE, f"{path}: the folder is not there, or is no feed") from exc
        except (OSError, ValueError) as exc:  # ValueError: a NUL in the path
            raise FeedRefused(Refusal.OFFLINE, f"{path!a} cannot be read: {exc}") from exc

    def _from_server(self, url: str) -> Iterator[bytes]:
        try:
            with self._session.get(
                url, headers=_HEADERS, timeout=self._wait_s, stream=True, allow_redirects=False
            ) as answer:
                self._note_date(answer.headers.get("Date", ""))
                if answer.status_code >= 400:
                    raise DownloadHTTPError(f"{_shown(url)}: the server says {answer.status_code}", answer.status_code)
                if answer.status_code != 200:
                    raise FeedRefused(
                        Refusal.OFFLINE,
                        f"{_shown(url)}: expected the file, the server says {answer.status_code}"
                        " (perhaps the network asks for a login)",
                    )
                length = answer.headers.get("Content-Length", "")
                expected = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
                if expected is not None:
                    self._announced(url, expected)
                yield from self._body(answer, url, expected)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
            raise self._refusal(url, exc) from exc

    def _body(self, answer: requests.Response, url: str, expected: int | None) -> Iterator[bytes]:
        got = 0
        for chunk in answer.raw.stream(_CHUNK_BYTES, decode_content=False):
            got += len(chunk)
            self.body_bytes += len(chunk)
            yield chunk
        if self._watch.is_over:  # a cut connection may look like a proper end
            raise FeedRefused(Refusal.ENDLESS, f"{_shown(url)}: not complete in {self._watch.total_s:g} s")
        if expected is not None and got < expected:
            raise FeedRefused(Refusal.TRUNCATED, f"{_shown(url)}: expected {expected} bytes, got {got}")

    def _refusal(self, url: str, exc: Exception) -> FeedRefused:
        """Return what an error of the connection means."""
        shown = _shown(url)
        if self._watch.is_over:
            return FeedRefused(Refusal.ENDLESS, f"{shown}: not complete in {self._watch.total_s:g} s")
        if isinstance(exc, (requests.exceptions.SSLError, urllib3.exceptions.SSLError)):
            return FeedRefused(Refusal.OFFLINE, f"{shown}: the connection is not safe: {exc}")
        inner = exc.args[0] if exc.args else exc
        broke = (urllib3.exceptions.ProtocolError, urllib3.exceptions.IncompleteRead)
        if isinstance(exc, broke) or isinstance(inner, broke):
            return FeedRefused(Refusal.TRUNCATED, f"{shown}: the answer broke off: {inner}")
        if isinstance(exc, (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError)):
            return FeedRefused(Refusal.ENDLESS, f"{shown}: nothing came for {self._wait_s:g} s")
        reason = inner.reason if isinstance(inner, urllib3.exceptions.MaxRetryError) else inner
        return FeedRefused(Refusal.OFFLINE, f"{shown}: cannot be reached: {reason}")

    def _announced(self, url: str, length: int) -> None:
        if length > self._limit:
            raise FeedRefused(
                self._too_long, f"{_shown(url)}: expected at most {self._limit} bytes, {length} are announced"
            )

    def _note_date(self, text: str) -> None:
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            self.server_at = parsedate_to_datetime(text).timestamp()


def _adapter(watch: Deadline, resolve: Resolve | None) -> HTTPAdapter:
    """Return a transport whose connections `watch` ends, with and without a proxy."""

    def connect(connection: HTTPConnection) -> socket.socket:
        timeout = connection.timeout if isinstance(connection.timeout, (int, float)) else None
        host, port = connection.host.strip("[]"), connection.port or 0
        failed: OSError = OSError(f"the name {host} has no address")
        for address in (resolve(host) if resolve is not None else ()) or (host,):
            try:
                sock = socket.create_connection((address, port), timeout)  # all its addresses, of both families
            except OSError as exc:
                failed = exc
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return watch.add(sock)
        raise urllib3.exceptions.NewConnectionError(connection, f"nobody answers: {failed.strerror or failed}")

    pools = pools_of(connect)

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
            manager = super().proxy_manager_for(proxy, **more)
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter()


def _shown(url: str) -> str:
    """Return an address as people read it."""
    return unquote(url.removeprefix(FOLDER)) if url.startswith(FOLDER) else url
