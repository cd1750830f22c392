"""Connections that were idle: a freeze, a time-out or a restart may have ended them unseen.

What must not be sent twice must not be sent on a dead connection either. So none is used without
a look, once it was idle.
"""

from __future__ import annotations

import asyncio

__all__ = ("DOUBTFUL", "QUIET", "let_the_loop_see")

QUIET = 0.05
"""Seconds of idleness after which the end of a connection may have come unseen."""

DOUBTFUL = 5.0
"""Seconds of idleness after which a connection may have ended without a word: a NAT forgets it."""


async def let_the_loop_see() -> None:
    """Let the event loop handle what has come in, such as the end of a connection.

    After a freeze, what waits and who wakes up come in the same round: it takes two.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)
