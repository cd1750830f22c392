"""Starts the application once and stops it once, on one event loop.

Every target starts the app through here, so that `on_startup`, `cleanup_ctx` and
`on_cleanup` mean the same everywhere, and a failure to start reads the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from ferryman.core.errors import AppError
from ferryman.core.loader import (
    INTERRUPTIONS,
    AppReference,
    AppSource,
    load_app,
    missing_package_hint,
)
from ferryman.core.tracebacks import user_traceback

__all__ = ("AppStartFailed", "run_within", "start_app", "start_failure")

# A cleanup that goes on after it is cancelled is cancelled again: if several parts of it hang,
# each cancellation ends one.
_CANCELS = 5
_BETWEEN_CANCELS = 0.1

# Their loggers report errors of requests and of the process.
_HEARD = ("aiohttp", "ferryman", "gunicorn")

_log = logging.getLogger("ferryman.lifecycle")


class AppStartFailed(AppError):
    """The application was loaded, but raised while it started up."""


async def start_app(
    source: AppSource | AppReference | str,
    *,
    shutdown_timeout: float,
    prepare: Callable[[web.Application], None] | None = None,
    **settings: Any,
) -> web.AppRunner:
    """Load the application and start it; `await runner.cleanup()` stops it.

    The target writes the access log, so aiohttp's runner writes none by default.

    Args:
        source: The application, its factory, or its reference.
        shutdown_timeout: Seconds that requests in flight get when the app stops.
        prepare: Changes the application before it starts.
        **settings: Further settings of aiohttp's runner.

    Raises:
        AppError: The application could not be loaded, or failed to start. Its started parts have
            been cleaned up.
    """
    settings = {"access_log": None, "shutdown_timeout": shutdown_timeout} | settings
    app = await load_app(source)
    if prepare is not None:
        prepare(app)
    runner = web.AppRunner(app, **settings)
    try:
        await runner.setup()
    except BaseException as error:
        await _clean_up(runner)
        if isinstance(error, INTERRUPTIONS):
            raise
        raise start_failure(error) from error
    _speak_again()
    return runner


def start_failure(error: BaseException) -> AppStartFailed:
    """Return the error for an application that raised while it started up."""
    return AppStartFailed(
        f"the application raised {type(error).__name__} while it started up",
        cause=user_traceback(error),
        hint=missing_package_hint(error)
        or "look at its on_startup handlers and cleanup_ctx generators",
    )


async def run_within(
    what: str, work: Awaitable[object], seconds: float, hurry: asyncio.Event | None = None
) -> None:
    """Run one step of the app's cleanup; a failure or a timeout is logged, not raised.

    Args:
        what: The step's name, for the log.
        work: What to run.
        seconds: The time after which the step is cancelled.
        hurry: An event; when it is set, the step is cancelled at once.
    """
    task = asyncio.ensure_future(work)
    hurried = asyncio.ensure_future((hurry or asyncio.Event()).wait())
    await asyncio.wait((task, hurried), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    late = not task.done()
    for _ in range(_CANCELS):
        if not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=_BETWEEN_CANCELS)
    if not task.done():
        _log.error("%s goes on although it was cancelled, and is left behind", what)
        return
    try:
        await task
    except INTERRUPTIONS as error:
        _log.error("%s was cut short after %g s:\n%s", what, seconds, user_traceback(error))
    except Exception as error:
        after = f", cut short after {seconds:g} s" if late else ""
        _log.error("%s failed%s:\n%s", what, after, user_traceback(error))


def _speak_again() -> None:
    """Enable the loggers that the app disabled by mistake.

    `logging.config.dictConfig` disables every existing logger that it does not name, those that
    report errors in requests too, unless `disable_existing_loggers` is false.
    """
    known = logging.root.manager.loggerDict
    for library in _HEARD:
        loggers = [
            logger
            for name, logger in known.items()
            if name.partition(".")[0] == library and isinstance(logger, logging.Logger)
        ]
        # An app that disables only one of them does so on purpose.
        if all(logger.disabled for logger in loggers):
            for logger in loggers:
                logger.disabled = False


async def _clean_up(runner: web.AppRunner) -> None:
    # An error of a cleanup_ctx generator would hide why the start failed.
    with suppress(Exception):
        await runner.cleanup()
