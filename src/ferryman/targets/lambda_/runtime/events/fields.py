"""Reads fields and headers of events, and names the field that is malformed.

Events come from JSON, so objects are dicts with strings as keys. Each function tests the valid case
first, because every request pays for it. Header names become lower case; a name has one value or a
list of values.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Sized
from typing import Any

from ferryman.core.errors import MalformedEvent

__all__ = (
    "TOKEN",
    "MalformedEvent",
    "Pairs",
    "body_field",
    "checked_list",
    "checked_object",
    "list_field",
    "listed_headers",
    "method_field",
    "object_field",
    "scheme_of",
    "single_headers",
    "text_field",
)

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
"""Matches methods and header names (RFC 9110, 5.6.2)."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def object_field(event: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a field that holds an object; empty if it is missing or null."""
    return checked_object(event.get(name), name)


def checked_object(value: object, name: str) -> dict[str, Any]:
    """Return the value of a field that holds an object; empty for null."""
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    raise MalformedEvent(f"the event's field '{name}' is not an object")


def list_field(event: dict[str, Any], name: str) -> list[Any]:
    """Return a field that holds a list; empty if it is missing or null."""
    return checked_list(event.get(name), name)


def checked_list(value: object, name: str) -> list[Any]:
    """Return the value of a field that holds a list; empty for null."""
    if isinstance(value, list):
        return value
    if value is None:
        return []
    raise MalformedEvent(f"the event's field '{name}' is not a list")


def text_field(event: dict[str, Any], name: str) -> str:
    """Return a field that holds text; empty if it is missing or null."""
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
    """Return the scheme in a header, ignoring case: http if it says so, otherwise https."""
    return "https" if told == "https" or not told or told.lower() != "http" else "http"


def body_field(event: dict[str, Any], name: str = "body", coded: str = "isBase64Encoded") -> bytes:
    """Return the body of a request, decoded if it is base64.

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


Pairs = list[tuple[str, str]]

# Valid names in lower case. The limits bound the memory, because clients choose names.
_known: set[str] = set()
_KNOWN_LIMIT = 1000
_KNOWN_LENGTH = 64

# Event sources allow far less (64 KiB at most), so longer headers are an attack: the time to parse
# some headers grows faster than their length.
_LENGTH_LIMIT = 128 * 1024
_COUNT_LIMIT = 500


def single_headers(given: object, cookies: object = None) -> dict[str, str]:
    """Return headers that have one value for each name, without those that are null.

    Args:
        given: An object of headers, or null.
        cookies: The list of cookies, in formats that have one. It replaces the header `Cookie`.

    Raises:
        MalformedEvent: HTTP does not allow a name or a value, or `given` is not an object.
    """
    # Test all of them together: names repeat in every event, and are hardly ever invalid.
    if isinstance(given, dict) and _known.issuperset(given):
        headers = given.copy()
        if cookies:
            headers["cookie"] = _join_cookies(cookies)
        if _are_values(headers.values()):
            return headers
    headers = {}
    for name, value in checked_object(given, "headers").items():
        if value is not None:
            headers[_lower(name)] = _value(name, value)
    if cookies:
        headers["cookie"] = _value("cookie", _join_cookies(cookies))
    _check_count(headers)
    return headers


def listed_headers(given: dict[str, Any]) -> Pairs:
    """Return headers that have a list of values for each name, or one value.

    Raises:
        MalformedEvent: HTTP does not allow a name or a value.
    """
    pairs: Pairs = []
    for name, values in given.items():
        lower = name if name in _known else _lower(name)
        if isinstance(values, list):
            if len(values) == 1:
                pairs.append((lower, values[0]))
            elif lower == "cookie" and values:
                pairs.append((lower, _join_cookies(values)))
            else:
                pairs += [(lower, value) for value in values]
        elif values is not None:
            pairs.append((lower, values))  # VPC Lattice's samples have some as text
    _check_count(pairs)
    if not _are_values([value for _, value in pairs]):
        return [(name, _value(name, value)) for name, value in pairs]
    return pairs


def _join_cookies(cookies: object) -> str:
    """Return the `Cookie` header of several cookies (RFC 9113, 8.2.3)."""
    try:
        return "; ".join(checked_list(cookies, "cookies"))
    except TypeError:
        raise MalformedEvent("the event has a cookie that is not text") from None


def _are_values(values: Iterable[Any]) -> bool:
    """Return whether all values are certainly valid; False leaves it open."""
    try:
        text = "".join([*values])  # join is faster with a list
    except TypeError:
        return False
    if len(text) > _LENGTH_LIMIT or not text.isascii():
        return False
    return "\n" not in text and "\r" not in text and "\0" not in text


def _check_count(headers: Sized) -> None:
    if len(headers) > _COUNT_LIMIT:
        raise MalformedEvent("the event has too many headers")


def _lower(name: str) -> str:
    lower = name.lower()
    if lower not in _known:
        if len(lower) > _LENGTH_LIMIT or not TOKEN.match(lower):
            raise MalformedEvent("the event has a header whose name HTTP does not allow")
        if len(_known) < _KNOWN_LIMIT and len(lower) <= _KNOWN_LENGTH:
            _known.add(lower)
    return lower


def _value(name: str, value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)  # in events that were written by hand
    if isinstance(value, str) and _is_text(value):
        if len(value) <= _LENGTH_LIMIT:
            return value
        raise MalformedEvent(f"the event's header '{name.lower()}' is too long")
    raise MalformedEvent(f"the event's header '{name.lower()}' has a value HTTP does not allow")


def _is_text(value: str) -> bool:
    # RFC 9110, 5.5: field values have no CR, LF or NUL. JSON may hold lone surrogates, which
    # cannot be encoded.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\n" not in value and "\r" not in value and "\0" not in value
