"""Decides whether a response's body travels as text or as base64.

A result is JSON, so a body that is text may go as it is, a third smaller; whatever is
not certain to come back the same byte for byte goes as base64.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache

__all__ = ("result_body",)

_TEXT_TYPES = frozenset(
    f"application/{name}"
    for name in ("json", "javascript", "xml", "x-www-form-urlencoded", "x-ndjson", "graphql")
)
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
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(body).decode("ascii"), True


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
