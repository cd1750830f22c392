"""Many invocations at once in one process, against a Runtime API over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.targets.lambda_.runtime_api import Posted, Runtime, RuntimeApi, result_of

Event = Callable[..., dict[str, Any]]
Run = Callable[..., Runtime]

CONCURRENCY = 16

APP = """
import asyncio, logging, os
from aiohttp import web
import ferryman
from ferryman.core.context import current_context

together = set()

async def meet(request):
    # Answers only once as many as the query says are here at the same time.
    together.add(id(request))
    while len(together) < int(request.query["number"]):
        await asyncio.sleep(0.01)
    return await about(request)

async def about(request):
    before = current_context.get()
    await asyncio.sleep(0)
    after = current_context.get()
    logging.getLogger("app").warning("answering")
    return web.json_response({
        "same": before is after,
        "id": after.request_id,
        "trace": after.trace,
        "cold": after.cold_start,
        "left": ferryman.remaining_time(),
        "name": request.query.get("name"),
        "process": os.getpid(),
        "concurrency": ferryman.capabilities().concurrency,
        "target": ferryman.capabilities().target,
        "goes_on": ferryman.capabilities().work_after_response,
    })

async def large(request):
    return web.Response(body=bytes(int(request.query["size"])))

async def raises(request):
    raise LookupError("nothing there")

async def slow(request):
    print("slow began", flush=True)
    try:
        await asyncio.sleep(float(request.query["seconds"]))
    except asyncio.CancelledError:
        print("slow was cancelled", flush=True)
        raise
    return web.Response(text="slept")

async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(3):
        await response.write(f"{request.query['name']}{number} ".encode())
        await asyncio.sleep(0.05)
    return response

async def resource(app):
    print("started", flush=True)
    yield
    print("cleaned up", flush=True)

def create_app():
    app = web.Application()
    app.cleanup_ctx.append(resource)
    for name in ("meet", "about", "large", "raises", "slow", "stream"):
        app.router.add_get(f"/{name}", globals()[name])
    return app
"""


@pytest.fixture
def poll(run: Run) -> Run:
    """Start the runtime as Managed Instances do."""

    def start(source: str = APP, **options: object) -> Runtime:
        return run(source, **{"AWS_LAMBDA_MAX_CONCURRENCY": CONCURRENCY, **options})

    return start


def body_of(posted: Posted) -> Any:
    assert posted.result["statusCode"] == 200
    return json.loads(posted.result["body"])


async def test_requests_overlap_in_one_process_and_keep_their_contexts_apart(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    runtime = poll()
    answers = [
        api.invoke(event(f"/meet?number={CONCURRENCY}&name={number}"))
        for number in range(CONCURRENCY)
    ]
    bodies = [body_of(await result_of(answer)) for answer in answers]
    names = [f"invocation-{number + 1}" for number in range(CONCURRENCY)]
    assert [body["id"] for body in bodies] == names
    assert [body["trace"] for body in bodies] == [f"Root=1-{name}" for name in names]
    assert [body["name"] for body in bodies] == [str(number) for number in range(CONCURRENCY)]
    assert all(body["same"] and 0 < body["left"] <= 30 for body in bodies)
    assert {body["process"] for body in bodies} == {runtime.process.pid}
    assert [body["cold"] for body in bodies].count(True) == 1
    assert runtime.logged().count("started") == 1


async def test_the_app_is_told_how_many_requests_come_at_once(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    poll()
    body = body_of(await result_of(api.invoke(event("/about"))))
    assert (body["target"], body["concurrency"], body["goes_on"]) == ("lambda", CONCURRENCY, True)


async def test_it_asks_for_as_many_invocations_as_may_be_under_way(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    poll()
    await api.until_polls(CONCURRENCY)
    await result_of(api.invoke(event("/about")))
    await api.until_polls(CONCURRENCY + 1)
    await asyncio.sleep(0.2)
    assert api.polls == CONCURRENCY + 1


async def test_records_carry_the_id_of_their_request(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    runtime = poll(AWS_LAMBDA_LOG_FORMAT="JSON")
    answers = [api.invoke(event("/meet?number=3")) for _ in range(3)]
    await asyncio.gather(*map(result_of, answers))
    records = [json.loads(line) for line in runtime.logged().splitlines() if "answering" in line]
    assert {record["requestId"] for record in records} == {f"invocation-{n}" for n in (1, 2, 3)}


async def test_a_post_names_the_attempt_that_it_answers(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    poll()
    posted = await result_of(api.invoke(event("/about")))
    assert posted.headers["lambda-runtime-invocation-id"] == "attempt-at-invocation-1"
    assert posted.headers["content-type"] == "application/json"


async def test_a_stream_names_the_attempt_that_it_answers(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    poll(streaming=True)
    posted = await result_of(api.invoke(event("/about")))
    assert posted.streamed
    assert posted.headers["lambda-runtime-invocation-id"] == "attempt-at-invocation-1"


async def test_responses_stream_side_by_side(api: RuntimeApi, poll: Run, event: Event) -> None:
    poll(streaming=True)
    answers = [api.invoke(event(f"/stream?name={name}")) for name in "abc"]
    split = [(await result_of(answer)).split() for answer in answers]
    assert [prelude["statusCode"] for prelude, _ in split] == [200, 200, 200]
    assert [payload for _, payload in split] == [b"a0 a1 a2 ", b"b0 b1 b2 ", b"c0 c1 c2 "]


async def test_a_request_is_cut_off_before_its_own_limit_and_no_other(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    poll()
    await api.until_polls(CONCURRENCY)
    patient = api.invoke(event("/slow?seconds=2"))
    # Each is given the limit that holds when it is made.
    api.timeout = 1.0
    hasty = api.invoke(event("/slow?seconds=60"))
    await result_of(hasty)
    assert not patient.done()
    assert hasty.result().result["statusCode"] == 504
    assert (await result_of(patient)).result["body"] == "slept"


@pytest.mark.parametrize(
    ("sent", "kind", "said"),
    [
        ({"nothing": "known"}, "UnknownEvent", "nothing"),
        ([1, 2], "UnknownEvent", "list"),
        (None, "UnknownEvent", "NoneType"),
    ],
    ids=["object", "list", "null"],
)
async def test_an_event_of_no_known_kind_is_an_error_of_that_invocation_alone(
    api: RuntimeApi, poll: Run, event: Event, sent: object, kind: str, said: str
) -> None:
    poll()
    posted = await result_of(api.invoke(sent))
    assert posted.path.endswith("/invocation/invocation-1/error")
    assert posted.headers["lambda-runtime-function-error-type"] == kind
    assert posted.result["errorType"] == kind
    assert said in posted.result["errorMessage"]
    assert posted.result["stackTrace"] == []
    body_of(await result_of(api.invoke(event("/about"))))


@pytest.mark.parametrize("raw", [b"{", b"", b"\xff\xfe", b"[" * 100_000])
async def test_an_event_that_is_no_json_is_an_error_of_that_invocation_alone(
    api: RuntimeApi, poll: Run, event: Event, raw: bytes
) -> None:
    runtime = poll()
    posted = await result_of(api.invoke_raw(raw))
    assert posted.result["errorType"] == "InvalidEvent"
    assert "Traceback" not in runtime.logged()
    body_of(await result_of(api.invoke(event("/about"))))


async def test_what_a_handler_raises_is_the_apps_own_500(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    poll()
    posted = await result_of(api.invoke(event("/raises")))
    assert posted.result["statusCode"] == 500
    assert posted.path.endswith("/response")


@pytest.mark.parametrize("status", [400, 403, 413])
async def test_a_response_that_lambda_refuses_ends_nothing(
    api: RuntimeApi, poll: Run, event: Event, status: int
) -> None:
    runtime = poll()
    api.answer_status["invocation-1"] = status
    await result_of(api.invoke(event("/about")))
    for _ in range(CONCURRENCY + 1):
        body_of(await result_of(api.invoke(event("/about"))))
    assert runtime.process.poll() is None
    assert f": {status} " in runtime.logged()


async def test_a_response_too_large_is_a_500_that_says_so(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    poll()
    posted = await result_of(api.invoke(event("/large?size=5000000")))
    assert posted.result["statusCode"] == 500
    assert "streaming = true" in posted.result["body"]


async def test_a_runtime_api_that_fails_for_a_moment_is_asked_again(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    api.next_statuses = [500, 503]
    runtime = poll()
    await api.until_polls(CONCURRENCY + 2)
    body_of(await result_of(api.invoke(event("/about"))))
    assert "/next: 500" in runtime.logged()
    assert "/next: 503" in runtime.logged()


async def test_a_runtime_api_that_refuses_for_good_ends_the_process(
    api: RuntimeApi, poll: Run
) -> None:
    api.next_statuses = [403] * CONCURRENCY
    runtime = poll()
    assert await runtime.ended() == 1
    assert "the Runtime API no longer sends invocations" in runtime.logged()
    assert "cleaned up" in runtime.logged()
    assert "Traceback" not in runtime.logged()


async def test_sigterm_lets_what_is_under_way_finish(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    runtime = poll()
    answer = api.invoke(event("/slow?seconds=0.2"))
    await until_logged(runtime, "slow began")
    assert await runtime.end() == 0
    assert (await result_of(answer)).result["body"] == "slept"
    assert runtime.logged().count("cleaned up") == 1


async def test_sigterm_cuts_off_what_takes_too_long_and_answers_it(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    runtime = poll()
    answer = api.invoke(event("/slow?seconds=60"))
    await until_logged(runtime, "slow began")
    assert await runtime.end() == 0
    assert (await result_of(answer)).result["statusCode"] == 504
    logged = runtime.logged()
    assert logged.index("slow was cancelled") < logged.index("cleaned up")


async def test_sigterm_ends_an_idle_runtime_at_once(api: RuntimeApi, poll: Run) -> None:
    runtime = poll()
    await api.until_polls(CONCURRENCY)
    assert await runtime.end() == 0
    assert "cleaned up" in runtime.logged()
    assert "Traceback" not in runtime.logged()
    assert "never retrieved" not in runtime.logged()


FAILS = """
from aiohttp import web
async def fail(app):
    raise OSError("no route to the database")
def create_app():
    app = web.Application()
    app.on_startup.append(fail)
    return app
"""


async def test_an_app_that_fails_to_start_is_an_init_error(api: RuntimeApi, poll: Run) -> None:
    runtime = poll(FAILS)
    assert await runtime.ended() == 1
    assert api.init_error is not None
    assert api.init_error.headers["lambda-runtime-function-error-type"] == "AppStartFailed"
    assert "no route to the database" in api.init_error.result["errorMessage"]
    assert api.init_error.result["stackTrace"] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hello.create_app", "ConfigError"),
        ("hello.nothing", "ConfigError"),
        ("nowhere.handler", "ModuleNotFoundError"),
    ],
)
async def test_a_handler_that_is_not_ours_is_an_init_error(
    api: RuntimeApi, poll: Run, name: str, kind: str
) -> None:
    runtime = poll(_HANDLER=name)
    assert await runtime.ended() == 1
    assert api.init_error is not None
    assert api.init_error.result["errorType"] == kind


async def test_awss_own_runtime_still_runs_a_process_for_each_request(
    api: RuntimeApi, poll: Run, event: Event
) -> None:
    poll(
        command=("awslambdaric", "ferryman.targets.lambda_.runtime.entry.handler"),
        AWS_LAMBDA_MAX_CONCURRENCY=2,
    )
    await api.until_polls(2)
    slow = api.invoke(event("/slow?seconds=1"))
    bodies = [body_of(await result_of(api.invoke(event("/about")))) for _ in range(2)]
    assert not slow.done()
    assert {body["concurrency"] for body in bodies} == {1}
    assert (await result_of(slow)).result["body"] == "slept"


async def until_logged(runtime: Runtime, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in runtime.logged():
            await asyncio.sleep(0.02)
