"""Starts the runtime for many concurrent invocations: logging, the app, the pollers.

It reports an error before the first invocation to Lambda.
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
    """Answer concurrent invocations until Lambda ends the environment.

    Args:
        handler: The handler in the function's settings.
        api: Host and port of the Runtime API.
        count: The number of concurrent invocations.

    Raises:
        SystemExit: The handler could not be loaded, or the Runtime API no longer answers.
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
    """Log as AWS's client does, with the id of the current request in each record."""
    sink = bootstrap.init_logging()
    logging.getLogger().handlers[-1].addFilter(_add_request_id)
    return sink


def _add_request_id(record: logging.LogRecord) -> bool:
    facts = current_context.get()
    record.aws_request_id = facts.request_id if facts else ""
    return True


def _load_handler(name: str) -> LambdaHandler:
    """Import the handler in the function's settings, which starts the app.

    Raises:
        ConfigError: `lambda_handler` did not make the handler.
        Exception: The import failed.
    """
    module, _, attribute = name.rpartition(".")
    try:
        imported = importlib.import_module(module.replace("/", "."))
    except FaultException as fault:
        # `entry` wraps an error in this exception for AWS's client.
        raise fault.__cause__ or fault from None
    function = getattr(imported, attribute, None)
    # A handler that a decorator has wrapped does not match: it would take one event at a time.
    handler = next((made for made in made_handlers() if made.function is function), None)
    if handler is None:
        raise ConfigError(
            f"ferryman.lambda_handler did not make the function's handler {name}",
            cause="on Managed Instances, only ferryman's own handler takes concurrent requests",
            hint="name a handler from ferryman.lambda_handler, or start the function without "
            "AWS_LAMBDA_EXEC_WRAPPER: AWS's own runtime then runs a process for each request",
        )
    return handler


async def _post_init_error(api: str, error: Exception) -> None:
    connection = RuntimeConnection(api)
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-Error-Type": type(error).__name__,
    }
    path = "/2018-06-01/runtime/init/error"
    await connection.insist("POST", path, headers, error_document(error))
    connection.close()
