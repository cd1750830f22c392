"""What the runtime package adds to a cold start: its imports, less aiohttp's.

Each start is a process of its own, with the standard library and an unpacked artifact, as
Lambda has it: ferryman's zip with the bytecode that it ships, and Mangum with its own. Python
says what each import took (`-X importtime`). Ours are summed up with those of the standard
library below them; what they make aiohttp import, which it had put off, is aiohttp's. Garbage
is not collected, as the runtime's own start has it. Run it as
`python -m benchmarks.lambda_import`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.build import Project
from benchmarks.build_starts import STARLETTE, install, unpack

START = """
import gc, sys
sys.path.insert(0, sys.argv[1])
gc.disable()
for name in sys.argv[2].split(","):
    __import__(name)
"""

RUNTIME = "ferryman.targets.lambda_.runtime"
STARTS = {
    "ferryman": ["aiohttp.web", "awslambdaric.bootstrap"]
    + [f"{RUNTIME}.{name}" for name in ("extension", "client", "handler")],
    "mangum": [
        *("starlette.applications", "starlette.responses", "starlette.routing"),
        *("awslambdaric.bootstrap", "mangum"),
    ],
}


def milliseconds(task: Path, package: str) -> float:
    """Return what the imports of a package take in a new process."""
    flags = ("-I", "-S", "-B", "-X", "importtime")
    command = [sys.executable, *flags, "-c", START, str(task), ",".join(STARTS[package])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return own_time(reversed(done.stderr.splitlines()), package) / 1000


def own_time(lines: Iterable[str], package: str) -> int:
    """Return the microseconds of a package's imports and of the standard library's below them.

    Args:
        lines: What Python printed, from its end: each import before those below it.
        package: The package.
    """
    total = 0
    above: list[bool] = []  # for each level, whether what is imported there is counted
    for line in lines:
        own, _, name = line.removeprefix("import time:").split("|")
        if not own.strip().isdigit():
            continue
        level = (len(name) - len(name.lstrip()) - 1) // 2
        top = name.strip().partition(".")[0]
        below = level > 0 and above[level - 1]
        counted = top == package or (below and top in sys.stdlib_module_names)
        above[level:] = [counted]
        total += int(own) if counted else 0
    return total


def main() -> None:
    """Measure, and print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        project = Project(scratch / "project")
        project.build()
        tasks = {
            "ferryman": unpack(project.bundle, scratch / "ours"),
            "mangum": install(scratch / "starlette", STARLETTE, "starlette", "mangum"),
        }
        taken: dict[str, list[float]] = {name: [] for name in tasks}
        for _ in range(rounds):
            for name, task in tasks.items():
                taken[name].append(milliseconds(task, name))
    for name, times in taken.items():
        print(f"{name}: {median(times):.1f} ms of imports of its own (least {min(times):.1f})")


if __name__ == "__main__":
    main()
