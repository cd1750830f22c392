"""Takes single fields out of events, and says which one is wrong.

An event comes from JSON, so an object in it is a dict with names that are text, and a
list is a list. What is right is found out first: every request pays for that.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any

from ferryman.core.errors import MalformedEvent

__all__ = (
    "TOKEN",
    "MalformedEvent",
    "body_field",
    "checked_list",
    "checked_object",
    "list_field",
    "method_field",
    "object_field",
    "scheme_of",
    "text_field",
)

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
"""What methods and names of headers are made of (RFC 9110, 5.6.2)."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def object_field(event: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a field that holds an object; absent and null are an empty one."""
    return checked_object(event.get(name), name)


def checked_object(value: object, name: str) -> dict[str, Any]:
    """Return the value of a field that holds an object; null is an empty one."""
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    raise MalformedEvent(f"the event's field '{name}' is not an object")


def list_field(event: dict[str, Any], name: str) -> list[Any]:
    """Return a field that holds a list; absent and null are an empty one."""
    return checked_list(event.get(name), name)


def checked_list(value: object, name: str) -> list[Any]:
    """Return the value of a field that holds a list; null is an empty one."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    raise MalformedEvent(f"the event's field '{name}' is not a list")


def text_field(event: dict[str, Any], name: str) -> str:
    """Return a field that holds text; absent and null are empty."""
    try:
        value = event[name]
    except KeyError:
        return ""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise MalformedEvent(f"the event's field '{name}' is not text")


def method_field(event: dict[str, Any], name: str) -> str:
    """Return a field that holds a request method."""
    method = event.get(name)
    if isinstance(method, str) and (method in _METHODS or TOKEN.match(method)):
        return method
    raise MalformedEvent(f"the event's field '{name}' is not an HTTP method")


def scheme_of(told: str | None) -> str:
    """Return the scheme that a header tells of, in whatever case; https where none says http."""
    return "https" if told == "https" or not told or told.lower() != "http" else "http"


def body_field(event: dict[str, Any], name: str = "body", coded: str = "isBase64Encoded") -> bytes:
    """Return the body of a request, decoded if it came as base64.

    Args:
        event: The event, or the object in it that holds the body.
        name: The field that holds the body.
        coded: The field that says whether the body is base64.
    """
    body = text_field(event, name)
    if not body:
        return b""
    try:
        return b64decode(body, validate=True) if event.get(coded) else body.encode()
    except UnicodeEncodeError as error:
        raise MalformedEvent("the event's body is not Unicode text", cause=error.reason) from None
    except (binascii.Error, ValueError) as error:
        raise MalformedEvent(
            f"the event's body is not base64, though {coded} says so", cause=str(error)
        ) from None
