"""The options that every verb on a project shares, and the project they lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.core.build.project import Project
    from ferryman.core.build.target import Target

__all__ = ("open_project", "open_target", "project_options", "target_option")

_Command = TypeVar("_Command", bound=Callable[..., Any])


def project_options(command: _Command) -> _Command:
    """Add `-C`, `--env`, `--app`, `--python` and `--set` to a command."""
    options = (
        click.option(
            *("-C", "--project", "directory"),
            type=click.Path(path_type=Path),
            help="The project's directory; by default this one, or the project it lies in.",
        ),
        click.option("--env", "overlay", help="Use the overlay [tool.ferryman.env.NAME]."),
        click.option("--app", help="The application, module:attribute."),
        click.option("--python", help="The Python to build for, as major.minor."),
        click.option(
            *("--set", "assignments"),
            multiple=True,
            metavar="KEY=VALUE",
            help="Set any key, such as lambda.memory=1024. Can be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def target_option(command: _Command) -> _Command:
    """Add `-t`, `--target` to a command."""
    return click.option("-t", "--target", required=True, help="lambda, server or k8s.")(command)


def open_project(
    directory: Path | None,
    overlay: str | None,
    app: str | None,
    python: str | None,
    assignments: tuple[str, ...],
    targets: Mapping[str, Target],
) -> Project:
    """Resolve the project that a command's options name.

    Raises:
        ConfigError: A file, a key or a value is wrong.
    """
    from ferryman.core.build.resolution import find_project, resolve_project

    flags = {"app": app, "python": python, **dict(_assignment(text) for text in assignments)}
    return resolve_project(
        directory or find_project(Path.cwd()),
        {name: target.options for name, target in targets.items()},
        flags={key: value for key, value in flags.items() if value is not None},
        overlay=overlay,
    )


def open_target(name: str, **options: Any) -> tuple[Target, Project]:
    """Return the target of a name, and the project that a command's options name.

    Raises:
        ConfigError: There is no such target, or a file, a key or a value is wrong.
    """
    from ferryman.core.build.target import find_target, installed_targets

    return find_target(name), open_project(**options, targets=installed_targets())


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {text}: it is not KEY=VALUE", hint="such as lambda.memory=1024")
    return key.strip(), value
