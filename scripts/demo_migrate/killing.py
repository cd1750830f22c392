"""Kills the process of a migration at each transition of its state, and carries it on.

Meanwhile the balancer is asked for its weights all the time: none may ever be live that is not
one of those before and after the move that is written down.

It is a program of its own, for a transition lasts some milliseconds, and the process in which the
visitors come is too busy to see each.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scripts.demo_migrate.processes import FERRYMAN

from ferryman.migrate.shifters.haproxy import HAProxy, HAProxyShifter

__all__ = ("Killings", "shift_with_kills")

_OFTEN = 0.01
"""Seconds between two looks at the weights."""

_AT_ONCE = 0.001
"""Seconds between two looks at the state."""


@dataclass(slots=True)
class Killings:
    """What happened.

    Attributes:
        at: The transitions at which the process was killed, in words.
        strays: Weights that were live and not written down, in words.
        looks: How often the weights were read.
        status: How the last process ended.
    """

    at: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    looks: int = 0
    status: int | None = None


async def shift_with_kills(
    directory: Path, settings: Mapping[str, str], sides: tuple[str, str], control: Path, state: Path
) -> Killings:
    """Shift from one side to another, with SIGKILL at each transition, until it holds."""
    places = (str(directory), *sides, str(control), str(state))
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.demo_migrate.killing", *places),
        env=os.environ | dict(settings),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        told, _ = await program.communicate()
        return Killings(**json.loads(told))
    finally:
        with suppress(ProcessLookupError):
            program.terminate()


async def _shift(directory: str, old: str, new: str, control: str, state: str) -> Killings:
    sides, found = (old, new), Killings()
    shifter = HAProxyShifter(HAProxy(control, "app"), (old,), (new,))
    looking = asyncio.create_task(_look(shifter, Path(state), sides, found))
    process = await _start(directory, "shift", "--from", old, "--to", new)
    try:
        while process.returncode is None:
            if looking.done():
                looking.result()  # HAProxy did not answer
            transition = _transition(_read(Path(state), sides))
            if transition and transition not in found.at:
                found.at.append(transition)
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
                process = await _start(directory, "resume")
            await asyncio.sleep(_AT_ONCE)
    finally:
        looking.cancel()
        with suppress(ProcessLookupError):
            process.kill()
    found.status = process.returncode
    return found


async def _look(
    shifter: HAProxyShifter, state: Path, sides: tuple[str, str], found: Killings
) -> None:
    """Note each weight that is live and not written down."""
    while True:
        before = _read(state, sides)
        live = await asyncio.to_thread(shifter.read)
        after = _read(state, sides)
        found.looks += 1
        if live.weight not in _allowed(before) | _allowed(after):
            found.strays.append(f"{live.weight} % while the state says {after}")
        await asyncio.sleep(_OFTEN)


async def _start(directory: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(*FERRYMAN, "migrate", *arguments, "-C", directory),
        stdout=sys.stderr,
        stderr=asyncio.subprocess.DEVNULL,
    )


def _read(state: Path, sides: tuple[str, str]) -> dict[str, Any]:
    """Return the migration between two sides; empty while there is none."""
    try:
        found: dict[str, Any] = json.loads(state.read_bytes())
    except OSError:
        return {}
    return found if (found["old"], found["new"]) == sides else {}


def _allowed(state: dict[str, Any]) -> set[float]:
    """Return the weights that may be live."""
    if not state:
        return {0.0}
    move = state["move"]
    return {state["weight"], *((move["start"], move["end"]) if move else ())}


def _transition(state: dict[str, Any]) -> str:
    """Return the transition that led here; empty where nothing follows."""
    if not state or state["phase"] == "holding":
        return ""
    move = state["move"]
    meant = f", {move['start']:g} to {move['end']:g} % decided" if move else ""
    return f"{state['phase']} at {state['weight']:g} %{meant}"


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_shift(*sys.argv[1:])))))
