"""Functions for the tests of the local Lambda: AWS's own runtime client, and ours."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ferryman.cost.traffic.formats.lambda_report import text_report
from ferryman.cost.traffic.record import LambdaUse
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.local.lambda_.outcome import Outcome
from ferryman.targets.lambda_.bundle import HANDLER

PLAIN = """
import os, time

calls = 0

def handler(event, context):
    global calls
    calls += 1
    kind = event.get("kind")
    print("handling", kind)
    if kind == "raise":
        raise ValueError("no such order")
    if kind == "exit":
        os._exit(3)
    if kind == "hang":
        open("hanging", "w").close()
        time.sleep(60)
    if kind == "big":
        return "x" * 7_000_000
    if kind == "memory":
        held = bytearray(300 * 1024 * 1024)
        time.sleep(60)
    if kind == "nap":
        time.sleep(0.2)
    return {"calls": calls, "pid": os.getpid(), "left": context.get_remaining_time_in_millis()}
"""

OWN = """
import asyncio
from aiohttp import web

async def hello(request):
    return web.Response(text="hello")

async def drip(request):
    response = web.StreamResponse(headers={"X-Kind": "drip", "Content-Type": "text/event-stream"})
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    await response.prepare(request)
    for piece in (b"one ", b"two ", b"three"):
        await response.write(piece)
    if "fail" in request.query:
        raise OSError("broken")
    await response.write_eof()
    return response

async def ticking(app):
    async def tick():
        while True:
            await asyncio.sleep(0.01)
            app["ticks"][0] += 1
    task = asyncio.create_task(tick())
    yield
    task.cancel()
    print("the app is stopped", flush=True)

async def ticks(request):
    return web.json_response(request.app["ticks"][0])

def create_app():
    app = web.Application()
    app["ticks"] = [0]
    app.router.add_get("/", hello)
    app.router.add_get("/drip", drip)
    app.router.add_get("/ticks", ticks)
    app.cleanup_ctx.append(ticking)
    return app
""".replace('app["ticks"]', "app[TICKS]").replace(
    "def create_app", "TICKS = web.AppKey('ticks', list)\n\ndef create_app"
)


class Log(list[str]):
    """Keeps the lines of a function's log."""

    def __call__(self, line: str) -> None:
        self.append(line)

    def starting(self, word: str) -> list[str]:
        return [line for line in self if line.startswith(word)]


def bills(log: Log) -> list[LambdaUse]:
    """Return what the cost model reads in the REPORT lines of a log."""
    records = [text_report(line.encode(), None) for line in log.starting("REPORT")]
    return [record.use for record in records if record.use]


def plain(directory: Path, **options: Any) -> FunctionSettings:
    """Return a function of a handler alone, under AWS's runtime client, unmodified."""
    source = options.pop("source", PLAIN)
    (directory / "plain.py").write_text(source)
    command = (sys.executable, "-B", "-m", "awslambdaric", "plain.handler")
    return FunctionSettings(command, directory, **{"handler": "plain.handler", **options})


def own(directory: Path, streaming: bool | str = False, **options: Any) -> FunctionSettings:
    """Return a function of an aiohttp app, under the runtime that ships."""
    (directory / "hello.py").write_text(options.pop("source", OWN))
    settings = {
        "format": 1,
        "app": "hello:create_app",
        "name": "hello",
        "version": "1",
        "target": "lambda",
        "options": {"streaming": streaming},
    }
    (directory / "settings.json").write_text(json.dumps(settings))
    variables = {
        "FERRYMAN_SETTINGS": str(directory / "settings.json"),
        "PYTHONPATH": str(directory),
    }
    command = (sys.executable, "-B", "-m", "ferryman.targets.lambda_.runtime", HANDLER)
    return FunctionSettings(command, directory, variables, **options)


async def call(function: LocalFunction, **event: object) -> Outcome:
    return await function.invoke(json.dumps(event).encode())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
