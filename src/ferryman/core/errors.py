"""The errors ferryman raises: what happened, why, and how to put it right.

It imports nothing but the standard library, because every artifact ships it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

__all__ = (
    "ENDINGS",
    "AppError",
    "BuildError",
    "ConfigError",
    "FerrymanError",
    "MalformedEvent",
    "UnknownEvent",
    "reason_of",
)


ENDINGS = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""Exceptions that end the process or the coroutine; never turn one into a response."""


class FerrymanError(Exception):
    """An operation of ferryman failed; says why, and how to fix it.

    Args:
        message: What happened, in one sentence, naming the file and key if there is one.
        cause: Why it happened, if more is known.
        hint: What to do about it.
    """

    exit_code = 1
    """The exit status of a command that ends with this error."""

    def __init__(self, message: str, *, cause: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, with cause and hint on lines of their own."""
        lines = [self.message]
        if self.cause:
            lines.append(f"cause: {self.cause}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, str | None]:
        """Return the error as data: its code, message, cause and hint."""
        return {
            "code": type(self).__name__,
            "message": self.message,
            "cause": self.cause,
            "hint": self.hint,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FerrymanError:
        """Return the error that `as_dict` described, in this process or another.

        A code that no loaded class has gives an error of this class.
        """
        known = {each.__name__: each for each in _subclasses(cls)}
        kind = known.get(data["code"], cls)
        return kind(data["message"], cause=data["cause"], hint=data["hint"])


def _subclasses(kind: type[FerrymanError]) -> Iterator[type[FerrymanError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


class ConfigError(FerrymanError):
    """A setting, a flag or an input file is wrong; nothing was started."""

    exit_code = 2


class BuildError(FerrymanError):
    """An artifact could not be built; no partial one is left."""


class AppError(FerrymanError):
    """The user's application could not be loaded or failed to start."""

    exit_code = 3


class UnknownEvent(FerrymanError):
    """An event of an unknown kind, or of one for which the application has no handler."""


class MalformedEvent(FerrymanError):
    """An event of a known kind with a missing or invalid part."""


def reason_of(error: Exception) -> str:
    """Return the reason of a Python exception in words: without the errno, or a bare key."""
    if isinstance(error, KeyError):
        return f"it has no key {error}"
    return getattr(error, "strerror", None) or str(error)
