"""The command line: one file a command, loaded when it is called, so that starting a part costs no other's imports.

    filterd up
    filterd explain tiktok.com --client 127.0.0.11

Errors that we raise on purpose are one or a few sentences on standard error and exit code 1 (2 for bad options).
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from filterd.errors import ConfigError, FilterdError

# command -> file in this folder, and what it does; the help of `filterd` loads none of them
COMMANDS = {
    "up": ("run", "Run every part in the foreground."),
    "serve": ("run", "Run the DNS workers alone, over a published revision."),
    "manage": ("run", "Run the manager alone: publishing, log, client map."),
    "presence": ("presence", "Watch the network for which devices are there."),
    "prepare": ("run", "Make the first lists and a first household; start nothing."),
    "explain": ("explain", "Say what happens to a name, and why."),
    "simulate": ("simulate", "Show a profile's week: what is on and off when."),
    "upstream": ("upstream", "Show, try and change the name servers that the box asks."),
    "lists": ("lists", "Update, show, add, remove, build and check lists."),
    "feed": ("feed", "The province's feed: follow one, or make one."),
    "policy": ("policy", "Export, import or check the household."),
    "profile": ("profile", "Show, add and change profiles: rules, names, windows."),
    "device": ("device", "Show, add and change devices."),
    "devices": ("devices_seen", "Show who is on the network."),
    "off": ("moves", "Switch the Internet off now."),
    "on": ("moves", "Switch it on again."),
    "bonus": ("moves", "Give more time."),
    "pause": ("moves", "Pause the filter for a while."),
    "grant": ("moves", "Allow something for a while; list and revoke grants."),
    "budget": ("budget", "Show how far today's budgets are used."),
    "alerts": ("alerts", "Show alerts, and set where they are sent."),
    "request": ("request", "What children ask for, and the answers."),
    "scan": ("presence", "Ask the network who is there, and who hands out resolvers."),
    "undo": ("history", "Take a change back."),
    "history": ("history", "Show who changed what, and when."),
    "watch": ("watch", "Show ways round the filter; run the watch over a recording."),
    "check-household": ("check_household", "Look for loopholes in the household."),
    "metrics": ("metrics", "Print the numbers of all parts for Prometheus."),
    "log": ("log", "Show what was asked, and what became of it."),
    "stats": ("stats", "Show how much was asked and blocked, by whom and of what."),
    "activity": ("activity", "Take the log away as a file, or delete it."),
    "account": ("account", "Show, add and remove who may sign in."),
    "setup-code": ("account", "Show the code for the page's first start."),
    "report": ("report", "Tell the province of a mistake or a missed site."),
    "advisories": ("advisories", "Show the province's warnings."),
    "backup": ("backup", "Write people, rules, accounts and the choice of lists into a file."),
    "restore": ("backup", "Make this box what such a file says."),
    "completion": ("completion", "Print the shell's completion script."),
}


GENTLE = 5  # steps of niceness for commands that compute for long


class _Commands(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"filterd.cli.{COMMANDS[cmd_name][0]}")
        found = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)  # each file says which commands it has
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, with our own errors as sentences."""
        if not args and not extra and sys.argv[1:2] in (["lists"], ["feed"]):
            os.nice(GENTLE)  # building a bundle of a million names takes seconds; DNS on the same two cores comes first
        try:
            return super().main(*args, **extra)
        except ConfigError as exc:
            for problem in exc.problems:
                click.echo(f"filterd: {problem}", err=True)
            sys.exit(1)
        except FilterdError as exc:
            click.echo(f"filterd: {exc}", err=True)
            sys.exit(1)
        except BrokenPipeError:  # `filterd log | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"filterd {version('filterd')}")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
def main() -> None:
    """A DNS filter for families and schools: blocks what harms children, and explains every decision.

    \b
    Examples:
      filterd up                                         try it on this machine, port 5300
      filterd explain tiktok.com --client 127.0.0.11     why is it blocked?
      filterd log --follow --blocked                     what is being blocked right now
    """
