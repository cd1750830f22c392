"""Stands in for Lambda where responses stream: it takes them in, and makes results of them.

It is the Runtime API for responses alone. A response comes as a POST in chunks, and is
taken apart here as Lambda would, by rules of AWS's, with nothing of the runtime's own.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

__all__ = ("BrokenOff", "StreamCarrier")

_END_OF_PRELUDE = bytes(8)


class BrokenOff(Exception):
    """A streamed response that says itself, in its trailers, that it is not whole."""


class StreamCarrier:
    """Collects streamed responses, each by the id of its invocation."""

    def __init__(self) -> None:
        self.api = ""
        """Host and port, once it has started."""
        self._server: asyncio.Server | None = None
        self._awaited: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.api = f"{host}:{port}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def expect(self, invocation: str) -> asyncio.Future[dict[str, Any]]:
        """Return what will hold the result that an invocation streams."""
        result = asyncio.get_running_loop().create_future()
        self._awaited[invocation] = result
        return result

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        result = self._awaited.pop(head.split()[1].split("/")[-2])
        body, trailers = await read_chunked(reader)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        if result.done():
            return  # nobody waits for it any more
        if "lambda-runtime-function-error-type" in trailers:
            result.set_exception(BrokenOff(trailers["lambda-runtime-function-error-type"]))
        else:
            result.set_result(as_result(body))


async def read_chunked(reader: asyncio.StreamReader) -> tuple[bytes, dict[str, str]]:
    """Return the body of a message, and its trailers."""
    chunks = []
    while size := int(await reader.readline(), 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    trailers = {}
    while line := (await reader.readline()).strip():
        name, _, value = line.decode("ascii").partition(":")
        trailers[name.lower()] = value.strip()
    return b"".join(chunks), trailers


def as_result(stream: bytes) -> dict[str, Any]:
    """Return the buffered result that says what a stream does."""
    prelude, _, body = stream.partition(_END_OF_PRELUDE)
    coded = base64.b64encode(body).decode("ascii")
    return {**json.loads(prelude), "body": coded, "isBase64Encoded": True}
