"""The server's image: its size, and its start beside the same app in a plain environment.

The image runs under podman as under an orchestrator: without root, read-only, without
capabilities. Its start counts from the moment at which the engine says that the container
has begun; the time that the engine needs before that is printed beside it. In the plain environment
gunicorn serves the app with aiohttp's own worker. Both have one worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from scripts.ports import free_port
from tests.containers import Podman

from ferryman.core import serving

__all__ = ("Image", "measure_image")

REQUIREMENTS = ("aiohttp>=3.14.2,<4", "gunicorn>=26.1,<28")
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Image:
    """The figures of an image.

    Attributes:
        megabytes: Its layers, compressed.
        start: Milliseconds from the container's begin to the first 200.
        whole: The same from the engine's command.
        venv: The same of the plain environment, from the process's begin.
    """

    megabytes: float
    start: float
    whole: float
    venv: float


def measure_image(layout: Path, project: Path, scratch: Path) -> Image:
    """Run an image and the plain environment in turns, and return the figures.

    Args:
        layout: The image, as an OCI layout.
        project: The directory of the app's module.
        scratch: A directory for the environment.
    """
    podman = Podman(scratch)
    python = make_environment(scratch / "venv")
    containers, processes = [], []
    with podman.loaded(layout) as image:
        for number in range(ROUNDS + 1):
            contained = start_container(podman, image)
            plain = start_process(python, project)
            if number:  # the first round reads the files
                containers.append(contained)
                processes.append(plain)
    return Image(
        megabytes_of(layout),
        median(start for start, _ in containers),
        median(whole for _, whole in containers),
        median(processes),
    )


def make_environment(directory: Path) -> Path:
    """Make an environment as anybody would, with bytecode, and return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
    python = directory / "bin" / "python"
    install = ("pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS)
    subprocess.run([str(python), "-m", *install], check=True, stderr=subprocess.DEVNULL)
    subprocess.run([str(python), "-m", "compileall", "-q", str(directory)], check=True)
    return python


def start_container(podman: Podman, image: str) -> tuple[float, float]:
    """Return the milliseconds to the first 200: from the container's begin, and from ours."""
    port = free_port()
    began = time.time()
    options = ("--publish", f"127.0.0.1:{port}:{serving.PORT}")
    with podman.running(image, options=options) as name:
        answered = wait_for_200(port)
        inspected = podman("inspect", "--format", "{{.State.StartedAt.UnixMilli}}", name)
    return answered * 1000 - float(inspected), (answered - began) * 1000


def start_process(python: Path, project: Path) -> float:
    """Return the milliseconds from a process's begin to the first 200."""
    port = free_port()
    began = time.time()
    process = subprocess.Popen(
        [
            *(str(python), "-m", "gunicorn", "hello:app", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "aiohttp.GunicornWebWorker", "--no-control-socket"),
        ],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return (wait_for_200(port) - began) * 1000
    finally:
        process.terminate()
        process.wait()


def wait_for_200(port: int) -> float:
    """Return the time at which a port of loopback has answered a request with 200."""
    deadline = time.time() + 30
    while time.time() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                if answer.status == 200:
                    return time.time()
        except OSError:
            time.sleep(0.002)
    raise SystemExit(f"nothing answers at port {port}")


def megabytes_of(layout: Path) -> float:
    """Return the compressed size of an image's layers."""
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads((layout / "blobs" / entry["digest"].replace(":", "/")).read_text())
    return float(sum(layer["size"] for layer in manifest["layers"])) / 1e6
