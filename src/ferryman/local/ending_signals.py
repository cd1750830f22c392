"""The signals that end a command that runs the app until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

__all__ = ("until_signal",)


def until_signal() -> asyncio.Event:
    """Return an event that is set by Ctrl-C, SIGTERM, or SIGHUP as the terminal closes.

    A signal that the caller ignores, as `nohup` does with SIGHUP, stays ignored.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
