"""Makes the events of Lambda@Edge, and reads the results that CloudFront expects.

The mirror of `runtime.events.edge`; the same sources describe both.
"""

from __future__ import annotations

import uuid
from base64 import b64decode, b64encode
from typing import Any

from ferryman.local.gateway.faults import Fault, answer
from ferryman.local.gateway.parts import group
from ferryman.local.gateway.protocol import Gateway, Limits
from ferryman.targets.lambda_.runtime.events.edge import is_refused
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("EDGE", "decode_result", "encode_request", "is_hidden")

_MEGABYTE = 1024 * 1024
# CloudFront refuses these headers in a response, but shows them in a request.
_READABLE = frozenset({"content-length", "transfer-encoding", "via"})


def encode_request(request: HttpRequest) -> dict[str, Any]:
    """Return the event of an origin request, with the body included."""
    uri, _, query = request.target.partition("?")
    cloudfront: dict[str, Any] = {
        "config": {
            "distributionDomainName": "local.cloudfront.net",
            "distributionId": "LOCAL",
            "eventType": "origin-request",
            "requestId": str(uuid.uuid4()),
        },
        "request": {
            "clientIp": request.remote or "127.0.0.1",
            "headers": _event_headers(request),
            "method": request.method,
            "querystring": query,
            "uri": uri,
        },
    }
    if request.body:
        cloudfront["request"]["body"] = {
            "action": "read-only",
            "data": b64encode(request.body[:_MEGABYTE]).decode("ascii"),
            "encoding": "base64",
            "inputTruncated": len(request.body) > _MEGABYTE,
        }
    return {"Records": [{"cf": cloudfront}]}


def decode_result(result: object) -> HttpResponse:
    """Return the response in a function's result."""
    try:
        return _read(result)
    except (ValueError, TypeError, KeyError, AttributeError):
        return answer("edge", Fault.UNREADABLE)


def is_hidden(name: str) -> bool:
    """Return whether CloudFront hides a request's header of this name from functions."""
    return is_refused(name) and name not in _READABLE


def _event_headers(request: HttpRequest) -> dict[str, list[dict[str, str]]]:
    pairs = [(name.lower(), value) for name, value in request.headers]
    shown = group([pair for pair in pairs if not is_hidden(pair[0])])
    return {
        name: [{"key": name.title(), "value": value} for value in values]
        for name, values in shown.items()
    }


def _read(result: Any) -> HttpResponse:
    headers = [
        (str(name).lower(), entry["value"])
        for name, entries in (result.get("headers") or {}).items()
        for entry in entries
    ]
    status = int(result["status"])
    if not 200 <= status <= 599 or any(is_refused(name) for name, _ in headers):
        raise ValueError("CloudFront refuses the status or a header")
    body = result.get("body") or ""
    coded = result.get("bodyEncoding") == "base64"
    content = b64decode(body, validate=True) if coded else body.encode()
    return HttpResponse(status, tuple(headers), content)


# CloudFront truncates a long body of a request instead of refusing it. It sends the header if the
# origin request policy includes it, as AllViewerAndCloudFrontHeaders does.
EDGE = Gateway(
    "edge",
    encode_request,
    decode_result,
    ("cloudfront-forwarded-proto",),
    Limits(64 * _MEGABYTE, _MEGABYTE),
)
