"""The table of requests of the example, sent to what runs the example."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from ferryman.migrate.parity import Difference, compare, read_table, send

TABLE = read_table(Path(__file__).parents[2] / "examples" / "postcards" / "requests.toml")


async def send_each(
    session: aiohttp.ClientSession, targets: Mapping[str, str]
) -> dict[str, tuple[Difference, ...]]:
    """Send the whole table to targets, in order, and return where they differ."""
    found = {}
    for request in TABLE:
        answers = {name: await send(session, url, request) for name, url in targets.items()}
        found[request.name] = compare(request, answers)
    return found


async def wait_for(session: aiohttp.ClientSession, url: str) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            async with session.get(url):
                return
        except aiohttp.ClientConnectionError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            await asyncio.sleep(0.1)
