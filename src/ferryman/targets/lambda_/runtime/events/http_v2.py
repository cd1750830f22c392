"""Function URLs, and HTTP APIs with payload format 2.0.

Source of the format: "Working with AWS Lambda proxy integrations for HTTP APIs" in the
API Gateway developer guide, and "Invoking Lambda function URLs" in the Lambda one. Recorded
events show that an HTTP API decodes the path, and a Function URL does not.
"""

from __future__ import annotations

from typing import Any

from ferryman.targets.lambda_.runtime.events.fields import (
    body_field,
    method_field,
    scheme_of,
    single_headers,
    text_field,
)
from ferryman.targets.lambda_.runtime.events.source import Event, EventSource, Headers
from ferryman.targets.lambda_.runtime.events.target import (
    escape_path,
    request_target,
    strip_base_path,
)
from ferryman.targets.lambda_.runtime.events.text import result_body
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("FUNCTION_URL", "HTTP_API", "decode", "encode", "head", "is_function_url", "is_http_api")

# Part of the domain of every Function URL. Emulators give their own host instead, and do not
# decode the path.
_FUNCTION_URL_DOMAIN = ".lambda-url."
_EMULATORS = ("", "localhost", "127.0.0.1")


def is_function_url(event: Event) -> bool:
    """Return whether an event came from a Function URL."""
    context = _context(event)
    if context is None:
        return False
    domain = context.get("domainName")
    if isinstance(domain, str):
        return _FUNCTION_URL_DOMAIN in domain or domain.partition(":")[0] in _EMULATORS
    return domain is None


def is_http_api(event: Event) -> bool:
    """Return whether an event came from an HTTP API with payload format 2.0."""
    return _context(event) is not None and not is_function_url(event)


def decode(event: Event, path: str | None = None) -> HttpRequest:
    """Return the HTTP request in an event.

    Args:
        event: The event.
        path: The path, if it differs from the raw path of the event.

    Raises:
        MalformedEvent: A field is missing or malformed.
    """
    context = event["requestContext"]
    http = context["http"]
    # Function URLs and some emulators also keep the cookie header.
    headers = single_headers(event.get("headers"), event.get("cookies"))
    if "host" not in headers and (domain := text_field(context, "domainName")):
        headers |= single_headers({"host": domain})
    request = (
        method_field(http, "method"),
        request_target(path or _path(event), text_field(event, "rawQueryString")),
        headers,
        body_field(event) if event.get("body") else b"",
        # AWS writes this header itself, whatever the client sent.
        scheme_of(headers.get("x-forwarded-proto")),
        text_field(http, "sourceIp") or None,
        False,
    )
    return tuple.__new__(HttpRequest, request)


def decode_http_api(event: Event) -> HttpRequest:
    """Return the HTTP request in an event, without the stage at the start of its path.

    Raises:
        MalformedEvent: A field is missing or malformed.
    """
    path = _path(event)
    stage = text_field(event["requestContext"], "stage")
    if stage and stage != "$default":
        path = strip_base_path(path, stage)
    return decode(event, escape_path(path))


def head(status: int, headers: Headers, _event: Event) -> dict[str, Any]:
    """Return a result without its body.

    Cookies have their own list. Commas join the values of any other repeated header, because the
    format has one value for each name.
    """
    joined = dict(headers)
    if len(joined) == len(headers) and "set-cookie" not in joined:
        return {"statusCode": status, "headers": joined}
    joined.clear()
    cookies: list[str] = []
    for name, value in headers:
        if name == "set-cookie":
            cookies.append(value)
        elif name in joined:
            joined[name] += ", " + value
        else:
            joined[name] = value
    result: dict[str, Any] = {"statusCode": status, "headers": joined}
    if cookies:
        result["cookies"] = cookies
    return result


def encode(response: HttpResponse, event: Event) -> dict[str, Any]:
    """Return the result that makes the source send this response."""
    status, headers, body = response
    result = head(status, headers, event)
    result["body"], result["isBase64Encoded"] = result_body(result["headers"], body)
    return result


def _path(event: Event) -> str:
    return text_field(event, "rawPath") or text_field(event["requestContext"]["http"], "path")


def _context(event: Event) -> dict[str, Any] | None:
    """Return the context of an event in this format; None for any other event."""
    # Events that were written by hand may have the version as a number.
    if event.get("version") not in ("2.0", 2.0):
        return None
    context = event.get("requestContext")
    if not isinstance(context, dict) or not isinstance(context.get("http"), dict):
        return None
    # An event for a Lambda authorizer differs only in its type.
    return context if event.get("type") is None else None


FUNCTION_URL = EventSource("function-url", True, is_function_url, decode, head, encode)
HTTP_API = EventSource("http-api", False, is_http_api, decode_http_api, head, encode)
