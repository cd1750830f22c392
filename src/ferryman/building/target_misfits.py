"""Finds what an app does that its target does not carry, in the process that tries the app.

It hears what a start opens and connects to, looks through the app's modules for clients that were
made at import, and reads the code that routes lead to. It imports the standard library alone: an
artifact's own interpreter runs it. What it says are notes; none of it fails a build.
"""

from __future__ import annotations

import ast
import os
import sys
import tempfile
import warnings
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

__all__ = ("Heard", "clients_made", "invalid_files", "unfit_handlers")

# Packages whose clients, pools and sessions belong to an event loop, or to a connection.
_CLIENTS = frozenset(
    {
        *("aioboto3", "aiobotocore", "aiokafka", "aiomysql", "aiopg", "aio_pika", "asyncmy"),
        *("asyncpg", "coredis", "motor", "nats", "psycopg", "psycopg_pool", "redis", "valkey"),
    }
)
_WORDS = ("Client", "Connection", "Pool", "Producer", "Consumer", "Redis", "Sentinel", "Session")

# How a file is opened to be written: "open", in the documentation of Python.
_MODES = frozenset("rwxabt+")
_WRITERS = frozenset({"write_bytes", "write_text"})
_MAKERS = frozenset({"makedirs", "mkdir"})
_TEMPORARY = frozenset(
    {
        *("NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile"),
        *("gettempdir", "mkdtemp", "mkstemp"),
    }
)

# Nothing that is worth a word: devices, and what the system says of processes.
_SYSTEM = ("/dev/", "/proc/", "/sys/")

_STEPS = 200
"""How many functions are read from one handler on: an app is not read whole."""


class Heard:
    """What the app writes and connects to before it serves, as it is heard from now on.

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
        """Note connections, too, until the block ends."""
        self._importing = True
        try:
            yield
        finally:
            self._importing = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What was heard, in words."""
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
            # Not resolved: that would open it, and be heard.
            whole = os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))  # noqa: PTH109, PTH118
            below = whole.startswith(f"{self._directory}{os.sep}")
            if below or not whole.startswith(self._allowed):
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
    """Yield, in words, each client or pool that a module of the app made as it was imported.

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
                of_aiohttp = (top, kind.__name__) == ("aiohttp", "ClientSession")
                if of_aiohttp or (top in _CLIENTS and kind.__name__.endswith(_WORDS)):
                    place = os.path.relpath(path, directory)
                    yield (
                        f"{place} makes a {kind.__name__} of {top} as it is imported ({holder}): "
                        "make it in cleanup_ctx, on the event loop that serves"
                    )


def _held(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield what a module holds by name, and what its own objects and mappings hold."""
    for name, value in list(vars(module).items()):
        yield name, value
        kind = type(value)  # a proxy is not asked: it may answer for what it stands for
        if kind is dict and name != "__builtins__":
            yield from ((f"{name}[{key!r}]", one) for key, one in list(value.items()))
        elif any(each.__module__ == "aiohttp.web_app" for each in kind.__mro__):
            yield from ((f"{name}[{key!r}]", value[key]) for key in value)
        elif kind.__module__ == module.__name__ and "__dict__" in dir(kind):
            yield from ((f"{name}.{key}", one) for key, one in list(vars(value).items()))


def unfit_handlers(app: Any, directory: str, offered: Any) -> Iterator[str]:
    """Yield, in words, what the handlers of routes do that the target does not carry.

    Args:
        app: The application, with the subapplications in it.
        directory: The app's directory.
        offered: The target's capabilities.
    """
    told = set[object]()
    for route in app.router.routes():
        reached = [*_reached(route.handler, directory)]
        opening = [one for one in reached if "WebSocketResponse" in {*_names(one.__code__)}]
        if opening and not offered.websockets:
            path = route.resource.canonical if route.resource else "a route"
            place = _place(opening[0].__code__, directory)
            if (path, place) not in told:
                told.add((path, place))
                yield f"{path} opens a WebSocket ({place}), and {offered.target} carries none"
        for function in reached if offered.writable else ():
            for node in _writes(function, offered.writable):
                place = f"{os.path.relpath(function.__code__.co_filename, directory)}:{node.lineno}"
                if place not in told:
                    told.add(place)
                    yield f"{place} writes to the disk in a handler: {_only(offered.writable)}"


