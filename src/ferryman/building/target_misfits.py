"""Finds actions of an app that its target does not support, in the process that tries the app.

It watches the files and connections that a start opens, and looks in the app's modules for clients
made at import. It imports only the standard library, because an artifact's own interpreter runs it.
Its findings are notes that never fail a build. `portability` reads the code of handlers.
"""

from __future__ import annotations

import ast
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ("Heard", "clients_made", "invalid_files", "is_client")

# Packages whose clients, pools and sessions belong to an event loop, or to a connection.
_CLIENTS = frozenset(
    {
        *("aioboto3", "aiobotocore", "aiokafka", "aiomysql", "aiopg", "aio_pika", "asyncmy"),
        *("asyncpg", "coredis", "motor", "nats", "psycopg", "psycopg_pool", "redis", "valkey"),
    }
)
_WORDS = ("Client", "Connection", "Pool", "Producer", "Consumer", "Redis", "Sentinel", "Session")

# Paths not worth a note: devices, and the system's data on processes.
_SYSTEM = ("/dev/", "/proc/", "/sys/")


class Heard:
    """Records the app's writes and connections before it serves, from construction on.

    Args:
        directory: The app's directory.
        writable: The only writable directory; None if all are.
    """

    def __init__(self, directory: str, writable: str | None) -> None:
        self._importing = False
        self._notes: dict[str, None] = {}
        self._directory = directory
        allowed = (writable, tempfile.gettempdir()) if writable else ()
        self._allowed = (*map(os.path.realpath, allowed), *_SYSTEM)
        self._bound = writable
        sys.addaudithook(self._hear)

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Record connections too, in the block."""
        self._importing = True
        try:
            yield
        finally:
            self._importing = False

    @property
    def notes(self) -> tuple[str, ...]:
        """The findings, in words."""
        return tuple(self._notes)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and self._bound:
            path, _, flags = arguments
            if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
                self._hear_write(path)
        elif event == "os.mkdir" and self._bound:
            self._hear_write(arguments[0])
        elif event == "socket.connect" and self._importing:
            self._hear_connect(arguments[1])

    def _hear_write(self, path: object) -> None:
        if isinstance(path, (str, bytes, os.PathLike)):
            # Not resolved: that would open the path, and be recorded.
            whole = os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))  # noqa: PTH109, PTH118
            below = whole.startswith(f"{self._directory}{os.sep}")
            # Python writes bytecode here; an artifact has it already.
            own = "__pycache__" not in whole
            if own and (below or not whole.startswith(self._allowed)):
                shown = os.path.relpath(whole, self._directory) if below else whole
                self._notes[f"the app's start writes {shown}: {_only(self._bound)}"] = None

    def _hear_connect(self, address: object) -> None:
        if isinstance(address, tuple):
            told = ":".join(map(str, address[:2]))
            self._notes[
                f"the app connects to {told} as it is imported: connect in on_startup or "
                "cleanup_ctx, on the event loop that serves"
            ] = None


def _only(writable: str | None) -> str:
    return f"where it runs, only {writable} can be written to, and does not last"


def clients_made(directory: str) -> Iterator[str]:
    """Yield a note on each client or pool that a module of the app makes at import.

    Args:
        directory: The app's directory.
    """
    for name, module in sorted(sys.modules.items()):
        path = getattr(module, "__file__", None) or ""
        own = path.startswith(directory + os.sep)
        if own and name.partition(".")[0] != "ferryman":
            for holder, value in _held(module):
                kind = type(value)
                top = kind.__module__.partition(".")[0]
                if (top, kind.__name__) == ("aiohttp", "ClientSession") or is_client(kind):
                    place = os.path.relpath(path, directory)
                    yield (
                        f"{place} makes a {kind.__name__} of {top} as it is imported ({holder}): "
                        "make it in cleanup_ctx, on the event loop that serves"
                    )


def is_client(kind: type) -> bool:
    """Return whether a class is a package's client, pool or session, by its name only."""
    package = kind.__module__.partition(".")[0]
    return package in _CLIENTS and kind.__name__.endswith(_WORDS)


def _held(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the values in a module, and in its own objects and mappings."""
    for name, value in list(vars(module).items()):
        yield name, value
        kind = type(value)  # do not ask a proxy, which may answer for its wrapped object
        if kind is dict and name != "__builtins__":
            yield from ((f"{name}[{key!r}]", one) for key, one in list(value.items()))
        elif any(each.__module__ == "aiohttp.web_app" for each in kind.__mro__):
            yield from ((f"{name}[{key!r}]", value[key]) for key in value)
        elif kind.__module__ == module.__name__ and "__dict__" in dir(kind):
            yield from ((f"{name}.{key}", one) for key, one in list(vars(value).items()))


def invalid_files(directory: Path) -> tuple[str, ...]:
    """Return a note on each Python file below a directory that this Python cannot parse."""
    found = []
    for path in sorted(directory.rglob("*.py")):
        if path.is_relative_to(directory / "ferryman"):
            continue  # ours
        try:
            with warnings.catch_warnings(action="ignore"):
                ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            place = path.relative_to(directory).as_posix() + (f":{line}" if line else "")
            python = f"{sys.version_info.major}.{sys.version_info.minor}"
            reason = getattr(error, "msg", None) or str(error)
            found.append(f"{place} is not valid in Python {python}, if it is imported: {reason}")
    return tuple(found)
