"""Controls the load generator's process: starts it, gives it jobs, ends it.

The code of that process is the module `generator`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from ferryman.core.errors import FerrymanError
from ferryman.local.lambda_.process_group import tied_to_this_process
from ferryman.measure.request import Request

__all__ = ("LoadGenerator", "end_process", "load_generator")

# Seconds that a process gets to end by itself.
_END_LIMIT = 3.0
# The largest answer to a job in bytes: it lists every request.
_LINE = 2**28


class LoadGenerator:
    """A load generator that waits for jobs.

    Args:
        process: Its process, with pipes.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, job: Mapping[str, object]) -> Any:
        """Run a job, and return its outcome.

        Args:
            job: The arguments of `Generator.run` or `Generator.arrive`.

        Raises:
            FerrymanError: The process ended.
        """
        await self.write(job)
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise FerrymanError("the load generator ended; its output is above")
        return json.loads(line)

    async def write(self, message: object) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(message)}\n".encode())
        await self._process.stdin.drain()


@asynccontextmanager
async def load_generator(
    host: str, port: int, requests: Sequence[Request]
) -> AsyncIterator[LoadGenerator]:
    """Start a load generator, and end it with the block.

    Args:
        host: The app's host.
        port: The app's port.
        requests: The requests to send.
    """
    process = await asyncio.create_subprocess_exec(
        *tied_to_this_process(),
        *(sys.executable, "-m", "ferryman.measure.generator", host, str(port)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE,
    )
    generator = LoadGenerator(process)
    try:
        await generator.write(
            [(_encode(each, f"{host}:{port}"), each.method == "HEAD") for each in requests]
        )
        yield generator
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await end_process(process)


def _encode(request: Request, host: str) -> str:
    """Return a request as it goes over the wire, in base64."""
    headers = [pair for pair in request.headers if pair[0].lower() != "host"]
    own = next((value for name, value in request.headers if name.lower() == "host"), host)
    framed = {name.lower() for name, _ in headers} & {"content-length", "transfer-encoding"}
    if not framed and (request.body or request.method in ("POST", "PUT", "PATCH")):
        headers.append(("Content-Length", str(len(request.body))))
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {own}"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    return base64.b64encode(head + b"\r\n\r\n" + request.body).decode()


async def end_process(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and kill it if it takes too long."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_LIMIT)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
