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
    """A request that is sent repeatedly.

    Attributes:
        method: The request method.
        target: Path and query, sent byte for byte.
        headers: Names and values in order, without Host and the headers that frame the body.
        body: The content.
        weight: How often it is sent, in proportion to the others.
        status: The expected status, or None: 400 and above is doubtful unless it is expected.

    Raises:
        ConfigError: The request contains a space or a control character.
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
                cause="it contains a space or a control character",
                hint="percent-encode this character (RFC 3986)",
            )

    def __str__(self) -> str:
        """Return method and target."""
        return f"{self.method} {self.target}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """The requests to send.

    Attributes:
        name: Their source.
        requests: One or more, each once.
        notes: Notes for the user.
        gaps: Recorded times between arrivals, as multiples of their mean; empty if not recorded.
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
    """Return the order in which to send requests: spread evenly, not random.

    The request furthest behind its share is always next, so that every part of the order resembles
    the whole.

    Args:
        shares: Each request's share of all.
        length: How many to send.
    """
    owed = [0.0] * len(shares)
    order = []
    for _ in range(length):
        owed = [debt + share for debt, share in zip(owed, shares, strict=True)]
        chosen = max(range(len(owed)), key=owed.__getitem__)
        owed[chosen] -= 1
        order.append(chosen)
    return order
