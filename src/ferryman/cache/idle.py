"""Idle connections, which a freeze, a time-out or a restart may have closed unnoticed.

A request that must not be sent twice must not go out on a dead connection. So an idle connection is
checked before use.
"""

from __future__ import annotations

import asyncio

__all__ = ("DOUBTFUL", "QUIET", "let_the_loop_see")

QUIET = 0.05
"""Idle seconds after which a connection's end may be unnoticed."""

DOUBTFUL = 5.0
"""Idle seconds after which a connection may be dead without a signal: a NAT drops it."""


async def let_the_loop_see() -> None:
    """Let the event loop process incoming events, such as the end of a connection.

    After a freeze, events and this coroutine wake in the same round, so it waits two rounds.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)
