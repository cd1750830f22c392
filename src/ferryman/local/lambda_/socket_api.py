"""A WebSocket API in front of a local function: it holds the connections and sends events.

Sources: "Working with WebSocket APIs" and "Use @connections commands in your backend service" in
the API Gateway developer guide. Users reported the message that a client receives after a handler
failed.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from typing import Any
from urllib.parse import unquote

from aiohttp import WSMsgType, hdrs, web

from ferryman.core.websockets import MESSAGE_LIMIT
from ferryman.local.lambda_.function import LocalFunction

__all__ = ("MANAGEMENT", "SocketApi", "is_upgrade")

MANAGEMENT = "/@connections/"
"""The path to which a function posts messages, followed by the id of a connection."""


def is_upgrade(request: web.BaseRequest) -> bool:
    """Return whether a request asks for a WebSocket."""
    return request.method == "GET" and request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


class SocketApi:
    """Holds connections for a function.

    Args:
        function: Receives the events.
    """

    def __init__(self, function: LocalFunction) -> None:
        self._function = function
        self._open: dict[str, web.WebSocketResponse] = {}

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve a connection to its end, if the function accepts it."""
        identifier = base64.b64encode(secrets.token_bytes(11)).decode()
        event = _event(request, identifier)
        status = await self._invoke(event | _opening(request), "CONNECT")
        if not 200 <= status < 300:
            return web.Response(status=status)
        # aiohttp closes the connection with 1009 after a longer message.
        socket = web.WebSocketResponse(max_msg_size=MESSAGE_LIMIT + 1)
        await socket.prepare(request)
        self._open[identifier] = socket
        try:
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    await self._receive(socket, event, message.data)
        finally:
            del self._open[identifier]
            await self._invoke(event, "DISCONNECT")
        return socket

    async def manage(self, request: web.BaseRequest) -> web.Response:
        """Send a function's message to a connection, or close it."""
        socket = self._open.get(unquote(request.raw_path).removeprefix(MANAGEMENT))
        if socket is None or socket.closed:
            return web.Response(status=410)
        if request.method == "DELETE":
            await socket.close()
            return web.Response(status=204)
        body = await request.clone(client_max_size=MESSAGE_LIMIT * 2).read()
        if len(body) > MESSAGE_LIMIT:
            return web.Response(status=413)
        try:
            await socket.send_str(body.decode())
        except UnicodeDecodeError:
            await socket.send_bytes(body)
        except ConnectionError:
            return web.Response(status=410)
        return web.Response()

    async def _receive(
        self, socket: web.WebSocketResponse, event: dict[str, Any], data: str | bytes
    ) -> None:
        """Pass a client's message to the function, and tell the client of a failure."""
        text = data if isinstance(data, str) else base64.b64encode(data).decode()
        message = {"body": text, "isBase64Encoded": not isinstance(data, str)}
        if await self._invoke(event | message, "MESSAGE") >= 500 and not socket.closed:
            failure = {
                "message": "Internal server error",
                "connectionId": event["requestContext"]["connectionId"],
                "requestId": str(uuid.uuid4()),
            }
            await socket.send_json(failure)

    async def _invoke(self, event: dict[str, Any], kind: str) -> int:
        """Invoke the function with an event, and return the status in its result."""
        routes = {"CONNECT": "$connect", "DISCONNECT": "$disconnect", "MESSAGE": "$default"}
        context = {
            **event["requestContext"],
            "eventType": kind,
            "routeKey": routes[kind],
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(time.time() * 1000),
        }
        whole = {"isBase64Encoded": False} | event | {"requestContext": context}
        outcome = await self._function.invoke(json.dumps(whole).encode())
        answer = outcome.document()
        if outcome.fault is not None or not isinstance(answer, dict):
            return 502
        return int(answer.get("statusCode", 502))


def _event(request: web.BaseRequest, identifier: str) -> dict[str, Any]:
    assert request.transport is not None
    port = request.transport.get_extra_info("sockname")[1]
    return {
        "requestContext": {
            "apiId": "local",
            "connectedAt": int(time.time() * 1000),
            "connectionId": identifier,
            "domainName": f"127.0.0.1:{port}",
            "identity": {"sourceIp": request.remote or "127.0.0.1"},
            "messageDirection": "IN",
            "stage": "local",
        }
    }


def _opening(request: web.BaseRequest) -> dict[str, Any]:
    """Return the fields that only the event of a new connection has."""
    query = dict(request.query)
    return {"headers": dict(request.headers), "queryStringParameters": query or None}
