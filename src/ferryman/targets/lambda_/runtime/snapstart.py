"""Gets an environment ready for SnapStart's snapshot, and to work again after it.

Lambda's client calls what is registered with `snapshot_restore_py`: it must be sync, so
that the app's own hooks, which need not be, run on the environment's loop from here.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
from functools import partial

from snapshot_restore_py import (  # type: ignore[import-untyped]
    register_after_restore,
    register_before_snapshot,
)

from ferryman.core.errors import AppError
from ferryman.core.snapshot import prepare_for_snapshot, resume_from_snapshot
from ferryman.targets.lambda_.runtime.execution_environment import Environment
from ferryman.targets.lambda_.runtime.messages import HttpRequest

__all__ = ("prepare", "register", "resume")

_log = logging.getLogger(__name__)

# Lambda gives up a restore after 10 seconds ("Lambda SnapStart runtime hooks", in the AWS
# Lambda developer guide); a hook that is ended earlier is told why.
_RESTORE_LIMIT = 9.0

# How long the request may take that warms the app. No client waits for it.
_WARM_LIMIT = 10.0


def register(environment: Environment) -> None:
    """Have Lambda's client call `prepare` and `resume` around the snapshot.

    Must be called in the init phase.
    """
    register_before_snapshot(partial(prepare, environment))
    register_after_restore(partial(resume, environment))


def prepare(environment: Environment) -> None:
    """Warm the started app, run its hooks, and close what would not live through it.

    Raises:
        SnapshotHookFailed: A hook raised, or a resource while it was closed.
    """
    if environment.options.warm_path:
        _warm(environment, environment.options.warm_path)
    environment.loop.run_until_complete(prepare_for_snapshot())


def resume(environment: Environment) -> None:
    """Make random numbers differ again, open what was closed, and run the app's hooks.

    Raises:
        SnapshotHookFailed: A hook raised, or a resource while it was opened.
        AppError: They took too long.
    """
    _reseed()
    environment.loop.run_until_complete(_resume_in_time())


def _reseed() -> None:
    """Give what all environments would draw alike a seed of its own: of Python, and of numpy."""
    random.seed()
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed()


async def _resume_in_time() -> None:
    try:
        await asyncio.wait_for(resume_from_snapshot(), _RESTORE_LIMIT)
    except TimeoutError:
        raise AppError(
            f"the app was not ready {_RESTORE_LIMIT:g} s after it began from the snapshot",
            cause="Lambda gives up after 10",
            hint="do less in after_restore hooks and in reopened resources, or leave it to "
            "the first request",
        ) from None


def _warm(environment: Environment, path: str) -> None:
    """Have the app answer a request, so that the snapshot holds what that loads."""
    request = HttpRequest("GET", path, (("Host", "localhost"),), b"", "https", None)
    try:
        response = environment.ask(request, _WARM_LIMIT)
    except (asyncio.CancelledError, Exception) as error:
        _log.warning("the request for %s before the snapshot failed: %r", path, error)
    else:
        if response.status >= 400:
            _log.warning(
                "%s answered %d before the snapshot; set warm_path to what the app answers, "
                "or to nothing",
                path,
                response.status,
            )
    environment.finish_tasks()
