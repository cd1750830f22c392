"""An invocation in an environment: the event, the response, the end.

The caller receives the response at once. The invocation ends when the runtime asks for its next
event.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import uuid
from typing import Any

from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.local.lambda_.outcome import HANDLED, Outcome, ResponseBody, failed
from ferryman.local.lambda_.report_lines import Report
from ferryman.local.lambda_.wire import Request

__all__ = ("Invocation",)

_INTEGRATION = "application/vnd.awslambda.http-integration-response"
_END_OF_PRELUDE = bytes(8)
_ERROR_TYPE = "lambda-runtime-function-error-type"


class Invocation:
    """An event and its outcome.

    Args:
        payload: The event.
        timeout: Seconds that the invocation may take from now.
    """

    def __init__(self, payload: bytes, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self.request_id = str(uuid.uuid4())
        self.payload = payload
        self.deadline = int((time.time() + timeout) * 1000)
        """The deadline, in milliseconds since 1970."""
        self.answer: asyncio.Future[Outcome] = loop.create_future()
        self.done: asyncio.Future[str | None] = loop.create_future()
        """Resolved at the invocation's end, with None or the fault that ended it."""
        self.finished: asyncio.Future[Report] = loop.create_future()
        self._stream: ResponseBody | None = None

    def headers(self, settings: FunctionSettings) -> dict[str, str]:
        """Return the headers that the Runtime API sends with the event."""
        root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        return {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Invocation-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline),
            "Lambda-Runtime-Invoked-Function-Arn": settings.arn,
            "Lambda-Runtime-Trace-Id": f"Root={root};Parent={secrets.token_hex(8)};Sampled=0",
        }

    def conclude(self, payload: bytes, fault: str | None = None) -> None:
        """Give the caller the result that the runtime posted."""
        if not self.answer.done():
            outcome = Outcome(self.request_id, payload, fault, finished=self.finished)
            self.answer.set_result(outcome)

    def fail(self, fault: str, message: str) -> None:
        """Tell the caller that the runtime failed."""
        if self._stream is not None:
            self._stream.cut()
        elif not self.answer.done():
            self.answer.set_result(failed(self.request_id, fault, message, self.finished))

    async def take_stream(self, request: Request) -> None:
        """Give the caller a response while the runtime posts it."""
        pieces = request.pieces()
        head = bytearray()
        integration = request.headers.get("content-type", "").startswith(_INTEGRATION)
        while integration and _END_OF_PRELUDE not in head:
            piece = await anext(pieces, None)
            if piece is None:
                # The stream ended before its status and headers were complete.
                broken = _ERROR_TYPE in request.trailers or not head
                self.conclude(bytes(head), HANDLED if broken else None)
                return
            head += piece
        prelude, _, first = bytes(head).partition(_END_OF_PRELUDE)
        self._stream = stream = ResponseBody()
        self.answer.set_result(
            Outcome(
                self.request_id,
                prelude=_object(prelude),
                stream=stream,
                finished=self.finished,
            )
        )
        await stream.write(first)
        async for piece in pieces:
            await stream.write(piece)
        if _ERROR_TYPE in request.trailers:
            stream.cut()
        else:
            await stream.end()
        self._stream = None


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
