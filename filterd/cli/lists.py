"""`filterd lists`: what is blocked by list. Words and numbers only; the use cases are control/lists.py and sync.py.

Results go to standard output, progress and warnings to standard error; a refusal is one sentence and exit status 1.
The commands are in lists_change.py, lists_look.py, lists_report.py and lists_sync.py.
"""

from __future__ import annotations

import click

from filterd.cli import lists_change, lists_look, lists_report, lists_sync


@click.group()
def lists() -> None:
    """Blocklists: update, show, add, remove, build, parse, compare, roll back.

    \b
    Examples:
      filterd lists update
      filterd lists sources
      filterd lists show
      filterd lists report
      filterd lists add ads --category ads https://lists.example.org/ads.txt
      filterd lists parse my-list.txt --format adblock --json
      filterd lists rollback
    """


for _command in (
    lists_sync.update,
    lists_sync.status,
    lists_sync.sources,
    lists_sync.enable,
    lists_sync.disable,
    lists_look.show,
    lists_look.history,
    lists_look.diff,
    lists_look.parse,
    lists_report.report,
    lists_change.add,
    lists_change.remove,
    lists_change.build,
    lists_change.rollback,
):
    lists.add_command(_command)
