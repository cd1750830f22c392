"""Finishes with the connected clients when a worker ends.

It knows connections, WebSockets and the clock. The runner defines the order of the steps.
"""

from __future__ import annotations

import asyncio
import gc
import logging

from aiohttp import WSCloseCode, web

from ferryman.core.serving import CANCEL_TIMEOUT
from ferryman.targets.server.runtime.connection import Connection, connections_of

__all__ = ("cancel_requests", "close_websockets", "finish_requests", "pause")

_FAREWELL = b"the server is going away"

# Seconds between two checks of the remaining connections.
_GLANCE = 0.05

# The most cancelled handlers that the log names if they continue; more are only counted.
_NAMED = 5

_log = logging.getLogger("ferryman.server")


async def finish_requests(server: web.Server, seconds: float, hurry: asyncio.Event) -> None:
    """Wait until every request has its response and every connection is closed.

    It closes idle connections. aiohttp's own code marks connections as closing, and then reads
    neither the rest of an upload nor a WebSocket's close frame.

    Args:
        server: The server of the connections.
        seconds: The longest wait in seconds.
        hurry: An event that ends the wait.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until and not hurry.is_set():
        left = connections_of(server)
        if not left:
            return
        for connection in left:
            connection.close_if_idle(loop.time())
        await pause(min(_GLANCE, until - loop.time()), hurry)


async def cancel_requests(server: web.Server, seconds: float = CANCEL_TIMEOUT) -> None:
    """Cancel the handlers of requests, wait for their end, and drop the connections.

    Args:
        server: The server of the requests.
        seconds: How many seconds handlers may take to end.
    """
    handlers = {task: c for c in connections_of(server) if (task := c.cancel()) is not None}
    if handlers:
        _, late = await asyncio.wait(handlers, timeout=seconds)
        if late:
            _report([handlers[task] for task in late], seconds)
    for connection in connections_of(server):
        connection.drop()


def _report(late: list[Connection], seconds: float) -> None:
    named = ", ".join(connection.described for connection in late[:_NAMED])
    more = f" and {len(late) - _NAMED} more" if len(late) > _NAMED else ""
    _log.error(
        "%d handlers have not ended within %g s after they were cancelled: %s%s",
        *(len(late), seconds, named, more),
    )


async def close_websockets(timeout: float) -> None:
    """Close every WebSocket of this process with 1001, "going away".

    The app need not do anything. WebSockets are found at the end among all objects, so that no
    response pays for a list of them.

    Args:
        timeout: Seconds that their clients have to answer.
    """
    # By type: a lazy proxy would do its work to say what class it is of.
    found = [item for item in gc.get_objects() if issubclass(type(item), web.WebSocketResponse)]
    going = [asyncio.ensure_future(_close(socket)) for socket in found if socket.prepared]
    if going:
        _, late = await asyncio.wait(going, timeout=timeout)
        for task in late:
            task.cancel()


async def _close(socket: web.WebSocketResponse) -> None:
    if not socket.closed:
        await socket.close(code=WSCloseCode.GOING_AWAY, message=_FAREWELL)


async def pause(seconds: float, hurry: asyncio.Event) -> None:
    """Wait for some seconds, or until an event.

    Args:
        seconds: The longest wait in seconds.
        hurry: The event.
    """
    try:
        async with asyncio.timeout(seconds):
            await hurry.wait()
    except TimeoutError:
        pass
