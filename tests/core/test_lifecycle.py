"""The app is started once and stopped once, and a failed start leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from ferryman.core.lifecycle import AppStartFailed, start_app


def application(heard: list[str], start: Callable[[], object]) -> Callable[[], web.Application]:
    async def first(app: web.Application) -> AsyncIterator[None]:
        heard.append("first begins")
        yield
        heard.append("first ends")

    async def second(app: web.Application) -> AsyncIterator[None]:
        start()
        yield
        heard.append("second ends")

    def make() -> web.Application:
        app = web.Application()
        app.cleanup_ctx.extend([first, second])
        return app

    return make


def fail(error: BaseException) -> Callable[[], object]:
    def start() -> None:
        raise error

    return start


async def test_the_app_is_started_and_stopped() -> None:
    heard: list[str] = []
    runner = await start_app(application(heard, lambda: None), shutdown_timeout=1)
    assert heard == ["first begins"]
    await runner.cleanup()
    assert heard == ["first begins", "second ends", "first ends"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit("no"), BaseException("no")])
async def test_a_failed_start_is_told_and_cleaned_up(error: BaseException) -> None:
    heard: list[str] = []
    with pytest.raises(AppStartFailed, match=f"raised {type(error).__name__} while") as caught:
        await start_app(application(heard, fail(error)), shutdown_timeout=1)
    assert heard == ["first begins", "first ends"]
    assert "in start\n" in (caught.value.cause or "")


async def test_an_interrupted_start_is_cleaned_up() -> None:
    heard: list[str] = []
    with pytest.raises(asyncio.CancelledError):
        await start_app(application(heard, fail(asyncio.CancelledError())), shutdown_timeout=1)
    assert heard == ["first begins", "first ends"]


async def test_a_failing_cleanup_does_not_hide_why_the_start_failed() -> None:
    async def context(app: web.Application) -> AsyncIterator[None]:
        yield
        raise RuntimeError("in the cleanup")

    app = web.Application()
    app.cleanup_ctx.append(context)
    app.on_startup.append(lambda _: fail(ValueError("in the start"))())  # type: ignore[arg-type, return-value]
    with pytest.raises(AppStartFailed, match="raised ValueError"):
        await start_app(app, shutdown_timeout=1)
