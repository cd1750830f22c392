"""What is known of one request, found out when somebody asks.

Most requests are answered without: an id nobody reads would cost each of them.
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

    Whoever makes one sets `headers`: an initialiser would cost more than all the rest. The
    request itself is not kept, for it would live as long as the context does.

    Attributes:
        headers: The request's.
        span: The `traceparent` of the server's own span, if there is one.
    """

    headers: Mapping[str, str]
    span: str | None = None
    milliseconds_left = None
    cold_start = False

    _id = ""

    @property
    def request_id(self) -> str:
        """The id that a trusted proxy sent, or one of our own."""
        if not self._id:
            self._id = f"{_prefix()}{next(_numbers):012x}"
        return self._id

    @request_id.setter
    def request_id(self, value: str) -> None:
        self._id = value

    @property
    def trace(self) -> str | None:
        """The `traceparent` of the server's own span if there is one, or the caller's."""
        return self.span or self.headers.get("traceparent")


@cache
def _prefix() -> str:
    """Return what the ids of this process begin with.

    It is made for the first request, which is after the fork, so that no two workers share
    it; to ask the system for randomness each time would cost more than all the rest.
    """
    return secrets.token_hex(10)
