"""Calls a service of AWS by its JSON protocol: DynamoDB, Secrets Manager, Systems Manager.

Source: "AWS JSON 1.0 protocol" and "1.1" of Smithy. One call sends one request; callers decide
whether to retry.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from yarl import URL

from ferryman.core.aws.credentials import CredentialSource
from ferryman.core.aws.endpoints import endpoint
from ferryman.core.aws.signing import Scope, sign

if TYPE_CHECKING:
    import aiohttp

__all__ = (
    "DYNAMODB",
    "Answer",
    "AwsRefusal",
    "DamagedAnswer",
    "JsonService",
    "Protocol",
    "session_post",
)


class Answer(NamedTuple):
    """A service's response: the status, the headers, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Post = Callable[[URL, Mapping[str, str], bytes], Awaitable[Answer]]
"""Sends a POST: the address, the headers, the body."""


def session_post(session: aiohttp.ClientSession) -> Post:
    """Return a function that sends a POST with a session, without retries."""

    async def post(url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        async with session.post(url, headers=headers, data=body, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    return post


class Protocol(NamedTuple):
    """How to address a service.

    Attributes:
        name: Its name in addresses and signatures.
        target: The prefix of the operation in the header `X-Amz-Target`.
        version: The version of the JSON protocol.
    """

    name: str
    target: str
    version: str


DYNAMODB = Protocol("dynamodb", "DynamoDB_20120810", "1.0")


_to_json = json.JSONEncoder(separators=(",", ":")).encode


class AwsRefusal(Exception):
    """The service refused a call, or failed to answer it.

    Attributes:
        status: The HTTP status; from 500 on, the service may have performed the operation anyway.
        code: The kind of the refusal, such as `ResourceNotFoundException`.
        message: The message from AWS.
        body: The whole response body, if it is a JSON object.
    """

    def __init__(self, status: int, code: str, message: str, body: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.body = body


class DamagedAnswer(Exception):
    """The response was damaged in transit: its checksum differs, or it is not JSON."""


class JsonService:
    """Calls one service in one region.

    Args:
        protocol: The service.
        region: The region.
        credentials: Provides the credentials that sign the calls.
        post: Sends a request, without retries.
        environment: The environment; it may give another address of the service.
    """

    def __init__(
        self,
        protocol: Protocol,
        region: str,
        credentials: CredentialSource,
        post: Post,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._protocol = protocol
        self._scope = Scope(protocol.name, region)
        self._credentials = credentials
        self._post = post
        self.url = URL(endpoint(protocol.name, region, environment) + "/")
        # The checksum of a compressed response covers bytes that aiohttp does not expose.
        self._headers = {
            "Content-Type": f"application/x-amz-json-{protocol.version}",
            "Accept-Encoding": "identity",
        }

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation once and return its answer.

        Args:
            operation: The operation's name, such as `GetItem`.
            parameters: The operation's parameters.

        Raises:
            NoCredentials: No credentials were found; the request was not sent.
            AwsRefusal: The service refused.
            DamagedAnswer: The response was damaged in transit.
        """
        credentials = await self._credentials.get()
        body = _to_json(parameters).encode()
        signed = {"X-Amz-Target": f"{self._protocol.target}.{operation}"}
        headers = sign(credentials, self._scope, "POST", self.url, body, datetime.now(UTC), signed)
        answer = await self._post(self.url, {**self._headers, **headers}, body)
        return _content(answer)

    def renew_credentials(self) -> bool:
        """Make the next call look for credentials again; return whether it can find others."""
        return self._credentials.forget()


def _content(answer: Answer) -> dict[str, Any]:
    checksum = answer.headers.get("x-amz-crc32")
    if checksum and checksum.isdecimal() and zlib.crc32(answer.body) != int(checksum):
        raise DamagedAnswer("its checksum is not that of its content")
    try:
        found = json.loads(answer.body.decode())
    except ValueError as error:
        if answer.status < 300:
            raise DamagedAnswer("it is not JSON") from error
        found = {}
    found = found if isinstance(found, dict) else {}
    if answer.status < 300:
        return found
    code = str(found.get("__type", "")).rpartition("#")[2] or f"HTTP {answer.status}"
    message = str(found.get("message") or found.get("Message") or "")
    raise AwsRefusal(answer.status, code, message, found)
