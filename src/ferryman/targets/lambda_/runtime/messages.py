"""The plain values between an event source and the bridge: one request, one response.

They know neither events nor aiohttp. One of each is made for every request, so they are
named tuples, which are made in a third of the time that a frozen dataclass takes; and
where every request passes, by `tuple.__new__(HttpRequest, (...))`, in half of that again.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ("HttpRequest", "HttpResponse")


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
