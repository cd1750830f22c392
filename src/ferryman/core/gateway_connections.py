"""Sends to WebSockets that API Gateway holds, by its management API.

Sources: "Use @connections commands in your backend service" in the API Gateway developer
guide, and "Create a signed AWS API request" in the IAM user guide, for signature version 4.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.core.websockets import ConnectionGone

__all__ = ("GatewayConnection", "close_sessions", "signed_headers")

_SERVICE = "execute-api"
_TIMEOUT = aiohttp.ClientTimeout(total=10)

# One session for each loop: a new connection would take most of the time of a message.
_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


class GatewayConnection:
    """A connection at API Gateway.

    Args:
        url: The connection's address in the management API, with an unescaped id.
    """

    def __init__(self, url: str) -> None:
        base, _, identifier = url.rpartition("/")
        self._url = f"{base}/{quote(identifier, safe='')}"

    async def send(self, data: str | bytes) -> None:
        """Send a message.

        Raises:
            ConnectionGone: The client has disconnected.
            ConfigError: There are no credentials, or they do not allow the call.
            FerrymanError: API Gateway refused the message, or could not be reached.
        """
        await self._ask("POST", data.encode() if isinstance(data, str) else data)

    async def close(self) -> None:
        """Close the connection.

        Raises:
            ConnectionGone, ConfigError, FerrymanError: as for `send`.
        """
        await self._ask("DELETE", b"")

    async def _ask(self, method: str, body: bytes) -> None:
        headers = signed_headers(method, self._url, body, os.environ, time.time())
        try:
            async with _session().request(
                method, URL(self._url, encoded=True), data=body or None, headers=headers
            ) as answer:
                status, said = answer.status, (await answer.read())[:200].decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FerrymanError(
                f"API Gateway could not be asked to {method} {self._url}",
                cause=f"{type(error).__name__}: {error}",
            ) from error
        if status == 410:
            raise ConnectionGone(f"the WebSocket {self._url} is closed")
        if status == 403:
            raise ConfigError(
                f"API Gateway refuses to {method} {self._url}",
                cause=said,
                hint="give the function's role execute-api:ManageConnections on the WebSocket API",
            )
        if status >= 400:
            raise FerrymanError(
                f"API Gateway answered {status} to {method} {self._url}", cause=said
            )


async def close_sessions() -> None:
    """Close this loop's HTTP session."""
    session = _sessions.pop(asyncio.get_running_loop(), None)
    if session is not None:
        await session.close()


def _session() -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    if loop not in _sessions:
        _sessions[loop] = aiohttp.ClientSession(timeout=_TIMEOUT, skip_auto_headers=("User-Agent",))
    return _sessions[loop]


def signed_headers(
    method: str, url: str, body: bytes, environment: Mapping[str, str], now: float
) -> dict[str, str]:
    """Return the headers that sign a request, by signature version 4.

    Args:
        method: The request's method.
        url: Its address, escaped, without a query.
        body: Its content.
        environment: The variables with the credentials, as Lambda sets them, and the region.
        now: The time, in seconds since 1970.

    Raises:
        ConfigError: There are no credentials.
    """
    parts = urlsplit(url)
    if parts.scheme == "http":
        return {}  # the local Lambda's endpoint, which needs no signature
    try:
        key, secret = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
        region = environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"]
    except KeyError as error:
        raise ConfigError(
            f"there are no credentials to send to a WebSocket with: {error.args[0]} is not set",
            hint="on Lambda they are there; elsewhere set AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY and AWS_REGION",
        ) from None
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    headers = {"host": parts.netloc, "x-amz-date": stamp}
    if token := environment.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    # For every service but S3 the signed path is escaped once more.
    path = quote(parts.path, safe="/-._~")
    request = "\n".join([method, path, "", listed, names, hashlib.sha256(body).hexdigest()])
    scope = f"{stamp[:8]}/{region}/{_SERVICE}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    signing = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signature = hmac.digest(signing, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    del headers["host"]  # the client writes it
    return headers
