"""Forwards a complete request to the other side, and streams its response back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from ferryman.core.aws.credentials import CredentialSource, NoCredentials
from ferryman.core.aws.signing import sign
from ferryman.core.context import current_context
from ferryman.core.proxy_trust import CARRIED_AUTHORIZATION
from ferryman.targets.server.runtime.metrics import (
    OVERFLOW_FAILURES,
    OVERFLOW_KEPT,
    OVERFLOWED,
)
from ferryman.targets.server.runtime.overflow.breaker import Breaker, ShareCap
from ferryman.targets.server.runtime.overflow.signed_hosts import signing_scope

__all__ = ("LOOP_HEADER", "Destination", "Overflow")

LOOP_HEADER = "Ferryman-Overflow"
"""Marks a forwarded request: its receiver responds or refuses, and never forwards it again."""

# Headers of RFC 9110, 7.6.1, and headers that each of the two connections sets itself.
_OF_A_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("proxy-connection", "trailer", "transfer-encoding", "upgrade", "expect", "host"),
    }
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# The largest body of a function in bytes ("Lambda quotas"); a signature needs the whole body.
_LARGEST_SIGNED = 6 * 2**20

# Statuses with which the other side could not respond; the app's own 500 is a response.
_FAILURES = frozenset({429, 502, 503, 504})

# Seconds to connect, and after which an idle connection is not reused: the other side may be
# closing it, and a request on it would be lost.
_CONNECT = 2.0
_IDLE = 10.0

_log = logging.getLogger("ferryman.overflow")


@dataclass(frozen=True, slots=True)
class Destination:
    """The other side.

    Attributes:
        url: The address; a request's path is appended to its path.
        timeout: Seconds until the response begins.
        signed: Whether to sign requests to AWS.
    """

    url: URL
    timeout: float
    signed: bool


class Overflow:
    """Forwards requests.

    Args:
        destination: The other side.
        share: The largest share of all requests, from 0 to 1.
        count: Called for each request, with the name of its outcome in the metrics.
    """

    def __init__(
        self, destination: Destination, share: float, count: Callable[[str], None]
    ) -> None:
        self._to = destination
        self._cap = ShareCap(share)
        self._breaker = Breaker()
        self._count = count
        self._scope = signing_scope(destination.url) if destination.signed else None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        )
        # aiohttp itself would retry idempotent requests, even unsafe ones.
        self._session._retry_connection = False
        self._credentials = CredentialSource(self._session)

    def saw(self) -> None:
        """Count a request, whichever side answers it."""
        self._cap.saw()

    async def close(self) -> None:
        """Close the connections to the other side."""
        await self._session.close()

    async def forward(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """Return the other side's response, or None if the request must stay here.

        None means that no byte of the request was sent, so the client may repeat it.
        """
        if not self._may_go(request) or not self._breaker.allows() or not self._cap.allows():
            self._count(OVERFLOW_KEPT)
            return None
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(_CONTINUE)
            request.writer.output_size = 0
        try:
            answer = await self._ask(request)
        except _TooLarge:
            self._count(OVERFLOW_KEPT)
            return None
        except (aiohttp.ClientConnectorError, NoCredentials) as error:
            self._note_failure(error)
            return None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            self._note_failure(error)
            return web.Response(status=504 if isinstance(error, TimeoutError) else 502)
        self._note(answer.status)
        return await self._answer(request, answer)

    def _may_go(self, request: web.BaseRequest) -> bool:
        named = LOOP_HEADER in request.headers or "Upgrade" in request.headers
        return not named and request.raw_path.startswith("/")

    async def _ask(self, request: web.BaseRequest) -> aiohttp.ClientResponse:
        """Send the request; retry it once only if it is safe and no body was sent."""
        body = await self._body(request)
        try:
            return await self._send(request, body)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            connected = not isinstance(error, aiohttp.ClientConnectorError)
            if connected and request.method in _SAFE and not request.body_exists:
                return await self._send(request, body)
            raise

    async def _body(self, request: web.BaseRequest) -> bytes | AsyncIterator[bytes] | None:
        if not request.body_exists:
            return None
        if self._scope is None:
            return request.content.iter_any()
        if (request.content_length or 0) > _LARGEST_SIGNED:
            raise _TooLarge
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > _LARGEST_SIGNED:
                raise _TooLarge
        return bytes(body)

    async def _send(
        self, request: web.BaseRequest, body: bytes | AsyncIterator[bytes] | None
    ) -> aiohttp.ClientResponse:
        url = _target(self._to.url, request.raw_path)
        headers = _request_headers(request)
        if self._scope is not None:
            carried = headers.popall("Authorization", [])
            headers.extend((CARRIED_AUTHORIZATION, value) for value in carried[:1])
            whole = body if isinstance(body, bytes) else b""
            credentials = await self._credentials.get()
            now = datetime.now(UTC)
            headers.update(sign(credentials, self._scope, request.method, url, whole, now))
        async with asyncio.timeout(self._to.timeout):
            return await self._session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            )

    async def _answer(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        headers = _end_to_end(answer.headers)
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
        try:
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
        except (aiohttp.ClientError, TimeoutError) as error:
            self._note_failure(error)
            # The client must not treat the part so far as the whole response.
            if request.transport is not None:
                request.transport.abort()
        finally:
            answer.close()  # keeps the connection if the response is complete
        return response

    def _note(self, status: int) -> None:
        self._count(OVERFLOWED)
        if status in _FAILURES:
            self._note_failure(f"it answered {status}")
        elif self._breaker.succeeded():
            _log.warning("overflow: %s answers again", self._to.url)

    def _note_failure(self, error: object) -> None:
        self._count(OVERFLOW_FAILURES)
        if self._breaker.failed():
            why = str(error) or type(error).__name__
            _log.warning("overflow: %s fails and is left alone for a while: %s", self._to.url, why)


class _TooLarge(Exception):
    """The body is too large for a function."""


def _target(base: URL, path_and_query: str) -> URL:
    """Return the address with a request's path and query appended, byte for byte."""
    return URL(f"{str(base).rstrip('/')}{path_and_query}", encoded=True)


def _request_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    headers = _end_to_end(request.headers)
    before = headers.popall("X-Forwarded-For", [])
    if request.remote:
        headers["X-Forwarded-For"] = ", ".join([*before, request.remote])
    headers["X-Forwarded-Proto"] = request.scheme
    headers["X-Forwarded-Host"] = request.host
    headers[LOOP_HEADER] = "1"
    context = current_context.get()
    if context is not None:
        headers["X-Request-Id"] = context.request_id
        if context.trace:
            headers["traceparent"] = context.trace
    if request._message.compression:
        # aiohttp has decompressed the body already.
        headers.popall("Content-Encoding", None)
        headers.popall("Content-Length", None)
    return headers


def _end_to_end(headers: MultiMapping[str]) -> CIMultiDict[str]:
    """Return the headers that are not specific to a connection."""
    named = ",".join(headers.getall("Connection", ()))
    left_out = _OF_A_HOP | {name.strip().lower() for name in named.split(",")}
    return CIMultiDict((n, value) for n, value in headers.items() if n.lower() not in left_out)
