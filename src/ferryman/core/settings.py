"""The settings that a build writes into an artifact and the runtime reads.

The build resolves the project's settings. The runtime reads those it needs from a small JSON file
beside the packages, with the standard library only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ferryman.core.errors import ConfigError

__all__ = ("SETTINGS_FILE", "SETTINGS_VARIABLE", "RuntimeSettings", "load_settings")

SETTINGS_FILE = "ferryman.json"
SETTINGS_VARIABLE = "FERRYMAN_SETTINGS"
"""The environment variable that names the settings file of a run outside an artifact."""

_FORMAT = 1
_KINDS = {"app": str, "name": str, "version": str, "target": str, "options": dict}


class RuntimeSettings(NamedTuple):
    """The settings of a runtime.

    Attributes:
        app: The app reference, `module:attribute`.
        name: The project's name.
        version: The project's version.
        target: The target it was built for.
        options: The target's own settings, as plain JSON values.
        settings: The variables of the app's environment: texts, and references to secrets.
    """

    app: str
    name: str
    version: str
    target: str
    options: Mapping[str, object] = MappingProxyType({})
    settings: Mapping[str, object] = MappingProxyType({})

    def to_json(self) -> str:
        """Return the text of the settings file; equal settings give equal text."""
        values = self._asdict() | {
            "format": _FORMAT,
            "options": dict(self.options),
            "settings": dict(self.settings),
        }
        return json.dumps(values, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, source: str) -> RuntimeSettings:
        """Read a settings file's text.

        Args:
            text: What the file holds.
            source: The file's name, for the error.

        Raises:
            ConfigError: The text is not a settings file of this format.
        """
        try:
            values = json.loads(text)
            if not isinstance(values, dict) or values.pop("format", None) != _FORMAT:
                raise ValueError("it was written by another version of ferryman")
            for key, kind in _KINDS.items():
                if not isinstance(values.get(key), kind):
                    raise ValueError(f"'{key}' is missing or of the wrong type")
            return cls(**values)
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"{source} is not a settings file that this ferryman can read",
                cause=str(error),
                hint="build the artifact again with the ferryman that runs it",
            ) from error


def load_settings() -> RuntimeSettings:
    """Read the settings of the artifact that this code runs from.

    The file lies beside the `ferryman` package; the variable `FERRYMAN_SETTINGS` names
    another.

    Raises:
        ConfigError: The settings file is missing, or cannot be read.
    """
    # Without pathlib, whose import takes up to a millisecond of a cold start.
    home = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120
    path = os.environ.get(SETTINGS_VARIABLE) or f"{home}/{SETTINGS_FILE}"
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            text = file.read()
    except OSError as error:
        raise ConfigError(
            f"there are no settings at {path}",
            cause=error.strerror,
            hint="start the app from an artifact that `ferryman build` made, "
            f"or name its settings file in {SETTINGS_VARIABLE}",
        ) from error
    return RuntimeSettings.from_json(text, path)
