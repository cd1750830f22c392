"""The access log: one line for each answered request, with the same fields on every target.

The fields leave out the query, and every header that could hold a secret.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from aiohttp import web

__all__ = ("LOGGER", "AccessRecord", "access_record", "log_access", "route_template")

LOGGER = "ferryman.access"
"""The name of the logger that access lines go to."""


class AccessRecord(NamedTuple):
    """The fields of one line of the access log.

    Attributes:
        method: Its method.
        path: Its path as sent, without the query.
        route: The template of the route that served it, or None.
        status: The status of the response.
        duration: Seconds from the request's head to the end of the response.
        request_bytes: Bytes of the request's body received by the end of the response.
        response_bytes: Bytes of the response as sent; on a server this counts the response's head.
        client: The address of the client, or None.
        user_agent: The User-Agent header, or None.
    """

    method: str
    path: str
    route: str | None
    status: int
    duration: float
    request_bytes: int
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
        request.content.total_bytes,
        response.body_length,
        request.remote,
        request.headers.get("User-Agent"),
    )


def log_access(
    log: logging.Logger, request: web.BaseRequest, response: web.StreamResponse, duration: float
) -> None:
    """Write the access line of a request.

    Args:
        log: The logger called `LOGGER`.
        request: The request.
        response: Its response, which has been sent.
        duration: Seconds it took.
    """
    if log.isEnabledFor(logging.INFO):
        access = access_record(request, response, duration)
        said = (access.method, access.path, access.status)
        # Not log.info(), which walks the stack for the caller's name.
        record = log.makeRecord(LOGGER, logging.INFO, "", 0, "%s %s %s", said, None)
        record.access = access
        log.handle(record)


def route_template(request: web.BaseRequest) -> str | None:
    """Return the template of the route that serves a request, or None if none does."""
    try:
        match = getattr(request, "match_info", None)
    except AssertionError:
        # aiohttp refused the request before the app saw it.
        return None
    resource = match.route.resource if match is not None else None
    return resource.canonical if resource is not None else None
