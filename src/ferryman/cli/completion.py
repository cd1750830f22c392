"""`ferryman completion`: prints the script that completes the command line in a shell."""

from __future__ import annotations

import click

__all__ = ("command",)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the shell script that completes commands, options, targets, regions and platforms.

    \b
    Example:
      ferryman completion bash >> ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    from ferryman.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(cli, {}, "ferryman", "_FERRYMAN_COMPLETE")
    # click's own `source` starts the shell first to ask for its version.
    click.echo(made.source_template % made.source_vars())
