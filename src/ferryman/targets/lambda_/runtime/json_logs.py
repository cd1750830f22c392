"""Writes log records on Lambda in the server's JSON format, with one for each request.

awslambdaric installs its handler on the root logger before the app loads. The handler stays: it
knows where Lambda expects records. Only its format changes.
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
    """Write every record as JSON, and return the logger for requests.

    The logger's level is INFO, because Lambda's default shows only warnings.
    """
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())
    log = logging.getLogger(LOGGER)
    log.setLevel(logging.INFO)
    return log
