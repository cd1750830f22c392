"""The context of an invocation, with the names of AWS's context object.

AWS's client creates that object. Our pollers read the same headers and variables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

__all__ = ("InvocationContext",)


class InvocationContext:
    """Reads each value when it is asked for.

    Args:
        headers: The headers of the invocation, by lower-case name.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")

    @property
    def function_name(self) -> str | None:
        """The function's name."""
        return os.environ.get("AWS_LAMBDA_FUNCTION_NAME")

    @property
    def function_version(self) -> str | None:
        """The version that runs."""
        return os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")

    @property
    def memory_limit_in_mb(self) -> str | None:
        """Its memory."""
        return os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")

    @property
    def log_group_name(self) -> str | None:
        """The name of its log group."""
        return os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")

    @property
    def log_stream_name(self) -> str | None:
        """The name of the environment's log stream."""
        return os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")

    @property
    def client_context(self) -> Any:
        """What a caller sent beside the event."""
        return _object(self._headers.get("lambda-runtime-client-context"))

    @property
    def identity(self) -> Any:
        """The Amazon Cognito identity of the caller."""
        given = _object(self._headers.get("lambda-runtime-cognito-identity"))
        if given is None:
            return None
        return {
            "cognito_identity_id": given.get("cognitoIdentityId"),
            "cognito_identity_pool_id": given.get("cognitoIdentityPoolId"),
        }


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
