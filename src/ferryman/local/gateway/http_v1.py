"""Encodes the events of REST APIs and of HTTP APIs with payload format 1.0, and decodes results.

It mirrors `runtime.events.http_v1`, which names the sources.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl

from ferryman.local.gateway.faults import Fault, answer
from ferryman.local.gateway.parts import (
    clock,
    event_body,
    group,
    last,
    read_response,
    renamed,
    result_headers,
)
from ferryman.local.gateway.paths import decode_path
from ferryman.local.gateway.protocol import Gateway, Limits
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("HTTP_API_V1", "REST_API", "decode_result", "encode_request")

_FORWARDS = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")
_STAGE = "local"

# From the table in "API Gateway important notes for REST APIs".
_DROPPED = frozenset({"expect", "host", "proxy-authenticate", "te", "trailer"})


def encode_request(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request to a REST API, with the path as the client sent it.

    The path has no stage in front, as behind a custom domain.
    """
    path = request.target.partition("?")[0]
    return _event(request, path, {"path": path, "stage": _STAGE})


def encode_api_request(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request to an HTTP API, with the decoded path.

    Raises:
        Refused: The path cannot be decoded.
    """
    path = decode_path(request.target.partition("?")[0])
    return {"version": "1.0", **_event(request, path, {"path": path, "stage": "$default"})}


def decode_result(result: object) -> HttpResponse:
    """Return the response that a REST API sends for a function's result."""
    response = _decode(result, "rest-api")
    kept = [pair for pair in response.headers if pair[0] not in _DROPPED]
    return response.with_headers(renamed(kept))


def decode_api_result(result: object) -> HttpResponse:
    """Return the response that an HTTP API sends for a function's result."""
    return _decode(result, "http-api-v1")


def _decode(result: object, source: str) -> HttpResponse:
    try:
        response = read_response(result, ())
        listed = result_headers(result, "multiValueHeaders")
        single = result_headers(result, "headers")
    except (ValueError, TypeError):
        return answer(source, Fault.UNREADABLE)
    headers = [*[pair for pair in single if pair[0] not in dict(listed)], *listed]
    if response.body and "content-type" not in dict(headers):
        headers.append(("content-type", "application/json"))
    return response.with_headers(headers)


def _event(request: HttpRequest, path: str, where: dict[str, str]) -> dict[str, Any]:
    query = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
    headers = [(name.lower(), value) for name, value in request.headers]
    body, coded = event_body(request.body)
    time, epoch = clock()
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": request.method,
        "headers": last(headers) or None,
        "multiValueHeaders": group(headers) or None,
        "queryStringParameters": last(query) or None,
        "multiValueQueryStringParameters": group(query) or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "local.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "local",
            "httpMethod": request.method,
            "identity": {
                "sourceIp": request.remote or "127.0.0.1",
                "userAgent": dict(headers).get("user-agent"),
            },
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTime": time,
            "requestTimeEpoch": epoch,
            "resourcePath": "/{proxy+}",
            **where,
        },
        "body": body or None,
        "isBase64Encoded": coded,
    }


_LIMITS = Limits(6 * 1024 * 1024, 6 * 1024 * 1024, 10_240, 29.0)

REST_API = Gateway("rest-api", encode_request, decode_result, _FORWARDS, _LIMITS)
HTTP_API_V1 = Gateway(
    "http-api-v1", encode_api_request, decode_api_result, _FORWARDS, _LIMITS._replace(seconds=30.0)
)
