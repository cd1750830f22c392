"""Takes single fields out of events, and says which one is wrong.

What every event source needs: a header is one that HTTP allows, a body is bytes.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ferryman.core.errors import FerrymanError

__all__ = (
    "MalformedEvent",
    "body_field",
    "check_header",
    "method_field",
    "object_field",
    "request_target",
    "text_field",
)

# RFC 9110, 5.6.2 (token) and 5.5 (field values hold no CR, LF or NUL).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
# Lone surrogates can stand in JSON, and are no characters.
_FORBIDDEN_IN_VALUE = re.compile("[\r\n\0\ud800-\udfff]")

# All printable ASCII: what a request target may hold is left as it came, and only what
# it may not hold (spaces, controls, anything beyond ASCII) is encoded.
_KEEP = "".join(chr(code) for code in range(0x21, 0x7F))


class MalformedEvent(FerrymanError):
    """An HTTP event with a field that is missing, or not what it should be."""


def object_field(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a field that holds an object; absent and null are an empty one."""
    value = event.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedEvent(f"the event's field '{name}' is no object")
    return value


def text_field(event: Mapping[str, Any], name: str) -> str:
    """Return a field that holds text; absent and null are empty."""
    value = event.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedEvent(f"the event's field '{name}' is no text")
    return value


def body_field(event: Mapping[str, Any]) -> bytes:
    """Return the body of an event, decoded if it came as base64."""
    body = text_field(event, "body")
    if not event.get("isBase64Encoded"):
        return _encode(body)
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedEvent(
            "the event's body is not base64, though isBase64Encoded says so", cause=str(error)
        ) from None


def method_field(event: Mapping[str, Any], name: str) -> str:
    """Return a field that holds a request method."""
    method = text_field(event, name)
    if not _TOKEN.match(method):
        raise MalformedEvent(f"the event's field '{name}' is no HTTP method")
    return method


def check_header(name: object, value: object) -> tuple[str, str]:
    """Return a header's name and value if HTTP allows them."""
    if not isinstance(name, str) or not _TOKEN.match(name):
        raise MalformedEvent("the event has a header whose name HTTP does not allow")
    if not isinstance(value, str) or _FORBIDDEN_IN_VALUE.search(value):
        raise MalformedEvent(f"the event's header '{name}' has a value HTTP does not allow")
    return name, value


def request_target(path: str, query: str) -> str:
    """Return the raw request target of a path and a query, both as the source gave them."""
    path = path if path.startswith("/") else f"/{path}"
    target = f"{path}?{query}" if query else path
    return quote(target, safe=_KEEP, errors="replace")


def _encode(body: str) -> bytes:
    try:
        return body.encode()
    except UnicodeEncodeError as error:
        raise MalformedEvent("the event's body is not Unicode text", cause=error.reason) from None
