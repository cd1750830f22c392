"""Makes the events of a Function URL, and reads the results that one expects.

The mirror of `runtime.events.http_v2`; the same source describes both.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("decode_result", "encode_request")

_ERROR = HttpResponse(
    status=HTTPStatus.BAD_GATEWAY,
    headers=(("content-type", "application/json"),),
    body=b'{"message":"Internal Server Error"}',
)


def encode_request(request: HttpRequest) -> dict[str, Any]:
    """Return the event of a request."""
    path, _, query = request.target.partition("?")
    headers, cookies = _split_cookies(request.headers)
    now = time.time()
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": headers.get("host", "localhost"),
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.remote or "127.0.0.1",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if request.body:
        event["body"], event["isBase64Encoded"] = _encode_body(request.body)
    return event


def decode_result(result: object) -> HttpResponse:
    """Return the response that a function's result makes.

    A result that is no object with a `statusCode` is itself the body, as JSON; what
    cannot be read is answered with 502, as a Function URL does.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        if isinstance(result, dict) and "errorMessage" in result:
            return _ERROR
        body = result if isinstance(result, str) else json.dumps(result)
        return HttpResponse(200, (("content-type", "application/json"),), body.encode())
    try:
        return _read_result(result)
    except (ValueError, TypeError, AttributeError):
        return _ERROR


def _read_result(result: dict[str, Any]) -> HttpResponse:
    headers = [(str(name), str(value)) for name, value in (result.get("headers") or {}).items()]
    headers += [("set-cookie", str(cookie)) for cookie in result.get("cookies") or ()]
    body = result.get("body") or ""
    if body and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    return HttpResponse(
        status=int(result["statusCode"]),
        headers=tuple(headers),
        body=base64.b64decode(body, validate=True)
        if result.get("isBase64Encoded")
        else body.encode(),
    )


def _split_cookies(
    headers: Sequence[tuple[str, str]],
) -> tuple[dict[str, str], list[str]]:
    """Return the headers joined by name, and the cookies, one each."""
    others = [(name.lower(), value) for name, value in headers if name.lower() != "cookie"]
    cookies = [value for name, value in headers if name.lower() == "cookie"]
    return _joined(others), [c for value in cookies for c in value.split("; ")]


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _encode_body(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True
