"""Parts of events and results that several gateways share."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Any

from ferryman.targets.lambda_.runtime.messages import HttpResponse

__all__ = (
    "Pairs",
    "clock",
    "event_body",
    "group",
    "join",
    "last",
    "query_pairs",
    "read_response",
    "renamed",
    "result_headers",
)

Pairs = Sequence[tuple[str, str]]

# "API Gateway important notes for REST APIs" lists them in a table. AWS documents nothing for
# Function URLs; users report that these rename www-authenticate, date and server.
_RENAMED = frozenset(
    {
        *("www-authenticate", "authorization", "content-md5", "date"),
        *("max-forwards", "server", "user-agent"),
    }
)


def group(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of each name, in order."""
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def join(pairs: Iterable[tuple[str, str]], separator: str) -> dict[str, str]:
    """Return the values of each name, joined."""
    return {name: separator.join(values) for name, values in group(pairs).items()}


def last(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the last value of each name."""
    return {name: values[-1] for name, values in group(pairs).items()}


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Return the names and values of a query, still encoded."""
    parts = [part.partition("=") for part in query.split("&") if part]
    return [(name, value) for name, _, value in parts]


def event_body(body: bytes) -> tuple[str, bool]:
    """Return a request's body for an event, and whether it is base64."""
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return b64encode(body).decode("ascii"), True


def clock() -> tuple[str, int]:
    """Return the time as API Gateway writes it, and in milliseconds since 1970."""
    now = time.time()
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)), int(now * 1000)


def renamed(headers: Pairs) -> list[tuple[str, str]]:
    """Return a response's headers as REST APIs and Function URLs name them."""
    return [
        (f"x-amzn-remapped-{name}" if name in _RENAMED else name, value) for name, value in headers
    ]


def read_response(result: object, headers: Pairs) -> HttpResponse:
    """Return the response of a result with `statusCode`, `body` and `isBase64Encoded`.

    Raises:
        ValueError: The result does not have this form.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        raise ValueError("a result is an object with a status code")
    status = int(result["statusCode"])
    body = result.get("body") or ""
    if not 100 <= status <= 599 or not isinstance(body, str):
        raise ValueError("the status is not one of 100 to 599, or the body is not text")
    content = b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
    return HttpResponse(status, tuple(headers), content)


def result_headers(result: Any, name: str) -> list[tuple[str, str]]:
    """Return the headers in a field of a result, their names in lower case.

    Raises:
        ValueError: The headers are not an object of values, or of lists of values.
    """
    given = result.get(name) or {}
    if not isinstance(given, dict):
        raise ValueError("headers are an object")
    pairs = []
    for header, values in given.items():
        for value in values if isinstance(values, list) else (values,):
            if not isinstance(value, str | int | float):
                raise ValueError("a header has a value that is not text")
            pairs.append((str(header).lower(), str(value)))
    return pairs
