"""`filterd metrics`: the numbers of all parts as Prometheus reads them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from filterd.cli import options


@click.command()
@options.state
def metrics(state: Path) -> None:
    """Print the numbers of workers, parts, log, lists, feeds and household in Prometheus' text format.

    No names of people or sites are among them. The manager serves the same at ADDR:PORT/metrics when the settings have
    `metrics: ADDR:PORT`, with those of its own tasks beside.

    \b
    Example:
      filterd metrics | grep filterd_worker_
    """
    from filterd.control.metrics import collect

    sys.stdout.buffer.write(collect(state))
