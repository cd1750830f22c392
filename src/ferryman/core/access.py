"""The access log: one line for each answered request, with the same fields on every target.

The query is not among them, nor is any header that could hold a secret.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from aiohttp import web

__all__ = ("LOGGER", "AccessRecord", "access_record", "log_access", "route_template")

LOGGER = "ferryman.access"
"""The name of the logger that gets the lines."""


class AccessRecord(NamedTuple):
    """The fields that the access log has of a request.

    Attributes:
        method: Its method.
        path: Its path as it came, without the query.
        route: The template of the route that served it, or None.
        status: The status of the response.
        duration: Seconds from the request's head to the end of the response.
        request_bytes: Bytes of the request's body that had come by then.
        response_bytes: Bytes of the response as they went out; on a server its head is
            among them.
        client: The address of the client, or None.
        user_agent: What the client calls itself, or None.
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
    """Write the line of a request.

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
        # So aiohttp says that the app never saw it: it was refused before.
        return None
    resource = match.route.resource if match is not None else None
    return resource.canonical if resource is not None else None
