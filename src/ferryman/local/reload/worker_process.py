"""The process that runs the app for `ferryman dev -t server`: started ahead, then told to begin.

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
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from ferryman.core.app_settings import provide_settings
from ferryman.core.logs import configure
from ferryman.core.settings import SETTINGS_VARIABLE, load_settings
from ferryman.local.reload.problem_page import (
    NEXT_SAVE,
    answer_next_save,
    answer_problem,
    problem_text,
    show_problem,
)
from ferryman.local.reload.workers import ANSWERS, BEGUN, EXPLAINS, LAST_GRACE
from ferryman.targets.server.runtime.monitor import Monitor
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.runner import Runner

__all__ = ("main",)


class _Begun(NamedTuple):
    """What answers on the socket now.

    Attributes:
        word: The word for it.
        stop: Ends it; is told whether anybody waits, and is in a hurry.
    """

    word: bytes
    stop: Callable[[bool], Awaitable[None]]


def _serve(listener: socket.socket, ready: int, explanation: str) -> None:
    """Answer on a socket until a signal: with the app, or with why it did not start."""
    with asyncio.Runner() as loop:
        loop.get_loop()  # set as the current one, for an app that asks for it as it is loaded
        runner = None if explanation else _runner()
        try:
            if runner is not None:
                provide_settings(load_settings().settings)
                runner.load()
        except (Exception, SystemExit) as error:
            explanation = _shown(error)
        loop.run(_answer(runner, listener, ready, explanation))


async def _answer(
    runner: Runner | None, listener: socket.socket, ready: int, explanation: str
) -> None:
    stopped = asyncio.Event()
    hurried = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)

    def hurry() -> None:
        hurried.set()
        stopped.set()

    loop.add_signal_handler(signal.SIGINT, hurry)
    if explanation or runner is None:
        begun = await _explain(explanation, listener, stopped)
    else:
        begun = await _run_app(runner, listener, stopped)
    os.write(ready, begun.word)
    os.close(ready)
    await stopped.wait()
    await begun.stop(hurried.is_set())


def _runner() -> Runner:
    settings = load_settings()
    options = ServerSettings.read(settings.options)
    configure(options.log_format, options.log_level)
    figures = Path(os.environ[SETTINGS_VARIABLE]).parent
    return Runner(settings.app, options, Monitor(options, settings.version, None, figures))


async def _run_app(runner: Runner, listener: socket.socket, stopped: asyncio.Event) -> _Begun:
    """Answer with the app, or with why it did not start."""
    try:
        await runner.start([listener])
    except (Exception, SystemExit) as error:
        with suppress(Exception):
            await runner.abandon()
        return await _explain(_shown(error), listener, stopped)

    async def stop(hurried: bool) -> None:
        graceful = runner.graceful_timeout
        await runner.stop(
            replaced=True, graceful_timeout=min(LAST_GRACE, graceful) if hurried else graceful
        )

    return _Begun(ANSWERS, stop)


def _shown(error: BaseException) -> str:
    text = problem_text(error)
    show_problem(text)
    return text


async def _explain(text: str, listener: socket.socket, stopped: asyncio.Event) -> _Begun:
    """Answer every request with what went wrong."""

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == NEXT_SAVE:
            return await answer_next_save(stopped)
        return answer_problem(request, text, 500)

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.SockSite(runner, listener).start()

    async def stop(_: bool) -> None:
        await runner.cleanup()

    return _Begun(EXPLAINS, stop)


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
        _serve(listener, ready, word[1:].decode())


if __name__ == "__main__":
    main()
