"""Remembers the results of a function, for calls with few different values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ("Remembered",)

_MOST = 4096

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


class Remembered(dict[_Argument, _Result]):
    """The results of a function by its argument; a look-up is faster than a call.

    Args:
        function: The function. Its results for the first 4,096 arguments are kept.
    """

    def __init__(self, function: Callable[[_Argument], _Result]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, argument: _Argument) -> _Result:
        """Call the function."""
        result = self._function(argument)
        if len(self) < _MOST:
            self[argument] = result
        return result
