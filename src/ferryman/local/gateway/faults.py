"""The responses that an event source itself sends in place of the function, and their sources.

AWS documents some of them, and users report more; responses without a source are guesses. The
gateways and the local Lambda send the responses in this table, and the reference page on event
sources is generated from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from ferryman.targets.lambda_.runtime.messages import HttpResponse

__all__ = ("FAULTS", "Answer", "Fault", "answer")


class Fault(StrEnum):
    """The reason why the client does not receive the function's response."""

    FAILED = "the function failed, timed out or did not start"
    UNREADABLE = "the result is unreadable or too large"
    THROTTLED = "Lambda refuses the invocation, because no environment is free"
    TOO_LARGE = "the request is too large"
    HEADERS = "the headers of the request are too large"
    PATH = "the path cannot be decoded"
    SLOW = "the function takes longer than the source waits"


class Answer(NamedTuple):
    """A response to a client.

    Attributes:
        status: The status.
        body: The body.
        source: The source for both; empty if there is none.
        media: The content type.
    """

    status: int
    body: str
    source: str = ""
    media: str = "application/json"


def _message(status: int, text: str, source: str = "") -> Answer:
    return Answer(status, json.dumps({"message": text}), source)


def _page(status: int, title: str, source: str = "") -> Answer:
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status, body, source, "text/html")


_FUNCTION_URL_SEEN = "status and body: aws-lambda-developer-guide issue 430, aws-lambda-cpp 200"
_FUNCTION_URL = {
    Fault.FAILED: Answer(502, "Internal Server Error", _FUNCTION_URL_SEEN),
    Fault.UNREADABLE: Answer(502, "Internal Server Error", _FUNCTION_URL_SEEN),
    Fault.THROTTLED: Answer(
        429, '{"Message": "Rate Exceeded."}', "status: Lambda API reference, Invoke"
    ),
    Fault.TOO_LARGE: Answer(
        413, '{"Message": "Request Too Long"}', "status: Lambda API reference, Invoke"
    ),
}

_REST_DOCUMENTED = "Lambda developer guide, Handling Lambda errors with an API Gateway API"
_REST = {
    Fault.FAILED: _message(502, "Internal server error", _REST_DOCUMENTED),
    Fault.UNREADABLE: _message(502, "Internal server error", _REST_DOCUMENTED),
    Fault.THROTTLED: _message(500, "Internal server error", _REST_DOCUMENTED),
    Fault.TOO_LARGE: _message(
        413, "Request Too Long", "status and body, between 6 and 10 MB: lgtm-generator issue 10"
    ),
    Fault.HEADERS: _message(431, "Request Header Fields Too Large"),
    Fault.SLOW: _message(
        504,
        "Endpoint request timed out",
        "status: API Gateway developer guide, Gateway response types",
    ),
}

_HTTP_SEEN = (
    "body: API Gateway developer guide, Troubleshooting issues with HTTP API Lambda "
    "integrations; status: deno_registry2 issue 87, aws-lambda-haskell-runtime 105"
)
_HTTP = {
    Fault.FAILED: _message(500, "Internal Server Error", _HTTP_SEEN),
    Fault.UNREADABLE: _message(500, "Internal Server Error", _HTTP_SEEN),
    Fault.THROTTLED: _message(500, "Internal Server Error"),
    Fault.TOO_LARGE: _message(413, "Request Entity Too Large"),
    Fault.HEADERS: _message(431, "Request Header Fields Too Large"),
    Fault.PATH: _message(400, "Bad Request"),
    Fault.SLOW: _message(
        503, "Service Unavailable", "status and words: serverless issue 11222, sst 2232"
    ),
}

_BALANCER_SEEN = (
    "status: Elastic Load Balancing, Troubleshoot your Application Load Balancers; "
    "body: serverless-express issue 688"
)
_BALANCER = {
    Fault.FAILED: _page(502, "502 Bad Gateway", _BALANCER_SEEN),
    Fault.UNREADABLE: _page(502, "502 Bad Gateway", _BALANCER_SEEN),
    Fault.THROTTLED: _page(502, "502 Bad Gateway", _BALANCER_SEEN),
    Fault.TOO_LARGE: _page(413, "413 Request Entity Too Large"),
    Fault.HEADERS: _page(
        400,
        "400 Request Header Or Cookie Too Large",
        "seen, sometimes 502: alondiamant.com, 24 November 2019",
    ),
}

_LATTICE = {
    Fault.FAILED: _message(502, "Bad Gateway"),
    Fault.UNREADABLE: _message(502, "Bad Gateway"),
    Fault.THROTTLED: _message(502, "Bad Gateway"),
    Fault.TOO_LARGE: _message(413, "Request Entity Too Large"),
}

_EDGE_UNAVAILABLE = "status: CloudFront developer guide, HTTP 503 status code"
_EDGE = {
    Fault.FAILED: _page(503, "503 ERROR", _EDGE_UNAVAILABLE),
    Fault.UNREADABLE: _page(
        502, "502 ERROR", "status: CloudFront developer guide, HTTP 502 status code"
    ),
    Fault.THROTTLED: _page(503, "503 ERROR", _EDGE_UNAVAILABLE),
    Fault.TOO_LARGE: _page(413, "413 ERROR"),
}

FAULTS: Mapping[str, Mapping[Fault, Answer]] = {
    "function-url": _FUNCTION_URL,
    "http-api": _HTTP,
    "http-api-v1": _HTTP,
    "rest-api": _REST,
    "alb": _BALANCER,
    "alb-multi-value": _BALANCER,
    "lattice-v1": _LATTICE,
    "lattice-v2": _LATTICE,
    "edge": _EDGE,
}
"""The response of each source to each of its possible faults."""


def answer(source: str, fault: Fault) -> HttpResponse:
    """Return the response that a client receives in place of the function's.

    Args:
        source: The event source's name.
        fault: The fault, which must be in this source's table.
    """
    row = FAULTS[source][fault]
    return HttpResponse(row.status, (("content-type", row.media),), row.body.encode())
