"""The plain values between an event source and the bridge: one request, one response.

They know neither events nor aiohttp. One of each is made for every request, so they are
named tuples, which are made in a third of the time that a frozen dataclass takes; and
where every request passes, by `tuple.__new__(HttpRequest, (...))`, in half of that again.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ("FORBIDDEN", "OF_A_CONNECTION", "HttpRequest", "HttpResponse")

FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header may hold, so that no value can end it; aiohttp's own serialisation refuses it."""

# Headers of a connection, not of a message (RFC 9110, 7.6.1): there is no connection. The
# event source counts the body itself, says what time it is, and names itself. It is told of a
# date or a server only by an app that sets one.
OF_A_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "proxy-connection",
        "server",
        "transfer-encoding",
        "upgrade",
    }
)
"""Names of headers that a response does not have, in lower case."""


class HttpRequest(NamedTuple):
    """An HTTP request, as a client sent it.

    Attributes:
        method: The method, such as `GET`.
        target: The raw path and query, byte for byte, as ASCII.
        headers: Names and values in order, repeats allowed.
        body: The content.
        scheme: `https` or `http`, as the client sees it.
        remote: The client's address.
        cut_off: Whether the event source left a part of the body out.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    scheme: str
    remote: str | None
    cut_off: bool = False


class HttpResponse(NamedTuple):
    """An HTTP response, whole.

    Attributes:
        status: The status code.
        headers: Names in lower case and values in order, repeats allowed; none that
            belong to a connection.
        body: The content, as it goes to the client.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
