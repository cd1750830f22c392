"""A persistent connection to the Runtime API, for use on an event loop.

The Runtime API answers on the loopback interface, in a small part of HTTP/1.1. This client takes a
quarter of the time of aiohttp's. It does not know invocations.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ("Answer", "RuntimeConnection", "encode_request")

_log = logging.getLogger(__name__)

_NONE: Mapping[str, str] = {}

# The seconds between the attempts of AWS's client.
_DELAYS = (0.1, 0.2, 0.4, 0.8)

# More bytes than the headers of an invocation have: their client context is at most 3.5 KB.
_HEAD_LIMIT = 2**18


class Answer(NamedTuple):
    """A response of the Runtime API.

    Attributes:
        status: The status code.
        headers: The headers, by lower-case name.
        body: The content.
    """

    status: int
    headers: dict[str, str]
    body: bytes


class RuntimeConnection:
    """A connection for one request at a time. It reopens after a close.

    Args:
        api: Host and port of the Runtime API.
    """

    def __init__(self, api: str) -> None:
        self._api = api
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] = _NONE, body: bytes = b""
    ) -> Answer:
        """Send a request, and return the response.

        Args:
            method: The method.
            path: The path.
            headers: Headers other than Host and Content-Length.
            body: The content.

        Raises:
            OSError, EOFError, ValueError: The API is not reachable, or the response is not HTTP.
        """
        whole = False
        try:
            reader, writer = await self._open()
            writer.write(encode_request(self._api, method, path, headers, body))
            await writer.drain()
            answer = await _read_answer(reader)
            whole = answer.headers.get("connection", "").lower() != "close"
            return answer
        except asyncio.LimitOverrunError as error:
            raise ValueError(f"a line of the Runtime API's response is too long: {error}") from None
        finally:
            # After an early end, the next request would read the rest of this response.
            if not whole:
                self.close()

    async def insist(
        self, method: str, path: str, headers: Mapping[str, str] = _NONE, body: bytes = b""
    ) -> Answer | None:
        """Send a request with retries, and return a successful response; else None.

        A status below 500 is final. After other failures it waits and retries, up to four times.
        It logs each failure.

        Args:
            method: The method.
            path: The path.
            headers: Headers other than Host and Content-Length.
            body: The content.
        """
        for delay in (*_DELAYS, None):
            try:
                answer = await self.ask(method, path, headers, body)
            except (OSError, EOFError, ValueError) as error:
                problem = f"{type(error).__name__}: {error}"
            else:
                if answer.status < 400:
                    return answer
                problem = f"{answer.status} {answer.body[:200].decode('utf-8', 'replace')}"
                if answer.status < 500:
                    delay = None
            _log.warning("%s %s: %s", method, path, problem)
            if delay is None:
                break
            await asyncio.sleep(delay)
        return None

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            host, _, port = self._api.rpartition(":")
            self._reader, self._writer = await asyncio.open_connection(
                host, int(port), limit=_HEAD_LIMIT
            )
        return self._reader, self._writer


def encode_request(
    api: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> bytes:
    """Return the bytes of a request to the Runtime API."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {api}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("ascii", "replace") + body


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(first.partition(" ")[2][:3])
    headers = {}
    for line in lines[:-2]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, headers, await _read_chunks(reader))
    length = int(headers.get("content-length", 0))
    return Answer(status, headers, await reader.readexactly(length) if length else b"")


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readline()).partition(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readline() not in (b"\r\n", b""):
        pass  # trailers, none of which matter here
    return b"".join(chunks)
