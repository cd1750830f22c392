"""Sends POSTs on connections that are kept, and repeats nothing.

aiohttp's client sends an idempotent request again when a connection turns out dead, and does not
tell: a request that a server loses would not show.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

__all__ = ("Answer", "Connection", "post")

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_REQUEST = "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: 0\r\n\r\n"


class Answer(NamedTuple):
    """What a server answered.

    Attributes:
        status: The status.
        body: The text.
        closes: Whether the connection is over.
    """

    status: int
    body: str
    closes: bool


async def post(connection: Connection, path: str) -> Answer:
    """Send a request and return the answer.

    Raises:
        OSError: The connection broke.
        EOFError: The server closed the connection without an answer.
    """
    reader, writer = connection
    writer.write(_REQUEST.format(path=path).encode())
    line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(line.split()[1]), body.decode(), headers.get("connection") == "close")
