"""The facts of one request: its id and its trace, made when they are first read.

Most requests never need them, and making an id costs time.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cache
from itertools import count

__all__ = ("RequestFacts",)

_numbers = count(1)


class RequestFacts:
    """The context of one request on a server, which has no deadline.

    The maker sets `headers`: an initialiser would cost more than all the rest. The
    request itself is not kept, for it would live as long as the context does.

    Attributes:
        headers: The request's.
        span: The `traceparent` of the server's own span, where there is one.
    """

    # Objects of this kind take the least time to make. What is not set is not there.
    __slots__ = ("_id", "headers", "span")

    headers: Mapping[str, str]
    span: str
    milliseconds_left = None
    cold_start = False

    @property
    def request_id(self) -> str:
        """The id that a trusted proxy sent, or one of our own."""
        try:
            return self._id
        except AttributeError:
            self._id: str = f"{_prefix()}{next(_numbers):012x}"
            return self._id

    @request_id.setter
    def request_id(self, value: str) -> None:
        self._id = value

    @property
    def trace(self) -> str | None:
        """The `traceparent` of the server's own span if there is one, or the caller's."""
        return getattr(self, "span", None) or self.headers.get("traceparent")


@cache
def _prefix() -> str:
    """Return what the ids of this process begin with.

    It is made for the first request, which is after the fork, so that no two workers share
    it; to ask the system for randomness each time would cost more than all the rest.
    """
    return secrets.token_hex(10)
