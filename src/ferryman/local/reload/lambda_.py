"""`ferryman dev -t lambda`: the local Lambda, with a new environment after each save."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from ferryman.core.errors import FerrymanError
from ferryman.local.gateway.all_gateways import find_gateway
from ferryman.local.gateway.http_server import listen
from ferryman.local.lambda_.app_log import own_entries
from ferryman.local.lambda_.artifact_function import build_function
from ferryman.local.lambda_.event_source import PATIENCE, Front
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.local.lambda_.outcome import Outcome
from ferryman.local.lambda_.project_function import plan_function
from ferryman.local.reload.configuration import Configuration, read_again
from ferryman.local.reload.problem_page import NEXT_SAVE, answer_next_save, answer_problem
from ferryman.local.reload.watching import saves
from ferryman.local.server import cannot_listen
from ferryman.targets.protocols import Address

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
    *,
    artifact: bool = False,
) -> None:
    """Answer through an event source until `stopped`. The next response shows each save.

    Args:
        configuration: The app's configuration.
        read: Reads the configuration again, after a save of one of its files.
        address: Where to listen.
        source: The event source.
        snapshot: Whether environments start as with SnapStart.
        announce: Called with messages about readiness, saves and starts.
        log: Takes each line of the function's log, and a line for each request.
        stopped: Set this event to end the run.
        artifact: Whether each save builds a zip, which runs in place of the sources.

    Raises:
        ConfigError: The address is not available, there is no such event source, the project
            names no app, or watchfiles is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        baked = Path(scratch, "ferryman.json")

        def plan() -> FunctionSettings:
            project, variables = configuration.project, configuration.variables
            if artifact:
                return build_function(
                    project, Path(scratch), _silent, variables=variables, snapshot=snapshot
                )
            return plan_function(project, baked, variables=variables, snapshot=snapshot, ahead=True)

        async with LocalFunction(plan(), log) as function:
            front = _ReloadingFront(function, source, log)
            try:
                runner = await listen(front.handle, address, PATIENCE)
            except OSError as error:
                raise cannot_listen(address, error) from None
            announce(f"it runs {'the artifact' if artifact else 'the sources'}")
            where = f"lambda answers at http://{address}, as {source}; Ctrl-C ends it"
            _prepare(function, announce, where)
            try:
                async for names in saves(configuration.project.root, stopped):
                    announce(f"{', '.join(names)} changed")
                    before = configuration
                    configuration = read_again(read, before, names, announce)
                    settings = None
                    if artifact or configuration is not before:
                        try:
                            settings = await asyncio.to_thread(plan)
                        except FerrymanError as error:
                            announce(f"not built: {error}")
                            continue
                    await function.replace(settings)
                    _prepare(function, announce)
                    front.saved()
            finally:
                front.saved()
                with suppress(asyncio.CancelledError):
                    await runner.cleanup()


def _silent(_: str) -> None:
    """Drop the steps of a build, which takes a second. Its errors are reported."""


def _prepare(function: LocalFunction, announce: Callable[[str], None], where: str = "") -> None:
    """Start an environment before a request needs it, and announce when it is ready."""
    clock = asyncio.get_running_loop().time
    began = clock()

    def say(started: asyncio.Task[Outcome | None]) -> None:
        if where and not started.cancelled():
            announce(where)
        if not started.cancelled() and started.result() is None:
            announce(f"ready after {clock() - began:.2f} s")

    function.prepare().started.add_done_callback(say)


class _ReloadingFront:
    """An event source that also logs requests and explains why an app did not start.

    Args:
        function: The function.
        source: The event source's name.
        log: Called with a line for each request.
    """

    def __init__(self, function: LocalFunction, source: str, log: Callable[[str], None]) -> None:
        self._front = Front(function, find_gateway(source), _explain)
        self._log = log
        self._saved = asyncio.Event()

    def saved(self) -> None:
        """Reload browser pages that show an error."""
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
    """Return a response that says why no environment started."""
    document = outcome.document()
    if not isinstance(document, dict):
        return answer_problem(request, str(document), 502)
    trace = own_entries([str(entry) for entry in document.get("stackTrace") or ()])
    text = "\n".join([f"error: {document.get('errorMessage')}", *trace])
    return answer_problem(request, text, 502)
