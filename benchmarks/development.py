"""Measures how soon an answer has a saved change, and how long a new project takes.

The example is edited and saved again and again; the time is from the save to the first answer
that has the change. aiohttp-devtools' `adev runserver` does so as well, in the same rounds.

Run it from the root of the repository: `python -m benchmarks.development`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.ports import free_port

EXAMPLE = Path(__file__).parent.parent / "examples/postcards/postcards"
BIN = Path(sys.executable).parent
PATIENCE = 20.0

# The example with one route more, whose answer the edit changes.
EDITED = """
from aiohttp import web
from postcards.app import create_app as create_postcards

async def show(request):
    return web.Response(text="VERSION")

def create_app():
    app = create_postcards()
    app.router.add_get("/version", show)
    return app
"""


def save(directory: Path, version: str) -> None:
    """Write the app as an editor does."""
    (directory / "edited.py").write_text(EDITED.replace("VERSION", version))


def wait_for(port: int, version: str) -> float:
    """Return the seconds until an answer has a version."""
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/version", timeout=5) as answer:
                if answer.read().decode() == version:
                    return time.perf_counter() - began
        except OSError:
            pass
        time.sleep(0.005)
    raise RuntimeError(f"{version} never came at port {port}")


def commands(port: int) -> dict[str, tuple[str, ...]]:
    """Return what is measured, by name."""
    ferryman = (sys.executable, "-m", "ferryman", "dev", "--bind", f"127.0.0.1:{port}", "-t")
    return {
        "ferryman dev -t server": (*ferryman, "server"),
        "ferryman dev -t lambda": (*ferryman, "lambda"),
        "adev runserver": (
            *(str(BIN / "adev"), "runserver", "edited.py", "--app-factory", "create_app"),
            *("--port", str(port), "--no-livereload"),
        ),
    }


@contextmanager
def running(name: str, directory: Path) -> Iterator[int]:
    """Run one of the commands on a project, and give its port."""
    port = free_port()
    process = subprocess.Popen(
        commands(port)[name],
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(directory), "POSTCARDS_SECRET": "x" * 32},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield port
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def measure_reloads(name: str, scratch: Path, rounds: int) -> list[float]:
    """Return the seconds of each reload."""
    directory = scratch / name.replace(" ", "-")
    directory.mkdir()
    shutil.copytree(EXAMPLE, directory / "postcards")
    (directory / "pyproject.toml").write_text('[tool.ferryman]\napp = "edited:create_app"\n')
    save(directory, "start")
    spent = []
    with running(name, directory) as port:
        wait_for(port, "start")
        for number in range(rounds):
            # A developer looks at the answer, and types, before the next save.
            time.sleep(1.5)
            save(directory, f"edit-{number}")
            spent.append(wait_for(port, f"edit-{number}"))
    return spent


def measure_new(scratch: Path, rounds: int) -> list[float]:
    """Return the seconds of each `ferryman new`."""
    spent = []
    for number in range(rounds):
        command = (sys.executable, "-m", "ferryman", "new", f"shop-{number}")
        began = time.perf_counter()
        subprocess.run(command, cwd=scratch, check=True, capture_output=True)
        spent.append(time.perf_counter() - began)
    return spent


def tell(name: str, spent: list[float]) -> None:
    """Print the median, and the least and the most."""
    print(
        f"{name:<24}{statistics.median(spent):6.2f} s   "
        f"({min(spent):.2f} to {max(spent):.2f}, {len(spent)} times)"
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(f"load {os.getloadavg()[0]:.1f} at the start")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print("from a save to the first answer that has it, median")
        for name in commands(0):
            tell(name, measure_reloads(name, scratch, rounds))
        print("a new project, median")
        tell("ferryman new", measure_new(scratch, rounds))


if __name__ == "__main__":
    main()
