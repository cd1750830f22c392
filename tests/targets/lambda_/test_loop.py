"""The environment's loop: a request that waits for nothing is done without a turn of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar

import pytest

from ferryman.targets.lambda_.runtime.loop import EnvironmentLoop


@pytest.fixture
def loop() -> Iterator[EnvironmentLoop]:
    made = EnvironmentLoop()
    yield made
    made.run_until_complete(made.shutdown_default_executor())
    made.close()


async def answer() -> str:
    return "done"


def test_what_waits_for_nothing_is_done_at_once(
    loop: EnvironmentLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "run_forever", lambda: pytest.fail("the loop turned"))
    assert loop.run_at_once(answer()) == "done"


@pytest.mark.parametrize("delay", [0, 0.01])
def test_what_waits_is_run_to_its_end(loop: EnvironmentLoop, delay: float) -> None:
    async def wait() -> str:
        before = asyncio.current_task()
        await asyncio.sleep(delay)
        assert asyncio.current_task() is before
        return "waited"

    assert loop.run_at_once(wait()) == "waited"


def test_the_first_step_has_a_task_and_a_running_loop(loop: EnvironmentLoop) -> None:
    async def look() -> bool:
        task = asyncio.current_task()
        running = asyncio.get_running_loop() is loop and loop.is_running()
        return running and task in asyncio.all_tasks()

    assert loop.run_at_once(look())
    assert not loop.is_running()
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


@pytest.mark.parametrize("waits", [False, True])
def test_what_it_raises_is_raised(loop: EnvironmentLoop, waits: bool) -> None:
    async def fail() -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        loop.run_at_once(fail())


def test_timeouts_and_task_groups_work_from_the_first_step_on(loop: EnvironmentLoop) -> None:
    async def work() -> list[str]:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            tasks = [group.create_task(answer()) for _ in range(3)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        return [task.result() for task in tasks]

    assert loop.run_at_once(work()) == ["done"] * 3


def test_each_run_has_a_context_of_its_own(loop: EnvironmentLoop) -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")

    async def look() -> str:
        before = who.get()
        who.set("somebody")
        await asyncio.sleep(0)
        return before

    assert [loop.run_at_once(look()) for _ in range(2)] == ["nobody", "nobody"]


def test_an_async_generator_that_begins_in_a_first_step_is_closed_with_the_loop() -> None:
    closed: list[str] = []
    loop = EnvironmentLoop()
    kept: list[AsyncIterator[int]] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            closed.append("closed")

    async def begin() -> int:
        kept.append(numbers())
        return await anext(kept[0])

    assert loop.run_at_once(begin()) == 1
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert closed == ["closed"]


def test_it_knows_whether_anything_is_left_to_run(loop: EnvironmentLoop) -> None:
    done: list[str] = []

    async def leave() -> None:
        asyncio.get_running_loop().call_soon(done.append, "later")

    loop.settle()
    assert not loop.has_work
    loop.run_at_once(answer())
    loop.run_at_once(leave())
    assert loop.has_work
    assert done == []
    loop.settle()
    assert done == ["later"]


def test_a_blocking_call_in_a_thread_comes_back(loop: EnvironmentLoop) -> None:
    async def work() -> int:
        return await asyncio.to_thread(sum, [1, 2])

    assert loop.run_at_once(work()) == 3
