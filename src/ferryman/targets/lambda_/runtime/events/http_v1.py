"""REST APIs, and HTTP APIs with payload format 1.0.

Source of the format: "Lambda proxy integrations in API Gateway" and "Working with AWS
Lambda proxy integrations for HTTP APIs" in the API Gateway developer guide. Recorded
events show that a REST API leaves the path encoded, and an HTTP API does not.
"""

from __future__ import annotations

from typing import Any

from ferryman.targets.lambda_.runtime.events.fields import (
    Pairs,
    body_field,
    listed_headers,
    method_field,
    object_field,
    scheme_of,
    single_headers,
    text_field,
)
from ferryman.targets.lambda_.runtime.events.results import list_values
from ferryman.targets.lambda_.runtime.events.source import Event, EventSource, Headers
from ferryman.targets.lambda_.runtime.events.target import (
    escape_path,
    escape_query,
    query_string,
    request_target,
    strip_base_path,
)
from ferryman.targets.lambda_.runtime.events.text import result_body
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("HTTP_API_V1", "REST_API", "decode", "decode_http_api", "encode", "head")


def is_rest_api(event: Event) -> bool:
    """Return whether an event came from a REST API."""
    return _has_format(event) and event.get("version") is None


def _is_version_1(version: object) -> bool:
    # Events that were written by hand may have a number.
    return version == "1.0" or (version == 1 and not isinstance(version, bool))


def is_http_api(event: Event) -> bool:
    """Return whether an event came from an HTTP API with payload format 1.0."""
    return _has_format(event) and _is_version_1(event.get("version"))


def decode(event: Event) -> HttpRequest:
    """Return the HTTP request in an event.

    Raises:
        MalformedEvent: A field is missing or malformed.
    """
    return _request(event, text_field(event, "path"))


def decode_http_api(event: Event) -> HttpRequest:
    """Return the HTTP request in an event, without the stage at the start of its path.

    A REST API removes the stage itself.

    Raises:
        MalformedEvent: A field is missing or malformed.
    """
    path = text_field(event, "path")
    stage = text_field(object_field(event, "requestContext"), "stage")
    if stage and stage != "$default":
        path = strip_base_path(path, stage)
    return _request(event, escape_path(path))


def head(status: int, headers: Headers, _event: Event) -> dict[str, Any]:
    """Return the beginning of a result: every header as a list of values."""
    return {"statusCode": status, "multiValueHeaders": list_values(headers)}


def encode(response: HttpResponse, event: Event) -> dict[str, Any]:
    """Return the result that makes the source send this response."""
    result = head(response.status, response.headers, event)
    result["body"], result["isBase64Encoded"] = result_body(dict(response.headers), response.body)
    return result


def _request(event: Event, path: str) -> HttpRequest:
    context = object_field(event, "requestContext")
    headers = _headers(event)
    named = dict(headers)
    if "host" not in named and (domain := text_field(context, "domainName")):
        headers += single_headers({"host": domain}).items()
    return HttpRequest(
        method_field(event, "httpMethod"),
        request_target(path, _query(event)),
        tuple(headers),
        body_field(event),
        # AWS writes this header itself, whatever the client sent.
        scheme_of(named.get("x-forwarded-proto")),
        text_field(object_field(context, "identity"), "sourceIp") or None,
    )


def _headers(event: Event) -> Pairs:
    # An event has both, with the same headers. A test in the console sets either to null, and
    # tools in between may change only one of them.
    listed = object_field(event, "multiValueHeaders")
    if not listed:
        return list(single_headers(event.get("headers")).items())
    pairs = listed_headers(listed)
    single = event.get("headers")
    if single and (not isinstance(single, dict) or not listed.keys() >= single.keys()):
        named = dict(pairs)
        pairs += [each for each in single_headers(single).items() if each[0] not in named]
    return pairs


def _query(event: Event) -> str:
    parameters = object_field(event, "multiValueQueryStringParameters")
    parameters = parameters or object_field(event, "queryStringParameters")
    return query_string(parameters, escape_query) if parameters else ""


def _has_format(event: Event) -> bool:
    context = event.get("requestContext", _NONE)
    return (
        "httpMethod" in event
        and "path" in event
        and (isinstance(context, dict) or context is None)
        and "elb" not in (context or _NONE)
        # This is an event of a WebSocket API.
        and "connectionId" not in (context or _NONE)
        # An event for a Lambda authorizer differs only in this.
        and "type" not in event
    )


# Older events, and some that were written by hand, have no context.
_NONE: Event = {}

REST_API = EventSource("rest-api", True, is_rest_api, decode, head, encode)
HTTP_API_V1 = EventSource("http-api-v1", False, is_http_api, decode_http_api, head, encode)
