"""`ferryman dev -t lambda`: the local Lambda, with a new environment after each save."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from ferryman.core.build.target import Address
from ferryman.core.errors import ConfigError
from ferryman.development.configuration import Configuration, read_again
from ferryman.development.function_log import own_entries
from ferryman.development.problem import NEXT_SAVE, answer_next_save, answer_problem
from ferryman.development.watching import saves
from ferryman.targets.lambda_.gateway.sources import find_gateway
from ferryman.targets.lambda_.local.front import Front, serve
from ferryman.targets.lambda_.local.function import LocalFunction
from ferryman.targets.lambda_.local.outcome import Outcome
from ferryman.targets.lambda_.local.plan import plan_function
from ferryman.targets.lambda_.local.settings import FunctionSettings

__all__ = ("run_lambda",)


async def run_lambda(
    configuration: Configuration,
    read: Callable[[], Configuration],
    address: Address,
    source: str,
    snapshot: bool,
    announce: Callable[[str], None],
    log: Callable[[str], None],
    stopped: asyncio.Event,
) -> None:
    """Answer through an event source until `stopped`, with each save in the next answer.

    Args:
        configuration: What the app is run by.
        read: Reads that anew, once a file that may hold it was saved.
        address: Where to listen.
        source: The event source.
        snapshot: Whether environments start as SnapStart does.
        announce: Told what happens: that it answers, of saves and of starts.
        log: Takes each line of the function's log, and one for each request.
        stopped: Ends it.

    Raises:
        ConfigError: The address cannot be listened at, there is no such event source, the
            project names no app, or watchfiles is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        baked = Path(scratch, "ferryman.json")

        def plan() -> FunctionSettings:
            project, variables = configuration.project, configuration.variables
            return plan_function(project, baked, variables=variables, snapshot=snapshot, ahead=True)

        async with LocalFunction(plan(), log) as function:
            door = _Door(function, source, log)
            try:
                runner = await serve(door.handle, address)
            except OSError as error:
                raise ConfigError(
                    f"cannot listen at {address}", cause=error.strerror, hint="pass another --bind"
                ) from None
            announce(f"lambda answers at http://{address}, as {source}; Ctrl-C ends it")
            _prepare(function, announce)
            try:
                async for names in saves(configuration.project.root, stopped):
                    announce(f"{', '.join(names)} changed")
                    before = configuration
                    configuration = read_again(read, before, names, announce)
                    await function.replace(None if configuration is before else plan())
                    _prepare(function, announce)
                    door.saved()
            finally:
                door.saved()
                with suppress(asyncio.CancelledError):
                    await runner.cleanup()


def _prepare(function: LocalFunction, announce: Callable[[str], None]) -> None:
    """Start an environment before a request needs it, and say when it is there."""
    clock = asyncio.get_running_loop().time
    began = clock()

    def say(started: asyncio.Task[Outcome | None]) -> None:
        if not started.cancelled() and started.result() is None:
            announce(f"ready after {clock() - began:.2f} s")

    function.prepare().started.add_done_callback(say)


class _Door:
    """The event source, with what no real one has: a word on each request, and on a bad start.

    Args:
        function: What answers.
        source: The event source's name.
        log: Told of each request.
    """

    def __init__(self, function: LocalFunction, source: str, log: Callable[[str], None]) -> None:
        self._front = Front(function, find_gateway(source), _explain)
        self._log = log
        self._saved = asyncio.Event()

    def saved(self) -> None:
        """Let pages that show what went wrong load themselves anew."""
        self._saved.set()
        self._saved = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the response to a request."""
        if request.path == NEXT_SAVE:
            return await answer_next_save(self._saved)
        loop = asyncio.get_running_loop()
        began = loop.time()
        response = await self._front.handle(request)
        spent = (loop.time() - began) * 1000
        self._log(f"{request.method} {request.rel_url.raw_path} {response.status} {spent:.0f} ms")
        return response


def _explain(request: web.BaseRequest, outcome: Outcome) -> web.Response:
    """Return why an environment did not start, which no event source would tell."""
    document = outcome.document()
    if not isinstance(document, dict):
        return answer_problem(request, str(document), 502)
    trace = own_entries([str(entry) for entry in document.get("stackTrace") or ()])
    text = "\n".join([f"error: {document.get('errorMessage')}", *trace])
    return answer_problem(request, text, 502)
