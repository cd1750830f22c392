"""Decides whether a response's body travels as text or as base64.

A result is JSON, so a body that is text may go as it is, a third smaller; whatever is
not certain to come back the same byte for byte goes as base64.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache

__all__ = ("result_body",)

_TEXT_TYPE = re.compile(
    r"text/|application/(json|javascript|xml|x-www-form-urlencoded|x-ndjson|graphql)\s*(;|\Z)"
    r"|image/svg\+xml\b|[\w.-]+/[\w.-]+\+(json|xml)\b",
    re.IGNORECASE,
)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w-]+)", re.IGNORECASE)


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
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return b64encode(body).decode("ascii"), True


# An app sends few types, and the same ones again and again.
@lru_cache(maxsize=256)
def _is_text(content_type: str) -> bool:
    charset = _CHARSET.search(content_type)
    is_utf8 = charset is None or charset[1].lower() in ("utf-8", "utf8", "us-ascii")
    return is_utf8 and _TEXT_TYPE.match(content_type) is not None
