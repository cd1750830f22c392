from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp import web

import ferryman
from ferryman.core.health import HealthCheck, State, readiness


async def well(_: web.Application) -> None:
    """Raise nothing."""


async def ill(_: web.Application) -> None:
    raise ConnectionError("postgres://user:secret@db is away")


async def stuck(_: web.Application) -> None:
    await asyncio.Event().wait()


def app_with(**checks: HealthCheck) -> web.Application:
    app = web.Application()
    app[ferryman.health_checks] = checks
    return app


async def test_an_app_without_checks_is_ready_once_it_has_started() -> None:
    assert not (await readiness(None, State.STARTING)).ready
    found = await readiness(web.Application(), State.READY)
    assert found.ready
    assert found.to_json() == {"status": "ready", "checks": {}}


async def test_one_check_that_fails_is_enough_and_its_secret_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        found = await readiness(app_with(cache=well, database=ill), State.READY)
    assert not found.ready
    assert found.to_json() == {
        "status": "failing",
        "checks": {"cache": "ok", "database": "raised ConnectionError"},
    }
    assert "database" in caplog.text


async def test_a_check_that_hangs_fails_and_holds_nobody_up() -> None:
    found = await readiness(app_with(queue=stuck, cache=well), State.READY, timeout=0.01)
    assert found.checks == {"queue": "timed out", "cache": "ok"}


async def test_checks_run_side_by_side() -> None:
    meeting = asyncio.Barrier(2)

    async def meet(_: web.Application) -> None:
        await meeting.wait()

    assert (await readiness(app_with(a=meet, b=meet), State.READY, timeout=5)).ready


async def test_a_process_that_drains_runs_no_checks() -> None:
    found = await readiness(app_with(database=ill), State.DRAINING)
    assert found.to_json() == {"status": "draining", "checks": {}}
