"""Remembers what a function returned, where most calls are about a few values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ("Remembered",)

_MOST = 4096

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


class Remembered(dict[_Given, _Found]):
    """What a function returns, by what it is given; a look-up costs less than a call.

    Args:
        find: The function. What it returns for the first few thousand values is kept.
    """

    def __init__(self, find: Callable[[_Given], _Found]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, given: _Given) -> _Found:
        """Call the function."""
        found = self._find(given)
        if len(self) < _MOST:
            self[given] = found
        return found
