"""The configuration of `ferryman dev`: the project, and the app's environment variables.

Both are read again when a file that may hold them is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ferryman.core.errors import FerrymanError
from ferryman.local.reload.problem_page import problem_text
from ferryman.project.project import Project

__all__ = ("Configuration", "read_again")

_HOLD_SETTINGS = (".toml", ".env")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The project and variables that an app runs with.

    Attributes:
        project: The project.
        variables: Variables of the app's environment, besides those of this process.
    """

    project: Project
    variables: Mapping[str, str]


def read_again(
    read: Callable[[], Configuration],
    before: Configuration,
    names: tuple[str, ...],
    announce: Callable[[str], None],
) -> Configuration:
    """Return the configuration after a save, or the previous one if it cannot be read.

    Args:
        read: Reads the configuration from its files.
        before: The previous configuration.
        names: The files that were saved.
        announce: Called with an error if it cannot be read.
    """
    if not any(name.endswith(_HOLD_SETTINGS) for name in names):
        return before
    try:
        again = read()
        # It raises where none is named.
        _ = again.project.app
        return again
    except FerrymanError as error:
        announce(f"{problem_text(error)}\nthe settings stay as they were")
        return before
