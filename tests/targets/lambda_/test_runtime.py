"""The runtime as a process of its own, against a Runtime API over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.targets.lambda_.runtime_api import Runtime, RuntimeApi, result_of

Event = Callable[..., dict[str, Any]]

APP = """
import asyncio, json, os
from aiohttp import web



async def hello(request):
    return web.json_response({"path": request.path})

async def stream(request):
    response = web.StreamResponse(headers={"X-Kind": "stream"})
    response.content_type = "text/event-stream"
    await response.prepare(request)
    for number in range(3):
        await response.write(f"data: {number}\\n\\n".encode())
        await asyncio.sleep(0.15)
    return response

async def large(request):
    return web.Response(body=bytes(int(request.query["size"])))

async def breaks(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"the first half")
    raise RuntimeError("the disk is gone")

async def begins(request):
    await web.StreamResponse().prepare(request)
    raise RuntimeError("the disk is gone")

async def raises(request):
    raise LookupError("nothing there")

async def splits(request):
    return web.Response(headers={"X-Name": "a\\r\\nb"})

async def slow(request):
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        print("the handler was cancelled", flush=True)
        raise
    return web.Response()

async def slow_stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    await asyncio.sleep(60)
    return response

async def later(seconds):
    await asyncio.sleep(seconds)
    print(f"finished after {seconds}", flush=True)

async def starts_task(request):
    task = asyncio.create_task(later(float(request.query["seconds"])), name="postman")
    request.app["tasks"].add(task)
    return web.Response(text="accepted")

async def cookies(request):
    response = web.Response(text="x")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response

async def resource(app):
    print("started", flush=True)
    worker = asyncio.create_task(later(3600), name="resident")
    yield
    worker.cancel()
    print("cleaned up", flush=True)

def create_app():
    app = web.Application()
    app["tasks"] = set()
    app.cleanup_ctx.append(resource)
    for name in ("hello", "stream", "large", "breaks", "begins", "raises", "splits", "slow",
                 "slow_stream", "starts_task", "cookies"):
        app.router.add_get(f"/{name}", globals()[name])
    return app
