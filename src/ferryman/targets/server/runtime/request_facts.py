"""What is known of one request, found out when somebody asks.

Most requests are answered without: an id nobody reads would cost each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

__all__ = ("RequestFacts",)


class RequestFacts:
    """The context of one request on a server, which has no deadline.

    Args:
        headers: The request's. The request itself would live as long as the context does.
        new_id: Makes a request id.
    """

    __slots__ = ("_headers", "_id", "_new_id", "span")

    milliseconds_left = None
    cold_start = False

    def __init__(self, headers: Mapping[str, str], new_id: Callable[[], str]) -> None:
        self._headers = headers
        self._new_id = new_id
        self._id = ""
        self.span: str | None = None

    @property
    def request_id(self) -> str:
        """The id that a trusted proxy sent, or one of our own."""
        if not self._id:
            self._id = self._new_id()
        return self._id

    @request_id.setter
    def request_id(self, value: str) -> None:
        self._id = value

    @property
    def trace(self) -> str | None:
        """The `traceparent` of the server's own span if there is one, or the caller's."""
        return self.span or self._headers.get("traceparent")
