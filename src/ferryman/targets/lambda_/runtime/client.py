"""AWS's runtime client, with what it lacks: streamed responses, tasks, an orderly end.

The one place that knows awslambdaric. Should AWS's client learn to stream, this is where
ours ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from types import FrameType
from typing import Any, NoReturn

from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

from ferryman.targets.lambda_.runtime.handler import made_handlers
from ferryman.targets.lambda_.runtime.polling import SignalSafeExecutor
from ferryman.targets.lambda_.runtime.streaming import INVOCATION_ID, Streamed

# AWS's client makes a marshaller for its class, which imports what ours does without.
_begin = LambdaMarshaller.__init__
LambdaMarshaller.__init__ = object.__init__
from awslambdaric import bootstrap  # noqa: E402
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient  # noqa: E402

LambdaMarshaller.__init__ = _begin

__all__ = ("RuntimeClient", "run")


class _Marshaller:
    """JSON by the standard library, and by AWS's client where that cannot.

    What AWS's uses takes two milliseconds of a cold start to import, for the decimal numbers
    that only an app's own answer to an event can hold.
    """

    def unmarshal_request(self, request: bytes, content_type: str = "application/json") -> object:
        if content_type != "application/json":
            return request
        try:
            return json.loads(request)
        except ValueError:
            return LambdaMarshaller().unmarshal_request(request, content_type)

    def marshal_response(self, response: object) -> tuple[object, str]:
        if isinstance(response, Streamed):
            return response, ""
        if isinstance(response, bytes):
            return response, "application/unknown"
        try:
            return json.dumps(response), "application/json"
        except (TypeError, ValueError):
            marshalled: tuple[object, str] = LambdaMarshaller().marshal_response(response)
            return marshalled


class RuntimeClient(LambdaRuntimeClient):  # type: ignore[misc]
    """Asks for invocations and posts their results.

    It waits for the next one on a thread, so that signals reach this one.

    Args:
        api: Host and port of the Runtime API.
    """

    marshaller = _Marshaller()

    def __init__(self, api: str) -> None:
        super().__init__(api)
        # Told so at once, it would import an executor that ours takes the place of.
        self.use_thread_for_polling_next = True
        executor = SignalSafeExecutor()
        self.ThreadPoolExecutor = lambda **_: executor

    def wait_next_invocation(self) -> Any:
        """Return the next invocation, once what the last one started has finished.

        The response has been posted, and its caller has it. Until this asks for the next
        invocation, the environment is not frozen.
        """
        for handler in made_handlers():
            handler.finishes_tasks_later = True
            handler.environment.finish_tasks()
        invocation = super().wait_next_invocation()
        INVOCATION_ID.set(getattr(invocation, "invocation_id", None))
        return invocation

    def post_invocation_result(
        self,
        invoke_id: str,
        result_data: object,
        content_type: str = "application/json",
        invocation_id: str | None = None,
    ) -> None:
        """Post a result, unless it has gone out as a stream."""
        if isinstance(result_data, Streamed):
            return
        if invocation_id is None:  # awslambdaric before 4.0.2 does not know it
            super().post_invocation_result(invoke_id, result_data, content_type)
        else:
            super().post_invocation_result(invoke_id, result_data, content_type, invocation_id)


def run(handler: str, api: str) -> None:
    """Answer invocations until Lambda ends the environment.

    Args:
        handler: The handler, as a function's settings name it.
        api: Host and port of the Runtime API.
    """
    signal.signal(signal.SIGTERM, _end)
    try:
        bootstrap.run(handler, RuntimeClient(api))
    finally:
        for made in made_handlers():
            made.close()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """Stop the app in the half second that Lambda gives, and end."""
    for handler in made_handlers():
        if handler.environment.loop.is_running():
            # In the middle of a request: unwind first. Lambda does this at a time-out.
            raise SystemExit(0)
        handler.close()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not by way of the interpreter's own end, which would wait for the thread that polls.
    os._exit(0)
