"""How a build ends: the next commands that it prints, and the exit status if it fails."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ferryman.building.artifact import Artifact
    from ferryman.targets.protocols import Target

__all__ = ("ending_build", "next_commands", "tell_next")


@contextmanager
def ending_build() -> Iterator[None]:
    """Exit with 1, not 3, if the app's module cannot be imported: no app has failed to start.

    Raises:
        AppError: What the block raises.
    """
    from ferryman.core.app_reference import AppModuleBroken, AppModuleMissing

    try:
        yield
    except (AppModuleBroken, AppModuleMissing) as error:
        error.exit_code = 1
        raise


def tell_next(artifact: Artifact, target: Target) -> None:
    """Print the commands that come next."""
    if commands := next_commands(artifact, target):
        click.echo("next:", err=True)
    for command in commands:
        click.echo(f"  {command}", err=True)


def next_commands(artifact: Artifact, target: Target) -> tuple[str, ...]:
    """Return the commands that come next, quoted for a shell, with paths from this directory."""
    from ferryman.targets.deployment import Deployable

    commands = [list(words) for words in artifact.next]
    if isinstance(target, Deployable):
        commands = [words for words in commands if words[0] != "kubectl"]
        commands.append(["ferryman", "deploy", "-t", target.name])
    return tuple(shlex.join(map(_as_from_here, words)) for words in commands)


def _as_from_here(word: str) -> str:
    kind, colon, path = word.rpartition(":")
    return f"{kind}{colon}{os.path.relpath(path)}" if path.startswith(os.sep) else word
