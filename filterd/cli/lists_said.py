"""Words that the commands of `filterd lists` share: options, refusals as one sentence, progress, counts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from filterd.listbuild.build import Built
    from filterd.listbuild.read import Report

FORMATS = ("hosts", "domains", "wildcard", "adblock", "dnsmasq", "unbound", "rpz")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
format_option = click.option(
    "--format", "format_", type=click.Choice(("auto", *FORMATS)), default="auto", show_default=True, help="The format."
)
loopback_option = click.option("--allow-loopback", "loopback", is_flag=True, hidden=True)  # tests serve from there


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Turn a refusal into one sentence and exit status 1."""
    from filterd.errors import FilterdError

    try:
        yield
    except FilterdError as exc:
        raise click.ClickException(str(exc)) from exc


@contextlib.contextmanager
def building() -> Iterator[Callable[[str, int, int], None]]:
    """Give a progress bar when a terminal watches standard error, a plain line for each step otherwise."""
    if not sys.stderr.isatty():
        yield lambda what, done, of: click.echo(f"{what} ({done} of {of})", err=True)
        return
    with click.progressbar(length=1, label="building", file=sys.stderr, show_pos=True) as bar:  # pragma: no cover

        def tell(what: str, done: int, of: int) -> None:
            bar.length = of
            bar.label = what
            bar.update(done - bar.pos)

        yield tell


def counts(report: Report) -> dict[str, Any]:
    """Return what a list held as JSON shows it."""
    return {
        "lines": report.lines,
        "blocked": report.blocked,
        "allowed": report.allowed,
        "ignored": dict(report.ignored),
        "errors": dict(report.errors),
    }


def event_row(event: Any) -> dict[str, Any]:
    """Return a row of history as JSON shows it."""
    from dataclasses import asdict

    return asdict(event)


def say_report(report: Report) -> None:
    """Print what a list held."""
    click.echo(f"  {report.blocked} entries block, {report.allowed} are exceptions")
    for what, found in (("ignored", report.ignored), ("wrong", report.errors)):
        if found:
            click.echo(f"  {what}: " + ", ".join(f"{count} {kind}" for kind, count in found.most_common()))
    for line in report.shown:
        where = f"line {line.line}: " if line.line else ""
        click.echo(f"  {where}{line.error}: {line.text[:100]!a}")


def say_built(built: Built | None, revision: int) -> None:
    """Print which bundle is in force now."""
    if built is None:
        click.echo("not in force yet: run `filterd lists build`")
        return
    click.echo(f"bundle {built.path.name}: {built.names} names, {built.size_bytes / 1e6:.1f} MB, revision {revision}")
