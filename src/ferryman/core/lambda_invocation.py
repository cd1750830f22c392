"""Data about the Lambda invocation that is being handled, beyond the request itself.

Other targets have none. The names are AWS's, from "Using the Lambda context object to retrieve
Python function information" in the AWS Lambda developer guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ferryman.core import capabilities
from ferryman.core.context import current_context

__all__ = ("Invocation", "invocation", "prefix")


class Invocation(NamedTuple):
    """One invocation of a function.

    Attributes:
        request_id: The invocation's id, as in the log.
        function_name: The function's name.
        function_version: The version that runs, such as `7` or `$LATEST`.
        function_arn: The ARN that was invoked, with the alias or version, if any.
        memory: The function's memory in MiB.
        log_group: The name of its log group.
        log_stream: The name of the environment's log stream.
        tenant_id: The tenant that the environment serves, where tenants are isolated.
        client_context: The caller's client context: `client`, `custom` and `env`.
        identity: The Amazon Cognito identity of a mobile caller: `cognito_identity_id` and
            `cognito_identity_pool_id`.
    """

    request_id: str
    function_name: str | None
    function_version: str | None
    function_arn: str | None
    memory: int | None
    log_group: str | None
    log_stream: str | None
    tenant_id: str | None
    client_context: Mapping[str, Any] | None
    identity: Mapping[str, Any] | None


def invocation() -> Invocation | None:
    """Return the invocation that is being handled, or None outside Lambda."""
    context = current_context.get()
    told = getattr(context, "told", None)
    if context is None or told is None:
        return None
    memory = getattr(told, "memory_limit_in_mb", None)
    return Invocation(
        context.request_id,
        getattr(told, "function_name", None),
        getattr(told, "function_version", None),
        getattr(told, "invoked_function_arn", None),
        int(memory) if memory else None,
        getattr(told, "log_group_name", None),
        getattr(told, "log_stream_name", None),
        getattr(told, "tenant_id", None),
        _mapping(getattr(told, "client_context", None), ("client", "custom", "env")),
        _mapping(
            getattr(told, "identity", None), ("cognito_identity_id", "cognito_identity_pool_id")
        ),
    )


def prefix() -> str:
    """Return the prefix of the app's paths as its clients see them, such as `/prod`.

    It is the stage of an API Gateway API and the removed `base_path`. Put it before the path of a
    redirect. It is empty on a server, and if no prefix was removed.
    """
    event = getattr(current_context.get(), "event", None)
    if not isinstance(event, dict):
        return ""
    path = str(event.get("rawPath") or event.get("path") or "")
    stage = _stage(event, path)
    base = capabilities.current().base_path
    return stage + (base if base and _begins(_rest(event, path, stage), base) else "")


def _stage(event: Mapping[str, Any], path: str) -> str:
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return ""
    if event.get("version") is None:
        # A REST API removes the stage from the event's path, but not from the context's.
        whole = context.get("path")
        if not isinstance(whole, str) or whole == path:
            return ""
        return whole.removesuffix(path) if whole.endswith(path) else whole if path == "/" else ""
    stage = f"/{context.get('stage')}"
    return stage if stage != "/$default" and _begins(path, stage) else ""


def _rest(event: Mapping[str, Any], path: str, stage: str) -> str:
    return path if event.get("version") is None else path.removeprefix(stage)


def _begins(path: str, segments: str) -> bool:
    return path == segments or path.startswith(f"{segments}/")


def _mapping(given: object, names: tuple[str, ...]) -> Mapping[str, Any] | None:
    if given is None or isinstance(given, dict):
        return given
    found = {name: getattr(given, name, None) for name in names}
    client = found.get("client")
    if client is not None and hasattr(client, "__slots__"):
        found["client"] = {name: getattr(client, name, None) for name in client.__slots__}
    return found if any(value is not None for value in found.values()) else None
