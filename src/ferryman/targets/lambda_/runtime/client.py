"""Extends AWS's runtime client by streamed responses, tasks after the response, and cleanup.

Only this module and `managed_instances` use awslambdaric's clients.
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

# AWS's client creates a marshaller for its class, which imports modules that ours does not need.
_begin = LambdaMarshaller.__init__
LambdaMarshaller.__init__ = object.__init__
from awslambdaric import bootstrap  # noqa: E402
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient  # noqa: E402

LambdaMarshaller.__init__ = _begin

__all__ = ("RuntimeClient", "run")


class _Marshaller:
    """Uses the standard library's JSON, and AWS's marshaller for values that it cannot encode.

    The import of AWS's JSON library takes two milliseconds of a cold start. It is needed only for
    decimal numbers, which only an app's own result of an event can contain.
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

    It waits for the next invocation on another thread, so that the main thread receives signals.

    Args:
        api: Host and port of the Runtime API.
    """

    marshaller = _Marshaller()

    def __init__(self, api: str) -> None:
        super().__init__(api)
        # As an argument of __init__, this would import an executor that ours replaces.
        self.use_thread_for_polling_next = True
        executor = SignalSafeExecutor()
        self.ThreadPoolExecutor = lambda **_: executor

    def wait_next_invocation(self) -> Any:
        """Finish the work that the last invocation started, and return the next invocation.

        The caller has received the response. Lambda freezes the environment only after the request
        for the next invocation.
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
        """Post a result, unless it was sent as a stream."""
        if isinstance(result_data, Streamed):
            return
        if invocation_id is None:  # awslambdaric before 4.0.2 does not know it
            super().post_invocation_result(invoke_id, result_data, content_type)
        else:
            super().post_invocation_result(invoke_id, result_data, content_type, invocation_id)


def run(handler: str, api: str) -> None:
    """Answer invocations until Lambda ends the environment.

    Args:
        handler: The handler in the function's settings.
        api: Host and port of the Runtime API.
    """
    signal.signal(signal.SIGTERM, _end)
    try:
        bootstrap.run(handler, RuntimeClient(api))
    finally:
        for made in made_handlers():
            made.close()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """Stop the app within the half second that Lambda allows, and exit."""
    for handler in made_handlers():
        if handler.environment.loop.is_running():
            # During a request, unwind first. Lambda sends SIGTERM then at a timeout.
            raise SystemExit(0)
        handler.close()
    sys.stdout.flush()
    sys.stderr.flush()
    # The interpreter's own exit would wait for the polling thread.
    os._exit(0)
