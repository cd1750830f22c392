"""Runs ruff on the functions that requests reach, to find blocking calls and lost tasks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from ferryman.portability.effects import blocked_loop, lost_task
from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.running_code import RunningCode
from ferryman.portability.rule_catalog import Rule

__all__ = ("ruff_facts", "ruff_rule")

_SELECTED = "ASYNC,RUF006"

# These rules are about style: their findings have the same effect on all targets.
_STYLE = "ASYNC105,ASYNC109,ASYNC110,ASYNC115,ASYNC116"

_LIMIT = 20.0
"""Seconds that ruff may take."""


def ruff_rule(code: str, title: str) -> Rule:
    """Return one of ruff's rules as a rule of ferryman."""
    return Rule(
        code,
        title,
        lost_task if code == "RUF006" else blocked_loop,
        "ruff explains its rules.",
        f"run `ruff rule {code}` for an explanation",
    )


def ruff_facts(root: Path, running: RunningCode) -> Iterator[Fact]:
    """Yield ruff's findings in the functions that requests reach, if ruff is installed.

    Args:
        root: The project's directory.
        running: The code.
    """
    program = _program()
    functions = list(running.handlers)
    files = sorted({function.module.file for function in functions})
    if not program or not files:
        return
    command = [
        *program,
        *("check", "--isolated", "--quiet", "--no-cache", "--exit-zero"),
        *("--output-format", "json", "--select", _SELECTED, "--ignore", _STYLE, "--", *files),
    ]
    try:
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, timeout=_LIMIT, check=False
        )
        rows = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return
    for row in rows:
        file = Path(row["filename"]).relative_to(root.resolve()).as_posix()
        line = row["location"]["row"]
        for function in functions:
            node = function.node
            inside = node.lineno <= line <= (node.end_lineno or node.lineno)
            if function.module.file == file and inside and row.get("code"):
                handler = running.handlers[function].place
                yield Fact(row["code"], Place(file, line), row["message"], handler=handler)
                break


def _program() -> list[str]:
    """Return the command that runs ruff from this environment, else from PATH."""
    if find_spec("ruff"):
        return [sys.executable, "-m", "ruff"]
    program = which("ruff")
    return [program] if program else []
