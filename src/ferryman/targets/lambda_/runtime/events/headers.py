"""Takes the headers out of events: names in lower case, values that HTTP allows.

Events carry them with one value a name, or with a list of values a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

from ferryman.targets.lambda_.runtime.events.fields import (
    TOKEN,
    MalformedEvent,
    checked_list,
    checked_object,
)

__all__ = ("Pairs", "listed_headers", "single_headers")

Pairs = list[tuple[str, str]]

# Names that were found right, in lower case. Clients choose names, and must not fill the
# memory with them.
_known: set[str] = set()
_KNOWN_LIMIT = 1000
_KNOWN_LENGTH = 64

# Sources let far less through (64 KiB at most), so that what is more was sent to do harm:
# apps take some headers apart in time that grows with their length, and faster than it.
_LENGTH_LIMIT = 128 * 1024
_COUNT_LIMIT = 500


def single_headers(given: object, cookies: object = None) -> dict[str, str]:
    """Return headers that came with one value a name; those with null are left out.

    Args:
        given: An object of headers; null is an empty one.
        cookies: A list of cookies, where they have one of their own. It stands for the header
            `Cookie`, whether that came too or not.

    Raises:
        MalformedEvent: HTTP allows one of the names or values not, or they are no object.
    """
    # All at once: names are few and come with every event, and hardly ever is one wrong.
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
    """Return headers that came with a list of values a name, or one; null is an empty list.

    Raises:
        MalformedEvent: HTTP allows one of the names or values not.
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
            pairs.append((lower, values))  # samples of VPC Lattice's have some as text
    _check_count(pairs)
    if not _are_values([value for _, value in pairs]):
        return [(name, _value(name, value)) for name, value in pairs]
    return pairs


def _join_cookies(cookies: object) -> str:
    """Return what a `Cookie` header holds, from several that a client sent (RFC 9113, 8.2.3)."""
    try:
        return "; ".join(checked_list(cookies, "cookies"))
    except TypeError:
        raise MalformedEvent("the event has a cookie that is not text") from None


def _are_values(values: Iterable[Any]) -> bool:
    """Return whether all are plainly right; those that are not may still be."""
    try:
        text = "".join([*values])  # of a list at once, which join makes in more steps
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
        value = str(value)  # of an event that somebody wrote by hand
    if isinstance(value, str) and _is_text(value):
        if len(value) <= _LENGTH_LIMIT:
            return value
        raise MalformedEvent(f"the event's header '{name.lower()}' is too long")
    raise MalformedEvent(f"the event's header '{name.lower()}' has a value HTTP does not allow")


def _is_text(value: str) -> bool:
    # RFC 9110, 5.5: field values hold no CR, LF or NUL. Halves of characters, which can
    # stand in JSON, cannot be encoded.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\n" not in value and "\r" not in value and "\0" not in value
