"""Encodes the events of VPC Lattice, and decodes the results that it expects.

It mirrors `runtime.events.lattice`, which names the sources.
"""

from __future__ import annotations

import time
from typing import Any

from ferryman.local.gateway.faults import Fault, answer
from ferryman.local.gateway.parts import (
    event_body,
    group,
    join,
    last,
    query_pairs,
    read_response,
    result_headers,
)
from ferryman.local.gateway.protocol import Gateway, Limits
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("LATTICE_V1", "LATTICE_V2", "decode_result")

_ARN = "arn:aws:vpc-lattice:us-east-1:123456789012:"


def encode_v1(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request, of structure V1."""
    body, coded = event_body(request.body)
    return {
        "raw_path": request.target,
        "method": request.method,
        "headers": join(_headers(request), ", "),
        "query_string_parameters": last(_query(request)),
        "body": body,
        "is_base64_encoded": coded,
    }


def encode_v2(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request, of structure V2."""
    event: dict[str, Any] = {
        "version": "2.0",
        "path": request.target,
        "method": request.method,
        "headers": group(_headers(request)),
        "queryStringParameters": group(_query(request)),
        "requestContext": {
            "serviceNetworkArn": f"{_ARN}servicenetwork/sn-0123456789abcdef0",
            "serviceArn": f"{_ARN}service/svc-0123456789abcdef0",
            "targetGroupArn": f"{_ARN}targetgroup/tg-0123456789abcdef0",
            "identity": {},
            "region": "us-east-1",
            "timeEpoch": str(int(time.time() * 1_000_000)),
        },
    }
    if request.body:
        event["body"], coded = event_body(request.body)
        if coded:
            event["isBase64Encoded"] = True
    return event


def decode_result(result: object) -> HttpResponse:
    """Return the response in a function's result."""
    try:
        return read_response(result, result_headers(result, "headers"))
    except (ValueError, TypeError, AttributeError):
        return answer("lattice-v2", Fault.UNREADABLE)


def _headers(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in request.headers]


def _query(request: HttpRequest) -> list[tuple[str, str]]:
    return query_pairs(request.target.partition("?")[2])


_FORWARDS = ("x-forwarded-for",)
_LIMITS = Limits(6 * 1024 * 1024, 6 * 1024 * 1024)

LATTICE_V1 = Gateway("lattice-v1", encode_v1, decode_result, _FORWARDS, _LIMITS)
LATTICE_V2 = Gateway("lattice-v2", encode_v2, decode_result, _FORWARDS, _LIMITS)
