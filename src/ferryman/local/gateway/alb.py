"""Encodes the events of Application Load Balancers, and decodes the results that they expect.

It mirrors `runtime.events.alb`, which names the sources.
"""

from __future__ import annotations

from typing import Any

from ferryman.local.gateway.faults import Fault, answer
from ferryman.local.gateway.parts import (
    event_body,
    group,
    last,
    query_pairs,
    read_response,
    result_headers,
)
from ferryman.local.gateway.protocol import Gateway, Limits
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("ALB", "ALB_MULTI_VALUE")

_FORWARDS = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")
_TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/local/1"


def encode_single_value(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request to a target group without multi-value headers."""
    return {
        **_event(request),
        "queryStringParameters": last(_query(request)),
        "headers": last(_headers(request)),
    }


def encode_multi_value(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request to a target group with multi-value headers."""
    return {
        **_event(request),
        "multiValueQueryStringParameters": group(_query(request)),
        "multiValueHeaders": group(_headers(request)),
    }


def decode_single_value(result: object) -> HttpResponse:
    """Return the response in a result without multi-value headers."""
    return _response(result, "headers")


def decode_multi_value(result: object) -> HttpResponse:
    """Return the response in a result with multi-value headers."""
    return _response(result, "multiValueHeaders")


def _event(request: HttpRequest) -> dict[str, Any]:
    body, coded = event_body(request.body)
    return {
        "requestContext": {"elb": {"targetGroupArn": _TARGET_GROUP}},
        "httpMethod": request.method,
        "path": request.target.partition("?")[0],
        "body": body,
        "isBase64Encoded": coded,
    }


def _response(result: object, field: str) -> HttpResponse:
    try:
        return read_response(result, result_headers(result, field))
    except (ValueError, TypeError, AttributeError):
        return answer("alb", Fault.UNREADABLE)


def _headers(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in request.headers]


def _query(request: HttpRequest) -> list[tuple[str, str]]:
    return query_pairs(request.target.partition("?")[2])


_LIMITS = Limits(1024 * 1024, 1024 * 1024, 64 * 1024)

ALB = Gateway("alb", encode_single_value, decode_single_value, _FORWARDS, _LIMITS)
ALB_MULTI_VALUE = Gateway(
    "alb-multi-value", encode_multi_value, decode_multi_value, _FORWARDS, _LIMITS
)
