"""A route for WebSockets that this process holds: on a server, or without a target."""

from __future__ import annotations

import asyncio
import logging
import uuid

from aiohttp import WSMsgType, web

from ferryman.core.draining import draining
from ferryman.core.errors import ConfigError
from ferryman.core.triggers import find_websocket
from ferryman.core.websockets import LOCAL, MESSAGE_LIMIT, Connection, WebSocket

__all__ = ("websocket_route",)

_log = logging.getLogger(__name__)


def websocket_route(path: str = "/ws", **settings: object) -> web.RouteDef:
    """Return a route whose WebSockets the app's handlers for `websocket` serve.

    On Lambda the route gets no requests: an API Gateway WebSocket API has its own domain.

    Args:
        path: The route's path.
        **settings: Settings of aiohttp's `WebSocketResponse`, such as `heartbeat`. A message may
            have 128 KiB, as on Lambda, unless `max_msg_size` is given.

    Raises:
        ConfigError: The path does not begin with a slash.
    """
    if not path.startswith("/"):
        raise ConfigError(f"the path of the WebSocket route is {path!r}", hint="begin it with /")
    given = {"max_msg_size": MESSAGE_LIMIT} | settings

    async def serve(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(**given)  # type: ignore[arg-type]
        if not socket.can_prepare(request):
            raise web.HTTPUpgradeRequired(headers={"Upgrade": "websocket"})
        owner, handlers = find_websocket(request.match_info.apps[0])
        identifier = f"process:{uuid.uuid4()}"
        headers = {name.lower(): value for name, value in request.headers.items()}
        connection = Connection(identifier, headers, dict(request.query))
        if handlers.connect is not None:
            await handlers.connect(owner, connection)
        await socket.prepare(request)
        LOCAL[identifier] = _Held(socket)
        ending = asyncio.create_task(_close_at_the_end(socket), name="end of a WebSocket")
        try:
            await _receive(socket, owner, handlers, Connection(identifier))
        finally:
            ending.cancel()
            del LOCAL[identifier]
            if handlers.disconnect is not None:
                await handlers.disconnect(owner, Connection(identifier))
        return socket

    return web.get(path, serve)


class _Held:
    """A connection of this process."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def send(self, data: str | bytes) -> None:
        await (
            self._socket.send_str(data) if isinstance(data, str) else self._socket.send_bytes(data)
        )

    async def close(self) -> None:
        await self._socket.close()


async def _receive(
    socket: web.WebSocketResponse,
    app: web.Application,
    handlers: WebSocket,
    connection: Connection,
) -> None:
    async for message in socket:
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            continue
        try:
            await handlers.message(app, connection, message.data)
        except Exception:
            # As on Lambda, a failed message does not close the connection.
            _log.exception("the handler of a WebSocket's message failed")


async def _close_at_the_end(socket: web.WebSocketResponse) -> None:
    await draining().wait()
    await socket.close(code=1001, message=b"the server ends")
