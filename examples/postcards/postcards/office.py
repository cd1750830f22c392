"""The sorting office: a task in the background that counts new cards by the place they show.

Whoever asks for the counts waits until the office is through with its queue: the
answer is the same whether or not the task ran since the last request, which on
AWS Lambda it could not.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from postcards.cards import Postcard


class SortingOffice:
    """Takes cards in at once and sorts them later."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Postcard] = asyncio.Queue()
        self._places: Counter[str] = Counter()

    def accept(self, card: Postcard) -> None:
        """Take in a new card."""
        self._queue.put_nowait(card)

    async def work(self) -> None:
        """Sort cards until it is cancelled."""
        while True:
            card = await self._queue.get()
            self._places[card.place] += 1
            self._queue.task_done()

    async def places(self) -> dict[str, int]:
        """Count the cards of each place, once all that were taken in are sorted."""
        await self._queue.join()
        return dict(sorted(self._places.items()))


OFFICE = web.AppKey("office", SortingOffice)


async def open_office(app: web.Application) -> AsyncIterator[None]:
    """Keep the office at work for as long as the application runs."""
    office = app[OFFICE] = SortingOffice()
    task = asyncio.create_task(office.work(), name="sorting office")
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
