"""Counts each request after its response, and logs it if the access log is on.

aiohttp calls its access logger after the last byte of every response. Only there are status and
duration both known without another coroutine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from ferryman.core.access import LOGGER, log_access, route_template
from ferryman.targets.server.runtime.metrics import Counts, known_method

__all__ = ("access_logger",)

Ended = Callable[[web.BaseRequest, web.StreamResponse], None]


def access_logger(
    counts: Counts, ended: Ended | None, *, lines: bool
) -> type[AbstractAccessLogger]:
    """Return the access logger class; aiohttp creates one object for each connection.

    Args:
        counts: The counters of requests.
        ended: Called after each request too; or None.
        lines: Whether to log each request.
    """
    log = logging.getLogger(LOGGER)
    add = counts.add

    class AccessLogger(AbstractAccessLogger):
        def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
            route = route_template(request) or ""
            add((known_method(request.method), request.scheme, route, response.status), time)
            if ended is not None:
                ended(request, response)
            if lines:
                log_access(log, request, response, time)

    return AccessLogger
