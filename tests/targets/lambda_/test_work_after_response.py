"""What a request leaves behind besides tasks: work of executors, threads, timers, senders."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aiohttp import web

import ferryman
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

Event = Callable[..., dict[str, Any]]
Start = Callable[[Callable[[], None]], object]

POOL = ThreadPoolExecutor(2)


async def to_thread(work: Callable[[], None]) -> None:
    await asyncio.to_thread(work)


WAYS: dict[str, Start] = {
    "the default executor": lambda work: asyncio.get_running_loop().run_in_executor(None, work),
    "an executor of its own": lambda work: asyncio.get_running_loop().run_in_executor(POOL, work),
    "submitted to an executor": lambda work: POOL.submit(work),
    "submitted to one whose threads wait already": lambda work: POOL.submit(work),
    "a thread": lambda work: threading.Thread(target=work).start(),
    "to_thread in a task": lambda work: asyncio.create_task(to_thread(work)),
    "a timer": lambda work: asyncio.get_running_loop().call_later(0.2, work),
    "a timer that starts a task": lambda work: asyncio.get_running_loop().call_later(
        0.1, lambda: asyncio.create_task(to_thread(work))
    ),
    "a thread that asks the loop": lambda work: threading.Thread(
        target=lambda loop: asyncio.run_coroutine_threadsafe(to_thread(work), loop).result(),
        args=(asyncio.get_running_loop(),),
    ).start(),
}


@pytest.fixture
def after(event: Event, context: Any) -> Iterator[Callable[..., list[str]]]:
    """Return what has been done by the time that the environment would be frozen."""
    handlers: list[LambdaHandler] = []

    def run(start: Start, budget: float = 5.0, times: int = 1) -> list[str]:
        done: list[str] = []

        def work() -> None:
            time.sleep(0.1)
            done.append("done")

        async def answer(_: web.Request) -> web.Response:
            start(work)
            return web.Response()

        async def ticking(_: web.Application) -> Any:
            async def tick() -> None:
                while True:
                    await asyncio.sleep(0.05)

            task = asyncio.create_task(tick())
            yield
            task.cancel()

        app = web.Application()
        app.router.add_get("/", answer)
        app.cleanup_ctx.append(ticking)
        handlers.append(LambdaHandler(app, EnvironmentOptions(task_budget=budget)))
        for number in range(times):
            context.aws_request_id = f"request-{number}"
            handlers[-1](event(), context)
        return done

    yield run
    for handler in handlers:
        handler.close()


@pytest.mark.parametrize("way", WAYS)
def test_work_that_a_request_started_is_done_before_the_freeze(
    way: str, after: Callable[..., list[str]]
) -> None:
    assert after(WAYS[way]) == ["done"]


def test_a_timer_that_sets_itself_again_is_waited_for_once(
    after: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        asyncio.get_running_loop().call_later(0.05, tick)

    after(lambda _: tick())
    assert len(ticks) == 2
    assert "the timer for " in caplog.text


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (
            lambda work: asyncio.get_running_loop().call_later(60, work),
            "the timer for after.<locals>.run.<locals>.work is due in 60.0 s",
        ),
        (
            lambda work: threading.Thread(target=time.sleep, args=(1.0,), name="mailer").start(),
            "the thread mailer still runs 0.1 s after its response",
        ),
        (
            lambda work: threading.Thread(
                target=time.sleep, args=(1.0,), name="sender", daemon=True
            ).start(),
            "Lambda freezes background threads between requests: sender",
        ),
        (
            lambda work: asyncio.get_running_loop().run_in_executor(None, time.sleep, 1.0),
            "a call in an executor still runs",
        ),
    ],
    ids=["timer", "thread", "daemon", "executor"],
)
def test_what_is_not_waited_for_is_named_once(
    start: Start, said: str, after: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    after(start, budget=0.1)
    assert caplog.text.count(said) == 1


def test_a_timer_of_a_later_day_is_named_in_one_request_alone(
    after: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    after(lambda work: asyncio.get_running_loop().call_later(60, work), times=3)
    assert caplog.text.count("the timer for") == 1


@pytest.mark.usefixtures("hooks")
def test_hooks_run_after_each_request_and_one_that_fails_stops_no_other(
    after: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    @ferryman.before_freeze
    def broken() -> None:
        raise OSError("the collector is gone")

    @ferryman.before_freeze
    async def flush() -> None:
        await asyncio.sleep(0)
        seen.append("flushed")

    @ferryman.before_freeze
    async def hangs() -> None:
        await asyncio.sleep(60)

    with caplog.at_level(logging.WARNING):
        done = after(WAYS["a thread"], budget=0.3, times=2)
    assert (done, seen) == (["done"] * 2, ["flushed"] * 2)
    assert caplog.text.count("OSError: the collector is gone") == 2
    assert "ferryman/core" not in caplog.text
    assert caplog.text.count("hangs was cut off after") == 2
