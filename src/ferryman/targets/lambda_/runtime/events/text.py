"""Decides whether a response's body travels as text or as base64.

A result is JSON, so a body that is text goes as it is, a third smaller, whatever its type:
REST APIs hand base64 on as it is unless they are told of binary types. What would not come
back the same byte for byte goes as base64, and so does a text which would only fit into a
result in that way.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache

__all__ = ("RESULT_LIMIT", "result_body", "surely_fits")

RESULT_LIMIT = 6 * 1024 * 1024
"""The bytes that a synchronous invocation may answer with ("Lambda quotas")."""

# The part of a result that headers get.
_HEADERS = 64 * 1024

_UTF_8 = ("utf-8", "utf8", "us-ascii")


def surely_fits(size: int, limit: int) -> bool:
    """Return whether a body of so many bytes fits into a result, however JSON has to write it.

    Its JSON is six times as long at most.
    """
    return size * 7 <= limit


def result_body(
    headers: Mapping[str, str], body: bytes, limit: int = RESULT_LIMIT
) -> tuple[str, bool]:
    """Return a response's body for a result, and whether it is base64.

    Args:
        headers: The response's headers, by lower-case name.
        body: The bytes of the body.
        limit: The bytes that the result may have.
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
    """Return whether a text is too long for a result as JSON, and less so as base64.

    A character beyond ASCII takes six bytes or twelve in JSON, and a quote two.
    """
    written = len(json.dumps(text))
    return written > limit - _HEADERS and written > (size + 2) // 3 * 4


# An app sends few types, and the same ones again and again.
@lru_cache(maxsize=256)
def _may_be_text(content_type: str) -> bool:
    # By hand: a regular expression would be compiled in every cold start.
    for parameter in content_type.lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in _UTF_8:
            return False
    return True
