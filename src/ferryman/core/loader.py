"""Finds the user's application from its reference, `module:attribute`.

Each way a reference can fail is an error of its own, because each has another cure:
a module that is not there, a module that raises, an attribute that is not there,
something that is no application, a factory that raises.
"""

from __future__ import annotations

import importlib
import inspect
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

from ferryman.core.app_reference import (
    AppAttributeMissing,
    AppFactoryFailed,
    AppModuleBroken,
    AppModuleMissing,
    AppReference,
    AppWrongType,
)
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
    "load_app",
    "load_source",
)

AppFactory: TypeAlias = Callable[[], web.Application | Awaitable[web.Application]]
AppSource: TypeAlias = web.Application | AppFactory

INTERRUPTIONS = (CancelledError, GeneratorExit, KeyboardInterrupt)
"""What the app is ended by, and does not fail with.

All else is its failure: `SystemExit`, and a panic of an extension written in Rust, which is no
`Exception` either.
"""

_MEND = "import the module by hand and mend it"


def load_source(reference: AppReference) -> AppSource:
    """Import the module and return the application or the factory it names.

    Raises:
        AppModuleMissing, AppModuleBroken, AppAttributeMissing, AppWrongType: see each.
    """
    value: object = _import_module(reference)
    walked = f"the module {reference.module}"
    for name in reference.attribute.split("."):
        value = _attribute(reference, walked, value, name)
        walked = f"'{name}' in {walked}"
    return _checked(str(reference), value)


async def load_app(source: AppSource | AppReference | str) -> web.Application:
    """Return the application, calling and awaiting its factory if it has one.

    Args:
        source: A reference, an application, or a factory of one, sync or async.

    Raises:
        AppError: One of the five of this module.
        ConfigError: The reference is not of the form `module:attribute`.
    """
    if isinstance(source, str):
        source = AppReference.parse(source)
    if isinstance(source, AppReference):
        name, source = str(source), load_source(source)
    else:
        name = getattr(source, "__qualname__", repr(source))
        source = _checked(name, source)
    if isinstance(source, web.Application):
        return source
    made = await _call_factory(name, source)
    if not isinstance(made, web.Application):
        raise AppWrongType(
            f"the factory {name} returned {_describe(made)}, not an aiohttp application",
            hint="return the web.Application that it builds",
        )
    return made


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
        raise _broken(reference, error, _MEND) from error


def _missing_import_hint(reference: AppReference, error: ModuleNotFoundError) -> str:
    top = (error.name or "").partition(".")[0]
    own = top == reference.module.partition(".")[0]
    return (
        _MEND
        if own or not top
        else (f"{top} is not installed here: add it to the project's dependencies, or install them")
    )


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
        from difflib import get_close_matches  # seldom needed, and not cheap

        close = get_close_matches(name, [n for n in dir(holder) if not n.startswith("__")], n=1)
        raise AppAttributeMissing(
            f"{walked} has no attribute '{name}'",
            hint=f"did you mean '{close[0]}'?" if close else "name the application in it",
        ) from None
    except Exception as error:  # a module's __getattr__ that imports as it is asked
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


async def _call_factory(name: str, factory: AppFactory) -> object:
    try:
        made = factory()
        return await made if inspect.isawaitable(made) else made
    except INTERRUPTIONS:
        raise
    except BaseException as error:
        raise AppFactoryFailed(
            f"the factory {name} raised {type(error).__name__}",
            cause=user_traceback(error),
            hint="it is called without arguments; call it by hand and mend it",
        ) from error


def _describe(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else f"of type {type(value).__name__}"
