"""Puts the settings that the app needs into its environment, before the app is imported.

The build writes `[tool.ferryman.settings]` into the artifact; of a secret it writes only the
reference. Variables that the platform has already set keep their values.
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
    """The app needs a setting that neither the artifact nor the environment has."""


class Rotation:
    """Reads secrets again from time to time, so that a running process gets rotated values.

    Args:
        references: The references, by the names of their variables.
        environment: The mapping to write the values into.
        clock: Returns a time in seconds.
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
        """Read the secrets again if they are due; one that cannot be read keeps its old value."""
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
    """Put an app's settings into its environment, and return the rotation of its secrets.

    Args:
        settings: The settings of the artifact, by variable name: a text, or a reference to a
            secret.
        environment: The process's environment. Variables that are set in it are not changed.

    Raises:
        SettingMissing: A variable is in neither the settings nor the environment.
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
