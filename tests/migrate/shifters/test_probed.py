"""Sides that are asked themselves whether they are healthy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from tests.migrate.balancers import MemoryBalancer

from ferryman.migrate.shifters import NotHealthy
from ferryman.migrate.shifters.probed import Probed

Serve = Callable[[web.Application], Awaitable[Any]]


@pytest.fixture
async def addresses(aiohttp_server: Serve) -> tuple[str, str]:
    """Return an address that answers 200, and one that answers 503."""
    app = web.Application()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]))

    app.router.add_get("/{status}", answer)
    base = str((await aiohttp_server(app)).make_url(""))
    return f"{base}/200", f"{base}/503"


async def in_thread(call: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(call, *arguments)


async def test_a_side_is_healthy_if_it_and_the_balancer_say_so(addresses: tuple[str, str]) -> None:
    well, ill = addresses
    for old, new, balancer, expected in (
        (well, well, True, (True, True)),
        (well, ill, True, (True, False)),
        ("http://127.0.0.1:1/", well, True, (False, True)),
        (well, "", True, (True, True)),
        (well, well, False, (True, False)),
        (well, "nonsense", True, (True, False)),
    ):
        shifter = Probed(MemoryBalancer(5.0, new_healthy=balancer), old, new)
        live = await in_thread(shifter.read)
        assert (live.old_healthy, live.new_healthy) == expected


async def test_a_side_that_is_ill_gets_no_more_and_may_get_less(addresses: tuple[str, str]) -> None:
    balancer = MemoryBalancer(5.0)
    shifter = Probed(balancer, "", addresses[1])
    with pytest.raises(NotHealthy, match="does not answer 200"):
        await in_thread(shifter.write, 5.0, 25.0)
    await in_thread(shifter.write, 5.0, 0.0)
    assert balancer.weights == [0.0]
