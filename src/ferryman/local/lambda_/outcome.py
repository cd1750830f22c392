"""The outcome of an invocation: a payload, a stream or a fault, with AWS's names for faults.

The module knows neither processes nor HTTP.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from ferryman.local.lambda_.report_lines import Report

__all__ = (
    "EXIT",
    "HANDLED",
    "INIT",
    "MEMORY",
    "REQUEST_TOO_LARGE",
    "RESPONSE_TOO_LARGE",
    "THROTTLED",
    "TIMEOUT",
    "Outcome",
    "ResponseBody",
    "failed",
)

HANDLED = "Function.Error"
EXIT = "Runtime.ExitError"
MEMORY = "Runtime.OutOfMemory"
INIT = "Runtime.InitError"
TIMEOUT = "Sandbox.Timedout"
THROTTLED = "TooManyRequestsException"
REQUEST_TOO_LARGE = "RequestTooLargeException"
RESPONSE_TOO_LARGE = "Function.ResponseSizeTooLarge"

# Pieces of a streamed body that are kept for a slow client before the function must wait.
_PIECES = 16


class ResponseBody:
    """A body that arrives while it is read; writing waits for the reader."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_PIECES)
        self._abandoned = False
        self.broken = False
        """Whether the body is incomplete, known after it has been read."""

    async def write(self, piece: bytes) -> None:
        """Add a piece."""
        if piece and not self._abandoned:
            await self._pieces.put(piece)

    async def end(self) -> None:
        """End the body."""
        if not self._abandoned:
            await self._pieces.put(None)

    def cut(self) -> None:
        """End the body as incomplete."""
        self.broken = True
        while self._pieces.full():
            self._pieces.get_nowait()
        self._pieces.put_nowait(None)

    def abandon(self) -> None:
        """Drop the rest: the client has disconnected, and the function must not wait for it."""
        self._abandoned = True
        while not self._pieces.empty():
            self._pieces.get_nowait()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces."""
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def read(self) -> bytes:
        """Return the whole body."""
        return b"".join([piece async for piece in self])


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome for the caller of the function.

    Attributes:
        request_id: The invocation's id.
        payload: The result, or the error document; empty if there is a stream.
        fault: The type of the error, or None. `HANDLED` is an error that the runtime posted.
        prelude: Status, headers and cookies of a streamed response, as the runtime posted them.
        stream: The body of a streamed response.
        finished: Resolved with the report at the end of the invocation.
    """

    request_id: str
    payload: bytes = b""
    fault: str | None = None
    prelude: dict[str, Any] | None = None
    stream: ResponseBody | None = None
    finished: asyncio.Future[Report] | None = field(default=None, compare=False)

    def document(self) -> Any:
        """Return the payload parsed as JSON, or as text if it is not JSON."""
        try:
            return json.loads(self.payload)
        except ValueError:
            return self.payload.decode("utf-8", "replace")


def failed(
    request_id: str, fault: str, message: str, finished: asyncio.Future[Report] | None = None
) -> Outcome:
    """Return the outcome of an invocation for which the runtime posted no result."""
    document = {"errorType": fault, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    return Outcome(request_id, json.dumps(document).encode(), fault, finished=finished)
