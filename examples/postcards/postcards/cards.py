"""The words of the application: a draft, a postcard, a search. Knows no HTTP and no storage."""

from datetime import date
from typing import Annotated, Self

from multidict import MultiMapping
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from yarl import URL

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Message = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Tag = Annotated[str, StringConstraints(to_lower=True, max_length=20, pattern=r"^[\w-]+$")]


class Draft(BaseModel):
    """What a sender writes on a card."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sender: Line
    place: Line
    message: Message
    sent: date
    tags: Annotated[tuple[Tag, ...], Field(max_length=5)] = ()


class Postcard(Draft):
    """A draft that hangs on the wall, under a number of its own."""

    number: int

    @classmethod
    def of(cls, number: int, draft: Draft) -> Self:
        """Give a draft its number."""
        return cls(number=number, **draft.model_dump())


class Search(BaseModel):
    """Which cards to show, as a query string asks for them."""

    model_config = ConfigDict(frozen=True)

    tag: tuple[str, ...] = ()
    sender: str = ""
    text: str = ""
    page: int = Field(1, ge=1, le=9999)
    size: int = Field(4, ge=1, le=50)

    @classmethod
    def from_query(cls, query: MultiMapping[str]) -> Self:
        """Read a query; of a repeated key the first value counts, but of `tag` all."""
        return cls.model_validate({**query, "tag": query.getall("tag", [])})

    def matches(self, card: Postcard) -> bool:
        """Tell whether a card is among those asked for; a blank tag asks for untagged cards."""
        return (
            (not self.tag or not set(self.tag).isdisjoint(card.tags or ("",)))
            and self.sender in ("", card.sender)
            and self.text.casefold() in f"{card.place} {card.message}".casefold()
        )

    def address(self, path: str, page: int) -> URL:
        """Give the address of another page of the same search."""
        asked = self.model_dump(exclude_defaults=True) | {"page": page}
        return URL(path).with_query(asked)
