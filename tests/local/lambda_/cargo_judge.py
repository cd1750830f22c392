"""cargo-lambda's emulator as a judge of single invocations, with its door for any runtime.

What the emulator sends is put right where it is not what Lambda sends: its `/next` has no
Content-Type, of which AWS's client dies, and a deadline in 1970; its API has a path before
it; and it takes a stream only where the head holds a list of cookies, which Lambda does not
ask for, and the eight NULs after it are a chunk of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from tests.parity.cargo_lambda import end, start_emulator, wait_until_listening

from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.local.lambda_.wire import Request, read_request

__all__ = ("cargo_judge",)

PROGRAM = Path(__file__).parents[3] / ".tools/cargo-lambda/bin/cargo-lambda"
_NULS = bytes(8)


@asynccontextmanager
async def cargo_judge(
    settings: FunctionSettings, scratch: Path, ports: tuple[int, int]
) -> AsyncIterator[str]:
    """Run a function under the emulator, and give the emulator's URL.

    Args:
        settings: The function's; the emulator itself waits `timeout` seconds for it.
        scratch: A directory for the emulator's own files and both logs.
        ports: Where the emulator and the door are to listen.
    """
    assert PROGRAM.is_file(), f"there is no emulator at {PROGRAM}: run `make setup`"
    port, door = ports
    scratch.mkdir()
    with ExitStack() as stack:
        limit = ("--timeout", str(int(settings.timeout)))
        stack.callback(end, start_emulator(PROGRAM, scratch, port, *limit))
        await wait_until_listening(port)
        async with _door(door, port, settings.timeout):
            stack.callback(end, _start(settings, scratch, door))
            yield f"http://127.0.0.1:{port}"
            stack.close()


def _start(settings: FunctionSettings, scratch: Path, door: int) -> subprocess.Popen[bytes]:
    lambdas = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{door}",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "LAMBDA_TASK_ROOT": str(settings.directory),
    }
    with (scratch / "runtime.log").open("w") as log:
        return subprocess.Popen(
            settings.command,
            cwd=settings.directory,
            env={"PATH": os.defpath, **settings.variables, **lambdas},
            stdout=log,
            stderr=log,
        )


@asynccontextmanager
async def _door(port: int, emulator: int, timeout: float) -> AsyncIterator[None]:
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            while request := await read_request(reader, writer):
                writer.write(await _pass(request, emulator, timeout))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        if connections:
            await asyncio.wait(connections)


async def _pass(request: Request, emulator: int, timeout: float) -> bytes:
    """Return the emulator's answer to a request, as Lambda would have given it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", emulator)
    kept = {n: v for n, v in request.headers.items() if n not in ("expect", "connection", "host")}
    lines = [f"{request.method} /.rt{request.path} HTTP/1.1", f"host: 127.0.0.1:{emulator}"]
    lines += [f"{name}: {value}" for name, value in kept.items()]
    writer.write("\r\n".join([*lines, "connection: close"]).encode() + b"\r\n\r\n")
    chunked = "transfer-encoding" in kept
    pieces = request.pieces()
    async for piece in _restream(pieces) if chunked else pieces:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
    if chunked:
        trailers = "".join(f"{name}: {value}\r\n" for name, value in request.trailers.items())
        writer.write(b"0\r\n" + trailers.encode() + b"\r\n")
    try:
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    status, *headers = head.decode().split("\r\n")
    told = {name.lower(): value.strip() for name, _, value in (h.partition(":") for h in headers)}
    if request.path.endswith("/next"):
        told["content-type"] = "application/json"
        told["lambda-runtime-deadline-ms"] = str(int((time.time() + timeout) * 1000))
    told |= {"connection": "keep-alive"}
    answer = [status, *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join(answer).encode() + b"\r\n\r\n" + body


async def _restream(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a streamed body with its head as the emulator wants it."""
    head, begun = b"", False
    async for piece in pieces:
        if begun:
            yield piece
            continue
        head += piece
        if _NULS in head:
            begun = True
            text, nuls, first = head.partition(_NULS)
            for part in (json.dumps({"cookies": []} | json.loads(text)).encode(), nuls, first):
                if part:
                    yield part
