"""Formats each log record as one line: JSON for machines, plain text for a terminal.

Every record of any library passes through one handler on standard output, with the id
and the trace of the request that it belongs to.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Protocol

from ferryman.core.access import AccessRecord
from ferryman.core.context import current_context
from ferryman.core.trace import read_trace

__all__ = ("JsonFormatter", "TextFormatter", "configure", "request_fields")

_quoted = encode_basestring_ascii

_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class LogStream(Protocol):
    """The stream that log lines are written to."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...

    def isatty(self) -> bool: ...


def configure(format: str, level: str, stream: LogStream | None = None) -> None:
    """Send every log record to standard output, one line each.

    Args:
        format: `json`, `text`, or `auto`: text on a terminal and JSON elsewhere.
        level: The lowest level that is written, such as INFO.
        stream: Where to write; by default standard output.
    """
    stream = stream or sys.stdout
    handler = logging.StreamHandler(stream)
    as_json = format == "json" or (format == "auto" and not stream.isatty())
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def request_fields() -> dict[str, str]:
    """Return the fields that identify the request of a record."""
    context = current_context.get()
    if context is None:
        return {}
    fields = {"request_id": context.request_id}
    trace = read_trace(context.trace)
    if trace is not None:
        fields["trace_id"] = trace.trace_id
        if trace.span_id:
            fields["span_id"] = trace.span_id
    return fields


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object on one line.

    Its fields are timestamp (RFC 3339, UTC), level, logger and message; request_id,
    trace_id and span_id within a request, and cold_start in the first one of a Lambda
    environment; exception if there is one; error, with code, message, cause and hint, if the record
    has a `FerrymanError` as its `error`; and in an access line the fields of `AccessRecord`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        # Formatted by hand: json.dumps takes twice as long, and this runs for every request.
        line = (
            f'{{"timestamp": "{timestamp(record.created)}", "level": "{record.levelname}", '
            f'"logger": {_quoted(record.name)}, "message": {_quoted(record.getMessage())}'
        )
        for name, value in request_fields().items():
            line += f', "{name}": {_quoted(value)}'
        context = current_context.get()
        if context is not None and context.cold_start:
            line += ', "cold_start": true'
        access = getattr(record, "access", None)
        if access is not None:
            line += _access_fields(access)
        if (error := getattr(record, "error", None)) is not None:
            line += f', "error": {json.dumps(error.as_dict())}'
        if record.exc_info:
            line += f', "exception": {_quoted(self.formatException(record.exc_info))}'
        return line + "}"


def _access_fields(access: AccessRecord) -> str:
    route, client, agent = access.route, access.client, access.user_agent
    return (
        f', "method": {_quoted(access.method)}, "path": {_quoted(access.path)}, '
        f'"route": {_quoted(route) if route else "null"}, "status": {access.status}, '
        f'"duration": {access.duration:.6f}, "request_bytes": {access.request_bytes}, '
        f'"response_bytes": {access.response_bytes}, '
        f'"client": {_quoted(client) if client else "null"}, '
        f'"user_agent": {_quoted(agent) if agent else "null"}'
    )


class TextFormatter(logging.Formatter):
    """Formats a record as text for people; line breaks in a message are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the traceback if there is one."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        message = _LINE_BREAKS.sub(_escaped, record.getMessage())
        line = f"{clock} {record.levelname:<7} {record.name}: {message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def timestamp(seconds: float) -> str:
    """Format a time as RFC 3339, in UTC, to the millisecond.

    Args:
        seconds: Since the epoch.
    """
    whole = int(seconds)
    return f"{_clock(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(maxsize=2)
def _clock(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
