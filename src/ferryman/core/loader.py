"""Finds the user's application from its reference, `module:attribute`.

Each way a reference can fail has its own error with its own fix: a missing module, a module that
raises, a missing attribute, an object that is not an application, a factory that raises.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from aiohttp import web

from ferryman.core.app_reference import (
    AppAttributeMissing,
    AppFactoryFailed,
    AppModuleBroken,
    AppModuleMissing,
    AppReference,
    AppWrongType,
)
from ferryman.core.errors import AppError
from ferryman.core.tracebacks import user_traceback

__all__ = (
    "INTERRUPTIONS",
    "AppAttributeMissing",
    "AppFactoryFailed",
    "AppModuleBroken",
    "AppModuleMissing",
    "AppReference",
    "AppSource",
    "AppWrongType",
    "call_source",
    "load_app",
    "load_source",
    "missing_package_hint",
    "run_with_app",
)

_Result = TypeVar("_Result")

AppFactory: TypeAlias = Callable[[], web.Application | Awaitable[web.Application]]
_AsyncFactory: TypeAlias = Callable[[], Awaitable[web.Application]]
AppSource: TypeAlias = web.Application | AppFactory

INTERRUPTIONS = (CancelledError, GeneratorExit, KeyboardInterrupt)
"""Exceptions that stop the app, as opposed to faults in it.

`SystemExit` is a fault, and so is a panic of an extension written in Rust, though neither is an
`Exception`.
"""

_MEND = "import the module by hand and fix it"


def load_source(reference: AppReference) -> AppSource:
    """Import the module and return the application or the factory it names.

    Raises:
        AppModuleMissing, AppModuleBroken, AppAttributeMissing, AppWrongType: The reference cannot
            be resolved; see each class.
    """
    value: object = _import_module(reference)
    walked = f"the module {reference.module}"
    for name in reference.attribute.split("."):
        value = _attribute(reference, walked, value, name)
        walked = f"'{name}' in {walked}"
    return _checked(str(reference), value)


def call_source(source: AppSource | AppReference | str) -> web.Application | _AsyncFactory:
    """Import the module, call the factory, and return the application or an awaitable of it.

    Call it before the event loop runs: a module or a factory may run one itself, by
    `asyncio.run` or `run_until_complete`, as it may under gunicorn.

    Args:
        source: A reference, an application, or a factory of one, sync or async.

    Raises:
        AppError: The application could not be loaded.
        ConfigError: The reference is not of the form `module:attribute`.
    """
    name, source = _named(source)
    if isinstance(source, web.Application):
        return source
    made = _call(name, source)
    return partial(_awaited, name, made) if inspect.isawaitable(made) else _made(name, made)


def run_with_app(
    source: AppSource | AppReference | str,
    work: Callable[[AppSource], Coroutine[Any, Any, _Result]],
) -> _Result:
    """Load an app and run a coroutine with it, on an event loop that is closed afterwards.

    Args:
        source: The application, its factory, or its reference.
        work: The coroutine function; it gets the result of `call_source`.

    Raises:
        BaseException: Loading the app or `work` raised it.
    """
    with asyncio.Runner() as runner:
        runner.get_loop()  # sets the current loop, which the app may ask for
        return runner.run(work(call_source(source)))


async def load_app(source: AppSource | AppReference | str) -> web.Application:
    """Return the application, calling and awaiting its factory if it has one.

    Args:
        source: A reference, an application, a factory of one, or the result of `call_source`.

    Raises:
        AppError: The application could not be loaded.
        ConfigError: The reference is not of the form `module:attribute`.
    """
    called = call_source(source)
    return called if isinstance(called, web.Application) else await called()


def _named(source: AppSource | AppReference | str) -> tuple[str, AppSource]:
    """Return a source's name for errors, and the application or the factory."""
    if isinstance(source, str):
        source = AppReference.parse(source)
    if isinstance(source, AppReference):
        return str(source), load_source(source)
    name = getattr(source, "__qualname__", repr(source))
    return name, _checked(name, source)


