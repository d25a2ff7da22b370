"""Options that the office's commands share, and how a key's passphrase is asked for.

FILTERD_FEED_PASSPHRASE_FILE names a file with one passphrase for servers and tests; people type theirs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filterd.errors import ConfigError, FeedError

if TYPE_CHECKING:
    from filterd.feed.office import Office

PASSPHRASE_FILE = "FILTERD_FEED_PASSPHRASE_FILE"  # noqa: S105 - a name
_MAX_BYTES = 1024

folder = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    envvar="FILTERD_FEED_FOLDER",
    help="The office's working folder.  [default: this one]",
)
by = click.option("--by", required=True, envvar="FILTERD_BY", help="Your name: who decides this.")
part = click.option("--part", default="", metavar="ROLE", help="Of this district or school, in place of the office.")
category = click.option("--category", default="", help="The category, where a name stands in several.")
sure = click.option("--sure", is_flag=True, help="The warnings are read, and it is meant all the same.")
keys = click.option(
    "--keys",
    "key_folders",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    help="Where private keys are (a USB stick); repeat it.  [default: ~/.config/filterd-feed/ID]",
)


def opened(folder: Path) -> Office:
    """Return the office of a working folder."""
    from filterd.feed.office import Office

    return Office.open(folder)


def places(office: Office, key_folders: tuple[Path, ...]) -> list[Path]:
    """Return where private keys are looked for: never in the working folder."""
    from filterd.feed.keys import default_folder, outside

    return [outside(office.folder, path) for path in key_folders or (default_folder(office.feed.id),)]


def today() -> date:
    """Return the day, in UTC as everything of a feed is."""
    return now().date()


def now() -> datetime:
    """Return the moment in UTC."""
    return datetime.now(UTC)


def day(_ctx: click.Context, _param: click.Parameter, value: str | None) -> date | None:
    """Read a day such as 2026-12-31."""
    from filterd.config.document import to_date

    if value is None:
        return None
    try:
        return to_date(value)
    except ValueError:
        raise click.BadParameter(f"expected a day such as 2026-12-31, got {value[:40]!r}") from None


def passphrases(office_folder: Path) -> Callable[[str, bool], str]:
    """Return who is asked for passphrases: the file of the environment, else the person at the terminal."""
    named = os.environ.get(PASSPHRASE_FILE)
    if named:
        kept = _from_file(Path(named), office_folder)
        return lambda _label, _new: kept

    def ask(label: str, new: bool) -> str:
        if not sys.stdin.isatty():
            raise FeedError(
                f"a passphrase for {label} is needed: run this in a terminal, or name a file in {PASSPHRASE_FILE}"
            )
        text: Any = click.prompt(
            f"{'New passphrase' if new else 'Passphrase'} for {label}",
            hide_input=True,
            confirmation_prompt=new,
            err=True,
        )
        return str(text)

    return ask


def _from_file(path: Path, office_folder: Path) -> str:
    from filterd.host.files import read_bounded

    if path.resolve().is_relative_to(office_folder.resolve()):
        raise FeedError(f"{path} lies in the office's folder, which is shared and published; keep it elsewhere")
    data = read_bounded(path, _MAX_BYTES)
    if path.stat().st_mode & 0o077:
        raise FeedError(f"{path} can be read by others: chmod 600 {path}")
    try:
        return data.decode().splitlines()[0]
    except (UnicodeDecodeError, IndexError):
        raise ConfigError(f"{path}: expected one line of text with the passphrase") from None
