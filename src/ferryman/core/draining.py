"""Tells handlers of long responses that their process is about to end."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

__all__ = ("draining",)

_events: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Event] = WeakKeyDictionary()


def draining() -> asyncio.Event:
    """Return the event that is set once this process takes no more connections.

    A handler that streams, or waits for something to send, ends when it is set: from then on
    a client that connects again reaches another process, and handlers that go on are
    cancelled after `graceful_timeout`. It is never set on Lambda, where a process waits for
    its last response, nor where the app runs under no target. A test may set it.

    Raises:
        RuntimeError: No event loop is running.
    """
    return _events.setdefault(asyncio.get_running_loop(), asyncio.Event())
