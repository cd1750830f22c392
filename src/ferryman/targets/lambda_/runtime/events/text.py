"""Decides whether a response's body travels as text or as base64.

A result is JSON, so a body that is text may go as it is, a third smaller; whatever is
not certain to come back the same byte for byte goes as base64, and so does a text which
would only fit into a result in that way.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache

__all__ = ("RESULT_LIMIT", "SURELY_SHORT", "result_body")

_TEXT_TYPES = frozenset(
    f"application/{name}"
    for name in ("json", "javascript", "xml", "x-www-form-urlencoded", "x-ndjson", "graphql")
)

RESULT_LIMIT = 6 * 1024 * 1024
"""The bytes that a synchronous invocation may answer with ("Lambda quotas")."""

SURELY_SHORT = RESULT_LIMIT // 7
"""The bytes of a body that fits in any case: its JSON is six times as long at most."""

# The part of a result that headers get.
_HEADERS = 64 * 1024

_UTF_8 = ("utf-8", "utf8", "us-ascii")


def result_body(headers: Mapping[str, str], body: bytes) -> tuple[str, bool]:
    """Return a response's body for a result, and whether it is base64.

    Args:
        headers: The response's headers, by lower-case name.
        body: The bytes of the body.
    """
    if not body:
        return "", False
    if "content-encoding" not in headers and _is_text(headers.get("content-type", "")):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            pass
        else:
            if len(body) <= SURELY_SHORT or not _is_shorter_coded(text, len(body)):
                return text, False
    return b64encode(body).decode("ascii"), True


def _is_shorter_coded(text: str, size: int) -> bool:
    """Return whether a text is too long for a result as JSON, and less so as base64.

    A character beyond ASCII takes six bytes or twelve in JSON, and a quote two.
    """
    written = len(json.dumps(text))
    return written > RESULT_LIMIT - _HEADERS and written > (size + 2) // 3 * 4


# An app sends few types, and the same ones again and again.
@lru_cache(maxsize=256)
def _is_text(content_type: str) -> bool:
    # By hand: a regular expression would be compiled in every cold start.
    media, *parameters = content_type.lower().split(";")
    media = media.strip()
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in _UTF_8:
            return False
    return media.startswith("text/") or media in _TEXT_TYPES or media.endswith(("+json", "+xml"))