def _import_module(reference: AppReference) -> object:
    try:
        return importlib.import_module(reference.module)
    except ModuleNotFoundError as error:
        if error.name and f"{reference.module}.".startswith(f"{error.name}."):
            raise AppModuleMissing(
                f"there is no module '{error.name}' for the app {reference}",
                hint="check the spelling, and that the module's directory is the project's "
                "own directory or its src directory",
            ) from None
        raise _broken(reference, error, _missing_import_hint(reference, error)) from error
    except INTERRUPTIONS:
        raise
    except BaseException as error:
        raise _broken(reference, error, missing_package_hint(error) or _MEND) from error


def missing_package_hint(error: BaseException | None) -> str | None:
    """Return the hint for an error that a missing package caused, or None for other errors."""
    while isinstance(error, ImportError):
        package = (error.name or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and package and package not in sys.modules:
            return (
                f"{package} is not installed here: add it to the project's dependencies, "
                "or install them"
            )
        error = error.__cause__ or error.__context__
    return None


def _missing_import_hint(reference: AppReference, error: ModuleNotFoundError) -> str:
    top = (error.name or "").partition(".")[0]
    package, _, module = reference.module.rpartition(".")
    if not top or top == reference.module.partition(".")[0]:
        return _MEND
    if package and _lies_beside(top, package, error):
        source = package.replace(".", "/")
        return (
            f'{top} lies in {source}: set source = "{source}" in [tool.ferryman],'
            f' and app = "{module}:{reference.attribute}"'
        )
    return missing_package_hint(error) or _MEND


def _lies_beside(name: str, package: str, error: BaseException) -> bool:
    """Return whether a missing top-level module lies in the package that imports it."""
    traceback = error.__traceback__
    while traceback is not None:
        frame, traceback = traceback.tb_frame, traceback.tb_next
        if frame.f_globals.get("__package__") == package:
            place = Path(frame.f_code.co_filename).parent / name
            return place.is_dir() or place.with_suffix(".py").is_file()
    return False


def _broken(reference: AppReference, error: BaseException, hint: str) -> AppModuleBroken:
    return AppModuleBroken(
        f"the module {reference.module} raised {type(error).__name__} while it was imported",
        cause=user_traceback(error),
        hint=hint,
    )


def _attribute(reference: AppReference, walked: str, holder: object, name: str) -> object:
    try:
        return getattr(holder, name)
    except AttributeError:
        from difflib import get_close_matches  # expensive to import, and rarely needed

        close = get_close_matches(name, [n for n in dir(holder) if not n.startswith("__")], n=1)
        raise AppAttributeMissing(
            f"{walked} has no attribute '{name}'",
            hint=f"did you mean '{close[0]}'?" if close else "name the application in it",
        ) from None
    except Exception as error:  # a module's __getattr__ may import lazily, and fail
        raise _broken(reference, error, _MEND) from error


def _checked(name: str, value: object) -> AppSource:
    if isinstance(value, web.Application):
        return value
    if callable(value) and not isinstance(value, type):
        return value
    raise AppWrongType(
        f"{name} is {_describe(value)}, not an aiohttp application",
        hint="name a web.Application, or a function without parameters that returns one",
    )


def _call(name: str, factory: AppFactory) -> object:
    try:
        return factory()
    except INTERRUPTIONS:
        raise
    except BaseException as error:
        raise _failed(name, error) from error


async def _awaited(name: str, making: Awaitable[object]) -> web.Application:
    try:
        made = await making
    except (AppError, *INTERRUPTIONS):
        raise  # a factory that was called twice reports that itself
    except BaseException as error:
        raise _failed(name, error) from error
    return _made(name, made)


def _failed(name: str, error: BaseException) -> AppFactoryFailed:
    return AppFactoryFailed(
        f"the factory {name} raised {type(error).__name__}",
        cause=user_traceback(error),
        hint=missing_package_hint(error)
        or "it is called without arguments; call it by hand and fix it",
    )


def _made(name: str, made: object) -> web.Application:
    if isinstance(made, web.Application):
        return made
    raise AppWrongType(
        f"the factory {name} returned {_describe(made)}, not an aiohttp application",
        hint="return the web.Application that it builds",
    )


def _describe(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else f"of type {type(value).__name__}"