"""


async def test_it_answers_with_a_buffered_result(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    run(APP)
    posted = await result_of(api.invoke(event("/hello")))
    assert posted.path.endswith("/invocation/invocation-1/response")
    assert not posted.streamed
    assert posted.result["statusCode"] == 200
    assert posted.result["body"] == '{"path": "/hello"}'


async def test_the_oldest_client_of_aws_that_an_app_may_pin_posts_results(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    old = Path(__file__).parents[3] / ".tools" / "awslambdaric-4.0.0"
    assert old.is_dir()
    runtime = run(f"{APP}\nimport awslambdaric\nprint(awslambdaric.__file__)\n", PYTHONPATH=old)
    posted = await result_of(api.invoke(event("/hello")))
    assert posted.result["body"] == '{"path": "/hello"}'
    assert str(old) in runtime.logged()


async def test_a_stream_goes_out_as_it_is_produced(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    run(APP, streaming=True)
    posted = await result_of(api.invoke(event("/stream")))
    prelude, payload = posted.split()
    assert posted.streamed
    assert posted.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert posted.headers["lambda-runtime-invocation-id"] == "attempt-at-invocation-1"
    assert prelude["statusCode"] == 200
    assert prelude["headers"]["x-kind"] == "stream"
    assert "transfer-encoding" not in prelude["headers"]
    assert payload == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    # The first event was there well before the last one was made.
    first = next(
        at
        for chunk, at in zip(posted.chunks, posted.arrived, strict=True)
        if chunk == b"data: 0\n\n"
    )
    assert posted.arrived[-1] - first > 0.2
    assert posted.trailers == {}


async def test_a_streamed_answer_may_be_larger_than_a_buffered_one(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    run(APP, streaming=True)
    posted = await result_of(api.invoke(event("/large?size=20000000")))
    prelude, payload = posted.split()
    assert prelude["statusCode"] == 200
    assert len(payload) == 20_000_000


async def test_cookies_of_a_streamed_answer_are_in_its_prelude(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    run(APP, streaming=True)
    prelude, payload = (await result_of(api.invoke(event("/cookies")))).split()
    assert prelude["cookies"] == ["a=1; Path=/", "b=2; Path=/"]
    assert payload == b"x"


async def test_a_stream_that_breaks_ends_in_the_trailers(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    runtime = run(APP, streaming=True)
    posted = await result_of(api.invoke(event("/breaks")))
    prelude, payload = posted.split()
    assert (prelude["statusCode"], payload) == (200, b"the first half")
    assert posted.trailers["lambda-runtime-function-error-type"] == "Ferryman.BrokenResponse"
    assert posted.error()["errorMessage"] == "the response broke off"
    assert "the disk is gone" in runtime.logged()
    again = await result_of(api.invoke(event("/hello")))
    assert again.split()[0]["statusCode"] == 200


async def test_a_stream_that_breaks_before_its_body_is_posted_once(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    run(APP, streaming=True)
    posted = await result_of(api.invoke(event("/begins")))
    prelude, payload = posted.split()
    assert (prelude["statusCode"], payload) == (200, b"")
    assert posted.trailers["lambda-runtime-function-error-type"] == "Ferryman.BrokenResponse"
    again = await result_of(api.invoke(event("/hello")))
    assert again.split()[0]["statusCode"] == 200


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("path", "status"), [("/raises", 500), ("/splits", 500), ("/no", 404)])
async def test_errors_are_whole_answers(
    api: RuntimeApi,
    run: Callable[..., Runtime],
    event: Event,
    streaming: bool,
    path: str,
    status: int,
) -> None:
    run(APP, streaming=streaming)
    posted = await result_of(api.invoke(event(path)))
    head = posted.split()[0] if streaming else posted.result
    assert head["statusCode"] == status
    assert posted.trailers == {}


async def test_an_answer_to_head_has_no_body_when_it_streams(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    run(APP, streaming=True)
    prelude, payload = (await result_of(api.invoke(event("/large?size=5", "HEAD")))).split()
    assert (prelude["headers"]["content-length"], payload) == ("5", b"")


async def test_an_answer_too_large_is_a_500_that_says_what_to_do(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    runtime = run(APP)
    posted = await result_of(api.invoke(event("/large?size=5000000")))
    assert posted.result["statusCode"] == 500
    assert "streaming = true" in posted.result["body"]
    assert "6666" in posted.result["body"]
    assert "streaming = true" in runtime.logged()
    small = await result_of(api.invoke(event("/large?size=4500000")))
    assert small.result["statusCode"] == 200
    assert runtime.process.poll() is None


async def test_a_request_is_cut_off_before_the_limit_and_the_next_one_works(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    api.timeout = 1.5
    runtime = run(APP)
    posted = await result_of(api.invoke(event("/slow")))
    assert posted.result["statusCode"] == 504
    assert "the handler was cancelled" in runtime.logged()
    assert "cut off at the time limit" in runtime.logged()
    assert (await result_of(api.invoke(event("/hello")))).result["statusCode"] == 200


async def test_a_stream_is_cut_off_in_its_trailers(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    api.timeout = 1.5
    run(APP, streaming=True)
    posted = await result_of(api.invoke(event("/slow_stream")))
    assert posted.split()[1] == b"begun"
    assert posted.trailers["lambda-runtime-function-error-type"] == "Ferryman.TimeLimit"


async def test_tasks_finish_after_the_response_and_before_the_next_poll(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    runtime = run(APP)
    await api.until_polls(1)
    answer = api.invoke(event("/starts_task?seconds=0.5"))
    posted = await result_of(answer)
    assert posted.result["body"] == "accepted"
    assert "finished after 0.5" not in runtime.logged()
    await api.until_polls(2)
    assert "finished after 0.5" in runtime.logged()


async def test_a_task_beyond_its_budget_is_named_and_not_waited_for_again(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    runtime = run(APP, task_budget=0.3)
    await result_of(api.invoke(event("/starts_task?seconds=30")))
    await api.until_polls(2)
    assert "the task postman (later) still runs" in runtime.logged()
    assert "resident" not in runtime.logged()
    await result_of(api.invoke(event("/hello")))
    await api.until_polls(3)
    assert runtime.logged().count("postman") == 1


async def test_the_app_is_cleaned_up_when_lambda_ends_the_environment(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    runtime = run(APP)
    await result_of(api.invoke(event("/hello")))
    await api.until_polls(2)
    assert api.registered == ["ferryman"]
    began = asyncio.get_running_loop().time()
    assert await runtime.end() == 0
    # Lambda gives half a second; this machine may be busy.
    assert asyncio.get_running_loop().time() - began < 3
    assert runtime.logged().count("cleaned up") == 1


async def test_it_is_cleaned_up_in_the_middle_of_a_request_too(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    runtime = run(APP)
    api.invoke(event("/slow"))
    await api.until_polls(1)
    while "started" not in runtime.logged():
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    assert await runtime.end() == 0
    assert "cleaned up" in runtime.logged()


async def test_an_app_that_fails_to_start_is_an_init_error(
    api: RuntimeApi, run: Callable[..., Runtime]
) -> None:
    source = (
        "from aiohttp import web\n"
        "async def fail(app):\n"
        "    raise OSError('no route to the database')\n"
        "def create_app():\n"
        "    app = web.Application()\n"
        "    app.on_startup.append(fail)\n"
        "    return app\n"
    )
    runtime = run(source)
    assert await asyncio.to_thread(runtime.process.wait, 20) == 1
    assert api.init_error is not None
    assert api.init_error.result["errorType"] == "AppStartFailed"
    assert "no route to the database" in api.init_error.result["errorMessage"]
    assert 'hello.py", line 3, in fail' in api.init_error.result["errorMessage"]
    assert api.init_error.result["stackTrace"] == []
    assert 'hello.py", line 3, in fail' in runtime.logged()
    assert "ferryman/" not in runtime.logged()


SLOW_START = """
import asyncio
from aiohttp import web

async def hello(request):
    return web.Response(text="at last")

async def wait(app):
    await asyncio.sleep(2)

def create_app():
    app = web.Application()
    app.on_startup.append(wait)
    app.router.add_get("/", hello)
    return app
"""


async def test_a_slow_start_goes_on_in_the_first_invocation(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    source = SLOW_START + (
        "\nimport ferryman, ferryman.targets.lambda_.runtime.execution_environment as environment"
        "\nenvironment._INIT_LIMIT = 0.1"
        "\nhandler = ferryman.lambda_handler(create_app)\n"
    )
    runtime = run(source, AWS_LAMBDA_INITIALIZATION_TYPE="on-demand", _HANDLER="hello.handler")
    await api.until_polls(1)
    posted = await result_of(api.invoke(event("/")))
    assert posted.result["body"] == "at last"
    assert "the first request waits for it" in runtime.logged()


async def test_an_event_that_is_not_http_is_an_error_and_the_next_one_works(
    api: RuntimeApi, run: Callable[..., Runtime], event: Event
) -> None:
    run(APP)
    posted = await result_of(api.invoke({"nothing": "known"}))
    assert posted.path.endswith("/error")
    assert posted.result["errorType"] == "UnknownEvent"
    assert "nothing" in posted.result["errorMessage"]
    assert (await result_of(api.invoke(event("/hello")))).result["statusCode"] == 200
