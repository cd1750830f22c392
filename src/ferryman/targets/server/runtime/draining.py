"""What a worker does for those who are connected when it goes.

It knows WebSockets and the clock; the order of the end is the runner's.
"""

from __future__ import annotations

import asyncio
import gc

from aiohttp import WSCloseCode, web

__all__ = ("close_websockets", "pause")

_FAREWELL = b"the server is going away"


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
