"""VPC Lattice, with event structure V1 and V2.

Source of the format: "Lambda functions as targets in VPC Lattice" in its user guide. Recorded
events show that the path includes the raw query.
"""

from __future__ import annotations

from typing import Any

from ferryman.core.addresses import last_address
from ferryman.targets.lambda_.runtime.events.fields import (
    Pairs,
    body_field,
    listed_headers,
    method_field,
    object_field,
    single_headers,
    text_field,
)
from ferryman.targets.lambda_.runtime.events.results import one_value_a_name
from ferryman.targets.lambda_.runtime.events.source import Event, EventSource, Headers
from ferryman.targets.lambda_.runtime.events.target import (
    keep_query,
    query_string,
    request_target,
)
from ferryman.targets.lambda_.runtime.events.text import result_body
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("LATTICE_V1", "LATTICE_V2", "decode_v1", "decode_v2", "encode", "head")


def is_v1(event: Event) -> bool:
    """Return whether an event came from VPC Lattice with event structure V1."""
    return "raw_path" in event and "method" in event


def is_v2(event: Event) -> bool:
    """Return whether an event came from VPC Lattice with event structure V2."""
    return (
        event.get("version") in ("2.0", 2.0)
        and "method" in event
        and "path" in event
        and isinstance(event.get("requestContext"), dict)
    )


def decode_v1(event: Event) -> HttpRequest:
    """Return the HTTP request in an event of structure V1.

    Raises:
        MalformedEvent: A field is missing or malformed.
    """
    return _request(
        event,
        _target(text_field(event, "raw_path"), object_field(event, "query_string_parameters")),
        list(single_headers(event.get("headers")).items()),
        body_field(event, coded="is_base64_encoded"),
    )


def decode_v2(event: Event) -> HttpRequest:
    """Return the HTTP request in an event of structure V2.

    Raises:
        MalformedEvent: A field is missing or malformed.
    """
    return _request(
        event,
        _target(text_field(event, "path"), object_field(event, "queryStringParameters")),
        listed_headers(object_field(event, "headers")),
        body_field(event),
    )


def head(status: int, headers: Headers, _event: Event) -> dict[str, Any]:
    """Return the beginning of a result."""
    return {"statusCode": status, "headers": one_value_a_name(headers)}


def encode(response: HttpResponse, event: Event) -> dict[str, Any]:
    """Return the result that makes the source send this response."""
    result = head(response.status, response.headers, event)
    result["body"], result["isBase64Encoded"] = result_body(dict(response.headers), response.body)
    return result


def _request(event: Event, target: str, headers: Pairs, body: bytes) -> HttpRequest:
    return HttpRequest(
        method_field(event, "method"),
        target,
        tuple(headers),
        body,
        # The event does not say; a header would be the client's claim.
        "https",
        last_address(dict(headers).get("x-forwarded-for", "")),
    )


def _target(path: str, parameters: dict[str, Any]) -> str:
    if "?" in path or not parameters:
        return request_target(path, "")
    return request_target(path, query_string(parameters, keep_query))


LATTICE_V1 = EventSource("lattice-v1", False, is_v1, decode_v1, head, encode)
LATTICE_V2 = EventSource("lattice-v2", False, is_v2, decode_v2, head, encode)
