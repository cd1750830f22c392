"""Passes the events of an API Gateway WebSocket API to the app's handlers.

Source of the format: "Working with WebSocket APIs" in the API Gateway developer guide.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any

from aiohttp import web

from ferryman.core.deliveries import Exchange
from ferryman.core.errors import MalformedEvent
from ferryman.core.event_kinds import EventKind
from ferryman.core.websockets import Connection, WebSocket

__all__ = ("connection_id", "open_socket_event")

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


def open_socket_event(
    kind: EventKind, app: web.Application, handlers: WebSocket, event: Any
) -> Exchange:
    """Return the delivery of an event to its WebSocket handler.

    Args:
        kind: The kind of WebSocket events.
        app: The application that registered the handlers.
        handlers: The handlers.
        event: The event.

    Raises:
        MalformedEvent: A part of the event is missing or invalid.
    """
    what = event["requestContext"]["eventType"]
    connection = Connection(connection_id(event), _texts(event, "headers"), _query(event))
    data = _data(event) if what == "MESSAGE" else ""

    async def handle(_event: object) -> dict[str, int]:
        try:
            if what == "MESSAGE":
                await handlers.message(app, connection, data)
            elif what == "CONNECT" and handlers.connect is not None:
                await handlers.connect(app, connection)
            elif what == "DISCONNECT" and handlers.disconnect is not None:
                await handlers.disconnect(app, connection)
        except web.HTTPException as refusal:
            return {"statusCode": refusal.status}
        return {"statusCode": 200}

    return Exchange(kind, event, handle)


def connection_id(event: Any) -> str:
    """Return the management API address of an event's connection, which messages are sent to.

    Raises:
        MalformedEvent: The event does not give its API's domain.
    """
    context = event["requestContext"]
    domain, stage = context.get("domainName"), context.get("stage")
    if not isinstance(domain, str) or not domain:
        raise MalformedEvent("the event of a WebSocket has no domainName")
    scheme = "http" if domain.rpartition(":")[0] in _LOCAL_HOSTS else "https"
    # With a custom domain a mapping replaces the stage, and events do not contain it.
    place = f"/{stage}" if isinstance(stage, str) and ".execute-api." in domain else ""
    return f"{scheme}://{domain}{place}/@connections/{context['connectionId']}"


def _data(event: Any) -> str | bytes:
    body = event.get("body")
    if body is None:
        return ""
    if not isinstance(body, str):
        raise MalformedEvent("the event's field 'body' is not text")
    if not event.get("isBase64Encoded"):
        return body
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedEvent("the event's body is not base64", cause=str(error)) from None


def _texts(event: Any, name: str) -> dict[str, str]:
    given = event.get(name)
    if not isinstance(given, dict):
        return {}
    return {str(key).lower(): str(value) for key, value in given.items() if value is not None}


def _query(event: Any) -> dict[str, str]:
    given = event.get("queryStringParameters")
    return {k: str(v) for k, v in given.items()} if isinstance(given, dict) else {}
