"""Function URLs, and HTTP APIs with payload format 2.0.

Source of the format: "Working with AWS Lambda proxy integrations for HTTP APIs" in the
API Gateway developer guide, and "Invoking Lambda function URLs" in the Lambda one.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from ferryman.targets.lambda_.runtime.events.fields import (
    body_field,
    check_headers,
    list_field,
    method_field,
    object_field,
    request_target,
    text_field,
)
from ferryman.targets.lambda_.runtime.events.text import as_text
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("decode", "encode", "matches")


def matches(event: dict[str, Any]) -> bool:
    """Return whether an event has this format."""
    context = event.get("requestContext")
    return (
        event.get("version") == "2.0"
        and isinstance(context, dict)
        and isinstance(context.get("http"), dict)
    )


def decode(event: dict[str, Any]) -> HttpRequest:
    """Return the HTTP request in an event.

    Raises:
        MalformedEvent: A field is missing, or not what it should be.
    """
    context = object_field(event, "requestContext")
    http = object_field(context, "http")
    headers = _headers(event, context)
    # AWS itself writes this header, whatever a client sent.
    scheme = headers.get("x-forwarded-proto")
    return HttpRequest(
        method_field(http, "method"),
        request_target(
            text_field(event, "rawPath") or text_field(http, "path"),
            text_field(event, "rawQueryString"),
        ),
        tuple(headers.items()),
        body_field(event),
        "http" if scheme == "http" else "https",
        text_field(http, "sourceIp") or None,
    )


def encode(response: HttpResponse) -> dict[str, Any]:
    """Return the result that makes the source send this response.

    Cookies have a list of their own; any other repeated header is joined with commas,
    for the format has room for one value a name.
    """
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in response.headers:
        if name == "set-cookie":
            cookies.append(value)
        elif name in headers:
            headers[name] += ", " + value
        else:
            headers[name] = value
    text = as_text(headers, response.body)
    result: dict[str, Any] = {
        "statusCode": response.status,
        "headers": headers,
        "body": b64encode(response.body).decode() if text is None else text,
        "isBase64Encoded": text is None,
    }
    if cookies:
        result["cookies"] = cookies
    return result


def _headers(event: dict[str, Any], context: dict[str, Any]) -> dict[str, str]:
    headers = check_headers(object_field(event, "headers"))
    cookies = list_field(event, "cookies")
    if cookies:
        # Some emulators leave the header in place as well; the list is the format's own.
        headers |= check_headers({"cookie": "; ".join(map(str, cookies))})
    if "host" not in headers and (domain := text_field(context, "domainName")):
        headers |= check_headers({"host": domain})
    return headers
