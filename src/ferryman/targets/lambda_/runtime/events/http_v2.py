"""Function URLs, and HTTP APIs with payload format 2.0.

Source of the format: "Working with AWS Lambda proxy integrations for HTTP APIs" in the
API Gateway developer guide, and "Invoking Lambda function URLs" in the Lambda one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from ferryman.targets.lambda_.runtime.events.fields import (
    MalformedEvent,
    body_field,
    check_header,
    method_field,
    object_field,
    request_target,
    text_field,
)
from ferryman.targets.lambda_.runtime.events.text import as_text
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("decode", "encode", "matches")


def matches(event: Mapping[str, Any]) -> bool:
    """Return whether an event has this format."""
    context = event.get("requestContext")
    return (
        event.get("version") == "2.0"
        and isinstance(context, Mapping)
        and isinstance(context.get("http"), Mapping)
    )


def decode(event: Mapping[str, Any]) -> HttpRequest:
    """Return the HTTP request in an event.

    Raises:
        MalformedEvent: A field is missing, or not what it should be.
    """
    context = object_field(event, "requestContext")
    http = object_field(context, "http")
    headers = _headers(event, context)
    return HttpRequest(
        method=method_field(http, "method"),
        target=request_target(
            text_field(event, "rawPath") or text_field(http, "path"),
            text_field(event, "rawQueryString"),
        ),
        headers=headers,
        body=body_field(event),
        scheme=_scheme(headers),
        remote=text_field(http, "sourceIp") or None,
    )


def encode(response: HttpResponse) -> dict[str, Any]:
    """Return the result that makes the source send this response.

    Cookies have a list of their own; any other repeated header is joined with commas,
    for the format has room for one value a name.
    """
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in response.headers:
        name = name.lower()
        if name == "set-cookie":
            cookies.append(value)
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    text = as_text(response)
    result: dict[str, Any] = {
        "statusCode": response.status,
        "headers": headers,
        "body": b64encode(response.body).decode() if text is None else text,
        "isBase64Encoded": text is None,
    }
    if cookies:
        result["cookies"] = cookies
    return result


def _headers(event: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    given = object_field(event, "headers").items()
    headers = [check_header(name, value) for name, value in given if value is not None]
    cookies = event.get("cookies")
    if cookies:
        if not isinstance(cookies, list):
            raise MalformedEvent("the event's field 'cookies' is no list")
        # Some emulators leave the header in place as well; the list is the format's own.
        headers = [header for header in headers if header[0].lower() != "cookie"]
        headers.append(check_header("cookie", "; ".join(map(str, cookies))))
    domain = text_field(context, "domainName")
    if domain and not any(name.lower() == "host" for name, _ in headers):
        headers.append(check_header("host", domain))
    return tuple(headers)


def _scheme(headers: tuple[tuple[str, str], ...]) -> str:
    """Return the client's scheme; AWS itself writes the header, whatever a client sent."""
    for name, value in headers:
        if name.lower() == "x-forwarded-proto" and value in ("http", "https"):
            return value
    return "https"
