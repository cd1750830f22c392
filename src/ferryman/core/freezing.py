"""Hooks for the moment before a platform freezes the process between two requests.

Lambda freezes processes; on other targets a hook is never called. The app registers hooks here, and
the target's runtime runs them.
"""

from __future__ import annotations

import asyncio
import logging
from inspect import isawaitable

from ferryman.core.tracebacks import user_traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Hook = TypeVar("Hook", bound=Callable[[], object])

__all__ = ("HOOKS", "before_freeze", "run_hooks")

_log = logging.getLogger(__name__)

HOOKS: list[Callable[[], object]] = []
"""The registered hooks, in order."""


def before_freeze(hook: Hook) -> Hook:
    """Register a function to call after each request, once its response is sent. A decorator.

    Use it to flush background senders: Lambda freezes a process between requests, and its threads
    with it. Hooks run one after the other once the tasks of the request have ended, and have
    `task_budget` seconds together.

    Args:
        hook: A function without parameters; it may be async. Its exceptions are logged.
    """
    HOOKS.append(hook)
    return hook


async def run_hooks(seconds: float) -> None:
    """Run all hooks; one that raises does not stop the others.

    Args:
        seconds: The time for all hooks together. A hook that never awaits cannot be cut off.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    for hook in HOOKS:
        name = getattr(hook, "__qualname__", repr(hook))
        try:
            async with asyncio.timeout_at(deadline):
                result = hook()
                if isawaitable(result):
                    await result
        except TimeoutError:
            _log.warning("the before_freeze hook %s was cut off after %g s", name, seconds)
        except Exception as error:
            _log.error("the before_freeze hook %s failed\n%s", name, user_traceback(error))
