"""What each event source answers when a function does not, and where that is written.

REST API: 502 where the function ran and failed or answered nonsense, 500 where Lambda refused
the call, each with `{"message": "Internal server error"}` ("Handling Lambda errors with an API
Gateway API", AWS Lambda developer guide); 504 after 29 s (INTEGRATION_TIMEOUT in "Gateway
response types", API Gateway developer guide).
HTTP API: `{"message": "Internal Server Error"}` ("Troubleshooting issues with HTTP API Lambda
integrations", same guide). Its status is on no page of AWS's; 500 is what users report of
failed functions (aws-lambda-cpp, issue 117). The 503 after 30 s is as unsourced.
Load balancer: 502 for all of it ("Troubleshoot your Application Load Balancers"); its page of
HTML is from memory of the service.
Function URL: 413 and 429 are those of Lambda's own API ("Invoke", Lambda API reference); 502
`Internal Server Error` is what users report (aws-lambda-developer-guide, issue 430).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from ferryman.targets.lambda_.local.outcome import REQUEST_TOO_LARGE, THROTTLED
from ferryman.targets.lambda_.runtime.messages import HttpResponse

__all__ = ("INTEGRATION_TIMEOUTS", "answer_fault", "answer_timeout")

INTEGRATION_TIMEOUTS: Mapping[str, float] = {
    "rest-api": 29.0,
    "http-api": 30.0,
    "http-api-v1": 30.0,
}
"""Seconds that an event source itself waits for a function, where it has such a limit."""

_JSON = (("content-type", "application/json"),)
_HTML = (("content-type", "text/html"), ("server", "awselb/2.0"))


class _Words(NamedTuple):
    """What a kind of source answers: to a refused call, and to a failed function."""

    throttled: tuple[int, str]
    too_large: tuple[int, str]
    failed: tuple[int, str]


_FUNCTION_URL = _Words(
    (429, "Rate Exceeded."), (413, "Request Too Long"), (502, "Internal Server Error")
)
_REST = _Words(*[(status, "Internal server error") for status in (500, 500, 502)])
_HTTP = _Words(*[(status, "Internal Server Error") for status in (500, 500, 500)])
_BALANCER = _Words(*[(502, "502 Bad Gateway")] * 3)

_SPEAKING = {
    "function-url": _FUNCTION_URL,
    "rest-api": _REST,
    "http-api": _HTTP,
    "http-api-v1": _HTTP,
}


def answer_fault(source: str, fault: str) -> HttpResponse:
    """Return what a client gets in place of the function's answer.

    Args:
        source: The event source's name.
        fault: What went wrong, one of `outcome`'s.
    """
    words = _SPEAKING.get(source, _BALANCER)
    which = {THROTTLED: words.throttled, REQUEST_TOO_LARGE: words.too_large}
    return _say(source, *which.get(fault, words.failed))


def answer_timeout(source: str) -> HttpResponse:
    """Return what a client gets when the event source itself waited too long."""
    if source == "rest-api":
        return _say(source, 504, "Endpoint request timed out")
    return _say(source, 503, "Service Unavailable")


def _say(source: str, status: int, message: str) -> HttpResponse:
    if source not in _SPEAKING:
        page = f"<html>\r\n<head><title>{message}</title></head>\r\n<body>\r\n"
        page += f"<center><h1>{message}</h1></center>\r\n</body>\r\n</html>\r\n"
        return HttpResponse(status, _HTML, page.encode())
    if source == "function-url":
        body = message if status == 502 else json.dumps({"Message": message})
        return HttpResponse(status, _JSON, body.encode())
    return HttpResponse(status, _JSON, json.dumps({"message": message}).encode())
