"""An app whose cost is known: what it burns, waits, holds and leaks is said by the request."""

from __future__ import annotations

import asyncio
import os
import time

from aiohttp import web

HELD: list[bytes] = []


def occupied(mib: int) -> bytes:
    """Return memory that is really there: every page of it has been written."""
    return os.urandom(4096) * (256 * mib)


async def work(request: web.Request) -> web.Response:
    """Burn CPU, wait, hold memory for that time, and leave some behind, as the query says."""
    query = request.query
    held = occupied(int(query.get("hold", 0)))
    until = time.thread_time() + float(query.get("burn", 0)) / 1000
    while time.thread_time() < until:
        pass
    await asyncio.sleep(float(query.get("wait", 0)) / 1000)
    if leaked := int(query.get("leak", 0)):
        HELD.append(os.urandom(1024 * leaked))
    return web.Response(body=b"x" * int(query.get("size", 10)), headers={"X": str(len(held))})


async def fail(request: web.Request) -> web.Response:
    raise web.HTTPServiceUnavailable


async def crash(request: web.Request) -> web.Response:
    rows = {"thing": "it"}
    return web.Response(text=rows["no such thing"])


async def stall(request: web.Request) -> web.Response:
    await asyncio.sleep(3600)
    return web.Response()


async def narrow(request: web.Request) -> web.Response:
    """Wait for a pool of one."""
    async with request.app["pool"]:
        await asyncio.sleep(0.005)
    return web.Response()


async def end(request: web.Request) -> web.Response:
    os._exit(3)


def create_app() -> web.Application:
    print("an app may print")
    app = web.Application()
    app["pool"] = asyncio.Lock()
    app["held"] = occupied(int(os.environ.get("HELD_AT_REST", "0")))
    for path, handler in (
        ("/work", work),
        ("/fail", fail),
        ("/crash", crash),
        ("/stall", stall),
        ("/narrow", narrow),
        ("/end", end),
        ("/cards/{id}", work),
    ):
        app.router.add_get(path, handler)
    app.router.add_post("/work", work)
    return app


async def connect(app: web.Application) -> None:
    raise ConnectionRefusedError("there is no database at 127.0.0.1:5432")


def create_broken_app() -> web.Application:
    app = create_app()
    app.on_startup.append(connect)
    return app
