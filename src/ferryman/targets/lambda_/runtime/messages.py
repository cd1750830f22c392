"""The values between an event source and the bridge: a request and a response.

They know neither events nor aiohttp. Every request creates one of each, so they are named tuples,
which take a third of a frozen dataclass's time to create. On the path of every request,
`tuple.__new__(HttpRequest, (...))` halves that again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ("FORBIDDEN", "OF_A_CONNECTION", "OF_A_SERVER", "HttpRequest", "HttpResponse")

FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header may hold, so that no value can end it; aiohttp's own serialisation refuses it."""

# Headers of a connection (RFC 9110, 7.6.1), which does not exist here. The event source computes
# the length of the body itself.
OF_A_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    }
)
"""Names of headers that a response does not have, in lower case."""

OF_A_SERVER = frozenset({"date", "server"})
"""Names of headers that a response has only where the app sets them: the event source says what
time it is, and names itself."""


class HttpRequest(NamedTuple):
    """An HTTP request, as a client sent it.

    Attributes:
        method: The method, such as `GET`.
        target: The raw path and query, byte for byte, as ASCII.
        fields: The headers in order: a mapping if no name repeats, else pairs.
        body: The content.
        scheme: `https` or `http`, as the client sees it.
        remote: The client's address.
        cut_off: Whether the event source omitted a part of the body.
    """

    method: str
    target: str
    fields: Mapping[str, str] | tuple[tuple[str, str], ...]
    body: bytes
    scheme: str
    remote: str | None
    cut_off: bool = False

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the headers in order, repeats allowed."""
        fields = self.fields
        return fields if isinstance(fields, tuple) else tuple(fields.items())

    def with_headers(self, headers: Iterable[tuple[str, str]]) -> HttpRequest:
        """Return the same request with other headers."""
        return self._replace(fields=tuple(headers))


class HttpResponse(NamedTuple):
    """A complete HTTP response.

    Attributes:
        status: The status code.
        headers: Names in lower case and values in order, repeats allowed; none that
            belong to a connection.
        body: The content, as sent to the client.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def with_headers(self, headers: Iterable[tuple[str, str]]) -> HttpResponse:
        """Return the same response with other headers."""
        return self._replace(headers=tuple(headers))
