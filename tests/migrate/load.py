"""Clients that repeat nothing, and two sides that answer every kind of request."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer
from scripts.demo_migrate.client import Client, Lost

__all__ = ("clients", "side")


@asynccontextmanager
async def side(name: str) -> AsyncIterator[int]:
    """Run a side that says what it got, and its own name; yield its port."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), headers={"Side": name})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server:
        assert server.port is not None
        yield server.port


@asynccontextmanager
async def clients(port: int, count: int = 16) -> AsyncIterator[Counter[str]]:
    """Send requests until the block ends, half of them POSTs; yield their outcomes."""
    seen: Counter[str] = Counter()
    gone = asyncio.Event()
    tasks = [asyncio.create_task(_send(port, number, seen, gone)) for number in range(count)]
    try:
        yield seen
    finally:
        gone.set()
        await asyncio.gather(*tasks)


async def _send(port: int, number: int, seen: Counter[str], gone: asyncio.Event) -> None:
    async with Client(port, f"127.0.2.{1 + number}") as client:
        sent = 0
        while not gone.is_set():
            sent += 1
            method = "POST" if sent % 2 else "GET"
            body = f"{number}:{sent}".encode() if method == "POST" else b""
            try:
                answer = await client.send(method, f"/cards/{sent}", body)
            except Lost:
                seen[f"lost {method}"] += 1
                continue
            right = answer.status == 200 and answer.body == body
            seen[answer.headers["side"] if right else "wrong"] += 1
            seen[method] += 1
