"""Starts the runtime that answers many invocations at once: logging, the app, the pollers.

What goes wrong before the first invocation is asked for is told to Lambda here.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
from typing import Any

from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_exception import FaultException

from ferryman.core import capabilities
from ferryman.core.context import current_context
from ferryman.core.errors import ConfigError
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES
from ferryman.targets.lambda_.runtime.handler import LambdaHandler, made_handlers
from ferryman.targets.lambda_.runtime.pollers import (
    Pollers,
    RuntimeApiGone,
    error_document,
    unforeseen,
)
from ferryman.targets.lambda_.runtime.runtime_connection import RuntimeConnection

__all__ = ("run",)

_log = logging.getLogger(__name__)


def run(handler: str, api: str, count: int) -> None:
    """Answer invocations, many at once, until Lambda ends the environment.

    Args:
        handler: The handler, as a function's settings name it.
        api: Host and port of the Runtime API.
        count: How many invocations may be under way at once.

    Raises:
        SystemExit: The handler could not be loaded, or the Runtime API has gone.
    """
    sink = _set_up_logging()
    offered = CAPABILITIES._replace(concurrency=count, work_after_response=True)
    capabilities.declare(offered)
    try:
        made = _load_handler(handler)
    except Exception as error:
        _log.error("the function failed to start: %s", error, exc_info=unforeseen(error))
        asyncio.run(_post_init_error(api, error))
        sys.exit(1)
    loop = made.environment.loop
    pollers = Pollers(made.environment, api, count)
    loop.add_signal_handler(signal.SIGTERM, pollers.end)
    try:
        loop.run_until_complete(pollers.run())
    except RuntimeApiGone as error:
        _log.error("%s", error)
        sys.exit(1)
    finally:
        made.close()
        sink.__exit__(None, None, None)


def _set_up_logging() -> Any:
    """Log as AWS's client does, with the request's own id in each record."""
    sink = bootstrap.init_logging()
    logging.getLogger().handlers[-1].addFilter(_add_request_id)
    return sink


def _add_request_id(record: logging.LogRecord) -> bool:
    facts = current_context.get()
    record.aws_request_id = facts.request_id if facts else ""
    return True


def _load_handler(name: str) -> LambdaHandler:
    """Import what the function's settings name, which starts the app.

    Raises:
        ConfigError: It is not a handler of ours.
        Exception: The import failed.
    """
    module, _, attribute = name.rpartition(".")
    try:
        imported = importlib.import_module(module.replace("/", "."))
    except FaultException as fault:
        # What our own entry makes of an error, for AWS's client.
        raise fault.__cause__ or fault from None
    function = getattr(imported, attribute, None)
    # One that a decorator has wrapped is not among them: it would take one event at a time.
    found = next((made for made in made_handlers() if made.function is function), None)
    if found is None:
        raise ConfigError(
            f"the function's handler {name} is not one that ferryman.lambda_handler made",
            cause="one process answers many requests at once here, by way of ferryman's own",
            hint="name such a handler, or start the function without AWS_LAMBDA_EXEC_WRAPPER: "
            "AWS's own runtime then runs a process for each request",
        )
    return found


async def _post_init_error(api: str, error: Exception) -> None:
    connection = RuntimeConnection(api)
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-Error-Type": type(error).__name__,
    }
    path = "/2018-06-01/runtime/init/error"
    await connection.insist("POST", path, headers, error_document(error))
    connection.close()
