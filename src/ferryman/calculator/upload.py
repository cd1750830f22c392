"""A log that a browser on this machine uploads: kept in a file while it is read."""

from __future__ import annotations

import asyncio
import re
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from aiohttp import BodyPartReader, web

from ferryman.calculator.state import MORE, State, busy_ms, with_week
from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.log_files import Source
from ferryman.cost.traffic.log_summary import LogSummary
from ferryman.cost.traffic.reading import read_logs

__all__ = ("MOST_BYTES", "receive_log", "with_found")

MOST_BYTES = 4 * 2**30
"""The largest log that is taken."""

CHUNK = 2**20


async def receive_log(request: web.Request, state: State) -> State:
    """Return the state as a log sets it.

    Args:
        request: A form with the log as its field ``log``.
        state: What the page was set to, for what a log does not say.

    Raises:
        ConfigError: No log was sent, or it cannot be read.
        web.HTTPRequestEntityTooLarge: It is larger than `MOST_BYTES`.
    """
    if not request.content_type.startswith("multipart/"):
        raise ConfigError(
            "that was not a form with a file", hint="choose a file, and send the form"
        )
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "log":
            return await _read(part, state)
    raise ConfigError("there was no log in the form", hint="choose a file first")


async def _read(part: BodyPartReader, state: State) -> State:
    with tempfile.TemporaryDirectory(prefix="ferryman-log-") as directory:
        name = re.sub(r"[^\w.-]|^\.+", "_", part.filename or "log", flags=re.ASCII)[-100:]
        path = Path(directory) / name
        await _save(part, path)
        found = await asyncio.to_thread(read_logs, (Source(path),))
        return with_found(state, found)


async def _save(part: BodyPartReader, path: Path) -> None:
    size = 0
    with path.open("wb") as file:
        while chunk := await part.read_chunk(CHUNK):
            size += len(chunk)
            if size > MOST_BYTES:
                raise web.HTTPRequestEntityTooLarge(MOST_BYTES, size)
            file.write(chunk)


def with_found(state: State, found: LogSummary) -> State:
    """Return the state with what a log says; what it does not say stays."""
    inputs = found.inputs
    more = dict(state.more) | {name: inputs[name] for name in MORE if name in inputs}
    if found.shape:
        more.pop("peak_to_mean", None)
    requests = inputs.get("requests", state.requests)
    memory = inputs.get("memory_mib", state.memory)
    state = replace(state, requests=round(requests, 0), memory=memory, more=tuple(more.items()))
    if found.shape:
        state = with_week(state, found.shape)
    elif "peak_to_mean" in more:
        state = replace(state, shape="busy-hour", week="")
    if "wall_ms" not in inputs:
        return state
    wait = inputs["wall_ms"] - busy_ms(state.cpu, state.memory)
    return replace(state, wait=round(max(wait, Decimal(0)), 1))
