"""Sends a response to Lambda's Runtime API while the app writes it.

The format: a JSON prelude with status and headers, eight NUL bytes, then the body, all in
chunks. Trailers report a failure. Source: "Building a custom runtime" in
the AWS Lambda developer guide. It knows neither events nor aiohttp's requests.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

from ferryman.targets.lambda_.runtime.messages import HttpResponse

__all__ = ("INVOCATION_ID", "STREAMED", "MakePrelude", "ResponseStream", "Streamed")

MakePrelude: TypeAlias = Callable[[HttpResponse], dict[str, Any]]
"""Makes the prelude from status and headers, which is what the source calls them."""


_HEADERS = (
    "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\n"
    "Host: {api}\r\n"
    "Content-Type: application/vnd.awslambda.http-integration-response\r\n"
    "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
    "Connection: close\r\n"
)
_END_OF_PRELUDE = bytes(8)

INVOCATION_ID: ContextVar[str | None] = ContextVar("ferryman.invocation_id", default=None)
"""What the Runtime API calls this attempt at an invocation; it is given back with a response.

The app has no use for it, so it is not in `RequestContext`.
"""


class Streamed:
    """What a handler returns when the response has gone out already."""


STREAMED = Streamed()


class ResponseStream:
    """A response that is sent to the Runtime API.

    Args:
        api: Host and port of the Runtime API.
        invocation: The id of the invocation.
    """

    def __init__(self, api: str, invocation: str) -> None:
        self._api = api
        self._invocation = invocation
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def begun(self) -> bool:
        """Whether the prelude has been sent, so that status and headers are settled."""
        return self._writer is not None

    async def begin(self, prelude: dict[str, Any]) -> None:
        """Send status and headers.

        Raises:
            OSError: The Runtime API cannot be reached.
        """
        host, _, port = self._api.rpartition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))
        head = _HEADERS.format(id=self._invocation, api=self._api)
        if attempt := INVOCATION_ID.get():
            head += f"Lambda-Runtime-Invocation-Id: {attempt}\r\n"
        self._writer.write(f"{head}\r\n".encode("ascii"))
        self.write(json.dumps(prelude).encode())
        self.write(_END_OF_PRELUDE)

    def write(self, chunk: bytes) -> None:
        """Send a part of the body. An empty part would end the body, and is ignored.

        Raises:
            ConnectionResetError: The body has ended.
        """
        if chunk and self._writer is not None:
            if self._writer.is_closing():
                raise ConnectionResetError("the response has ended")
            self._writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    async def drain(self) -> None:
        """Wait until the Runtime API has taken what was written."""
        if self._writer is not None:
            await self._writer.drain()

    async def end(self) -> None:
        """End the body, and wait until the Runtime API has accepted it.

        Raises:
            OSError, asyncio.IncompleteReadError: The connection to the Runtime API broke.
        """
        await self._finish(b"0\r\n\r\n")

    async def fail(self, kind: str, message: str) -> None:
        """End the body, and report that it is incomplete.

        Args:
            kind: The name of the error.
            message: What happened.
        """
        error = json.dumps({"errorType": kind, "errorMessage": message}).encode()
        trailers = (
            f"Lambda-Runtime-Function-Error-Type: {kind}\r\n"
            f"Lambda-Runtime-Function-Error-Body: {base64.b64encode(error).decode()}\r\n"
        )
        await self._finish(b"0\r\n" + trailers.encode("ascii", "replace") + b"\r\n")

    async def _finish(self, last: bytes) -> None:
        assert self._writer is not None
        assert self._reader is not None
        try:
            self._writer.write(last)
            await self._writer.drain()
            # The head of the API's response is enough.
            await self._reader.readuntil(b"\r\n\r\n")
        finally:
            self._writer.close()
