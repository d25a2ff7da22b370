"""`filterd up`, `serve`, `manage`, `prepare`: start the parts, or make what they start from.

Options are checked here; the parts get plain values. The command line goes over the settings file (--config), which goes over the defaults.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from filterd.config.settings import (
    BLOCK_MODES,
    DEFAULT_PORT,
    DEFAULT_UPSTREAMS,
    DEFAULT_WEB,
    MAX_WORKERS,
    Listen,
    Settings,
    parse_web,
)
from filterd.errors import ConfigError, FilterdError, StartError, StoreError

_T = TypeVar("_T")
_Function = TypeVar("_Function", bound=Callable[..., Any])


if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # generic only in later versions of click


class _Parsed(_ParamType):
    """An option whose text is parsed by a function of ours; its error is a usage error."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except FilterdError as exc:
            self.fail(str(exc), param, ctx)


def _upstream(text: str) -> str:
    from filterd.model.upstream import parse

    return parse(text).url


_STATE = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default="var",
    envvar="FILTERD_STATE",
    show_default=True,
    show_envvar=True,
    help="The state folder.",
)
_SYNC = click.option(
    "--sync/--no-sync", default=True, show_default=True, envvar="FILTERD_SYNC", show_envvar=True,
    help="Fetch the public lists in the background.",
)  # fmt: skip
_OPTIONS = (
    click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The settings file (filterd.yaml)."),
    _STATE,
    click.option(
        "--dns",
        type=_Parsed("ADDR:PORT", Listen.parse),
        multiple=True,
        help=f"Where to answer; repeat it for more.  [default: 127.0.0.1:{DEFAULT_PORT} and [::1]:{DEFAULT_PORT}]",
    ),
    click.option(
        "--web", type=_Parsed("ADDR:PORT|off", parse_web), help=f"Where the page is.  [default: {DEFAULT_WEB}]"
    ),
    click.option(
        "--web-tls",
        type=_Parsed("ADDR:PORT|off", parse_web),
        help="Where the page is over HTTPS too.  [default: as it is switched on the page]",
    ),
    click.option(
        "--child",
        type=_Parsed("ADDR:PORT|off", parse_web),
        help="Where the child's page is; block mode `page` needs port 80.  [default: off]",
    ),
    click.option(
        "--upstream",
        type=_Parsed("URL", _upstream),
        multiple=True,
        help=f"Whom to ask: udp://... or tcp://...; repeat it for more.  [default: {' and '.join(DEFAULT_UPSTREAMS)}]",
    ),
    click.option("--workers", type=click.IntRange(1, MAX_WORKERS), help="DNS worker processes.  [default: 1]"),
    click.option(
        "--block", type=click.Choice(BLOCK_MODES), help="Shape of a blocked answer.  [default: as the household says]"
    ),
)


def _settings_options(function: _Function) -> _Function:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command()
@_settings_options
@_SYNC
@click.option(
    "--lists",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="First take lists from the files in this folder (a USB stick).",
)
@click.option(
    "--presence/--no-presence", default=True, show_default=True, envvar="FILTERD_PRESENCE", show_envvar=True,
    help="Watch the network for which devices are there; needs root or CAP_NET_RAW.",
)  # fmt: skip
@click.option(
    "--presence-ask/--no-presence-ask", default=True, show_default=True, envvar="FILTERD_PRESENCE_ASK", show_envvar=True,
    help="Let it also ask, twice an hour, who hands out addresses and resolvers.",
)  # fmt: skip
def up(state: Path, sync: bool, lists: Path | None, presence: bool, presence_ask: bool, **given: Any) -> None:
    """Run every part in the foreground, supervised, until Ctrl-C.

    \b
    Examples:
      filterd up
      filterd up --dns 192.168.1.2:53 --upstream udp://9.9.9.9 --state /var/lib/filterd
      filterd up --config /etc/filterd/filterd.yaml
    """
    from filterd.up import up as run_up

    settings = read_settings(given)
    settings = settings if settings.web else replace(settings, web=DEFAULT_WEB)
    sys.exit(run_up(state, settings, _out, _say, sync=sync, lists=lists, presence=presence, presence_ask=presence_ask))


@click.command()
@_settings_options
def serve(state: Path, **given: Any) -> None:
    """Run the DNS workers alone, over what is published in the state folder.

    \b
    Examples:
      filterd serve --state /var/lib/filterd --dns 192.168.1.2:53 --workers 2
    """
    from filterd.host.child import OPTION, memory_file
    from filterd.host.files import Lock

    settings = read_settings(given)
    state = state.resolve()
    if not state.is_dir():
        raise StartError(f"{state}: no such state folder; `filterd up` sets one up")
    try:
        lock = Lock(state / "lock", wait=False)
    except StoreError as exc:
        raise StartError(f"filterd runs on this state already: {exc}") from None
    if settings.web not in ("", "off"):
        _say("the page is not part of `filterd serve`")
    document = {
        "state": str(state),
        "settings": settings.to_json(),
        "workers": settings.workers,
        "loop_key": secrets.token_hex(16),
    }
    # the worker is a fresh program without what this command line needed to start it; the lock goes along
    os.set_inheritable(lock.fd, True)
    fd = memory_file(document)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "filterd.serve", OPTION, str(fd)])  # noqa: S606 - ourselves


@click.command()
@_STATE
@click.option(
    "--metrics", type=_Parsed("ADDR:PORT|off", parse_web), default="off", help="Where /metrics is.  [default: off]"
)
@_SYNC
def manage(state: Path, metrics: str, sync: bool) -> None:
    """Run the manager alone: publishing, log, who is who on the network.

    \b
    Examples:
      filterd manage --state /var/lib/filterd
    """
    from filterd.manage import run

    if not state.is_dir():
        raise StartError(f"{state}: no such state folder; `filterd up` sets one up")
    import logging

    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    run(state.resolve(), metrics=metrics, sync=sync)


@click.command()
@_STATE
@_SYNC
def prepare(state: Path, sync: bool) -> None:
    """Make the first lists and a first household, or repair what is damaged; start nothing.

    What is there and whole stays as it is. The parts need it before their first start; `filterd up` does it by itself.

    \b
    Examples:
      filterd prepare --state /var/lib/filterd
    """
    from filterd.host.files import make_folder
    from filterd.host.run import run_dir
    from filterd.up import prepare as prepare_state

    state = make_folder(state).resolve()
    run_dir(state)
    prepare_state(state, _say, sync=sync)


def read_settings(given: dict[str, Any]) -> Settings:
    """Return file and command line together. Exits with code 2 and the file's errors when it is wrong."""
    settings = Settings()
    if given["config"] is not None:
        from filterd.config.settings_file import load

        try:
            settings = load(given["config"])
        except ConfigError as exc:
            for problem in exc.problems:
                _say(problem)
            sys.exit(2)
    changes: dict[str, Any] = {
        "dns": given["dns"],
        "upstreams": tuple(given["upstream"]),
        "web": given["web"],
        "web_tls": given["web_tls"],
        "child": given["child"],
        "workers": given["workers"],
        "block": given["block"],
    }
    settings = replace(settings, **{key: value for key, value in changes.items() if value})
    return settings if settings.dns else replace(settings, dns=default_listens())


def default_listens() -> tuple[Listen, ...]:
    """Return where to answer when nothing says so: loopback, of both families where there is IPv6."""
    found = [Listen("127.0.0.1", DEFAULT_PORT)]
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return tuple(found)
    return (*found, Listen("::1", DEFAULT_PORT))


def _out(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()


def _say(line: str) -> None:
    click.echo(f"filterd: {line}", err=True)
