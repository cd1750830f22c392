"""The process that runs the app for `ferryman dev`: started anew after each save.

It answers on a socket that its parent listens on, until SIGTERM, and then finishes what it
has begun. An app that does not start is answered for with what went wrong.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

from aiohttp import web

from ferryman.core.app_reference import AppReference
from ferryman.core.lifecycle import start_app
from ferryman.core.serving import GRACEFUL_TIMEOUT
from ferryman.development.problem import problem_text

__all__ = ("main",)


async def _serve(reference: str, listener: socket.socket, ready: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        app = AppReference.parse(reference)
        runner: web.BaseRunner = await start_app(app, shutdown_timeout=GRACEFUL_TIMEOUT)
    except (Exception, SystemExit) as error:
        text = problem_text(error)
        print(text, file=sys.stderr, flush=True)
        runner = await _failing(text)
    await web.SockSite(runner, listener).start()
    os.close(ready)
    await stopped.wait()
    await runner.cleanup()


async def _failing(text: str) -> web.BaseRunner:
    """Return a server that answers everything with what went wrong."""

    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=500, text=text)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    return runner


def main() -> None:
    """Serve the app named by the first argument on the socket that is the second.

    The third is a pipe, closed once the app answers.
    """
    reference, listening, ready = sys.argv[1:4]
    listener = socket.socket(fileno=int(listening))
    asyncio.run(_serve(reference, listener, int(ready)))


if __name__ == "__main__":
    main()
