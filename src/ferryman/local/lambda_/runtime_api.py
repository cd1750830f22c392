"""The Runtime API of one environment, for its runtime and extensions.

Source: "Lambda runtime API" and "Lambda Extensions API" in the AWS Lambda developer guide.
It does not know the process that calls it, and reports events to its owner.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ferryman.local.lambda_.function_settings import PAYLOAD_LIMIT, FunctionSettings
from ferryman.local.lambda_.invocation import Invocation
from ferryman.local.lambda_.outcome import HANDLED, RESPONSE_TOO_LARGE
from ferryman.local.lambda_.wire import ProtocolError, Request, read_request, reply

__all__ = ("RuntimeApi",)

_RUNTIME = "/2018-06-01/runtime/"
_EXTENSION = "/2020-01-01/extension/"
_JSON = {"Content-Type": "application/json"}


@dataclass(slots=True)
class _Extension:
    """A registered extension, the events it subscribed to, and the events that wait for it."""

    wants: frozenset[str]
    events: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    waits: bool = False


class RuntimeApi:
    """Answers one environment's requests on its own port.

    Args:
        settings: The function's settings.
        settled: Called when the environment is idle: the runtime and every extension wait for
            their next event.
    """

    def __init__(self, settings: FunctionSettings, settled: Callable[[], None]) -> None:
        self.address = ""
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[bytes | None] = loop.create_future()
        """Resolved at the end of the init phase, with None or the error document."""
        self.restored: asyncio.Future[bytes | None] = loop.create_future()
        """Resolved at the end of the restore phase, or of the init phase if no restore follows."""
        self._settings = settings
        self._settled = settled
        self._waiting: asyncio.Queue[Invocation] = asyncio.Queue()
        self._given: dict[str, Invocation] = {}
        self._extensions: dict[str, _Extension] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._polls = 0

    async def open(self) -> None:
        """Listen on a free port of the loopback interface."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"

    async def close(self) -> None:
        """Stop listening, and close the connections."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    @property
    def has_extensions(self) -> bool:
        """Whether an extension has registered. If so, SIGTERM announces the end."""
        return bool(self._extensions)

    @property
    def under_way(self) -> tuple[Invocation, ...]:
        """The invocations that have not ended."""
        return tuple(self._given.values())

    def offer(self, invocation: Invocation) -> None:
        """Give the runtime an event at its next request for one."""
        self._given[invocation.request_id] = invocation
        self._waiting.put_nowait(invocation)
        for extension in self._extensions.values():
            if "INVOKE" in extension.wants:
                event = {"eventType": "INVOKE", "requestId": invocation.request_id}
                extension.events.put_nowait(event | {"deadlineMs": invocation.deadline})

    def forget(self, invocation: Invocation) -> None:
        """Refuse further results for an invocation."""
        self._given.pop(invocation.request_id, None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while request := await read_request(reader, writer):
                await self._dispatch(request)
                await writer.drain()
        except ProtocolError as error:
            reply(writer, 400, str(error).encode())
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError, ValueError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _dispatch(self, request: Request) -> None:
        path = request.path.partition("?")[0]
        name = path.removeprefix(_RUNTIME).removeprefix(_EXTENSION)
        handlers = {
            ("GET", "invocation/next"): self._next,
            ("POST", "init/error"): self._init_error,
            ("GET", "restore/next"): self._restore,
            ("POST", "restore/error"): self._restore_error,
            ("POST", "register"): self._register,
            ("GET", "event/next"): self._event,
        }
        if handler := handlers.get((request.method, name)):
            await handler(request)
        elif request.method == "POST" and name.startswith("invocation/"):
            await self._answer(request, *name.split("/")[1:])
        else:
            await request.read(0)
            reply(request.writer, 404, b'{"errorType":"NotFound"}', _JSON)

    async def _next(self, request: Request) -> None:
        await request.read(0)
        _resolve(self.ready)
        _resolve(self.restored)
        if self._settings.concurrency == 1:
            for invocation in self.under_way:
                if invocation.answer.done() and not invocation.done.done():
                    invocation.done.set_result(None)
        self._polls += 1
        self._settle()
        try:
            invocation = await self._waiting.get()
        finally:
            self._polls -= 1
        if request.reader.at_eof():
            # The client has disconnected. The event stays for its next connection.
            self._waiting.put_nowait(invocation)
            return
        reply(request.writer, 200, invocation.payload, _JSON | invocation.headers(self._settings))

    async def _answer(self, request: Request, identifier: str, *rest: str) -> None:
        invocation = self._given.get(identifier)
        if (
            invocation is None
            or invocation.answer.done()
            or rest not in (("response",), ("error",))
        ):
            await request.read(0)
            reply(request.writer, 400, b'{"errorType":"InvalidRequestID"}', _JSON)
            return
        status, body = 202, b'{"status":"OK"}'
        if rest == ("error",):
            invocation.conclude(await request.read(PAYLOAD_LIMIT) or b"{}", HANDLED)
        elif request.headers.get("lambda-runtime-function-response-mode") == "streaming":
            await invocation.take_stream(request)
        elif (payload := await request.read(PAYLOAD_LIMIT)) is not None:
            invocation.conclude(payload)
        else:
            status, body = 413, _too_large()
            invocation.conclude(body, RESPONSE_TOO_LARGE)
        reply(request.writer, status, body, _JSON)
        if self._settings.concurrency > 1 and not invocation.done.done():
            invocation.done.set_result(None)

    async def _init_error(self, request: Request) -> None:
        _resolve(self.ready, await self._accept_error(request))

    async def _restore(self, request: Request) -> None:
        """Let the same process continue, as if a snapshot of it had been restored."""
        await request.read(0)
        _resolve(self.ready)
        reply(request.writer, 200)

    async def _restore_error(self, request: Request) -> None:
        _resolve(self.restored, await self._accept_error(request))

    async def _accept_error(self, request: Request) -> bytes:
        document = await request.read(PAYLOAD_LIMIT) or b"{}"
        reply(request.writer, 202, b'{"status":"OK"}', _JSON)
        await request.writer.drain()
        return document

    async def _register(self, request: Request) -> None:
        body = json.loads(await request.read(PAYLOAD_LIMIT) or b"{}")
        identifier = str(uuid.uuid4())
        self._extensions[identifier] = _Extension(frozenset(body.get("events", ())))
        function = {
            "functionName": self._settings.name,
            "functionVersion": "$LATEST",
            "handler": self._settings.handler,
        }
        headers = _JSON | {"Lambda-Extension-Identifier": identifier}
        reply(request.writer, 200, json.dumps(function).encode(), headers)

    async def _event(self, request: Request) -> None:
        extension = self._extensions.get(request.headers.get("lambda-extension-identifier", ""))
        if extension is None:
            reply(request.writer, 403, b'{"errorType":"Extension.UnknownExtensionIdentifier"}')
            return
        extension.waits = True
        self._settle()
        event = await extension.events.get()
        extension.waits = False
        reply(request.writer, 200, json.dumps(event).encode(), _JSON)

    def _settle(self) -> None:
        idle = all(each.waits and each.events.empty() for each in self._extensions.values())
        if self._polls and self._waiting.empty() and idle:
            self._settled()


def _resolve(phase: asyncio.Future[bytes | None], document: bytes | None = None) -> None:
    if not phase.done():
        phase.set_result(document)


def _too_large() -> bytes:
    message = (
        f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
    )
    return json.dumps({"errorMessage": message, "errorType": RESPONSE_TOO_LARGE}).encode()
