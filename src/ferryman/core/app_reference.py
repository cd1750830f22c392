"""The reference of the application, and the errors that it can lead to.

It loads nothing, neither the app nor aiohttp: the build side asks it as well.
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
    """The module was imported and has no such attribute."""


class AppWrongType(AppError):
    """The reference leads to an object that is neither an application nor a factory of one."""


class AppFactoryFailed(AppError):
    """The factory that should make the application raised."""


class AppReference(NamedTuple):
    """Where the application is: a module, and an attribute in it."""

    module: str
    attribute: str

    @classmethod
    def parse(cls, text: str) -> AppReference:
        """Read `module:attribute`.

        Raises:
            ConfigError: The text has another form.
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
        """Return the reference as it is written."""
        return f"{self.module}:{self.attribute}"
