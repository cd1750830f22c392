"""Decides whether a result carries a response's body as text or as base64.

A result is JSON. Text stays text, whatever its type: it is a third smaller, and REST APIs without
binary types do not decode base64. A body is base64 if it would not survive as text byte for byte,
or if the result is only then small enough.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache

__all__ = ("RESULT_LIMIT", "result_body", "surely_fits")

RESULT_LIMIT = 6 * 1024 * 1024
"""The most bytes of the result of a synchronous invocation ("Lambda quotas")."""

# Bytes of a result that are kept for headers.
_HEADERS = 64 * 1024

_UTF_8 = ("utf-8", "utf8", "us-ascii")


def surely_fits(size: int, limit: int) -> bool:
    """Return whether a body of this size fits into a result, whatever its characters.

    JSON takes six bytes for a byte at most.
    """
    return size * 7 <= limit


def result_body(
    headers: Mapping[str, str], body: bytes, limit: int = RESULT_LIMIT
) -> tuple[str, bool]:
    """Return a response's body for a result, and whether it is base64.

    Args:
        headers: The response's headers, by lower-case name.
        body: The bytes of the body.
        limit: The most bytes of the result.
    """
    if not body:
        return "", False
    if "content-encoding" not in headers and _may_be_text(headers.get("content-type", "")):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            pass
        else:
            if surely_fits(len(body), limit) or not _is_shorter_coded(text, len(body), limit):
                return text, False
    return b64encode(body).decode("ascii"), True


def _is_shorter_coded(text: str, size: int, limit: int) -> bool:
    """Return whether a text is too long for a result as JSON, and shorter as base64.

    In JSON a character beyond ASCII takes six or twelve bytes, and a quote two.
    """
    written = len(json.dumps(text))
    return written > limit - _HEADERS and written > (size + 2) // 3 * 4


# An app sends few types, repeatedly.
@lru_cache(maxsize=256)
def _may_be_text(content_type: str) -> bool:
    # Without a regular expression, which every cold start would compile.
    for parameter in content_type.lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in _UTF_8:
            return False
    return True
