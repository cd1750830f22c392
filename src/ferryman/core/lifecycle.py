"""The life of the application: started once, stopped once, on one event loop.

Every target starts the app through here, so that `on_startup`, `cleanup_ctx` and
`on_cleanup` mean the same everywhere, and a failure to start reads the same.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from aiohttp import web

from ferryman.core.errors import AppError
from ferryman.core.loader import INTERRUPTIONS, AppReference, AppSource, load_app
from ferryman.core.tracebacks import user_traceback

__all__ = ("AppStartFailed", "start_app", "start_failure")


class AppStartFailed(AppError):
    """The application was loaded, and raised while it started up."""


async def start_app(
    source: AppSource | AppReference | str, *, shutdown_timeout: float, **settings: Any
) -> web.AppRunner:
    """Load the application and start it; `await runner.cleanup()` stops it.

    The access log is the target's own affair, so the runner has none unless it is set.

    Args:
        source: The application, its factory, or its reference.
        shutdown_timeout: Seconds that requests in flight are given when it is stopped.
        **settings: Others of aiohttp's runner.

    Raises:
        AppError: The application could not be loaded, or failed to start. What had
            been started of it has been cleaned up.
    """
    settings = {"access_log": None, "shutdown_timeout": shutdown_timeout} | settings
    runner = web.AppRunner(await load_app(source), **settings)
    try:
        await runner.setup()
    except BaseException as error:
        await _clean_up(runner)
        if isinstance(error, INTERRUPTIONS):
            raise
        raise start_failure(error) from error
    return runner


def start_failure(error: BaseException) -> AppStartFailed:
    """Return the error that says an application raised while it started up."""
    return AppStartFailed(
        f"the application raised {type(error).__name__} while it started up",
        cause=user_traceback(error),
        hint="look at its on_startup handlers and cleanup_ctx generators",
    )


async def _clean_up(runner: web.AppRunner) -> None:
    # What a cleanup_ctx generator raises now would only hide why the start failed.
    with suppress(Exception):
        await runner.cleanup()
