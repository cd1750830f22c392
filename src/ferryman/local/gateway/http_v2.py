"""Encodes the events of Function URLs and HTTP APIs, and decodes the results that they expect.

It mirrors `runtime.events.http_v2`, which names the sources.
"""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import parse_qsl, unquote

from ferryman.local.gateway.faults import Fault, answer
from ferryman.local.gateway.parts import (
    clock,
    event_body,
    join,
    read_response,
    renamed,
    result_headers,
)
from ferryman.local.gateway.paths import decode_path
from ferryman.local.gateway.protocol import Gateway, Limits
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("FUNCTION_URL", "HTTP_API", "decode_result", "encode_request")

_FORWARDS = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")


def encode_request(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request to a Function URL, with the path as the client sent it."""
    path, _, _ = request.target.partition("?")
    event = _event(request, path, "local.lambda-url.us-east-1.on.aws")
    event["requestContext"]["accountId"] = "anonymous"
    if cookies := [value for name, value in request.headers if name.lower() == "cookie"]:
        event["headers"]["cookie"] = ",".join(cookies)
    return event


def encode_api_request(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request to an HTTP API, with the decoded path.

    Raises:
        Refused: The path cannot be decoded.
    """
    path = decode_path(request.target.partition("?")[0])
    return _event(request, path, "local.execute-api.us-east-1.amazonaws.com")


def decode_result(result: object) -> HttpResponse:
    """Return the response that a Function URL sends for a function's result.

    A result without a `statusCode` becomes the response's body, as JSON.
    """
    response = _decode(result, "function-url")
    return response.with_headers(renamed(response.headers))


def decode_api_result(result: object) -> HttpResponse:
    """Return the response that an HTTP API sends for a function's result."""
    return _decode(result, "http-api")


def _decode(result: object, source: str) -> HttpResponse:
    if not isinstance(result, dict) or "statusCode" not in result:
        if isinstance(result, dict) and "errorMessage" in result:
            return answer(source, Fault.UNREADABLE)
        body = result if isinstance(result, str) else json.dumps(result)
        return HttpResponse(200, (("content-type", "application/json"),), body.encode())
    try:
        headers = result_headers(result, "headers")
        headers += [("set-cookie", str(cookie)) for cookie in result.get("cookies") or ()]
        response = read_response(result, headers)
    except (ValueError, TypeError):
        return answer(source, Fault.UNREADABLE)
    if response.body and "content-type" not in dict(headers):
        headers.append(("content-type", "application/json"))
    return response.with_headers(headers)


def _event(request: HttpRequest, path: str, domain: str) -> dict[str, Any]:
    query = request.target.partition("?")[2]
    headers = [(name.lower(), value) for name, value in request.headers]
    cookies = [value for name, value in headers if name == "cookie"]
    pairs = [cookie.strip() for value in cookies for cookie in value.split(";")]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": join([pair for pair in headers if pair[0] != "cookie"], ","),
        "requestContext": _context(request, path, domain, dict(headers).get("user-agent", "")),
        "isBase64Encoded": False,
    }
    if pairs:
        event["cookies"] = pairs
    if query:
        event["queryStringParameters"] = join(parse_qsl(query, keep_blank_values=True), ",")
    if request.body:
        event["body"], event["isBase64Encoded"] = event_body(request.body)
    return event


def _context(request: HttpRequest, path: str, domain: str, agent: str) -> dict[str, Any]:
    time, epoch = clock()
    return {
        "accountId": "123456789012",
        "apiId": "local",
        "domainName": domain,
        "domainPrefix": "local",
        "http": {
            "method": request.method,
            "path": unquote(path),
            "protocol": "HTTP/1.1",
            "sourceIp": request.remote or "127.0.0.1",
            "userAgent": agent,
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": "$default",
        "stage": "$default",
        "time": time,
        "timeEpoch": epoch,
    }


_LAMBDA = 6 * 1024 * 1024

FUNCTION_URL = Gateway(
    "function-url", encode_request, decode_result, _FORWARDS, Limits(_LAMBDA, _LAMBDA)
)
HTTP_API = Gateway(
    "http-api",
    encode_api_request,
    decode_api_result,
    _FORWARDS,
    Limits(_LAMBDA, _LAMBDA, 10_240, 30.0),
)
