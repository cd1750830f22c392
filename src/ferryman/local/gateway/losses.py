"""The table of the parts of HTTP that each event source changes, and what arrives instead.

The round-trip tests check the code against the table, and the reference page is generated from it.
Each row has a function that changes a request or a response as the source does, and an example. A
source that is not in a row does not make the change.
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
        what: The part that does not arrive as sent.
        instead: The part that arrives.
        example: A request or a response that the source changes.
        arrives: Changes a request or a response as the source does.
        lacking: Names that a test can require, for capabilities that the app loses behind the
            source. Several rows may have the same name.
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
        "the decoded path, encoded again where necessary, so `%2F` becomes a slash. API Gateway "
        "refuses a path that it cannot decode twice, such as `/100%25`",
        _get("/a%2Fb"),
        alterations.decoded_path,
        ("raw_path",),
    ),
    Loss(
        ("http-api-v1", "rest-api"),
        "the encoding of a query, a name without `=`, and the order of different names",
        "the same names and values, encoded again; values of the same name are adjacent and in "
        "order",
        _get("/?b=x+y&a=1&b"),
        alterations.decoded_query,
        ("raw_query",),
    ),
    Loss(
        ("alb",),
        "a repeated name in a query",
        "its last value, with its encoding",
        _get("/?a=1&a=%2B"),
        alterations.last_of_query,
        ("raw_query", "repeated_query"),
    ),
    Loss(
        ("alb", "alb-multi-value"),
        "a name without `=` in a query, and the order of different names",
        "values of the same name, adjacent and in order, each with `=`",
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
        "one header, joined with `; `",
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
        "one header, joined with `,`",
        _get("/", ("x-a", "1"), ("x-a", "2")),
        alterations.joined_by(","),
        ("repeated_headers",),
    ),
    Loss(
        ("lattice-v1",),
        "a repeated header, also Cookie",
        "one header, joined with `, `",
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
        "a repeated header of a response, except Set-Cookie",
        "one header, joined with `, `",
        _ok(("content-type", "text/plain"), ("link", "</a>"), ("link", "</b>")),
        alterations.joined_headers,
        ("repeated_headers",),
    ),
    Loss(
        ("function-url", "http-api", "http-api-v1", "rest-api"),
        "a body without a content type",
        "a body of type `application/json`",
        _ok(),
        alterations.typed,
    ),
    Loss(
        ("function-url", "rest-api"),
        "the names WWW-Authenticate, Authorization, Content-MD5, Date, Max-Forwards, Server and "
        "User-Agent in a response",
        "names that begin with x-amzn-remapped-, such as x-amzn-remapped-www-authenticate, so "
        "the client sees no challenge. AWS documents this for REST APIs; users report it for "
        "Function URLs",
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
        "headers of a response that CloudFront refuses: it would refuse the whole response "
        "because of one of them",
        "the other headers",
        _ok(("x-cache", "hit"), ("x-edge-a", "1")),
        alterations.unrefused,
    ),
)
"""The changes, in the order in which they apply."""
