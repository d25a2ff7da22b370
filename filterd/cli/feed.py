"""`filterd feed`: one group for the box that follows a feed and for the office that publishes one.

The box's commands are in feed_box.py, the office's in feed_office.py, those of its inbox in feed_inbox.py; each file is
loaded when one of its commands is called.
"""

from __future__ import annotations

import importlib

import click

# command -> file in this folder, what it does
BOX = {
    "sync": ("feed_box", "Look at the feed now, and take what is new."),
    "status": ("feed_box", "Show how the feeds stand that this box follows."),
    "trust": ("feed_box", "Follow a feed: pin its root after comparing the fingerprint."),
    "forget": ("feed_box", "Let go of a feed and its lists."),
}
OFFICE = {
    "init": ("feed_office", "Make the office's working folder."),
    "part": ("feed_office", "Give a district or a school a part of its own."),
    "add": ("feed_office", "Propose a name."),
    "import": ("feed_office_publish", "Propose a whole list, after a look at what would change."),
    "review": ("feed_office", "Show what waits for approval or for a review."),
    "approve": ("feed_office", "Approve what another person proposed."),
    "withdraw": ("feed_office", "Take a name back."),
    "advise": ("feed_office_publish", "Write a warning for all homes."),
    "keys": ("feed_office_keys", "Make, sign with, replace and look at the keys."),
    "publish": ("feed_office_publish", "Sign, and build what a web server serves."),
    "inbox": ("feed_inbox", "What boxes report, and the answers."),
    "serve": ("feed_inbox", "Serve the published feed and the report form, for trying."),
    "demo": ("feed_office_publish", "Make a feed for trying, with keys that are worth nothing."),
}


class _Commands(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*BOX, *OFFICE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = (BOX | OFFICE).get(cmd_name)
        if found is None:
            return None
        attribute = "import_" if cmd_name == "import" else cmd_name  # a word of the language
        command = getattr(importlib.import_module(f"filterd.cli.{found[0]}"), attribute)
        assert isinstance(command, click.Command)  # each file says which commands it has
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in (("For a box", BOX), ("For an office", OFFICE)):
            if commands:
                with formatter.section(title):
                    formatter.write_dl([(name, text) for name, (_, text) in commands.items()])


@click.group(cls=_Commands)
def feed() -> None:
    """The province's feed: lists, warnings and materials, signed by an office and verified by every box.

    \b
    Examples:
      filterd feed trust 1.root.json --url https://feed.example.org
      filterd feed sync
      filterd feed sync --from /media/usb/feed
      filterd feed status
    """
