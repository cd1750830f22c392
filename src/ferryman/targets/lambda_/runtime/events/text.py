"""Decides whether a response's body travels as text or as base64.

A result is JSON, so a body that is text may go as it is, a third smaller; whatever is
not certain to come back the same byte for byte goes as base64.
"""

from __future__ import annotations

import re

from ferryman.targets.lambda_.runtime.messages import HttpResponse

__all__ = ("as_text",)

_TEXT_TYPE = re.compile(
    r"text/|application/(json|javascript|xml|x-www-form-urlencoded|x-ndjson|graphql)\b"
    r"|image/svg\+xml\b|[\w.-]+/[\w.-]+\+(json|xml)\b",
    re.IGNORECASE,
)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w-]+)", re.IGNORECASE)


def as_text(response: HttpResponse) -> str | None:
    """Return the body as text, or None where it has to go as base64."""
    if not response.body:
        return ""
    content_type = ""
    for name, value in response.headers:
        lower = name.lower()
        if lower == "content-encoding":
            return None
        if lower == "content-type":
            content_type = value
    if not _TEXT_TYPE.match(content_type) or not _is_utf8(content_type):
        return None
    try:
        return response.body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_utf8(content_type: str) -> bool:
    charset = _CHARSET.search(content_type)
    return charset is None or charset[1].lower() in ("utf-8", "utf8", "us-ascii")
