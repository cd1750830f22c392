"""The configuration of `ferryman dev`: the project, and the app's environment variables.

`dev` reads both again after a save of a file that may contain them.
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
        variables: Environment variables of the app, in addition to those of this process.
    """

    project: Project
    variables: Mapping[str, str]


def read_again(
    read: Callable[[], Configuration],
    before: Configuration,
    names: tuple[str, ...],
    announce: Callable[[str], None],
) -> Configuration:
    """Return the configuration after a save, or the previous one after an error.

    Args:
        read: Reads the configuration from its files.
        before: The previous configuration.
        names: The files that were saved.
        announce: Called with the error of a configuration that cannot be read.
    """
    if not any(name.endswith(_HOLD_SETTINGS) for name in names):
        return before
    try:
        configuration = read()
        _ = configuration.project.app  # raises if the project names no app
        return configuration
    except FerrymanError as error:
        announce(f"{problem_text(error)}\nferryman keeps the previous settings")
        return before
