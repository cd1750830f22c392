"""The table of what each event source cannot carry, and what arrives instead.

The round-trip tests check the code against the table, and the reference page is generated from it.
Each row has a function that changes a request or a response as the source does, and an example that
shows it; a source without a row carries it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ferryman.local.gateway import alterations
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("CANNOT_CARRY", "Loss")


@dataclass(frozen=True, slots=True)
class Loss:
    """A part of a request or a response that does not arrive as sent.

    Attributes:
        sources: The event sources that do this.
        what: What is not carried.
        instead: What arrives.
        example: A request or a response that shows it.
        arrives: What becomes of a request or a response.
        lacking: The names of what an app behind the source must do without, for tests to ask
            for; a name is in several rows where each of them alone takes it away.
    """

    sources: tuple[str, ...]
    what: str
    instead: str
    example: HttpRequest | HttpResponse
    arrives: Callable[[HttpRequest], HttpRequest] | Callable[[HttpResponse], HttpResponse]
    lacking: tuple[str, ...] = ()


_ALL = (
    "function-url",
    "http-api",
    "http-api-v1",
    "rest-api",
    "alb",
    "alb-multi-value",
    "lattice-v1",
    "lattice-v2",
    "edge",
)
_ONE_VALUE = ("function-url", "http-api")
_LATTICE = ("lattice-v1", "lattice-v2")


def _get(target: str, *headers: tuple[str, str], scheme: str = "https") -> HttpRequest:
    host = ("host", "example.org")
    return HttpRequest("GET", target, (host, *headers), b"", scheme, "203.0.113.7")


def _ok(*headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(200, headers, b"{}")


CANNOT_CARRY: tuple[Loss, ...] = (
    Loss(
        _ALL,
        "the letter case of header names",
        "names in lower case",
        _get("/", ("X-Shop", "1")),
        alterations.lower_names,
        ("header_case",),
    ),
    Loss(
        tuple(name for name in _ALL if not name.startswith("lattice")),
        "a question mark with nothing after it",
        "the path alone",
        _get("/a?"),
        alterations.without_bare_question_mark,
    ),
    Loss(
        ("http-api", "http-api-v1"),
        "the escapes in a path: API Gateway decodes them twice, and cuts the path at an "
        "encoded question mark",
        "the decoded path, encoded again where it has to be: `%2F` is a slash. A path that "
        "cannot be decoded twice, such as `/100%25`, is refused by API Gateway",
        _get("/a%2Fb"),
        alterations.decoded_path,
        ("raw_path",),
    ),
    Loss(
        ("http-api-v1", "rest-api"),
        "how a query is encoded, a name without `=`, and the order of different names",
        "the same names and values, those of one name together and in order, encoded again",
        _get("/?b=x+y&a=1&b"),
        alterations.decoded_query,
        ("raw_query",),
    ),
    Loss(
        ("alb",),
        "a repeated name in a query",
        "its last value, as it is encoded",
        _get("/?a=1&a=%2B"),
        alterations.last_of_query,
        ("raw_query", "repeated_query"),
    ),
    Loss(
        ("alb", "alb-multi-value"),
        "a name without `=` in a query, and the order of different names",
        "those of one name together and in order, each with `=`",
        _get("/?a=1&b&a=2"),
        alterations.grouped_query,
    ),
    Loss(
        ("alb",),
        "a repeated header",
        "its last value",
        _get("/", ("x-a", "1"), ("x-a", "2")),
        alterations.last_of_headers,
        ("repeated_headers",),
    ),
    Loss(
        tuple(name for name in _ALL if name not in ("alb", "lattice-v1")),
        "several Cookie headers",
        "one, joined with `; `",
        _get("/", ("cookie", "a=1"), ("cookie", "b=2")),
        alterations.joined_cookies,
    ),
    Loss(
        _ONE_VALUE,
        "the space between cookies",
        "one space after each `;`",
        _get("/", ("cookie", "a=1;b=2")),
        alterations.spaced_cookies,
    ),
    Loss(
        _ONE_VALUE,
        "a repeated header",
        "one, joined with `,`",
        _get("/", ("x-a", "1"), ("x-a", "2")),
        alterations.joined_by(","),
        ("repeated_headers",),
    ),
    Loss(
        ("lattice-v1",),
        "a repeated header, Cookie too",
        "one, joined with `, `",
        _get("/", ("x-a", "1"), ("x-a", "2")),
        alterations.joined_by(", "),
        ("repeated_headers",),
    ),
    Loss(
        _LATTICE,
        "the scheme",
        "https",
        _get("/", scheme="http"),
        alterations.always_https,
    ),
    Loss(
        ("edge",),
        "headers that CloudFront hides from functions, such as Expect and X-Real-IP",
        "nothing",
        _get("/", ("x-real-ip", "192.0.2.1")),
        alterations.hidden,
    ),
    Loss(
        (*_ONE_VALUE, "alb", *_LATTICE),
        "a repeated header of a response, but for Set-Cookie",
        "one, joined with `, `",
        _ok(("content-type", "text/plain"), ("link", "</a>"), ("link", "</b>")),
        alterations.joined_headers,
        ("repeated_headers",),
    ),
    Loss(
        ("function-url", "http-api", "http-api-v1", "rest-api"),
        "a body without a content type",
        "one of type `application/json`",
        _ok(),
        alterations.typed,
    ),
    Loss(
        ("function-url", "rest-api"),
        "the names WWW-Authenticate, Authorization, Content-MD5, Date, Max-Forwards, Server and "
        "User-Agent in a response",
        "names that begin with x-amzn-remapped-, such as x-amzn-remapped-www-authenticate: a "
        "client sees no challenge. AWS says so of REST APIs; of Function URLs users do",
        _ok(("content-type", "text/plain"), ("www-authenticate", "Basic"), ("server", "shop")),
        alterations.remapped,
        ("www_authenticate",),
    ),
    Loss(
        ("rest-api",),
        "Expect, Host, Proxy-Authenticate, TE and Trailer in a response",
        "nothing",
        _ok(("content-type", "text/plain"), ("host", "example.org"), ("te", "trailers")),
        alterations.dropped,
    ),
    Loss(
        ("edge",),
        "headers of a response that CloudFront refuses: with one of them, it would refuse the "
        "whole response",
        "the rest",
        _ok(("x-cache", "hit"), ("x-edge-a", "1")),
        alterations.unrefused,
    ),
)
"""Every row applies after those before it."""
