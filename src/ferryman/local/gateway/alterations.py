"""The changes that event sources make to requests and responses.

Each row of the table in `losses` has a function. They follow AWS's documentation and captured
events, not the code that the tests compare with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote

from ferryman.local.gateway.edge import is_hidden
from ferryman.local.gateway.parts import group, join, query_pairs
from ferryman.targets.lambda_.runtime.events.edge import is_refused
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = (
    "always_https",
    "decoded_path",
    "decoded_query",
    "dropped",
    "grouped_query",
    "hidden",
    "joined_by",
    "joined_cookies",
    "joined_headers",
    "last_of_headers",
    "last_of_query",
    "lower_names",
    "remapped",
    "spaced_cookies",
    "typed",
    "unrefused",
    "without_bare_question_mark",
)


_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "?#")
# The characters of RFC 3986, 3.4, without those that have a meaning in forms.
_IN_QUERY = "-._~!$'()*,:@/?"


def lower_names(request: HttpRequest) -> HttpRequest:
    """Convert header names to lower case."""
    return request.with_headers([(name.lower(), value) for name, value in request.headers])


def without_bare_question_mark(request: HttpRequest) -> HttpRequest:
    """Remove a question mark without a query after it."""
    path, _, query = request.target.partition("?")
    return request._replace(target=f"{path}?{query}" if query else path)


def decoded_path(request: HttpRequest) -> HttpRequest:
    """Decode the path as an HTTP API does, and encode it again where necessary."""
    path, mark, query = request.target.partition("?")
    decoded = unquote(unquote(path).partition("?")[0])
    escaped = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", decoded)
    return request._replace(target=quote(escaped, safe=_PRINTABLE) + mark + query)


def decoded_query(request: HttpRequest) -> HttpRequest:
    """Decode the query, and encode its names and values again."""
    path, _, query = request.target.partition("?")
    grouped = group(parse_qsl(query, keep_blank_values=True))
    pairs = [
        f"{quote(name, safe=_IN_QUERY)}={quote(value, safe=_IN_QUERY)}"
        for name, values in grouped.items()
        for value in values
    ]
    return request._replace(target=f"{path}?{'&'.join(pairs)}" if pairs else path)


def grouped_query(request: HttpRequest) -> HttpRequest:
    """Put parameters of the same name next to each other."""
    return _with_query(request, group(_query(request)))


def last_of_query(request: HttpRequest) -> HttpRequest:
    """Keep the last parameter of each name."""
    grouped = group(_query(request))
    return _with_query(request, {name: values[-1:] for name, values in grouped.items()})


def last_of_headers(request: HttpRequest) -> HttpRequest:
    """Keep the last header of each name."""
    return request.with_headers(list(dict(request.headers).items()))


def joined_by(separator: str) -> Callable[[HttpRequest], HttpRequest]:
    """Return a function that joins headers of the same name."""

    def arrives(request: HttpRequest) -> HttpRequest:
        return request.with_headers(list(join(request.headers, separator).items()))

    return arrives


def joined_cookies(request: HttpRequest) -> HttpRequest:
    """Join Cookie headers."""
    cookies = [value for name, value in request.headers if name == "cookie"]
    others = [pair for pair in request.headers if pair[0] != "cookie"]
    return request.with_headers([*others, ("cookie", "; ".join(cookies))]) if cookies else request


def spaced_cookies(request: HttpRequest) -> HttpRequest:
    """Put one space between cookies."""
    return request.with_headers(
        [
            (name, "; ".join(part.strip() for part in value.split(";")))
            if name == "cookie"
            else (name, value)
            for name, value in request.headers
        ],
    )


def always_https(request: HttpRequest) -> HttpRequest:
    """Replace the scheme by https."""
    return request._replace(scheme="https")


def hidden(request: HttpRequest) -> HttpRequest:
    """Remove the headers that CloudFront hides."""
    return request.with_headers([pair for pair in request.headers if not is_hidden(pair[0])])


def joined_headers(response: HttpResponse) -> HttpResponse:
    """Join headers of the same name, except Set-Cookie."""
    cookies = [pair for pair in response.headers if pair[0] == "set-cookie"]
    others = [pair for pair in response.headers if pair[0] != "set-cookie"]
    return response.with_headers([*join(others, ", ").items(), *cookies])


def typed(response: HttpResponse) -> HttpResponse:
    """Add the content type that API Gateway adds."""
    if not response.body or "content-type" in dict(response.headers):
        return response
    return response.with_headers([*response.headers, ("content-type", "application/json")])


def remapped(response: HttpResponse) -> HttpResponse:
    """Rename headers that REST APIs and Function URLs rename."""
    names = [
        "www-authenticate",
        "authorization",
        "content-md5",
        "date",
        "max-forwards",
        "server",
        "user-agent",
    ]
    return response.with_headers(
        [(f"x-amzn-remapped-{n}" if n in names else n, value) for n, value in response.headers],
    )


def dropped(response: HttpResponse) -> HttpResponse:
    """Remove the headers that REST APIs drop."""
    names = ("expect", "host", "proxy-authenticate", "te", "trailer")
    return response.with_headers([pair for pair in response.headers if pair[0] not in names])


def unrefused(response: HttpResponse) -> HttpResponse:
    """Remove the headers that CloudFront refuses."""
    return response.with_headers([pair for pair in response.headers if not is_refused(pair[0])])


def _query(request: HttpRequest) -> list[tuple[str, str]]:
    return query_pairs(request.target.partition("?")[2])


def _with_query(request: HttpRequest, grouped: dict[str, list[str]]) -> HttpRequest:
    path = request.target.partition("?")[0]
    pairs = [f"{name}={value}" for name, values in grouped.items() for value in values]
    return request._replace(target=f"{path}?{'&'.join(pairs)}" if pairs else path)
