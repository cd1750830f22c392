"""Other sources of options than the command line: a project, its overlay, a usage file.

Flags are stronger than all of them; a usage file is stronger than the project's settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click

from ferryman.cli.cost.options import about

__all__ = ("SettingsContext", "source_options")

Command = TypeVar("Command", bound=Callable[..., Any])

_SOURCES = ("project", "overlay", "usage_file")


def source_options(command: Command) -> Command:
    """Add `-C`, `--env` and `--usage-file` to a command that has a `SettingsContext`."""
    decorators = (
        click.option(
            *("-C", "--project", "project"),
            type=click.Path(file_okay=False, path_type=Path),
            is_eager=True,
            help="The project's directory; by default the current one or the project around it.",
        ),
        click.option(
            *("--env", "overlay"),
            is_eager=True,
            metavar="NAME",
            help="Use the overlay [tool.ferryman.env.NAME].",
        ),
        click.option(
            "--usage-file",
            type=click.Path(dir_okay=False, path_type=Path),
            is_eager=True,
            help="Take requests and durations from an Infracost usage file.",
        ),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


class SettingsContext(click.Context):
    """Looks up defaults in the sources that `source_options` name; those options are read first."""

    def lookup_default(self, name: str, call: bool = True) -> Any:
        """Return an option's value from the first source that has it; ``None`` if no source has."""
        return self._settings.get(name) if self.params.keys() >= set(_SOURCES) else None

    @cached_property
    def _settings(self) -> Mapping[str, Any]:
        from ferryman.cli.cost.section import read_settings

        project, overlay, usage_file = (self.params[name] for name in _SOURCES)
        # click marks an option that was not given with a sentinel.
        settings = read_settings(
            project if isinstance(project, Path) else None,
            overlay if isinstance(overlay, str) else None,
        )
        if not isinstance(usage_file, Path):
            return settings
        from ferryman.cli.cost.usage_file import read_usage

        with about("--usage-file"):
            return {**settings, **read_usage(usage_file)}
