"""Where cards are kept: behind a cache, so that they move with the application.

Cards are numbered by a counter, which is how they are found again: nothing lists keys.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from aiohttp import web

from ferryman.cache import Cache, open_cache
from postcards.cards import Draft, Postcard, Search
from postcards.settings import SETTINGS

AT_ONCE = 50
"""How many cards are asked for at once."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that somebody attached to a card."""

    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search, and how many cards match in all."""

    cards: tuple[Postcard, ...]
    total: int


class CardMissing(LookupError):
    """No card has this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no postcard {number}.")


class Storage:
    """The cards and pictures of one wall. A number that is not there: CardMissing."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def hang_first(self, drafts: Iterable[Draft]) -> list[Postcard]:
        """Hang cards on a wall that never had any; of several processes, one does it."""
        if not await self._cache.set("wall", b"", only_if_absent=True):
            return []
        return [await self.add(draft) for draft in drafts]

    async def search(self, search: Search) -> Page:
        """Find cards, newest first."""
        start, end = (search.page - 1) * search.size, search.page * search.size
        if search == Search(page=search.page, size=search.size):
            shown = [card async for card in self._newest(end)]
            return Page(tuple(shown[start:]), await self._number("live"))
        found = [card async for card in self._newest() if search.matches(card)]
        return Page(tuple(found[start:end]), len(found))

    async def cards(self) -> AsyncIterator[Postcard]:
        """Walk through all the cards, oldest first."""
        last = await self._number("last")
        for first in range(1, last + 1, AT_ONCE):
            for card in await self._some(range(first, min(first + AT_ONCE, last + 1))):
                yield card

    async def get(self, number: int) -> Postcard:
        """Give one card."""
        return Postcard.model_validate_json(await self._card(number))

    async def add(self, draft: Draft) -> Postcard:
        """Keep a new card, under the next free number."""
        card = Postcard.of(await self._cache.incr("last"), draft)
        await self._keep(card)
        await self._cache.incr("live")
        return card

    async def replace(self, number: int, draft: Draft) -> Postcard:
        """Write over a card."""
        await self._card(number)
        card = Postcard.of(number, draft)
        await self._keep(card)
        return card

    async def remove(self, number: int) -> None:
        """Take a card down, with its picture."""
        if not await self._cache.delete_if(f"card:{number}", await self._card(number)):
            raise CardMissing(number)
        await self._cache.delete(f"picture:{number}")
        await self._cache.incr("live", -1)

    async def picture(self, number: int) -> Picture | None:
        """Give the picture of a card, if it has one."""
        await self._card(number)
        kept = await self._cache.get(f"picture:{number}")
        if kept is None:
            return None
        content_type, _, data = kept.partition(b"\n")
        return Picture(content_type.decode(), data)

    async def attach(self, number: int, picture: Picture) -> None:
        """Give a card a picture, in place of any earlier one."""
        await self._card(number)
        kept = picture.content_type.encode() + b"\n" + picture.data
        await self._cache.set(f"picture:{number}", kept)

    async def _card(self, number: int) -> bytes:
        kept = await self._cache.get(f"card:{number}")
        if kept is None:
            raise CardMissing(number)
        return kept

    async def _keep(self, card: Postcard) -> None:
        await self._cache.set(f"card:{card.number}", card.model_dump_json().encode())

    async def _newest(self, count: int | None = None) -> AsyncIterator[Postcard]:
        """Walk through the cards, newest first, until so many are found."""
        last, found = await self._number("last"), 0
        while last > 0 and (count is None or found < count):
            wanted = AT_ONCE if count is None else min(AT_ONCE, count - found)
            for card in await self._some(range(last, max(last - wanted, 0), -1)):
                found += 1
                yield card
            last -= wanted

    async def _some(self, numbers: Iterable[int]) -> list[Postcard]:
        """Give those cards that are there, in the order of their numbers as asked for."""
        kept = await self._cache.get_many(f"card:{number}" for number in numbers)
        return [Postcard.model_validate_json(text) for text in kept.values()]

    async def _number(self, counter: str) -> int:
        return int(await self._cache.get(counter) or 0)


CACHE: web.AppKey[Cache] = web.AppKey("cache")
STORAGE: web.AppKey[Storage] = web.AppKey("storage")


async def open_storage(app: web.Application) -> AsyncIterator[None]:
    """Keep the cache open for as long as the application runs."""
    async with open_cache(app[SETTINGS].cache.get_secret_value()) as app[CACHE]:
        app[STORAGE] = Storage(app[CACHE])
        yield
