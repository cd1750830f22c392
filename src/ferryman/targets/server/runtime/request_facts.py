"""The context of a request, whose id and trace are created when they are first read.

Most requests never need them, and creating an id takes time.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cache
from itertools import count

__all__ = ("RequestFacts",)

_numbers = count(1)


class RequestFacts:
    """The context of a request on a server, which has no deadline.

    The caller sets `headers`, because an initialiser would cost more than everything else. The
    context does not keep the request, which would then live as long as the context.

    Attributes:
        headers: The request's headers.
        span: The `traceparent` of the server's own span; not set without one.
    """

    # Such objects take the least time to create. Attributes that are not set do not exist.
    __slots__ = ("_id", "headers", "span")

    headers: Mapping[str, str]
    span: str
    milliseconds_left = None
    cold_start = False

    @property
    def request_id(self) -> str:
        """The id from a trusted proxy, or a new one."""
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
        """The `traceparent` of the server's own span, or else of the client."""
        return getattr(self, "span", None) or self.headers.get("traceparent")


@cache
def _prefix() -> str:
    """Return the prefix of this process's ids.

    It is created for the first request, after the fork, so each worker has its own. Random bytes
    for each request would cost more than everything else.
    """
    return secrets.token_hex(10)
