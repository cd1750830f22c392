"""The process that runs the app for `ferryman dev -t server`: started ahead, told when to begin.

It imports all that is not the app's, and waits for a word. Then it runs the app as a worker
of the server target does, on a socket that its parent listens on, until SIGTERM; what it has
begun it finishes. An app that does not start is answered for with what went wrong.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from ferryman.core.logs import configure
from ferryman.core.settings import SETTINGS_VARIABLE, load_settings
from ferryman.development.problem import (
    NEXT_SAVE,
    answer_next_save,
    answer_problem,
    problem_text,
    show_problem,
)
from ferryman.development.workers import ANSWERS, BEGUN, EXPLAINS
from ferryman.targets.server.runtime.monitor import Monitor
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.runner import Runner

__all__ = ("main",)


class _Begun(NamedTuple):
    """What answers on the socket now: the word for it, and what ends it."""

    word: bytes
    stop: Callable[[], Awaitable[None]]


async def _serve(listener: socket.socket, ready: int, explanation: str) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    begun = await (
        _explain(explanation, listener, stopped) if explanation else _run_app(listener, stopped)
    )
    os.write(ready, begun.word)
    os.close(ready)
    await stopped.wait()
    await begun.stop()


async def _run_app(listener: socket.socket, stopped: asyncio.Event) -> _Begun:
    """Answer with the app, or with why it did not start."""
    settings = load_settings()
    options = ServerSettings.read(settings.options)
    configure(options.log_format, options.log_level)
    figures = Path(os.environ[SETTINGS_VARIABLE]).parent
    runner = Runner(settings.app, options, Monitor(options, settings.version, None, figures))
    try:
        await runner.start([listener])
    except (Exception, SystemExit) as error:
        with suppress(Exception):
            await runner.abandon()
        text = problem_text(error)
        show_problem(text)
        return await _explain(text, listener, stopped)
    return _Begun(ANSWERS, partial(runner.stop, replaced=True))


async def _explain(text: str, listener: socket.socket, stopped: asyncio.Event) -> _Begun:
    """Answer every request with what went wrong."""

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == NEXT_SAVE:
            return await answer_next_save(stopped)
        return answer_problem(request, text, 500)

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return _Begun(EXPLAINS, runner.cleanup)


def main() -> None:
    """Serve on the socket that is the first argument, once told to.

    The second is a pipe, through which to say that the app answers. The third is one from
    which the word comes, with what to answer in place of the app, if anything; it ends
    without one where there is no use for this process.
    """
    listening, ready, told = (int(argument) for argument in sys.argv[1:4])
    with os.fdopen(told, "rb") as pipe:
        word = pipe.read()
    if word:
        os.write(ready, BEGUN)
        listener = socket.socket(fileno=listening)
        asyncio.run(_serve(listener, ready, word[1:].decode()))


if __name__ == "__main__":
    main()
