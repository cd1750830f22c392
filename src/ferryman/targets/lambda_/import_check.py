"""Imports the app from a finished bundle, with the runtime's own Python and nothing besides.

What would fail at the first cold start fails at the build. The app is imported, and not
started: its factory and `on_startup` may need what only Lambda has.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ferryman.core import app_reference
from ferryman.core.build.bytecode import Interpreter
from ferryman.core.build.import_profile import ImportProfile, read_import_times
from ferryman.core.errors import AppError, BuildError

__all__ = ("check_import", "time_import")

_TIMEOUT = 60.0

# What the app prints goes where it goes; the answer has a file of its own.
_CHECK = """
import json, sys
answer, sys.path[:0] = sys.argv[1], sys.argv[2:]
from ferryman.core.errors import FerrymanError
from ferryman.core.loader import AppReference, load_source
from ferryman.core.settings import load_settings
import ferryman.targets.lambda_.runtime.__main__, ferryman.targets.lambda_.runtime.client
failure = None
try:
    load_source(AppReference.parse(load_settings().app))
except FerrymanError as error:
    failure = [type(error).__name__, error.message, error.cause, error.hint]
with open(answer, "w") as file:
    json.dump(failure, file)
"""

# What the runtime imports is not the app's to shorten, so it comes first.
_TIMED = """
import sys
sys.path.insert(0, sys.argv[1])
import ferryman.targets.lambda_.runtime.__main__, ferryman.targets.lambda_.runtime.client
import {module}
"""

_WAY_OUT = "; if the app needs what only Lambda has, set check = false in [tool.ferryman.lambda]"


def check_import(interpreter: Interpreter, paths: Sequence[Path]) -> None:
    """Import the app with an interpreter that sees the bundle and the standard library.

    Args:
        interpreter: A Python of the runtime's minor version.
        paths: The directories that make up the bundle, its own files first.

    Raises:
        AppError: The app cannot be imported, or is none.
        BuildError: The bundle itself cannot be imported.
    """
    answer = paths[0].with_name("answer.json")
    done = _run(
        [interpreter.path, "-I", "-S", "-B", "-c", _CHECK, str(answer), *map(str, paths)],
        paths[0],
    )
    try:
        failure = json.loads(answer.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        full = "No space left on device" in last
        hint = "make room on the disk" if full else _WAY_OUT.removeprefix("; ")
        raise BuildError("the bundle cannot be imported", cause=last, hint=hint) from None
    if failure:
        kind, message, cause, hint = failure
        raise getattr(app_reference, kind, AppError)(
            message, cause=_without_places(cause or "", paths), hint=hint + _WAY_OUT
        )


def _without_places(text: str, paths: Sequence[Path]) -> str:
    """Return a traceback that names files as the bundle does, for its directory is gone soon."""
    for path in paths:
        text = text.replace(f"{path}{os.sep}", "")
    return text


def time_import(interpreter: Interpreter, task: Path, module: str) -> ImportProfile:
    """Import the app from an unpacked bundle, and return what its imports cost.

    Args:
        interpreter: A Python of the runtime's minor version.
        task: The directory of the unpacked bundle.
        module: The app's module.

    Raises:
        BuildError: It cannot be imported.
    """
    code = _TIMED.format(module=module)
    done = _run(
        [interpreter.path, "-I", "-S", "-B", "-X", "importtime", "-c", code, str(task)], task
    )
    profile = read_import_times(done.stderr, module, _sources(task, module.partition(".")[0]))
    if done.returncode or profile is None:
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise BuildError(f"{module} cannot be imported from the bundle", cause=last)
    return profile


def _sources(task: Path, top: str) -> dict[str, str]:
    """Return the text of each module of the app, by its name."""
    found = {}
    for path in (task / f"{top}.py", *(task / top).rglob("*.py")):
        if path.is_file():
            name = ".".join(path.relative_to(task).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path.read_text(
                encoding="utf-8", errors="replace"
            )
    return found


def _run(command: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
    passed = {k: v for k, v in os.environ.items() if not k.startswith(("FERRYMAN_", "PYTHON"))}
    try:
        return subprocess.run(
            command,
            cwd=directory,
            env=passed,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AppError(
            f"the app's import took longer than {_TIMEOUT:.0f} seconds",
            hint="Lambda allows 10: move what takes long into on_startup" + _WAY_OUT,
        ) from None
