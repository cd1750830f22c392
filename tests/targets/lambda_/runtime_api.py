"""A Runtime API over real HTTP, and a runtime process that uses it.

It hands out the invocations a test gives it, and keeps what comes back, chunk by chunk
with its trailers, as the API that AWS documents would see it. The local Lambda's is not
used in its place: that one tells a caller the result of an invocation, and not in what pieces
it was posted, and it neither fails nor refuses on demand.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NULS = bytes(8)


@dataclass
class Posted:
    """What a runtime posted for an invocation."""

    path: str
    headers: dict[str, str]
    chunks: list[bytes] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)
    arrived: list[float] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def result(self) -> Any:
        return json.loads(self.body)

    @property
    def streamed(self) -> bool:
        return self.headers.get("lambda-runtime-function-response-mode") == "streaming"

    def split(self) -> tuple[dict[str, Any], bytes]:
        prelude, _, payload = self.body.partition(NULS)
        return json.loads(prelude), payload

    def error(self) -> dict[str, Any]:
        coded = self.trailers["lambda-runtime-function-error-body"]
        decoded: dict[str, Any] = json.loads(base64.b64decode(coded))
        return decoded


class RuntimeApi:
    """The API itself: invocations go in, answers come out."""

    def __init__(self) -> None:
        self.address = ""
        self.timeout = 30.0
        self.answer_status: dict[str, int] = {}
        self.init_error: Posted | None = None
        self.next_statuses: list[int] = []
        self.hangs_up_on_streams = False
        self.snapshot_taken = asyncio.Event()
        self.restore = asyncio.Event()
        self.restore_error: Posted | None = None
        self.registered: list[str] = []
        self.polls = 0
        self.polled = asyncio.Condition()
        self._waiting: asyncio.Queue[tuple[str, bytes, float]] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Posted]] = {}
        self._count = 0

    def invoke(self, event: object) -> asyncio.Future[Posted]:
        """Give the runtime an invocation, and return what it will have posted."""
        return self.invoke_raw(json.dumps(event).encode())

    def invoke_raw(self, event: bytes) -> asyncio.Future[Posted]:
        """Do what `invoke` does, with an event that need not be JSON."""
        self._count += 1
        identifier = f"invocation-{self._count}"
        answer: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        self._answers[identifier] = answer
        self._waiting.put_nowait((identifier, event, self.timeout))
        return answer

    async def until_polls(self, count: int) -> None:
        """Wait until the runtime has asked for an invocation so many times."""
        async with self.polled:
            await asyncio.wait_for(self.polled.wait_for(lambda: self.polls >= count), 20)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read_head(reader):
                await self._answer(*request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if self.hangs_up_on_streams and headers.get("transfer-encoding") == "chunked":
            await reader.read(1)
            raise ConnectionResetError("not taken")
        posted = Posted(path, headers)
        await _read_body(headers, reader, posted)
        name = path.rpartition("/")[2]
        if path.endswith("/extension/register"):
            self.registered.append(headers["lambda-extension-name"])
            _reply(writer, 200, b"{}", {"Lambda-Extension-Identifier": "extension-1"})
        elif path.endswith("/extension/event/next"):
            await asyncio.sleep(3600)
        elif path.endswith("/invocation/next"):
            await self._next(writer)
        elif path.endswith("/restore/next"):
            self.snapshot_taken.set()
            await self.restore.wait()
            _reply(writer, 200, b"")
        elif path.endswith("/restore/error"):
            self.restore_error = posted
            _reply(writer, 202, b"{}")
        elif path.endswith("/init/error"):
            self.init_error = posted
            _reply(writer, 202, b"{}")
        elif method == "POST" and name in ("response", "error"):
            identifier = path.split("/")[-2]
            status = self.answer_status.get(identifier, 202)
            _reply(writer, status, b"{}")
            self._answers[identifier].set_result(posted)
        else:
            _reply(writer, 404, b"{}")
        await writer.drain()

    async def _next(self, writer: asyncio.StreamWriter) -> None:
        async with self.polled:
            self.polls += 1
            self.polled.notify_all()
        if self.next_statuses:
            _reply(writer, self.next_statuses.pop(0), b"{}")
            return
        identifier, event, timeout = await self._waiting.get()
        _reply(
            writer,
            200,
            event,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": identifier,
                "Lambda-Runtime-Invocation-Id": f"attempt-at-{identifier}",
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:1:function:f",
                "Lambda-Runtime-Trace-Id": f"Root=1-{identifier}",
            },
        )


@asynccontextmanager
async def runtime_api() -> AsyncIterator[RuntimeApi]:
    """Serve a Runtime API on loopback for the length of the block."""
    api = RuntimeApi()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    api.address = f"{host}:{port}"
    try:
        yield api
    finally:
        server.close()


def start_runtime(
    api: RuntimeApi,
    directory: Path,
    source: str,
    *,
    log: Path,
    command: Sequence[str] = ("ferryman.targets.lambda_.runtime",),
    **options: object,
) -> subprocess.Popen[bytes]:
    """Start the runtime as its own process, with an app of this source.

    Args:
        api: What it talks to.
        directory: Where the app's module and the settings are written.
        source: The module's text; it defines `create_app`.
        log: Where its output goes.
        command: The module that is run, and its arguments.
        options: Options of the environment, and variables in capitals.
    """
    (directory / "hello.py").write_text(source)
    variables = {name: str(value) for name, value in options.items() if name.isupper()}
    settings = {
        "format": 1,
        "app": "hello:create_app",
        "name": "hello",
        "version": "1",
        "target": "lambda",
        "options": {name: value for name, value in options.items() if not name.isupper()},
    }
    (directory / "ferryman.json").write_text(json.dumps(settings))
    environment = os.environ | {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "FERRYMAN_SETTINGS": str(directory / "ferryman.json"),
        "PYTHONPATH": str(directory),
        **variables,
    }
    with log.open("w") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


class Runtime:
    """A runtime that runs, and its log."""

    def __init__(self, api: RuntimeApi, directory: Path, source: str, **options: Any) -> None:
        self.log = directory / "runtime.log"
        self.process = start_runtime(api, directory, source, log=self.log, **options)

    def logged(self) -> str:
        return self.log.read_text()

    async def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return await self.ended()

    def kill(self) -> None:
        """End it and what it has started, however it is."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    async def ended(self) -> int:
        return await asyncio.to_thread(self.process.wait, 20)


async def result_of(answer: asyncio.Future[Posted]) -> Posted:
    return await asyncio.wait_for(answer, 30)


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]] | None:
    line = (await reader.readline()).decode("latin-1")
    if not line:
        return None
    method, path, _ = line.split(" ", 2)
    return method, path, await _read_headers(reader)


async def _read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers = {}
    while (line := (await reader.readline()).decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return headers


async def _read_body(headers: dict[str, str], reader: asyncio.StreamReader, into: Posted) -> None:
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            into.chunks.append(await reader.readexactly(size))
            into.arrived.append(time.monotonic())
            await reader.readexactly(2)
        into.trailers.update(await _read_headers(reader))
    elif length := int(headers.get("content-length", 0)):
        into.chunks.append(await reader.readexactly(length))


def _reply(
    writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str] | None = None
) -> None:
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
