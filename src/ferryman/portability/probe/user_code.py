"""Distinguishes the user's code from packages, and finds the line of it that is running."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from ferryman.portability.finding import Place

__all__ = ("UserCode", "callables", "code_of")

_FOREIGN_PARTS = {"site-packages", "dist-packages", ".venv", "venv", "node_modules", ".tox", ".nox"}
_MAKES_TASKS = {"create_task", "ensure_future", "_ensure_future", "gather"}
_IMPORTING = "<frozen importlib"
_ASYNCIO = str(Path(asyncio.__file__).parent) + os.sep


class UserCode:
    """The code in the project's directory, without the packages installed there.

    Args:
        root: The project's directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._start = f"{self._root}{os.sep}"
        self._owned: dict[str, bool] = {}

    def owns(self, file: str) -> bool:
        """Return whether a file is the user's."""
        known = self._owned.get(file)
        if known is None:
            path = os.path.realpath(file) if file[:1] != "<" else file
            inside = path.startswith(self._start)
            parts = Path(path).relative_to(self._root).parts if inside else ()
            installed = path.startswith(f"{sys.prefix}{os.sep}") and sys.prefix != sys.base_prefix
            known = inside and not installed and _FOREIGN_PARTS.isdisjoint(parts)
            self._owned[file] = known
        return known

    def place(self, code: CodeType, line: int | None = None) -> Place | None:
        """Return the place of a function, or of a line in it, if it is the user's."""
        if not self.owns(code.co_filename):
            return None
        path = Path(os.path.realpath(code.co_filename))
        return Place(path.relative_to(self._root).as_posix(), line or code.co_firstlineno)

    def nearest(self, frame: FrameType | None) -> Place | None:
        """Return the innermost line of the user's code on the stack.

        It returns None if that line only imports a package.
        """
        while frame is not None:
            code = frame.f_code
            if self.owns(code.co_filename):
                return self.place(code, frame.f_lineno)
            if code.co_filename.startswith(_IMPORTING):
                return None
            frame = frame.f_back
        return None

    def caller(self, frame: FrameType | None) -> Place | None:
        """Return the line of the user's code that asked asyncio directly to create a task."""
        while frame and frame.f_code.co_filename.startswith(_ASYNCIO):
            if frame.f_code.co_name not in _MAKES_TASKS:
                return None  # asyncio created the task for a wait, and the task ends with it
            frame = frame.f_back
        return self.place(frame.f_code, frame.f_lineno) if frame else None

    def modules(self) -> dict[str, ModuleType]:
        """Return the user's loaded modules, by name."""
        return {
            name: module
            for name, module in list(sys.modules.items())
            if isinstance(file := getattr(module, "__file__", None), str) and self.owns(file)
        }


def code_of(value: object) -> CodeType | None:
    """Return the code of a function, a method, a partial or a coroutine."""
    while isinstance(value, functools.partial):
        value = value.func
    value = getattr(value, "__func__", value)
    for name in ("__code__", "cr_code", "ag_code", "gi_code"):
        code = getattr(value, name, None)
        if isinstance(code, CodeType):
            return code
    return None


def callables(value: Any) -> Iterator[Callable[..., Any]]:
    """Yield a function and the functions that it wraps, the outermost first.

    It follows partials, decorators, closures and callable objects, at most 50 of them.
    """
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop(0)
        if id(item) in seen or len(seen) > 50:
            continue
        seen.add(id(item))
        if isinstance(item, functools.partial):
            waiting.append(item.func)
            continue
        wrapped = getattr(item, "__wrapped__", None)
        waiting += [wrapped] if wrapped is not None else []
        function = getattr(item, "__func__", item)
        if isinstance(function, FunctionType):
            yield item
            for cell in function.__closure__ or ():
                try:
                    inner = cell.cell_contents
                except ValueError:  # a variable that is not assigned yet
                    continue
                if callable(inner) and code_of(inner) is not None:
                    waiting.append(inner)
        elif callable(item) and not isinstance(item, type):
            waiting.append(vars(type(item)).get("__call__"))
