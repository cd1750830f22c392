"""Counts each request that was answered, and writes its line where that is wanted.

aiohttp calls its access logger once for every response, after the last byte of it: the one
place where both its status and its duration are known, and that costs no coroutine.
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
    """Return the class that aiohttp makes one of for every connection.

    Args:
        counts: What requests are added to.
        ended: Is told of each request as well; or None.
        lines: Whether each request has a line in the log.
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
