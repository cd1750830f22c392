"""One request of a scenario, as a value, independent of how it is sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ferryman.core.errors import ConfigError

__all__ = ("Request", "Scenario", "schedule")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is sent over and over.

    Attributes:
        method: The request method.
        target: Path and query, sent byte for byte.
        headers: Names and values in order, without Host and what frames the body.
        body: The content.
        weight: How often it is sent, in proportion to the others.
        status: The status it is known to get, where that is known: 400 and more is doubted
            unless it is this one.

    Raises:
        ConfigError: There is something in it that would end its line.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    weight: float = 1.0
    status: int | None = None

    def __post_init__(self) -> None:
        texts = (self.method, self.target, *(text for pair in self.headers for text in pair))
        if any(_CONTROL.search(text) for text in texts) or " " in self.method + self.target:
            raise ConfigError(
                f"the request {self.method!r} {self.target!r} cannot be sent",
                cause="there is a space or a control character in it",
                hint="escape it with a per cent sign (RFC 3986)",
            )

    def __str__(self) -> str:
        """Return method and target."""
        return f"{self.method} {self.target}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is sent.

    Attributes:
        name: Where it is from.
        requests: One or more, each once.
        notes: What the user should know of it.
        gaps: Times between arrivals that were recorded, as multiples of their mean; empty
            where none were.
    """

    name: str
    requests: tuple[Request, ...]
    notes: tuple[str, ...] = ()
    gaps: tuple[float, ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """Each request's share of all, in their order."""
        total = sum(request.weight for request in self.requests)
        return tuple(request.weight / total for request in self.requests)


def schedule(shares: Sequence[float], length: int) -> list[int]:
    """Return the order in which requests are sent: spread as evenly as can be, not drawn.

    Each time the one that is furthest behind its share is next, so that every stretch of
    the order is like the whole.

    Args:
        shares: Each request's share of all.
        length: How many are sent.
    """
    owed = [0.0] * len(shares)
    order = []
    for _ in range(length):
        owed = [debt + share for debt, share in zip(owed, shares, strict=True)]
        chosen = max(range(len(owed)), key=owed.__getitem__)
        owed[chosen] -= 1
        order.append(chosen)
    return order
