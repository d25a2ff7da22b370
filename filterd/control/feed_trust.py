"""Which feeds this box follows: pinning the root of one, letting go of one.

A root is believed because a person compared its fingerprint with what the province gave them by another way.

    one = pinned(state, root)                       # followed already, or new; nothing is written
    trust_feed(state, root, "https://feed.example.org", fingerprint="1a2b 3c4d ...")
    forget_feed(state, "lai-chau")                  # its lists go too
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace
from pathlib import Path

from filterd.errors import FeedError
from filterd.feed.refusal import FeedRefused
from filterd.feed.state import (
    KEY_DIGITS,
    MAX_ROOT_BYTES,
    Followed,
    fingerprint,
    folder_of,
    followed,
    load_followed,
    save_followed,
)
from filterd.host.files import locked, make_folder, read_bounded, write_atomic
from filterd.model.feed import Refusal

log = logging.getLogger(__name__)

MAX_URL = 500
_SHORTEST = 32  # hex digits of a fingerprint that a person compares: 128 bits


def read_root(path: Path) -> bytes:
    """Return the root in a file. Raises StoreError, FeedError when it is none."""
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata, Root

    data = read_bounded(path, MAX_ROOT_BYTES)
    try:
        metadata = Metadata[Root].from_bytes(data)
        if metadata.signed.type != "root":
            raise FeedError(f"{path}: expected the root of a feed, got its {metadata.signed.type}")
        metadata.signed.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as exc:
        raise FeedError(f"{path}: expected the root of a feed (N.root.json): {exc}") from exc
    return data


def pinned(state: Path, root: bytes, url: str = "", proxy: str = "") -> Followed:
    """Return the feed of a root, followed already or not. Nothing is written."""
    digest = fingerprint(root)
    for one in load_followed(state):
        if one.fingerprint == digest:
            return one
    return Followed(digest[:KEY_DIGITS], digest, url, proxy=proxy)


def matches(digest: str, said: str) -> bool:
    """True when a person's fingerprint, with or without gaps and capitals, is that of `digest`."""
    plain = "".join(char for char in said.lower() if char not in " :-")
    return len(plain) >= _SHORTEST and digest.startswith(plain)


def trust_feed(state: Path, root: bytes, url: str, *, proxy: str = "", auto: bool = True) -> Followed:
    """Follow the feed of `root` from `url` from now on; for one that is followed already, change where it is.

    The caller had its fingerprint compared. Raises FeedError for a wrong address and for more feeds than there may be.
    """
    from filterd.control.feed_job import ask_look
    from filterd.feed.fetch import base_of

    base_of(url)
    if len(url) > MAX_URL or not url.isprintable():
        raise FeedError(f"expected an address of at most {MAX_URL} printable characters")
    if proxy:
        _check_proxy(proxy)
    with locked(make_folder(state / "feed") / "lock"):
        one = replace(pinned(state, root), url=url, proxy=proxy, auto=auto)
        write_atomic(make_folder(folder_of(state, one.key)) / "root.json", root)
        _put(state, one)
    if auto:
        ask_look(state)
    log.info("feed followed key=%s url=%s", one.key, url)
    return one


def follow(state: Path, one: Followed, root: bytes, feed: str, host: str = "") -> Followed:
    """Write down that a feed which was just verified is followed, under which name, and which host it has."""
    with locked(make_folder(state / "feed") / "lock"):
        path = make_folder(folder_of(state, one.key)) / "root.json"
        if not path.is_file():
            write_atomic(path, root)
        now = next((other for other in load_followed(state) if other.key == one.key), one)
        named = replace(now, feed=feed, host=host)
        _put(state, named)
    return named


def check_name(state: Path, one: Followed, feed: str) -> None:
    """Raise FeedRefused when the feed is not the one that it was, or another one has its name."""
    if one.feed and one.feed != feed:
        raise FeedRefused(Refusal.BAD_INDEX, f"expected the index of the feed {one.feed}, got that of {feed}")
    for other in load_followed(state):
        if other.key != one.key and other.feed == feed:
            raise FeedRefused(
                Refusal.CONFIG,
                f"a feed {feed} with another root is followed already: `filterd feed forget {feed}` lets go of it",
            )


def forget_feed(state: Path, name: str) -> tuple[Followed, tuple[str, ...]]:
    """Let go of a feed: its lists, and what is kept of it. Returns it and the ids of the lists. Raises FeedError."""
    from filterd.control import lists_build
    from filterd.control.feed_apply import of_feed
    from filterd.listbuild.registry import load, registry_lock, save

    one = followed(state, name) if name else None
    if one is None:
        raise FeedError(f"no feed is called {name!r}: `filterd feed status` shows those that are followed")
    with locked(make_folder(state / "sync") / "lock"), locked(make_folder(state / "feed") / "lock"):
        gone: tuple[str, ...] = ()
        with registry_lock(state):
            lists = load(state)
            if one.feed:
                gone = tuple(of_feed(lists, one.feed))
            if one.host:  # first, so that it is no lifeline of the bundle that comes now
                _put(state, replace(one, host=""))
            if gone or one.host:
                left = {key: listed for key, listed in lists.items() if key not in gone}
                lists_build.publish_lists(state, left, lists_build.shipped())
                save(state, left)
        save_followed(state, tuple(other for other in load_followed(state) if other.key != one.key))
        shutil.rmtree(folder_of(state, one.key), ignore_errors=True)
    return one, gone


def _put(state: Path, one: Followed) -> None:
    known = load_followed(state)
    if any(other.key == one.key for other in known):
        feeds = tuple(one if other.key == one.key else other for other in known)
    else:
        feeds = (*known, one)
    if feeds != known:
        save_followed(state, feeds)


def _check_proxy(proxy: str) -> None:
    from urllib.parse import urlsplit

    try:
        split = urlsplit(proxy)
        fits = split.scheme == "http" and bool(split.hostname) and bool(split.port) and split.path in ("", "/")
    except ValueError:
        fits = False
    if not fits or len(proxy) > MAX_URL:
        raise FeedError(f"expected a proxy as http://host:port, got {proxy[:100]!r}")
