"""One line for each request that was answered: the same fields on every target.

The query is not among them, nor is any header that could hold a secret.
"""

from __future__ import annotations

from typing import NamedTuple

from aiohttp import web

__all__ = ("LOGGER", "AccessRecord", "access_record", "route_template")

LOGGER = "ferryman.access"
"""The name of the logger that gets the lines."""


class AccessRecord(NamedTuple):
    """What is told of a request.

    Attributes:
        method: Its method.
        path: Its path as it came, without the query.
        route: The template of the route that served it, or None.
        status: The status of the response.
        duration: Seconds from the request's head to the end of the response.
        response_bytes: Bytes of the response's body.
        client: The address of the client, or None.
        user_agent: What the client calls itself, or None.
    """

    method: str
    path: str
    route: str | None
    status: int
    duration: float
    response_bytes: int
    client: str | None
    user_agent: str | None


def access_record(
    request: web.BaseRequest, response: web.StreamResponse, duration: float
) -> AccessRecord:
    """Return the record of a request.

    Args:
        request: The request.
        response: Its response, which has been sent.
        duration: Seconds it took.
    """
    return AccessRecord(
        request.method,
        request.rel_url.raw_path,
        route_template(request),
        response.status,
        round(duration, 6),
        response.body_length,
        request.remote,
        request.headers.get("User-Agent"),
    )


def route_template(request: web.BaseRequest) -> str | None:
    """Return the template of the route that serves a request, or None if none does."""
    match = getattr(request, "match_info", None)
    resource = match.route.resource if match is not None else None
    return resource.canonical if resource is not None else None
