"""Log records on Lambda in the shape that a server gives them, one for each request included.

awslambdaric has put its own handler on the root logger by the time the app is loaded. It
stays, for it knows where Lambda wants records; only what it writes is changed.
"""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from ferryman.core.access import LOGGER, log_access
from ferryman.core.logs import JsonFormatter

__all__ = ("AccessLogger", "write_json")


class AccessLogger(AbstractAccessLogger):
    """Writes the line of each request."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write a line."""
        log_access(self.logger, request, response, time)


def write_json() -> logging.Logger:
    """Have every record written as JSON, and return the logger for requests.

    Its level is INFO: by default Lambda shows warnings alone, and a user who asks for these
    lines wants them.
    """
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())
    log = logging.getLogger(LOGGER)
    log.setLevel(logging.INFO)
    return log
