"""`filterd feed sync, status, trust, forget`: the box's side of a feed. Words only; control/feed_*.py does the work."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from filterd.cli import options
from filterd.cli.feed_said import document, say, say_seen, seen_document
from filterd.errors import FeedError
from filterd.host.parent import end_with_parent

if TYPE_CHECKING:
    from filterd.feed.state import Followed

_root = click.option(
    "--root",
    "root_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The root of a feed that is not followed yet (N.root.json), compared by you.",
)


@click.command()
@options.state
@click.option(
    "--from", "source", default="", metavar="URL|DIR", help="Look there this time: an address, or a USB stick."
)
@_root
@click.option("--feed", "name", default="", metavar="ID", help="This one of the followed feeds.  [default: all]")
@click.option("--proxy", default="", metavar="URL", help="With --root: by way of this proxy, http://host:port.")
@options.as_json
@click.option("--wait-s", type=click.FloatRange(min=0, min_open=True), default=20.0, hidden=True)
@click.option("--total-s", type=click.FloatRange(min=0, min_open=True), default=900.0, hidden=True)
@click.option("--child", is_flag=True, hidden=True)  # the manager's: ends with it, few lines
def sync(
    state: Path,
    source: str,
    root_file: Path | None,
    name: str,
    proxy: str,
    as_json: bool,
    wait_s: float,
    total_s: float,
    child: bool,
) -> None:
    """Look at the feed now: verify it, take what is new into force, or say why not.

    Whatever is refused, the last good lists stay in force. Exit status 0: verified; 1: refused; 2: wrong options.

    \b
    Examples:
      filterd feed sync
      filterd feed sync --from /media/usb/feed
      filterd feed sync --state /tmp/try --from https://feed.example.org --root 1.root.json --json
    """
    from filterd.control.feed_sync import FeedMeans, sync_feed
    from filterd.control.feed_trust import pinned, read_root
    from filterd.feed.state import followed, load_followed

    if child:
        with contextlib.suppress(OSError):
            os.nice(10)
        end_with_parent()
    means = FeedMeans(wait_s=wait_s, total_s=total_s)
    root = read_root(root_file) if root_file else None
    if root is not None:
        chosen = [pinned(state, root, source if "://" in source else "", proxy)]
    elif name:
        found = followed(state, name)
        if found is None:
            raise FeedError(f"no feed is called {name!r}: `filterd feed status` shows those that are followed")
        chosen = [found]
    else:
        feeds = load_followed(state)
        chosen = list(feeds[:1] if source else _due(state, feeds) if child else feeds)
    if not chosen and child:
        return
    if not chosen:
        raise FeedError("no feed is followed: `filterd feed trust N.root.json --url URL` follows one")
    results = [sync_feed(state, one, root=root, source=source, wait=child, means=means) for one in chosen]
    if as_json:
        documents = [document(result) for result in results]
        options.say_json(documents[0] if len(documents) == 1 else documents)
    else:
        for result in results:
            say(result, child)
    sys.exit(1 if any(result.refusal for result in results) and not child else 0)


@click.command()
@options.state
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="How an office's working folder stands.  [default: this folder when it is one]",
)
@options.as_json
@click.pass_context
def status(ctx: click.Context, state: Path, folder: Path | None, as_json: bool) -> None:
    """Show how the feeds stand that this box follows: verified when, until when, what was refused.

    In an office's working folder: what waits there, and until when the publication holds.

    \b
    Example:
      filterd feed status --json
    """
    from filterd.control.feed_status import feeds

    if folder is None and Path("feed.yaml").is_file() and ctx.get_parameter_source("state") is ParameterSource.DEFAULT:
        folder = Path()
    if folder is not None:
        from filterd.cli.feed_office_publish import say_office_status

        say_office_status(folder, as_json)
        return
    found = feeds(state)
    if as_json:
        options.say_json([seen_document(seen) for seen in found])
        return
    if not found:
        click.echo("no feed is followed: `filterd feed trust N.root.json --url URL` follows one")
    for seen in found:
        say_seen(seen)


@click.command()
@click.argument("root_file", metavar="ROOT.json", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--url", required=True, help="Where the feed is: http(s)://host/path, or a folder.")
@click.option("--fingerprint", "said", default="", help="The fingerprint that the office told you: asks no question.")
@click.option("--proxy", default="", help="By way of this proxy: http://host:port.")
@click.option("--manual", is_flag=True, help="Never look there by itself, only by `filterd feed sync`.")
@options.state
@options.as_json
def trust(root_file: Path, url: str, said: str, proxy: str, manual: bool, state: Path, as_json: bool) -> None:
    """Follow the feed whose root is in the file ROOT.json, after comparing its fingerprint.

    The office reads the fingerprint out on the telephone, or has it on its letters. The same command with another
    --url moves a feed that is followed already.

    \b
    Examples:
      filterd feed trust 1.root.json --url https://feed.example.org
      filterd feed trust 1.root.json --url https://feed.example.org --fingerprint "1a2b 3c4d ..."
    """
    from filterd.control.feed_trust import matches, read_root, trust_feed
    from filterd.feed.state import fingerprint, spoken

    root = read_root(root_file)
    digest = fingerprint(root)
    if said:
        if not matches(digest, said):
            raise FeedError(
                f"this root's fingerprint is {spoken(digest)}, which is not what you were told: it is not followed"
            )
    else:
        click.echo(f"fingerprint: {spoken(digest)}", err=True)
        click.echo("Compare it with what the office told you by another way (telephone, letter).", err=True)
        if not click.confirm("Is it the same, group by group?", default=False, err=True):
            raise FeedError("the fingerprint was not confirmed: the feed is not followed")
    one = trust_feed(state, root, url, proxy=proxy, auto=not manual)
    if as_json:
        options.say_json({"key": one.key, "url": one.url, "fingerprint": digest, "spoken": spoken(digest)})
    else:
        click.echo(f"followed: {one.url} ({spoken(digest)}); `filterd feed sync` looks at it now")


@click.command()
@click.argument("name", metavar="FEED")
@options.state
def forget(name: str, state: Path) -> None:
    """Let go of FEED: its lists end at once, and nothing of it is kept.

    \b
    Example:
      filterd feed forget lai-chau
    """
    from filterd.control.feed_trust import forget_feed

    one, gone = forget_feed(state, name)
    click.echo(f"{one.feed or one.key}: not followed any more, {len(gone)} lists let go of")


def _due(state: Path, feeds: tuple[Followed, ...]) -> list[Followed]:
    """Return the feeds whose time has come."""
    from filterd.control.feed_job import is_due

    return [one for one in feeds if is_due(state, one, time.time())]
