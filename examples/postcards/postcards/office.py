"""The sorting office: a task in the background that counts new cards by the place they show.

A request for the counts waits until the office is through with its queue: the
answer is the same whether or not the task ran since the last request, which on
AWS Lambda it could not.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from ferryman.cache import Cache, CacheError, lock
from postcards.cards import Postcard
from postcards.storage import CACHE

PLACES = "places"

LAST_MINUTE = 1.0
"""Seconds that the office gets at the end of the process, for what is left in its queue."""

logger = logging.getLogger(__name__)


class SortingOffice:
    """Takes cards in at once and sorts them later. Its counts are those of all processes."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._queue: asyncio.Queue[Postcard] = asyncio.Queue()

    def accept(self, card: Postcard) -> None:
        """Take in a new card."""
        self._queue.put_nowait(card)

    async def work(self) -> None:
        """Sort cards until it is cancelled."""
        while True:
            card = await self._queue.get()
            try:
                await self._sort(card)
            except CacheError:
                logger.exception("a card from %s was not counted", card.place)
            finally:
                self._queue.task_done()

    async def places(self) -> dict[str, int]:
        """Count the cards of each place, once all that were taken in are sorted."""
        await self.finish()
        return dict(sorted((await self._counts()).items()))

    async def finish(self) -> None:
        """Wait until all that was taken in is sorted."""
        await self._queue.join()

    async def _sort(self, card: Postcard) -> None:
        async with lock(self._cache, "sorting", ttl=10, wait=30):
            counts = await self._counts()
            counts[card.place] = counts.get(card.place, 0) + 1
            await self._cache.set(PLACES, json.dumps(counts).encode())

    async def _counts(self) -> dict[str, int]:
        return json.loads(await self._cache.get(PLACES) or b"{}")


OFFICE = web.AppKey("office", SortingOffice)


async def open_office(app: web.Application) -> AsyncIterator[None]:
    """Keep the office at work for as long as the application runs."""
    office = app[OFFICE] = SortingOffice(app[CACHE])
    task = asyncio.create_task(office.work(), name="sorting office")
    yield
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_MINUTE):
            await office.finish()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
