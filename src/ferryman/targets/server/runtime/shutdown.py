"""What a worker does for those who are connected when it ends.

It knows connections, WebSockets and the clock; the order of the end is the runner's.
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

# Seconds between two looks at the connections that are left.
_GLANCE = 0.05

# Cancelled handlers that the log names if they go on; more are only counted.
_NAMED = 5

_log = logging.getLogger("ferryman.server")


async def finish_requests(server: web.Server, seconds: float, hurry: asyncio.Event) -> None:
    """Wait until every request has been answered and every connection is closed.

    Idle connections are closed. aiohttp's own way is not taken, for a connection that it has
    marked as closing reads no more: neither the rest of an upload nor a WebSocket's farewell.

    Args:
        server: The one whose connections they are.
        seconds: How long at most.
        hurry: Set to end the wait.
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
    """Cancel what answers requests, wait for it to end, and drop the connections.

    Args:
        server: The one whose requests they are.
        seconds: How long handlers may take to end.
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

    The app need not help, and need not pay: they are looked for at the end alone, among
    all objects, in place of being noted at every response.

    Args:
        timeout: Seconds that their clients get to answer.
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
    """Wait, but no longer than until someone is in a hurry.

    Args:
        seconds: How long at most.
        hurry: Set to end it.
    """
    try:
        async with asyncio.timeout(seconds):
            await hurry.wait()
    except TimeoutError:
        pass
