"""Options that many commands share, and how what happened is said: as sentences, or as one JSON document.

@click.command()
@options.state
@options.as_json
def thing(state: Path, as_json: bool) -> None: ...
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

state = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default="var",
    envvar="FILTERD_STATE",
    show_default=True,
    help="The state folder.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of sentences.")


def say_json(document: Any) -> None:
    """Write `document` as one line of JSON, in UTF-8."""
    click.echo(json.dumps(document, ensure_ascii=False))


HOUSEHOLD_FILE_BYTES = (
    8 * 1024 * 1024
)  # read of a file: more than any household may have, so that a larger one is refused
