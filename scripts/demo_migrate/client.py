"""A client that repeats nothing: what the server loses, it loses too, and says so.

aiohttp's client sends idempotent requests again on a connection that turned out dead, which
hides the loss.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

__all__ = ("Answer", "Client", "Lost")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes


class Lost(Exception):
    """A request got no answer, or none that is whole."""


class Client:
    """One connection at a time, opened where there is none, from a loopback address of its own."""

    def __init__(self, port: int, source: str, patience: float = 30) -> None:
        self._port = port
        self._source = source
        self._patience = patience
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.cookies: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._drop()

    async def send(
        self, method: str, target: str, body: bytes = b"", kind: str = "application/json"
    ) -> Answer:
        """Send one request, once.

        Raises:
            Lost: It got no whole answer.
        """
        try:
            async with asyncio.timeout(self._patience):
                return await self._exchange(self._request(method, target, body, kind))
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            self._drop()
            raise Lost(f"{method} {target}: {type(error).__name__} {error}") from None

    def _request(self, method: str, target: str, body: bytes, kind: str) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", "Host: wall.example"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        if method == "POST":
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        return "\r\n".join((*lines, "", "")).encode() + body

    async def _exchange(self, request: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                "127.0.0.1", self._port, local_addr=(self._source, 0), family=socket.AF_INET
            )
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        answer = Answer(
            status,
            headers,
            tuple(value for name, value in pairs if name.lower() == "set-cookie"),
            await _body(reader, headers),
        )
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        if headers.get("connection", "").lower() == "close":
            self._drop()
        return answer

    def _drop(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body
