"""Health: the app's own checks, and a process's responses to probes.

An app registers checks; a runtime reports its state. This module does not know how the response is
sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from enum import Enum

from aiohttp import web

__all__ = ("CHECK_TIMEOUT", "HEALTH_CHECKS", "HealthCheck", "Readiness", "State", "readiness")

HealthCheck = Callable[[web.Application], Awaitable[object]]
"""A coroutine function that raises if a service that the app needs is unavailable."""

HEALTH_CHECKS: web.AppKey[MutableMapping[str, HealthCheck]] = web.AppKey(
    "ferryman.health_checks",
    MutableMapping,
)
"""The app key of the checks, by name: `app[ferryman.health_checks] = {"database": ping}`."""

CHECK_TIMEOUT = 2.0
"""Seconds after which a check that has not returned counts as failed.

Shorter than the three seconds of ferryman's probes, so that the response can name the check.
"""

_log = logging.getLogger("ferryman.health")


class State(Enum):
    """The state of a process."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a process accepts requests, and why not.

    Attributes:
        state: The state of the process.
        checks: The result of each of the app's checks, by name: `ok`, or the kind of failure.
        missing_workers: How many of the server's other processes should respond and do not.
    """

    state: State
    checks: dict[str, str] = field(default_factory=dict)
    missing_workers: int = 0

    @property
    def ready(self) -> bool:
        """Whether requests should be sent."""
        return self.state is State.READY and all(said == "ok" for said in self.checks.values())

    def to_json(self) -> dict[str, object]:
        """Return the body of the response to a probe."""
        failing = self.state is State.READY and not self.ready
        told: dict[str, object] = {
            "status": "failing" if failing else self.state.value,
            "checks": self.checks,
        }
        return told | {"missing_workers": self.missing_workers} if self.missing_workers else told


async def readiness(
    app: web.Application | None, state: State, timeout: float = CHECK_TIMEOUT
) -> Readiness:
    """Return the readiness of a process; the app's checks run concurrently.

    Args:
        app: The app, or None if it has not started.
        state: The state of the process. Checks run only if it is ready.
        timeout: Seconds that each check may take.
    """
    checks = app.get(HEALTH_CHECKS, {}) if app is not None and state is State.READY else {}
    assert app is not None or not checks
    results = await asyncio.gather(
        *(_run(name, check, app, timeout) for name, check in checks.items() if app is not None)
    )
    return Readiness(state, dict(zip(checks, results, strict=True)))


async def _run(name: str, check: HealthCheck, app: web.Application, timeout: float) -> str:
    """Return `ok`, or the kind of failure; its details go to the log only."""
    try:
        async with asyncio.timeout(timeout):
            await check(app)
    except TimeoutError:
        _log.warning("the health check %s took more than %g s", name, timeout)
        return "timed out"
    except Exception as error:
        # The exception's text may hold an address or a password, and the client is unknown.
        _log.warning("the health check %s failed: %r", name, error)
        return f"raised {type(error).__name__}"
    return "ok"
