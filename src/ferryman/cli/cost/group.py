"""Several flags as one decorator, so that a command can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ("group",)

Function = TypeVar("Function", bound=Callable[..., Any])


def group(*decorators: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Return a decorator that adds flags in the order in which they are written."""

    def decorate(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate
