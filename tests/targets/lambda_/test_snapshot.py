"""SnapStart, with AWS's own bootstrap and with ours, against a Runtime API over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.targets.lambda_.runtime_api import Runtime, RuntimeApi, result_of

Event = Callable[..., dict[str, Any]]
Run = Callable[..., Runtime]

APP = """
import asyncio, os, random
from aiohttp import web
import ferryman

opened = []

def say(what):
    print(what, flush=True)

@ferryman.before_snapshot
async def before():
    await asyncio.sleep(0)
    say("before")
    random.seed(1)

@ferryman.after_restore
def after():
    say(f"after, with {opened}")

@ferryman.reopened
async def pool(app):
    say("pool opens")
    opened.append("pool")
    yield
    opened.remove("pool")
    say("pool closes")

async def plain(app):
    say("plain opens")
    yield
    say("plain closes")

async def warm(request):
    say("warmed")
    asyncio.create_task(warm_later())
    return web.Response(text="warm")

async def warm_later():
    await asyncio.sleep(0.05)
    say("warmed to the end")

async def breaks(request):
    raise LookupError("nothing there")

async def hangs(request):
    await asyncio.sleep(60)

async def draw(request):
    return web.json_response({"drawn": random.random(), "opened": opened})

def create_app():
    app = web.Application()
    app.cleanup_ctx.append(pool)
    app.cleanup_ctx.append(plain)
    for name in ("warm", "breaks", "hangs", "draw"):
        app.router.add_get(f"/{name}", globals()[name])
    return app
"""

STARTS = {
    "awslambdaric": ("awslambdaric", "ferryman.targets.lambda_.runtime.entry.handler"),
    "ours": ("ferryman.targets.lambda_.runtime",),
}


@pytest.fixture
def snap(run: Run) -> Run:
    """Start the runtime as SnapStart does."""

    def start(source: str = APP, **options: object) -> Runtime:
        options = {"command": STARTS["ours"], **options}
        return run(source, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start", **options)

    return start


async def snapshot_of(api: RuntimeApi) -> None:
    await asyncio.wait_for(api.snapshot_taken.wait(), 20)


@pytest.mark.parametrize("command", STARTS.values(), ids=STARTS)
async def test_the_app_is_ready_before_the_snapshot_and_again_after_it(
    api: RuntimeApi, snap: Run, event: Event, command: tuple[str, ...]
) -> None:
    runtime = snap(command=command, warm_path="/warm")
    await snapshot_of(api)
    lines = ["pool opens", "plain opens", "warmed", "warmed to the end", "before", "pool closes"]
    assert runtime.logged().splitlines() == lines
    api.restore.set()
    posted = await result_of(api.invoke(event("/draw")))
    assert '"opened": ["pool"]' in posted.result["body"]
    assert runtime.logged().splitlines()[len(lines) :] == ["pool opens", "after, with ['pool']"]


async def test_it_is_warmed_unless_that_is_switched_off(
    api: RuntimeApi, snap: Run, event: Event
) -> None:
    api.restore.set()
    for options, warmed in (({}, True), ({"warm_path": ""}, False)):
        runtime = snap(**options)
        await result_of(api.invoke(event("/draw")))
        assert ("the warm-up request for / was answered with 404" in runtime.logged()) is warmed


# With it, the app draws from numpy, which has a state of its own.
NUMPY = """
import numpy.random as random
"""


@pytest.mark.parametrize(
    ("source", "drawn"),
    [(APP, "0.13436424411240122"), (APP + NUMPY, "0.417022004702574")],
    ids=["random", "numpy"],
)
async def test_random_numbers_differ_after_the_restore(
    api: RuntimeApi, snap: Run, event: Event, source: str, drawn: str
) -> None:
    api.restore.set()
    snap(source)
    posted = await result_of(api.invoke(event("/draw")))
    # What the seed of the snapshot would have drawn.
    assert drawn not in posted.result["body"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/breaks", "the warm-up request for /breaks was answered with 500"),
        ("/nowhere", "the warm-up request for /nowhere was answered with 404"),
    ],
)
async def test_a_request_that_does_not_warm_is_logged_and_no_more(
    api: RuntimeApi, snap: Run, event: Event, path: str, said: str
) -> None:
    api.restore.set()
    runtime = snap(warm_path=path)
    posted = await result_of(api.invoke(event("/draw")))
    assert posted.result["statusCode"] == 200
    assert said in runtime.logged()


SHORT = """
import ferryman.targets.lambda_.runtime.snapstart as snapshot
snapshot._WARM_LIMIT = snapshot._RESTORE_LIMIT = 0.2
"""


async def test_a_request_that_takes_too_long_to_warm_is_given_up(
    api: RuntimeApi, snap: Run, event: Event
) -> None:
    api.restore.set()
    runtime = snap(APP + SHORT, warm_path="/hangs")
    posted = await result_of(api.invoke(event("/draw")))
    assert posted.result["statusCode"] == 200
    assert "the request for /hangs before the snapshot failed" in runtime.logged()


FAILING = """
@ferryman.{hook}
async def fails():
    raise OSError("no route to the database")
"""


@pytest.mark.parametrize("command", STARTS.values(), ids=STARTS)
async def test_a_failure_before_the_snapshot_ends_the_init(
    api: RuntimeApi, snap: Run, command: tuple[str, ...]
) -> None:
    runtime = snap(APP + FAILING.format(hook="before_snapshot"), command=command)
    assert await runtime.ended() == 64
    assert api.init_error is not None
    kind = api.init_error.headers["lambda-runtime-function-error-type"]
    assert kind == "Runtime.BeforeSnapshotError"
    assert api.init_error.result["errorType"] == "SnapshotHookFailed"
    assert "no route to the database" in api.init_error.result["errorMessage"]
    assert not api.snapshot_taken.is_set()


@pytest.mark.parametrize("command", STARTS.values(), ids=STARTS)
async def test_a_failure_after_the_restore_is_reported(
    api: RuntimeApi, snap: Run, command: tuple[str, ...]
) -> None:
    api.restore.set()
    runtime = snap(APP + FAILING.format(hook="after_restore"), command=command)
    assert await runtime.ended() == 65
    assert api.restore_error is not None
    kind = api.restore_error.headers["lambda-runtime-function-error-type"]
    assert kind == "Runtime.AfterRestoreError"
    assert "the after_restore hook fails raised OSError" in api.restore_error.result["errorMessage"]


SLOW = """
@ferryman.after_restore
async def dawdle():
    await asyncio.sleep(60)
"""


async def test_a_restore_that_takes_too_long_says_so(api: RuntimeApi, snap: Run) -> None:
    api.restore.set()
    runtime = snap(APP + SLOW + SHORT)
    assert await runtime.ended() == 65
    assert api.restore_error is not None
    assert "was not ready 0.2 s after" in api.restore_error.result["errorMessage"]


async def test_hooks_are_never_called_where_no_snapshot_is_taken(
    api: RuntimeApi, run: Run, event: Event
) -> None:
    runtime = run(APP, warm_path="/warm")
    await result_of(api.invoke(event("/draw")))
    assert await runtime.end() == 0
    assert runtime.logged().splitlines() == [
        *("pool opens", "plain opens", "plain closes", "pool closes")
    ]
    assert not api.snapshot_taken.is_set()
