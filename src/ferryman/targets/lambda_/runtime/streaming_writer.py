"""Passes on what aiohttp writes as a response, as it is written."""

from __future__ import annotations

import asyncio

from multidict import CIMultiDict

from ferryman.targets.lambda_.runtime.protocol import (
    CapturingWriter,
    InProcessProtocol,
    InProcessTransport,
)
from ferryman.targets.lambda_.runtime.streaming import MakePrelude, ResponseStream

__all__ = ("StreamingWriter",)


class StreamingWriter(CapturingWriter):
    """Sends the response while aiohttp writes it.

    Args:
        protocol: aiohttp's protocol object.
        loop: The loop it runs on.
        connection: The protocol's transport.
        head: Whether the request's method is HEAD; its response has no body.
        stream: The stream to send it to.
        prelude: Makes the prelude from status and headers.
    """

    def __init__(
        self,
        protocol: InProcessProtocol,
        loop: asyncio.AbstractEventLoop,
        connection: InProcessTransport,
        head: bool,
        stream: ResponseStream,
        prelude: MakePrelude,
    ) -> None:
        super().__init__(protocol, loop, connection, head)
        self._stream = stream
        self._prelude = prelude

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Send status and headers.

        Raises:
            ConnectionResetError: Another response has begun.
        """
        if self._stream.begun:
            raise ConnectionResetError("another response has begun")
        await super().write_headers(status_line, headers)
        await self._stream.begin(self._prelude(self.response()))
        # aiohttp sends an error page if nothing of the response was sent.
        self.output_size += 1

    async def drain(self) -> None:
        """Wait until the Runtime API has taken what was written."""
        await self._stream.drain()

    def _keep(self, chunk: bytes | bytearray | memoryview) -> None:
        # aiohttp awaits `drain` if this is large since the last time.
        self.buffer_size += len(chunk)
        self._stream.write(bytes(chunk))
