"""Application Load Balancers, with and without multi-value headers.

A setting of the target group decides which form its events have; results need the same form.
Source of the format: "Lambda functions as targets for Application Load Balancers".
"""

from __future__ import annotations

from typing import Any

from ferryman.core.addresses import last_address
from ferryman.targets.lambda_.runtime.events.fields import (
    body_field,
    listed_headers,
    method_field,
    object_field,
    scheme_of,
    single_headers,
    text_field,
)
from ferryman.targets.lambda_.runtime.events.results import (
    list_values,
    one_value_a_name,
    status_phrase,
)
from ferryman.targets.lambda_.runtime.events.source import Event, EventSource, Headers
from ferryman.targets.lambda_.runtime.events.target import (
    keep_query,
    query_string,
    request_target,
)
from ferryman.targets.lambda_.runtime.events.text import result_body
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("ALB", "ALB_MULTI_VALUE", "decode", "encode", "head", "limit")

_LIMIT = 1024 * 1024


def is_single_value(event: Event) -> bool:
    """Return whether an event came from a load balancer without multi-value headers."""
    return _has_format(event) and event.get("multiValueHeaders") is None


def is_multi_value(event: Event) -> bool:
    """Return whether an event came from a load balancer with multi-value headers."""
    return _has_format(event) and event.get("multiValueHeaders") is not None


def decode(event: Event) -> HttpRequest:
    """Return the HTTP request in an event.

    Raises:
        MalformedEvent: A field is missing or malformed.
    """
    if listed := object_field(event, "multiValueHeaders"):
        headers = listed_headers(listed)
    else:
        headers = list(single_headers(event.get("headers")).items())
    named = dict(headers)
    parameters = object_field(event, "multiValueQueryStringParameters")
    parameters = parameters or object_field(event, "queryStringParameters")
    return HttpRequest(
        method_field(event, "httpMethod"),
        request_target(text_field(event, "path"), query_string(parameters, keep_query)),
        tuple(headers),
        body_field(event),
        scheme_of(named.get("x-forwarded-proto")),
        last_address(named.get("x-forwarded-for", "")),
    )


def head(status: int, headers: Headers, event: Event) -> dict[str, Any]:
    """Return the beginning of a result, in the shape that the event came in."""
    description = f"{status} {status_phrase(status)}".rstrip()
    result: dict[str, Any] = {"statusCode": status, "statusDescription": description}
    if is_single_value(event):
        result["headers"] = one_value_a_name(headers)
    else:
        result["multiValueHeaders"] = list_values(headers)
    return result


def encode(response: HttpResponse, event: Event) -> dict[str, Any]:
    """Return the result that makes the source send this response."""
    result = head(response.status, response.headers, event)
    result["body"], result["isBase64Encoded"] = result_body(
        dict(response.headers), response.body, _LIMIT
    )
    return result


def limit(_event: Event) -> int:
    """Return the bytes that a result may have, by the same source."""
    return _LIMIT


def _has_format(event: Event) -> bool:
    context = event.get("requestContext")
    return isinstance(context, dict) and "elb" in context


ALB = EventSource("alb", False, is_single_value, decode, head, encode, limit)
ALB_MULTI_VALUE = EventSource("alb-multi-value", False, is_multi_value, decode, head, encode, limit)
