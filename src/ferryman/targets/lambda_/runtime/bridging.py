"""Chooses how requests are fed into aiohttp: by what its version is known to bear."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web

from ferryman.core.aiohttp_version import VERSION
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.lambda_.runtime.streaming import MakePrelude, ResponseStream

__all__ = ("Bridge", "make_bridge", "runner_settings")

# The versions that `bridge` was tested with; it uses private names of aiohttp.
_FAST = ((3, 9, 0), (3, 15, 0))


class Bridge(Protocol):
    """Turns requests into responses by way of a started application."""

    app: web.Application
    """The application."""

    async def respond(
        self, request: HttpRequest, event: Mapping[str, object] | None = None
    ) -> HttpResponse:
        """Return the app's response to a request, whole."""
        ...

    async def stream(
        self,
        request: HttpRequest,
        event: Mapping[str, object] | None,
        stream: ResponseStream,
        prelude: MakePrelude,
    ) -> None:
        """Pass the app's response to a request on as it is written."""
        ...


def make_bridge(runner: web.AppRunner, loop: asyncio.AbstractEventLoop) -> Bridge:
    """Return the bridge for the installed aiohttp.

    Args:
        runner: The runner, set up with `runner_settings`.
        loop: The event loop of the runner, which must run the bridge.
    """
    if _is_fast():
        from ferryman.targets.lambda_.runtime import bridge

        return bridge.Bridge(runner, loop)
    from ferryman.targets.lambda_.runtime.memory_connection import MemoryBridge

    return MemoryBridge(runner, loop)


def runner_settings() -> dict[str, Any]:
    """Return what the application's runner is to be given, for the bridge."""
    if _is_fast():
        return {}
    from ferryman.targets.lambda_.runtime.memory_connection import SETTINGS

    return SETTINGS


def _is_fast() -> bool:
    return _FAST[0] <= VERSION < _FAST[1]
