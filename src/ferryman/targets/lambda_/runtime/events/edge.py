"""Lambda@Edge: viewer requests and origin requests, which the function answers itself.

Source of the format: "Lambda@Edge event structure", "Generate HTTP responses in request
triggers" and "Restrictions on edge functions" in the CloudFront developer guide.
"""

from __future__ import annotations

from typing import Any

from ferryman.targets.lambda_.runtime.events.fields import (
    MalformedEvent,
    Pairs,
    body_field,
    list_field,
    listed_headers,
    method_field,
    object_field,
    scheme_of,
    text_field,
)
from ferryman.targets.lambda_.runtime.events.results import status_phrase
from ferryman.targets.lambda_.runtime.events.source import Event, EventSource, Headers
from ferryman.targets.lambda_.runtime.events.target import request_target
from ferryman.targets.lambda_.runtime.events.text import result_body
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("EDGE", "decode", "encode", "head", "is_refused", "limit", "matches")

# CloudFront rejects a response with one of these headers, or writes the header itself.
_REFUSED = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-amzn-auth",
        "x-amzn-cf-billing",
        "x-amzn-cf-id",
        "x-amzn-cf-xff",
        "x-amzn-errortype",
        "x-amzn-fle-profile",
        "x-amzn-header-count",
        "x-amzn-header-order",
        "x-amzn-lambda-integration-tag",
        "x-amzn-requestid",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
_REFUSED_BEGINNINGS = ("x-accel-", "x-amz-cf-", "x-edge-")


def matches(event: Event) -> bool:
    """Return whether an event is a viewer request or an origin request."""
    records = event.get("Records")
    if not isinstance(records, list) or len(records) != 1 or not isinstance(records[0], dict):
        return False
    cloudfront = records[0].get("cf")
    return (
        isinstance(cloudfront, dict)
        and isinstance(cloudfront.get("request"), dict)
        and "response" not in cloudfront
    )


def decode(event: Event) -> HttpRequest:
    """Return the HTTP request in an event.

    Raises:
        MalformedEvent: A field is missing or malformed.
    """
    request = event["Records"][0]["cf"]["request"]
    headers = _headers(object_field(request, "headers"))
    body = object_field(request, "body")
    return HttpRequest(
        method_field(request, "method"),
        request_target(text_field(request, "uri"), text_field(request, "querystring")),
        tuple(headers),
        body_field({**body, "base64": body.get("encoding") == "base64"}, "data", "base64"),
        # Only if the origin request policy forwards it; a viewer request never has it.
        scheme_of(dict(headers).get("cloudfront-forwarded-proto")),
        text_field(request, "clientIp") or None,
        # CloudFront forwards 40 KB of a viewer request, and 1 MB of an origin request.
        bool(body.get("inputTruncated")),
    )


def head(status: int, headers: Headers, _event: Event) -> dict[str, Any]:
    """Return the beginning of a result, without the headers that CloudFront refuses."""
    listed: dict[str, list[dict[str, str]]] = {}
    for name, value in headers:
        if not is_refused(name):
            listed.setdefault(name, []).append({"key": name, "value": value})
    return {
        "status": str(status),
        "statusDescription": status_phrase(status),
        "headers": listed,
    }


def encode(response: HttpResponse, event: Event) -> dict[str, Any]:
    """Return the result that makes CloudFront send this response."""
    result = head(response.status, response.headers, event)
    if response.body:
        headers = dict(response.headers)
        result["body"], coded = result_body(headers, response.body, limit(event))
        result["bodyEncoding"] = "base64" if coded else "text"
    return result


def limit(event: Event) -> int:
    """Return the bytes that a result may have, headers and all ("Quotas on Lambda@Edge")."""
    config = event["Records"][0]["cf"].get("config")
    viewer = isinstance(config, dict) and config.get("eventType") == "viewer-request"
    return 40 * 1024 if viewer else 1024 * 1024


def is_refused(name: str) -> bool:
    """Return whether CloudFront takes no answer with a header of this name."""
    return name in _REFUSED or name.startswith(_REFUSED_BEGINNINGS)


def _headers(given: dict[str, Any]) -> Pairs:
    listed = {}
    for name in given:
        entries = list_field(given, name)
        try:
            listed[name] = [entry["value"] for entry in entries]
        except (TypeError, KeyError):
            raise MalformedEvent(f"the event's header '{name.lower()}' has no value") from None
    return listed_headers(listed)


EDGE = EventSource("edge", False, matches, decode, head, encode, limit)
