"""The app is started once and stopped once, and a failed start leaves nothing behind."""

from __future__ import annotations

import asyncio
import importlib
import logging
import logging.config
from collections.abc import AsyncIterator, Callable, Iterator

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


@pytest.fixture
def loggers_as_before() -> Iterator[None]:
    """Leave no later test with loggers that this one has disabled."""
    known = [each for each in logging.root.manager.loggerDict.values() if hasattr(each, "disabled")]
    before = [each.disabled for each in known]
    yield
    for logger, disabled in zip(known, before, strict=True):
        logger.disabled = disabled


@pytest.mark.usefixtures("loggers_as_before")
async def test_a_dict_config_does_not_silence_what_says_why_requests_fail() -> None:
    names = ("aiohttp.server", "ferryman.access", "ferryman.lifecycle")
    loggers = [logging.getLogger(name) for name in names]

    def create() -> web.Application:
        logging.config.dictConfig({"version": 1})
        assert all(logger.disabled for logger in loggers)
        return web.Application()

    runner = await start_app(create, shutdown_timeout=1)
    assert not any(logger.disabled for logger in loggers)
    await runner.cleanup()


async def test_a_logger_that_the_app_disables_itself_stays_so() -> None:
    access = logging.getLogger("aiohttp.access")

    def create() -> web.Application:
        access.disabled = True
        return web.Application()

    runner = await start_app(create, shutdown_timeout=1)
    assert access.disabled
    access.disabled = False
    await runner.cleanup()


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


async def test_a_package_that_the_start_lacks_is_named() -> None:
    def start() -> object:
        return importlib.import_module("nowhere_at_all.driver")

    with pytest.raises(AppStartFailed) as caught:
        await start_app(application([], start), shutdown_timeout=1)
    assert (caught.value.hint or "").startswith("nowhere_at_all is not installed here: add it")


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
