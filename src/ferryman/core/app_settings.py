"""The settings that the app needs: put into its environment before it is imported.

The build bakes `[tool.ferryman.settings]` into the artifact, of secrets the references alone. What
the platform has set already stays as it is.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, MutableMapping

from ferryman.core.errors import ConfigError, FerrymanError

__all__ = ("Rotation", "SettingMissing", "provide_settings")

_EVERY = 300.0
"""Seconds after which a function reads its secrets again."""

_log = logging.getLogger("ferryman.settings")


class SettingMissing(ConfigError):
    """The app needs a setting, and nothing gives it."""


class Rotation:
    """Reads secrets again from time to time, so that a process learns of a new value.

    Args:
        references: The references, by the names of their variables.
        environment: Where the values go.
        clock: Tells seconds.
    """

    def __init__(
        self,
        references: Mapping[str, str],
        environment: MutableMapping[str, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._references = references
        self._environment = environment
        self._clock = clock
        self._due = clock() + _EVERY

    def renew_if_due(self) -> None:
        """Read the secrets if it is time; one that cannot be read keeps its value."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + _EVERY
        from ferryman.core.secret_reading import read_secrets

        try:
            self._environment.update(read_secrets(self._references, self._environment))
        except FerrymanError as error:
            _log.warning("%s; the value it had stays (%s)", error.message, error.cause)


def provide_settings(
    settings: Mapping[str, object], environment: MutableMapping[str, str] = os.environ
) -> Rotation | None:
    """Put an app's settings into its environment, and return what renews its secrets.

    Args:
        settings: What the build baked, by the names of the variables: a text, or a reference.
        environment: The process's. A variable that it has is not touched.

    Raises:
        SettingMissing: Neither the settings nor the environment give a variable.
        SecretUnreadable: A secret cannot be read.
    """
    asked: dict[str, str] = {}
    missing = []
    for name, given in settings.items():
        if name in environment:
            continue
        if isinstance(given, str):
            environment[name] = given
        elif isinstance(given, Mapping) and isinstance(given.get("secret"), str):
            asked[name] = given["secret"]
        else:
            missing.append(name)
    if missing:
        raise SettingMissing(
            f"the app needs {', '.join(sorted(missing))}, and nothing gives it",
            hint="set it in the environment of the process, or in [tool.ferryman.settings] of "
            "the overlay that is built",
        )
    if not asked:
        return None
    from ferryman.core.secret_reading import read_secrets  # few apps have secrets

    environment.update(read_secrets(asked, environment))
    return Rotation(asked, environment)
