"""Takes single fields out of events, and says which one is wrong.

What every event source needs: a header is one that HTTP allows, a body is bytes. An
event comes from JSON, so an object in it is a dict and a list is a list.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any
from urllib.parse import quote

from ferryman.core.errors import FerrymanError

__all__ = (
    "MalformedEvent",
    "body_field",
    "check_headers",
    "list_field",
    "method_field",
    "object_field",
    "request_target",
    "text_field",
)

# RFC 9110, 5.6.2 (token) and 5.5 (field values hold no CR, LF or NUL). Lone surrogates
# can stand in JSON, and are no characters.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_FORBIDDEN_IN_VALUE = re.compile("[\r\n\0\ud800-\udfff]")

# All printable ASCII: what a request target may hold is left as it came, and only what
# it may not hold (spaces, controls, anything beyond ASCII) is encoded.
_KEEP = "".join(chr(code) for code in range(0x21, 0x7F))
_CLEAN_TARGET = re.compile(r"/[\x21-\x7e]*\Z")

_known_names: set[str] = set()
# Clients choose names, and must not fill the memory with them.
_KNOWN_NAMES_LIMIT = 1000
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class MalformedEvent(FerrymanError):
    """An HTTP event with a field that is missing, or not what it should be."""


def object_field(event: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a field that holds an object; absent and null are an empty one."""
    value = event.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedEvent(f"the event's field '{name}' is no object")
    return value


def list_field(event: dict[str, Any], name: str) -> list[Any]:
    """Return a field that holds a list; absent and null are an empty one."""
    value = event.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedEvent(f"the event's field '{name}' is no list")
    return value


def text_field(event: dict[str, Any], name: str) -> str:
    """Return a field that holds text; absent and null are empty."""
    value = event.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedEvent(f"the event's field '{name}' is no text")
    return value


def body_field(event: dict[str, Any]) -> bytes:
    """Return the body of an event, decoded if it came as base64."""
    body = text_field(event, "body")
    if not body:
        return b""
    if not event.get("isBase64Encoded"):
        return _encode(body)
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedEvent(
            "the event's body is not base64, though isBase64Encoded says so", cause=str(error)
        ) from None


def method_field(event: dict[str, Any], name: str) -> str:
    """Return a field that holds a request method."""
    method = text_field(event, name)
    if method not in _METHODS and not _TOKEN.match(method):
        raise MalformedEvent(f"the event's field '{name}' is no HTTP method")
    return method


def check_headers(given: dict[Any, Any]) -> dict[str, str]:
    """Return headers by their names in lower case, less those without a value.

    Raises:
        MalformedEvent: HTTP allows one of the names or values not.
    """
    headers = {name.lower(): value for name, value in given.items() if value is not None}
    try:
        # All at once: the names of headers are few and come with every event, and hardly
        # ever is a value wrong.
        if _known_names.issuperset(headers) and not _FORBIDDEN_IN_VALUE.search(
            "".join(headers.values())
        ):
            return headers
    except TypeError:
        pass
    for name, value in headers.items():
        _check_header(name, value)
    if len(_known_names) < _KNOWN_NAMES_LIMIT:
        _known_names.update(headers)
    return headers


def request_target(path: str, query: str) -> str:
    """Return the raw request target of a path and a query, both as the source gave them."""
    target = path + "?" + query if query else path
    if _CLEAN_TARGET.match(target):
        return target
    if not path.startswith("/"):
        target = f"/{target}"
    return quote(target, safe=_KEEP, errors="replace")


def _check_header(name: str, value: object) -> None:
    if not _TOKEN.match(name):
        raise MalformedEvent("the event has a header whose name HTTP does not allow")
    if not isinstance(value, str) or _FORBIDDEN_IN_VALUE.search(value):
        raise MalformedEvent(f"the event's header '{name}' has a value HTTP does not allow")


def _encode(body: str) -> bytes:
    try:
        return body.encode()
    except UnicodeEncodeError as error:
        raise MalformedEvent("the event's body is not Unicode text", cause=error.reason) from None
