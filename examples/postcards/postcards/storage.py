"""Where cards are kept: one small interface, and a first answer to it in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from aiohttp import web

from postcards.cards import Draft, Postcard, Search


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


class Storage(Protocol):
    """What the application asks of a storage. A number that is not there: CardMissing."""

    async def search(self, search: Search) -> Page:
        """Find cards, newest first."""

    def cards(self) -> AsyncIterator[Postcard]:
        """Walk through all the cards, oldest first."""

    async def get(self, number: int) -> Postcard:
        """Give one card."""

    async def add(self, draft: Draft) -> Postcard:
        """Keep a new card, under the next free number."""

    async def replace(self, number: int, draft: Draft) -> Postcard:
        """Write over a card."""

    async def remove(self, number: int) -> None:
        """Take a card down, with its picture."""

    async def picture(self, number: int) -> Picture | None:
        """Give the picture of a card, if it has one."""

    async def attach(self, number: int, picture: Picture) -> None:
        """Give a card a picture, in place of any earlier one."""

    async def close(self) -> None:
        """Let go of what the storage holds."""


class MemoryStorage:
    """Cards that live as long as the process."""

    def __init__(self) -> None:
        self._cards: dict[int, Postcard] = {}
        self._pictures: dict[int, Picture] = {}
        self._numbers = count(1)

    async def search(self, search: Search) -> Page:
        """Find cards, newest first."""
        found = [card for card in reversed(self._cards.values()) if search.matches(card)]
        start = (search.page - 1) * search.size
        return Page(tuple(found[start : start + search.size]), len(found))

    async def cards(self) -> AsyncIterator[Postcard]:
        """Walk through all the cards, oldest first."""
        for card in tuple(self._cards.values()):
            yield card

    async def get(self, number: int) -> Postcard:
        """Give one card."""
        try:
            return self._cards[number]
        except KeyError:
            raise CardMissing(number) from None

    async def add(self, draft: Draft) -> Postcard:
        """Keep a new card, under the next free number."""
        card = Postcard.of(next(self._numbers), draft)
        self._cards[card.number] = card
        return card

    async def replace(self, number: int, draft: Draft) -> Postcard:
        """Write over a card."""
        await self.get(number)
        card = self._cards[number] = Postcard.of(number, draft)
        return card

    async def remove(self, number: int) -> None:
        """Take a card down, with its picture."""
        await self.get(number)
        del self._cards[number]
        self._pictures.pop(number, None)

    async def picture(self, number: int) -> Picture | None:
        """Give the picture of a card, if it has one."""
        await self.get(number)
        return self._pictures.get(number)

    async def attach(self, number: int, picture: Picture) -> None:
        """Give a card a picture, in place of any earlier one."""
        await self.get(number)
        self._pictures[number] = picture

    async def close(self) -> None:
        """Let go of what the storage holds."""
        self._cards.clear()
        self._pictures.clear()


STORAGE: web.AppKey[Storage] = web.AppKey("storage")


async def open_storage(app: web.Application) -> AsyncIterator[None]:
    """Keep a storage open for as long as the application runs."""
    storage = app[STORAGE] = MemoryStorage()
    yield
    await storage.close()
