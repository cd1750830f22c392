"""The worker process of `ferryman dev -t server`.

It imports everything except the app, and waits for its order. Then it runs the app as the server
target's worker does, on its parent's listening socket. After SIGTERM it finishes its requests. If
the app does not start, the process answers all requests with the error.
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


class _Service(NamedTuple):
    """The app or the error page, which answers on the socket.

    Attributes:
        message: The message to the parent process.
        stop: Ends the service. The argument says whether it must end within `LAST_GRACE`.
    """

    message: bytes
    stop: Callable[[bool], Awaitable[None]]


def _serve(listener: socket.socket, messages: int, explanation: str) -> None:
    """Answer on a socket until a signal, with the app or with the reason why it did not start."""
    with asyncio.Runner() as loop:
        loop.get_loop()  # sets the current loop, which the app may ask for at import
        runner = None if explanation else _runner()
        try:
            if runner is not None:
                provide_settings(load_settings().settings)
                runner.load()
        except (Exception, SystemExit) as error:
            explanation = _shown(error)
        loop.run(_answer(runner, listener, messages, explanation))


async def _answer(
    runner: Runner | None, listener: socket.socket, messages: int, explanation: str
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
        service = await _explain(explanation, listener, stopped)
    else:
        service = await _run_app(runner, listener, stopped)
    os.write(messages, service.message)
    os.close(messages)
    await stopped.wait()
    await service.stop(hurried.is_set())


def _runner() -> Runner:
    settings = load_settings()
    options = ServerSettings.read(settings.options)
    configure(options.log_format, options.log_level)
    figures = Path(os.environ[SETTINGS_VARIABLE]).parent
    return Runner(settings.app, options, Monitor(options, settings.version, None, figures))


async def _run_app(runner: Runner, listener: socket.socket, stopped: asyncio.Event) -> _Service:
    """Answer with the app, or with the reason why it did not start."""
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

    return _Service(ANSWERS, stop)


def _shown(error: BaseException) -> str:
    text = problem_text(error)
    show_problem(text)
    return text


async def _explain(text: str, listener: socket.socket, stopped: asyncio.Event) -> _Service:
    """Answer every request with an error."""

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == NEXT_SAVE:
            return await answer_next_save(stopped)
        return answer_problem(request, text, 500)

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.SockSite(runner, listener).start()

    async def stop(_: bool) -> None:
        await runner.cleanup()

    return _Service(EXPLAINS, stop)


def main() -> None:
    """Wait for the order, then serve.

    The arguments are file descriptors: the listening socket, a pipe for messages to the parent, and
    a pipe for the order. The order may contain a text to respond with in place of the app. If the
    pipe ends without an order, so does the process.
    """
    listening, messages, order_pipe = (int(argument) for argument in sys.argv[1:4])
    with os.fdopen(order_pipe, "rb") as pipe:
        order = pipe.read()
    if order:
        os.write(messages, BEGUN)
        listener = socket.socket(fileno=listening)
        _serve(listener, messages, order[1:].decode())


if __name__ == "__main__":
    main()
