"""Prepares an environment for SnapStart's snapshot, and resumes it after the restore.

Lambda's client calls the hooks that are registered with `snapshot_restore_py`, which must be sync.
They run the app's own hooks, sync or async, on the environment's loop.
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

# Lambda aborts a restore after 10 seconds ("Lambda SnapStart runtime hooks", in the AWS Lambda
# developer guide). An earlier end leaves time for a clear error.
_RESTORE_LIMIT = 9.0

# Seconds that the warm-up request may take. No client waits for it.
_WARM_LIMIT = 10.0


def register(environment: Environment) -> None:
    """Have Lambda's client call `prepare` and `resume` around the snapshot.

    Call it in the init phase.
    """
    register_before_snapshot(partial(prepare, environment))
    register_after_restore(partial(resume, environment))


def prepare(environment: Environment) -> None:
    """Warm the started app, run its hooks, and close resources that a snapshot would break.

    Raises:
        SnapshotHookFailed: A hook failed, or closing a resource failed.
    """
    if environment.options.warm_path:
        _warm(environment, environment.options.warm_path)
    environment.loop.run_until_complete(prepare_for_snapshot())


def resume(environment: Environment) -> None:
    """Reseed random numbers, reopen the closed resources, and run the app's hooks.

    Raises:
        SnapshotHookFailed: A hook failed, or opening a resource failed.
        AppError: The hooks and resources took too long.
    """
    _reseed()
    environment.loop.run_until_complete(_resume_in_time())


def _reseed() -> None:
    """Reseed Python's and numpy's generators, whose state all restored environments share."""
    random.seed()
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed()


async def _resume_in_time() -> None:
    try:
        await asyncio.wait_for(resume_from_snapshot(), _RESTORE_LIMIT)
    except TimeoutError:
        raise AppError(
            f"the app was not ready {_RESTORE_LIMIT:g} s after the restore of the snapshot",
            cause="Lambda aborts a restore after 10 s",
            hint="do less in after_restore hooks and in reopened resources, or do it in the first "
            "request",
        ) from None


def _warm(environment: Environment, path: str) -> None:
    """Send the app a request, so that the snapshot contains everything that a request loads."""
    request = HttpRequest("GET", path, (("Host", "localhost"),), b"", "https", None)
    try:
        response = environment.ask(request, _WARM_LIMIT)
    except (asyncio.CancelledError, Exception) as error:
        _log.warning("the request for %s before the snapshot failed: %r", path, error)
    else:
        if response.status >= 400:
            _log.warning(
                "the warm-up request for %s was answered with %d; set warm_path to a path that "
                'the app serves, or to ""',
                path,
                response.status,
            )
    environment.finish_tasks()
