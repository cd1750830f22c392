"""Times what the app's imports cost at a cold start, from an unpacked bundle."""

from __future__ import annotations

from pathlib import Path

from ferryman.building.bytecode import Interpreter
from ferryman.building.import_profile import ImportProfile, read_import_times
from ferryman.building.start_check import run_alone
from ferryman.core.errors import BuildError

__all__ = ("time_import",)

# The app cannot shorten the imports of the runtime, so they come first.
_TIMED = """
import sys
sys.path.insert(0, sys.argv[1])
import ferryman.targets.lambda_.runtime.__main__, ferryman.targets.lambda_.runtime.client
import {module}
"""


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
    done = run_alone(
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
