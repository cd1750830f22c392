"""Sizes, starts, and the time that builds take, each beside a peer of the same run.

The modules beside this one say how each is measured. Run it as
`python -m benchmarks.build`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.build_image import Image, measure_image
from benchmarks.build_starts import (
    CLIENT,
    MACHINE,
    PYTHON,
    Function,
    bare_python,
    count_instructions,
    drop_page_cache,
    make_functions,
    measure_parts,
    measure_starts,
    run,
)
from uv import find_uv_bin

HELLO = """
from aiohttp import web

async def hello(request):
    return web.json_response({"hello": "world"})

app = web.Application()
app.router.add_get("/", hello)
"""

SETTINGS = '[tool.ferryman]\napp = "hello:app"\nname = "hello"\n'


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table.

    Attributes:
        what: What is measured.
        value: The figure, in `unit`.
        against: What it is held to: a peer, or a bound.
        peer: The peer's figure, or the bound.
        unit: The unit of both.
        reach: The ratio of the two that is to be reached.
        want: The one that is wished for, if there is one.
    """

    what: str
    value: float
    against: str
    peer: float
    unit: str
    reach: float = 1.0
    want: float | None = None

    def __str__(self) -> str:
        """Return the line, its cells in columns."""
        ratio = self.value / self.peer
        wish = f", want {self.want:.2g}" if self.want else ""
        verdict = "reached" if ratio <= self.reach else "not reached"
        if self.want and ratio <= self.want:
            verdict = "as wanted"
        return (
            f"{self.what:<30}{self.value:>9.2f} {self.unit:<4}{self.against:<34}"
            f"{self.peer:>9.2f} {self.unit:<4}{ratio:>6.2f}  ({self.reach}{wish}: {verdict})"
        )


class Project:
    """The hello app's project, and its builds by the command line.

    Args:
        root: Its directory, which is made.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.edit("")
        (root / "pyproject.toml").write_text(SETTINGS)
        self.bundle = root / "dist" / "lambda" / "hello.zip"

    def edit(self, text: str) -> None:
        """Write the app, with something at its end."""
        (self.root / "hello.py").write_text(HELLO + text)

    def build(self, target: str = "lambda", *options: str) -> float:
        """Build for this machine, and return the seconds that it took."""
        began = time.perf_counter()
        run(
            *(sys.executable, "-m", "ferryman", "build", "-t", target, "--python", PYTHON),
            *("--set", f"lambda.architecture={MACHINE}", *options),
            cwd=self.root,
            XDG_CACHE_HOME=str(self.root.with_name("cache")),
            UV_CACHE_DIR=run(find_uv_bin(), "cache", "dir").strip(),
        )
        return time.perf_counter() - began


def measure_builds(project: Project) -> tuple[float, float]:
    """Return the seconds of a first build, with nothing cached but wheels, and of the next ones."""
    first = project.build()
    again = []
    for number in range(7):
        project.edit(f"# {number}\n")
        again.append(project.build())
    return first, median(again)


def measure_sizes(project: Project, scratch: Path) -> tuple[float, float]:
    """Return the megabytes of our zip, and of the same dependencies by pip."""
    plain = scratch / "plain"
    run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--target", str(plain), "aiohttp>=3.14.2,<4", CLIENT),
    )
    (plain / "hello.py").write_text(HELLO)
    peer = zip_plainly(plain, scratch / "plain.zip")
    return project.bundle.stat().st_size / 1e6, peer / 1e6


def zip_plainly(directory: Path, path: Path) -> int:
    """Zip a directory as it is, as small as deflate makes it, and return the bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(file for file in directory.rglob("*") if file.is_file()):
            archive.write(file, file.relative_to(directory))
    return path.stat().st_size


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--cold", action="store_true", help="drop the page cache before each start")
    parser.add_argument("--count", action="store_true", help="count instructions, by valgrind")
    parser.add_argument("--json", type=Path, help="write the figures to a file as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        project = Project(scratch / "project")
        builds = measure_builds(project)
        sizes = measure_sizes(project, scratch)
        functions = make_functions(project.bundle, scratch)
        before = drop_page_cache if options.cold else None
        python = bare_python(scratch / "python")
        starts = measure_starts(functions, python, options.rounds, before)
        parts = measure_parts(functions[0], python, options.rounds)
        counts = count(functions, python) if options.count else {}
        project.build("server", "--image", "--set", "server.workers=1")
        image = measure_image(project.root / "dist" / "server" / "image", project.root, scratch)
    figures = {
        "starts": starts,
        "parts": parts,
        "zip": sizes,
        "builds": builds,
        "image": asdict(image),
    }
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    state = "dropped before each start" if options.cold else "warm"
    print(f"page cache {state}; medians of {options.rounds} rounds, in turns; load {load()}")
    for row in table(starts, sizes, builds, image):
        print(row)
    for peer in sorted(counts.keys() - {"ferryman"}):
        print(Row("instructions of a start", counts["ferryman"], peer, counts[peer], "M"))
    print("imports of a start, ms:", ", ".join(f"{n} {took:.1f}" for n, took in parts.items()))


def count(functions: list[Function], python: Path) -> dict[str, float]:
    """Return the millions of instructions of each function's start, but for what is compiled."""
    return {
        function.name: count_instructions(function, python)
        for function in functions
        if "no bytecode" not in function.name
    }


def load() -> str:
    """Return how busy the machine was of late: the load of one and of five minutes."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg()[:2])


def table(
    starts: dict[str, float],
    sizes: tuple[float, float],
    builds: tuple[float, float],
    image: Image,
) -> Iterator[Row]:
    """Yield the lines of the table."""
    bounds = {
        "Mangum + Starlette": (0.8, None),
        "Mangum + FastAPI": (0.5, 0.4),
        "bare function": (2.0, 1.5),
        "FastAPI, no bytecode": (0.2, None),
    }
    for peer, (reach, want) in bounds.items():
        yield Row("cold start", starts["ferryman"], peer, starts[peer], "ms", reach, want)
    ours, plain = sizes
    yield Row("zip", ours, "pip install -t, zipped", plain, "MB", 0.55, 0.45)
    yield Row("server image, gzip", image.megabytes, "the bound", 13.2, "MB", 1.0, 11 / 13.2)
    yield Row("server image, to first 200", image.start, "plain venv", image.venv, "ms", 1.1, 1.0)
    yield Row("  with podman's own start", image.whole, "plain venv", image.venv, "ms")
    first, again = builds
    yield Row(f"rebuild (first: {first:.1f} s)", again, "the bound", 1.0, "s", 1.0)


if __name__ == "__main__":
    main()
