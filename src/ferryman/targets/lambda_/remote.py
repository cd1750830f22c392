"""Invokes a deployed function through boto3, and returns the outcome.

It sends an invocation only once, because the function's work may not be safe to repeat.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ferryman.core.errors import ConfigError, FerrymanError

__all__ = ("DeployedFunction", "RemoteOutcome")

# Seconds: a little more than the longest timeout of a function ("Lambda quotas").
_PATIENCE = 910
_END_OF_HEAD = bytes(8)

_CREDENTIALS = "--profile chooses credentials; `aws sts get-caller-identity` shows whose they are"
_HINTS = {
    "ResourceNotFoundException": "--function names it, --region and --profile the account",
    "AccessDeniedException": "these credentials need lambda:InvokeFunction",
    "TooManyRequestsException": "its limit of concurrent invocations is reached; try again",
    "RequestTooLargeException": "an event holds at most 6 MB",
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
}


@dataclass(frozen=True, slots=True)
class RemoteOutcome:
    """The outcome of an invocation.

    Attributes:
        payload: The result, or the error document; for a stream the error's details.
        error: Lambda's word if the function failed, such as `Unhandled`; else None.
        log: The end of the invocation's log, 4 KB at most, with its REPORT line.
    """

    payload: bytes
    error: str | None
    log: str

    def document(self) -> Any:
        """Return the payload, parsed if it is JSON."""
        try:
            return json.loads(self.payload)
        except ValueError:
            return self.payload.decode("utf-8", "replace")


class DeployedFunction:
    """A function on AWS.

    Args:
        name: Its name or ARN, with `:` and a version or an alias if needed.
        region: An AWS region; None for that of the profile.
        profile: An AWS profile; None for the default one.

    Raises:
        ConfigError: There is no such profile, or no region.
        FerrymanError: boto3 is not installed.
    """

    def __init__(self, name: str, *, region: str | None = None, profile: str | None = None) -> None:
        self._name = name
        try:
            from boto3 import Session  # type: ignore[import-untyped]
            from botocore.config import Config  # type: ignore[import-untyped]
            from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]
        except ImportError as error:
            raise FerrymanError(
                "boto3 is not installed", cause=str(error), hint="pip install 'ferryman[aws]'"
            ) from None
        once = Config(read_timeout=_PATIENCE, retries={"total_max_attempts": 1}, tcp_keepalive=True)
        try:
            session = Session(profile_name=profile, region_name=region)
            self._client = session.client("lambda", config=once)
        except BotoCoreError as error:
            raise ConfigError(
                f"{name}: AWS cannot be reached",
                cause=str(error),
                hint="pass --region and --profile",
            ) from None

    def invoke(self, event: object) -> RemoteOutcome:
        """Send an event, and return the outcome.

        Raises:
            FerrymanError: AWS refused, or could not be reached.
        """
        with self._explained():
            answer = self._client.invoke(
                FunctionName=self._name, LogType="Tail", Payload=json.dumps(event).encode()
            )
            payload = answer["Payload"].read()
        return RemoteOutcome(payload, answer.get("FunctionError"), _log(answer))

    def stream(
        self,
        event: object,
        begin: Callable[[dict[str, Any]], None],
        write: Callable[[bytes], None],
    ) -> RemoteOutcome:
        """Send an event, pass on the response as it arrives, and return the outcome.

        Args:
            event: The event.
            begin: Called with status, headers and cookies, if the response has them.
            write: Takes each piece of the body.

        Raises:
            FerrymanError: AWS refused, or could not be reached.
        """
        with self._explained():
            answer = self._client.invoke_with_response_stream(
                FunctionName=self._name, LogType="Tail", Payload=json.dumps(event).encode()
            )
            ending: dict[str, Any] = {}
            for piece in _without_head(_pieces(answer["EventStream"], ending), begin):
                write(piece)
        error = ending.get("ErrorCode")
        return RemoteOutcome(ending.get("ErrorDetails", "").encode(), error, _log(ending))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            raise FerrymanError(
                f"{self._name}: AWS refuses to invoke it",
                cause=str(error),
                hint=_HINTS.get(code, "--region and --profile choose the account"),
            ) from None
        except BotoCoreError as error:
            raise FerrymanError(
                f"{self._name}: AWS cannot be reached", cause=str(error), hint=_CREDENTIALS
            ) from None


def _pieces(events: Any, ending: dict[str, Any]) -> Iterator[bytes]:
    for event in events:
        if "PayloadChunk" in event:
            yield event["PayloadChunk"].get("Payload", b"")
        ending.update(event.get("InvokeComplete", {}))


def _without_head(
    pieces: Iterator[bytes], begin: Callable[[dict[str, Any]], None]
) -> Iterator[bytes]:
    """Yield the bytes after the head, which ends with eight NULs; all bytes without a head."""
    first = b""
    for piece in pieces:
        first += piece
        if _END_OF_HEAD in first or not first.startswith(b"{"):
            break
    head, found, rest = first.partition(_END_OF_HEAD)
    if found:
        begin(json.loads(head))
    yield rest if found else first
    yield from pieces


def _log(answer: dict[str, Any]) -> str:
    return base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
