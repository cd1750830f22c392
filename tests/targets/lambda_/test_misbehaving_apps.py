"""Apps that do what none should, in a runtime of their own: the caller is told, the next served."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest
from tests.targets.lambda_.runtime_api import Runtime, RuntimeApi, result_of

Event = Callable[..., dict[str, Any]]
Run = Callable[..., Runtime]

APP = """
import asyncio, time
from aiohttp import web

class Panic(BaseException):
    pass

async def hello(request):
    return web.Response(text="hello")

async def gives_itself_up(request):
    raise asyncio.CancelledError

async def loses_a_task(request):
    task = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    task.cancel()
    await task

async def panics(request):
    raise Panic("index out of bounds")

async def panics_later(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"the first half")
    raise Panic("index out of bounds")

async def rolls_back_slowly(request):
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(60)

async def is_deaf(request):
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def drips_on(request):
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        try:
            await response.write(b"drip")
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            print("dripping on", flush=True)

async def block(request):
    print("blocking", flush=True)
    while True:
        time.sleep(0.01)

async def work(name):
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        print(name, "rolled back", flush=True)
        raise

async def starts_task(request):
    request.app["task"] = asyncio.create_task(work("the task"), name="postman")
    return web.Response(text="accepted")

async def text(request):
    return web.Response(text=request.query["letter"] * int(request.query["count"]))

async def resource(app):
    print("opened", flush=True)
    yield
    print("closed", flush=True)

def create_app():
    app = web.Application()
    app.cleanup_ctx.append(resource)
    for handler in (hello, gives_itself_up, loses_a_task, panics, panics_later, is_deaf, block,
                    rolls_back_slowly, starts_task, text, drips_on):
        app.router.add_get(f"/{handler.__name__}", handler)
    return app
"""


async def until_logged(runtime: Runtime, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in runtime.logged():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("path", ["gives_itself_up", "loses_a_task", "panics"])
async def test_what_is_no_exception_is_a_500_and_the_next_request_works(
    api: RuntimeApi, run: Run, event: Event, path: str, streaming: bool
) -> None:
    runtime = run(APP, streaming=streaming)
    posted = await result_of(api.invoke(event(f"/{path}")))
    assert (posted.split()[0] if streaming else posted.result)["statusCode"] == 500
    assert b"index out of bounds" not in posted.body
    assert f"in {path}" in runtime.logged()
    assert "time limit" not in runtime.logged()
    posted = await result_of(api.invoke(event("/hello")))
    assert b"hello" in posted.body
    assert runtime.process.poll() is None


async def test_a_panic_in_the_middle_of_a_stream_is_in_its_trailers(
    api: RuntimeApi, run: Run, event: Event
) -> None:
    run(APP, streaming=True)
    posted = await result_of(api.invoke(event("/panics_later")))
    assert posted.split()[1] == b"the first half"
    assert posted.error()["errorType"] == "Ferryman.BrokenResponse"
    assert b"hello" in (await result_of(api.invoke(event("/hello")))).body


@pytest.mark.parametrize("path", ["rolls_back_slowly", "is_deaf"])
async def test_a_handler_that_does_not_end_when_it_is_cut_off_is_answered_for(
    api: RuntimeApi, run: Run, event: Event, path: str
) -> None:
    api.timeout = 1.5
    runtime = run(APP, task_budget=30)
    await api.until_polls(1)
    posted = await asyncio.wait_for(api.invoke(event(f"/{path}")), api.timeout)
    assert posted.result["statusCode"] == 504
    assert "did not end when it was cut off" in runtime.logged()
    assert (await result_of(api.invoke(event("/hello")))).result["body"] == "hello"


@pytest.mark.parametrize("path", ["drips_on", "is_deaf"])
async def test_a_stream_whose_handler_does_not_end_is_broken_off_in_time(
    api: RuntimeApi, run: Run, event: Event, path: str
) -> None:
    api.timeout = 1.5
    runtime = run(APP, task_budget=30, streaming=True)
    await api.until_polls(1)
    posted = await asyncio.wait_for(api.invoke(event(f"/{path}")), api.timeout)
    if path == "drips_on":
        assert posted.split()[1].startswith(b"dripdrip")
        assert posted.error()["errorType"] == "Ferryman.TimeLimit"
        assert "dripping on" in runtime.logged()
    else:
        assert posted.split()[0]["statusCode"] == 504
    assert (await result_of(api.invoke(event("/hello")))).split()[1] == b"hello"
    await api.until_polls(3)
    assert await runtime.end() == 0
    assert "closed" in runtime.logged()


async def test_tasks_after_a_response_do_not_run_into_the_time_limit(
    api: RuntimeApi, run: Run, event: Event
) -> None:
    api.timeout = 1.5
    runtime = run(APP, task_budget=30)
    await api.until_polls(1)
    began = asyncio.get_running_loop().time()
    await result_of(api.invoke(event("/starts_task")))
    await api.until_polls(2)
    assert asyncio.get_running_loop().time() - began < api.timeout
    assert "the task postman (work) still runs 1." in runtime.logged()


async def test_a_task_that_still_runs_at_the_end_is_cancelled_before_the_app_is_cleaned_up(
    api: RuntimeApi, run: Run, event: Event
) -> None:
    runtime = run(APP, task_budget=0.1)
    await result_of(api.invoke(event("/starts_task")))
    await api.until_polls(2)
    assert await runtime.end() == 0
    assert "the task rolled back\nclosed\n" in runtime.logged()
    assert "Traceback" not in runtime.logged()


async def test_the_app_is_cleaned_up_though_its_handler_blocks(
    api: RuntimeApi, run: Run, event: Event
) -> None:
    runtime = run(APP)
    api.invoke(event("/block"))
    await until_logged(runtime, "blocking")
    assert await runtime.end() == 0
    assert "closed" in runtime.logged()
    assert "RuntimeError" not in runtime.logged()


@pytest.mark.parametrize(
    ("letter", "count", "coded"),
    [
        pytest.param("%E6%BC%A2", 1_400_000, True, id="Chinese"),
        pytest.param("%22", 4_400_000, True, id="quotes"),
        pytest.param("a", 6_000_000, False, id="English"),
    ],
)
async def test_a_text_goes_out_in_the_way_in_which_it_fits(
    api: RuntimeApi, run: Run, event: Event, letter: str, count: int, coded: bool
) -> None:
    run(APP)
    posted = await result_of(api.invoke(event(f"/text?letter={letter}&count={count}")))
    assert posted.result["statusCode"] == 200
    assert posted.result["isBase64Encoded"] is coded
    body = posted.result["body"]
    text = base64.b64decode(body).decode() if coded else body
    assert text == {"a": "a", "%22": '"'}.get(letter, "漢") * count
    assert len(posted.body) <= 6 * 1024 * 1024
