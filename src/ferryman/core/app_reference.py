"""The reference to the application, and the errors that resolving it can raise.

This module imports neither the app nor aiohttp, because the build side uses it too.
"""

from __future__ import annotations

from typing import NamedTuple

from ferryman.core.errors import AppError, ConfigError

__all__ = (
    "AppAttributeMissing",
    "AppFactoryFailed",
    "AppModuleBroken",
    "AppModuleMissing",
    "AppReference",
    "AppWrongType",
)


class AppModuleMissing(AppError):
    """The module of an app reference, or a package above it, does not exist."""


class AppModuleBroken(AppError):
    """The module of an app reference raised while it was imported."""


class AppAttributeMissing(AppError):
    """The app reference names an attribute that the module does not have."""


class AppWrongType(AppError):
    """The app reference names an object that is neither an application nor a factory of one."""


class AppFactoryFailed(AppError):
    """The application's factory raised."""


class AppReference(NamedTuple):
    """A reference to the application: a module, and an attribute in it."""

    module: str
    attribute: str

    @classmethod
    def parse(cls, text: str) -> AppReference:
        """Read `module:attribute`.

        Raises:
            ConfigError: The text is not of the form `module:attribute`.
        """
        module, colon, attribute = text.partition(":")
        names = [*module.split("."), *attribute.split(".")]
        if not colon or not all(name.isidentifier() for name in names):
            raise ConfigError(
                f"'{text}' is not an app reference",
                cause="a reference is module:attribute, such as shop.app:create_app",
                hint="set app in [tool.ferryman] of pyproject.toml, or pass --app",
            )
        return cls(module, attribute)

    def __str__(self) -> str:
        """Return the reference as `module:attribute`."""
        return f"{self.module}:{self.attribute}"
