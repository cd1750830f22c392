"""Health: the app's own checks, and the answers of a process to probes.

An app registers checks; a runtime says how far it has come. How the answer travels is
not known here.
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
"""A coroutine function that raises if something the app needs is not there."""

HEALTH_CHECKS: web.AppKey[MutableMapping[str, HealthCheck]] = web.AppKey(
    "ferryman.health_checks",
    MutableMapping,
)
"""Where an app has its checks, by name: `app[ferryman.health_checks] = {"database": ping}`."""

CHECK_TIMEOUT = 2.0
"""Seconds after which a check that has not answered has failed.

Below the three seconds that our probes wait, so that the answer says which check it was.
"""

_log = logging.getLogger("ferryman.health")


class State(Enum):
    """How far a process has come."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a process wants requests.

    Attributes:
        state: How far it has come.
        checks: The result of each of the app's checks, by name: `ok`, or what is wrong.
        missing_workers: Processes of the server that should answer beside this one and do not.
    """

    state: State
    checks: dict[str, str] = field(default_factory=dict)
    missing_workers: int = 0

    @property
    def ready(self) -> bool:
        """Whether requests should be sent."""
        return self.state is State.READY and all(said == "ok" for said in self.checks.values())

    def to_json(self) -> dict[str, object]:
        """Return the body of the answer to a probe."""
        failing = self.state is State.READY and not self.ready
        told: dict[str, object] = {
            "status": "failing" if failing else self.state.value,
            "checks": self.checks,
        }
        return told | {"missing_workers": self.missing_workers} if self.missing_workers else told


async def readiness(
    app: web.Application | None, state: State, timeout: float = CHECK_TIMEOUT
) -> Readiness:
    """Return whether requests should be sent; the app's checks run side by side.

    Args:
        app: The app, or None where it has not started.
        state: How far the process has come. Only one that is ready runs the checks.
        timeout: Seconds that each check may take.
    """
    checks = app.get(HEALTH_CHECKS, {}) if app is not None and state is State.READY else {}
    assert app is not None or not checks
    results = await asyncio.gather(
        *(_run(name, check, app, timeout) for name, check in checks.items() if app is not None)
    )
    return Readiness(state, dict(zip(checks, results, strict=True)))


async def _run(name: str, check: HealthCheck, app: web.Application, timeout: float) -> str:
    """Return `ok`, or the kind of what went wrong; the whole of it is for the log alone."""
    try:
        async with asyncio.timeout(timeout):
            await check(app)
    except TimeoutError:
        _log.warning("the health check %s took more than %g s", name, timeout)
        return "timed out"
    except Exception as error:
        # Its text may hold an address or a password, and the client is unknown.
        _log.warning("the health check %s failed: %r", name, error)
        return f"raised {type(error).__name__}"
    return "ok"
