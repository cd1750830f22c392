"""Reads the trace that a request belongs to from its headers.

It knows two headers: W3C Trace Context's `traceparent` (its recommendation, level 1, section
3.2) and AWS X-Ray's `X-Amzn-Trace-Id`. A malformed header is ignored.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ("Trace", "read_trace")

_W3C = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_XRAY = re.compile(r"(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)")
_XRAY_PARENT = re.compile(r"(?:^|;)\s*Parent=([0-9a-f]{16})(?:;|$)")


class Trace(NamedTuple):
    """A request's trace and its parent span.

    Attributes:
        trace_id: 32 hexadecimal digits, the same for all requests of the trace.
        span_id: The caller's span, 16 hexadecimal digits; or None.
    """

    trace_id: str
    span_id: str | None


def read_trace(value: str | None) -> Trace | None:
    """Parse a trace header of either kind; None if it is malformed.

    Args:
        value: The header's value.
    """
    if not value:
        return None
    if match := _W3C.fullmatch(value.strip()):
        trace_id, span_id, more = match.groups()
        later = more is None or not value.startswith("00")
        return (
            Trace(trace_id, span_id) if later and int(trace_id, 16) and int(span_id, 16) else None
        )
    if root := _XRAY.search(value):
        parent = _XRAY_PARENT.search(value)
        return Trace("".join(root.groups()), parent[1] if parent else None)
    return None