def _place(code: CodeType, directory: str) -> str:
    return f"{os.path.relpath(code.co_filename, directory)}:{code.co_firstlineno}"


def _reached(handler: object, directory: str) -> Iterator[FunctionType]:
    """Yield the functions of the app that a handler leads to, itself the first."""
    waiting, seen = [*_functions(handler)], set[CodeType]()
    while waiting and len(seen) < _STEPS:
        function, owner = waiting.pop(0)
        code = function.__code__
        if code in seen or not code.co_filename.startswith(directory + os.sep):
            continue
        seen.add(code)
        yield function
        names = {*_names(code)}
        called = [function.__globals__.get(name) for name in names]
        called += [vars(one).get(name) for one in called[:] if _is_module(one) for name in names]
        waiting += [pair for one in called for pair in _functions(one, names)]
        waiting += _methods(owner, names)


def _is_module(value: object) -> bool:
    return isinstance(value, ModuleType)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _functions(
    value: object, names: Container[str] | None = None
) -> Iterator[tuple[FunctionType, type | None]]:
    """Yield the functions that a value is, wraps, or has as methods, with their classes.

    Args:
        value: A handler, or what one names.
        names: The methods that are asked for of a class; all of them by default.
    """
    kind = type(value)
    if isinstance(value, MethodType):
        owner = value.__self__ if isinstance(value.__self__, type) else type(value.__self__)
        yield from ((one, owner) for one, _ in _functions(value.__func__))
    elif kind is partial:
        yield from _functions(value.func)  # type: ignore[attr-defined]
    elif isinstance(value, FunctionType):
        yield value, None
        for cell in value.__closure__ or ():  # a decorator keeps there what it wraps
            with suppress(ValueError):  # it is not bound yet
                if isinstance(cell.cell_contents, (FunctionType, MethodType)):
                    yield from _functions(cell.cell_contents)
    elif issubclass(kind, type):
        yield from _methods(value, names)  # type: ignore[arg-type]


def _methods(
    owner: type | None, names: Container[str] | None
) -> Iterator[tuple[FunctionType, type]]:
    for each in owner.__mro__ if owner else ():
        for name, one in vars(each).items():
            if isinstance(one, FunctionType) and (names is None or name in names):
                yield one, each


def _writes(function: FunctionType, writable: str) -> Iterator[ast.Call]:
    """Yield the calls that write to a file which nothing says is in the writable directory."""
    node = _sources(function.__code__.co_filename).get(function.__code__.co_firstlineno)
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)] if node else []
    if any(_name(one.func) in _TEMPORARY for one in calls):
        return
    for call in calls:
        if _is_writing(call) and not _is_within(call, function.__globals__, writable):
            yield call


@cache
def _sources(path: str) -> dict[int, ast.AST]:
    """Return the functions of a file by their first lines, as code objects count them."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    functions = (
        one for one in ast.walk(tree) if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    return {min([one.lineno, *(d.lineno for d in one.decorator_list)]): one for one in functions}


def _is_writing(call: ast.Call) -> bool:
    name = _name(call.func)
    if name in _WRITERS or (name in _MAKERS and isinstance(call.func, ast.Attribute)):
        return True
    modes = [*call.args[:2], *(word.value for word in call.keywords if word.arg == "mode")]
    return name == "open" and any(
        isinstance(one, ast.Constant) and isinstance(one.value, str) and _is_mode(one.value)
        for one in (modes if isinstance(call.func, ast.Attribute) else modes[1:])
    )


def _is_mode(text: str) -> bool:
    return 0 < len(text) <= 3 and {*text} <= _MODES and bool({*text} & {*"wxa+"})


def _is_within(call: ast.Call, names: dict[str, Any], writable: str) -> bool:
    """Return whether a path that the call names begins with the writable directory."""
    for node in ast.walk(call):
        value = names.get(node.id) if isinstance(node, ast.Name) else None
        value = node.value if isinstance(node, ast.Constant) else value
        if isinstance(value, (str, os.PathLike)) and os.fspath(value).startswith(writable):
            return True
    return False


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def invalid_files(directory: Path) -> tuple[str, ...]:
    """Return, in words, the Python files below a directory that this Python cannot parse."""
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
