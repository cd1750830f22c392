"""Reads a log or a measurement that a browser on this machine uploads; the file is not kept."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from aiohttp import BodyPartReader, web

from ferryman.calculator.portfolio_state import AppRow, PortfolioState
from ferryman.calculator.state import MORE, State, busy_ms, with_week
from ferryman.core.errors import ConfigError
from ferryman.cost.measured import MeasuredInputs, measured_inputs
from ferryman.cost.traffic.log_files import Source
from ferryman.cost.traffic.log_summary import LogSummary
from ferryman.cost.traffic.reading import read_logs
from ferryman.records.measurement_file import read_measurement

__all__ = ("MOST_BYTES", "add_measured", "receive", "set_from_file", "with_found")

MOST_BYTES = 4 * 2**30
"""The largest accepted file."""

CHUNK = 2**20
"""Bytes to read at once."""

Result = TypeVar("Result")


async def receive(request: web.Request, read: Callable[[Path], Result]) -> Result:
    """Save the file of a form, and return what ``read`` makes of it.

    Args:
        request: A form with the field ``file``.
        read: Reads the saved file.

    Raises:
        ConfigError: The form has no file, or the file cannot be read.
        web.HTTPRequestEntityTooLarge: The file is larger than `MOST_BYTES`.
    """
    if not request.content_type.startswith("multipart/"):
        raise ConfigError(
            "that was not a form with a file", hint="choose a file, and send the form"
        )
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "file":
            return await _read(part, read)
    raise ConfigError("there was no file in the form", hint="choose a file first")


async def _read(part: BodyPartReader, read: Callable[[Path], Result]) -> Result:
    with tempfile.TemporaryDirectory(prefix="ferryman-upload-") as directory:
        name = re.sub(r"[^\w.-]|^\.+", "_", part.filename or "file", flags=re.ASCII)[-100:]
        path = Path(directory) / name
        await _save(part, path)
        try:
            return await asyncio.to_thread(read, path)
        except ConfigError as error:
            # The user does not know the directory in the message.
            message = error.message.replace(f"{directory}/", "")
            raise ConfigError(message, cause=error.cause, hint=error.hint) from None


async def _save(part: BodyPartReader, path: Path) -> None:
    size = 0
    with path.open("wb") as file:
        while chunk := await part.read_chunk(CHUNK):
            size += len(chunk)
            if size > MOST_BYTES:
                raise web.HTTPRequestEntityTooLarge(MOST_BYTES, size)
            file.write(chunk)


def set_from_file(state: State, path: Path) -> State:
    """Return the state with the inputs from a log or a measurement.

    Raises:
        ConfigError: The file is neither, or cannot be read.
    """
    if _is_measurement(path):
        return with_measured(state, measured_inputs(read_measurement(path), state.memory))
    return with_found(state, read_logs((Source(path),)))


def add_measured(state: PortfolioState, path: Path) -> PortfolioState:
    """Return the state with a measured application added.

    Raises:
        ConfigError: The file is not a measurement.
    """
    measurement = read_measurement(path)
    measured = measured_inputs(measurement, dict(AppRow.of("").figures)["memory_mib"])
    name = re.split(r"[.:]", measurement.app)[0] or "app"
    return state.with_app(AppRow.of(name, " ".join(measurement.doubts[:1]), **measured.values))


def _is_measurement(path: Path) -> bool:
    """Return whether a file begins like a measurement; logs in JSON do not begin with a schema."""
    with path.open("rb") as file:
        return re.match(rb'\s*\{\s*"schema"\s*:', file.read(100)) is not None


def with_measured(state: State, measured: MeasuredInputs) -> State:
    """Return the state with measured inputs; the traffic and the memory stay."""
    values = measured.values
    more = dict(state.more) | {name: values[name] for name in MORE if name in values}
    return replace(
        _with_duration(replace(state, cpu=values["cpu_ms"]), values["wall_ms"]),
        more=tuple(more.items()),
        doubt=" ".join(measured.measurement.doubts[:1]),
    )


def with_found(state: State, found: LogSummary) -> State:
    """Return the state with the inputs from a log; inputs that it lacks stay."""
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
    return _with_duration(state, inputs["wall_ms"]) if "wall_ms" in inputs else state


def _with_duration(state: State, wall_ms: Decimal) -> State:
    """Return the state with the wait of a duration: the rest after its CPU time."""
    wait = wall_ms - busy_ms(state.cpu, state.memory)
    return replace(state, wait=round(max(wait, Decimal(0)), 1))
