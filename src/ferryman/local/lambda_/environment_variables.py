"""The environment variables of a function, as Lambda sets them.

Source: "Defined runtime environment variables" in the AWS Lambda developer guide.
"""

from __future__ import annotations

import os
import secrets
import sys

from ferryman.local.lambda_.function_settings import FunctionSettings

__all__ = ("function_variables",)

_REGION = "us-east-1"


def function_variables(settings: FunctionSettings, api: str) -> dict[str, str]:
    """Return all environment variables of a function's process.

    Args:
        settings: The function's settings. Its variables may replace the region, paths and log
            names, but not the function's name, version, memory and Runtime API.
        api: Host and port of the Runtime API.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    concurrency = {"AWS_LAMBDA_MAX_CONCURRENCY": str(settings.concurrency)}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": _REGION,
        "LAMBDA_TASK_ROOT": str(settings.directory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{settings.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{secrets.token_hex(16)}",
        **settings.variables,
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": _initialization(settings),
        "_HANDLER": settings.handler,
        **(concurrency if settings.concurrency > 1 else {}),
    }


def _initialization(settings: FunctionSettings) -> str:
    if settings.snapshot:
        return "snap-start"
    return "lambda-managed-instances" if settings.concurrency > 1 else "on-demand"
