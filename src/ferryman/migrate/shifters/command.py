"""Shifts traffic with the user's own two commands, for balancers that ferryman does not know.

The first prints the live weight as JSON: `{"weight": 5}`, the new side's percentage. It may add
`old_healthy` and `new_healthy`. The second gets a JSON object on its standard input,
`{"old": "lambda", "new": "server", "from": 5, "to": 25}`; both have the same as variables,
`FERRYMAN_OLD`, `FERRYMAN_NEW`, `FERRYMAN_FROM` and `FERRYMAN_TO`. A command that hangs is killed,
with its child processes. Reading again detects a command that did not write.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.core.errors import FerrymanError
from ferryman.migrate.shifters import Live, write_checked

__all__ = ("CommandShifter", "run_command")

_SHOWN = 400
"""The most characters of a command's error output to show."""


@dataclass(frozen=True, slots=True)
class CommandShifter:
    """Two commands.

    Attributes:
        reading: The command that prints the live weight: a program and its arguments.
        writing: The command that changes the weight.
        old: The side that the traffic leaves.
        new: The side that it goes to.
        timeout: Seconds for each command, and until a written weight must be live.
    """

    reading: tuple[str, ...]
    writing: tuple[str, ...]
    old: str
    new: str
    timeout: float = 60.0

    def read(self) -> Live:
        """Return the live state."""
        found = run_command(self.reading, self.timeout, self._sides())
        weight = found.get("weight")
        if weight is not None and (
            isinstance(weight, bool)
            or not isinstance(weight, int | float)
            or not 0 <= weight <= 100
        ):
            raise FerrymanError(
                f"{self.reading[0]}: its weight is {weight!r}", hint="print one from 0 to 100"
            )
        healthy = {name: found.get(name, True) is True for name in ("old_healthy", "new_healthy")}
        return Live(None if weight is None else float(weight), **healthy)

    def join(self) -> None:
        """Write 0, which lets the new side join."""
        self._set(0, 0)

    def write(self, start: float, end: float) -> None:
        """Change the new side's percentage."""
        write_checked(self.read, lambda: self._set(start, end), start, end, patience=self.timeout)

    def _set(self, start: float, end: float) -> None:
        given = {**self._sides(), "from": start, "to": end}
        run_command(self.writing, self.timeout, given, prints=False)

    def _sides(self) -> dict[str, str | float]:
        return {"old": self.old, "new": self.new}


def run_command(
    command: tuple[str, ...],
    timeout: float,
    given: Mapping[str, str | float],
    *,
    prints: bool = True,
) -> dict[str, Any]:
    """Run a command and return the JSON object that it prints.

    Args:
        command: The program and its arguments; no shell.
        timeout: Seconds after which it is killed, with its child processes.
        given: Values for its standard input and its environment.
        prints: Whether to read its output as an object; else the output is ignored.

    Raises:
        FerrymanError: The command cannot be started, fails, hangs, or prints no object.
    """
    variables = {f"FERRYMAN_{name.upper()}": _text(value) for name, value in given.items()}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | variables,
            start_new_session=True,
        )
    except OSError as error:
        raise FerrymanError(f"{command[0]} cannot be started", cause=error.strerror) from None
    try:
        out, err = process.communicate(json.dumps(given).encode(), timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise FerrymanError(
            f"{command[0]} did not end within {timeout:g} s",
            hint="raise command.timeout in [tool.ferryman.migrate] if it needs longer",
        ) from None
    if process.returncode:
        complaint = err.decode("utf-8", "replace").strip()[-_SHOWN:]
        raise FerrymanError(f"{command[0]} ended with {process.returncode}", cause=complaint)
    return _object(command[0], out) if prints else {}


def _object(name: str, printed: bytes) -> dict[str, Any]:
    try:
        found = json.loads(printed)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise FerrymanError(
            f"{name} does not print a JSON object", cause=f"it prints {printed[:_SHOWN]!r}"
        )
    return found


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
