"""A connection that can be passed to another worker while it is idle."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import EMPTY_PAYLOAD, web

from ferryman.targets.server.runtime.connection import Connection
from ferryman.targets.server.runtime.limits import Limits
from ferryman.targets.server.runtime.sharing.passing import Note
from ferryman.targets.server.runtime.sharing.share import Share

__all__ = ("SharedConnection",)

_HEAD_END = b"\r\n\r\n"


class SharedConnection(Connection):
    """A connection that a worker with a stalled loop passes to another worker.

    Args:
        server: aiohttp's server, which knows the app.
        limits: The limits of this worker.
        share: This worker's side of the sharing.
        admitted: Whether another worker had the connection before, and has counted it.
        loop: The event loop.
        arguments: The arguments of aiohttp's class.
    """

    __slots__ = ("_share", "_told_peer", "_whole")

    def __init__(
        self,
        server: web.Server,
        limits: Limits,
        share: Share,
        *,
        admitted: bool,
        loop: asyncio.AbstractEventLoop,
        **arguments: Any,
    ) -> None:
        super().__init__(server, limits, loop=loop, **arguments)
        self._share = share
        self._told_peer: tuple[str, int] | None = None
        self._admitted_before = admitted
        # Whether the last received bytes ended a request. Bytes of the next request would be in
        # aiohttp's parser, and another worker would not get them.
        self._whole = True

    @property
    def idle_descriptor(self) -> int | None:
        """The connection's file descriptor if it is idle between two requests, or None."""
        transport, waiter = self.transport, self._waiter
        idles = (
            transport is not None
            and waiter is not None
            and not waiter.done()
            and not (self._messages or self._upgraded or self._close or self._force_close)
            and self._keepalive
            and self._whole
            and not transport.is_closing()
            and transport.get_write_buffer_size() == 0
        )
        if not idles:
            return None
        assert transport is not None
        descriptor: int = transport.get_extra_info("socket").fileno()
        return descriptor

    @property
    def note(self) -> Note:
        """How long the connection may stay idle, and the client's address."""
        patience = max(0.0, self._next_keepalive_close_time - self._loop.time())
        return Note(patience, self._told_peer)

    def tell_peer(self, peer: tuple[str, int]) -> None:
        """Set the client's address, for this worker and for others."""
        super().tell_peer(peer)
        self._told_peer = peer

    def let_go(self) -> None:
        """Close the connection in this process only."""
        self.force_close()

    def data_received(self, data: bytes) -> None:
        """Pass bytes to aiohttp, and note whether they end a request."""
        content = self._content
        before = content.total_bytes if content is not None else 0
        super().data_received(data)
        if self._messages:
            content = self._messages[-1][1]
            before = -(data.find(_HEAD_END) + len(_HEAD_END))
        if content is None or content is EMPTY_PAYLOAD:
            self._whole = data.endswith(_HEAD_END)
        else:
            self._whole = content.is_eof() and content.total_bytes - before == len(data)

    def log_access(
        self, request: web.BaseRequest, response: web.StreamResponse, time: float | None
    ) -> None:
        """Report an answered request."""
        super().log_access(request, response, time)
        self._share.answered(self)
