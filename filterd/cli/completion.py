"""`filterd completion`: the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    Examples:
      filterd completion bash > /etc/bash_completion.d/filterd
      filterd completion fish > ~/.config/fish/completions/filterd.fish
    """
    found = get_completion_class(shell)
    assert found is not None  # the choices above are click's own
    root = ctx.find_root().command
    click.echo(found(root, {}, "filterd", "_FILTERD_COMPLETE").source())
