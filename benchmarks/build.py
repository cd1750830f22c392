"""Size of the zip, cold start under AWS's emulator, and the time that builds take.

Cold starts go from an invocation's request to its answer, with the start of the process in
between and the emulator's own start before. All artifacts hold the runtime client and are
unpacked; they start by the same command, in turns. Run it as `python -m benchmarks.build`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from uv import find_uv_bin

ROOT = Path(__file__).parents[1]
MACHINE = platform.machine().replace("aarch64", "arm64")
EMULATOR = ROOT / ".tools/aws-sam-cli/samcli/local/rapid" / f"aws-lambda-rie-{MACHINE}"
CLIENT = "awslambdaric>=4,<5"

HELLO = """
from aiohttp import web

async def hello(request):
    return web.json_response({"hello": "world"})

app = web.Application()
app.router.add_get("/", hello)
"""

SETTINGS = '[tool.ferryman]\napp = "hello:app"\nname = "hello"\n'

STARLETTE = """
from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def hello(request):
    return JSONResponse({"hello": "world"})

handler = Mangum(Starlette(routes=[Route("/", hello)]), lifespan="off")
"""

FASTAPI = """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()

@app.get("/")
async def hello():
    return {"hello": "world"}

handler = Mangum(app, lifespan="off")
"""

BARE = """
import asyncio, json

async def hello(event):
    return {"statusCode": 200, "body": json.dumps({"hello": "world"})}

loop = asyncio.new_event_loop()

def handler(event, context):
    return loop.run_until_complete(hello(event))
"""

EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/",
    "rawQueryString": "",
    "headers": {"host": "abc.lambda-url.eu-west-1.on.aws", "x-forwarded-proto": "https"},
    "requestContext": {
        "accountId": "anonymous",
        "apiId": "abc",
        "domainName": "abc.lambda-url.eu-west-1.on.aws",
        "http": {
            "method": "GET",
            "path": "/",
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.7",
            "userAgent": "benchmark",
        },
        "requestId": "request-1",
        "stage": "$default",
        "timeEpoch": 1763890000000,
    },
    "isBase64Encoded": False,
}

# The task's directory comes first and the standard library after it, as on Lambda.
BOOT = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
sys.argv[:] = [sys.argv[2], sys.argv[3]]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True)
class Function:
    """An unpacked artifact, and how it starts.

    Attributes:
        name: What the table calls it.
        task: Its directory.
        module: The module that starts it.
        handler: Its handler setting.
    """

    name: str
    task: Path
    module: str = "awslambdaric"
    handler: str = "main.handler"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a figure, a peer's, and the ratio that is to be reached."""

    what: str
    value: float
    against: str
    peer: float
    unit: str
    reach: float

    def __str__(self) -> str:
        """Return the line, its cells in columns."""
        ratio = self.value / self.peer
        verdict = "reached" if ratio <= self.reach else "not reached"
        return (
            f"{self.what:<24}{self.value:>9.2f} {self.unit:<4}{self.against:<34}"
            f"{self.peer:>9.2f} {self.unit:<4}{ratio:>6.2f}  (at most {self.reach}: {verdict})"
        )


def run(*command: str, cwd: Path | None = None, **variables: str) -> str:
    """Run a command that has to succeed, and return what it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FERRYMAN_")}
    done = subprocess.run(
        command, cwd=cwd, env=environment | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def install(task: Path, source: str, *requirements: str, bytecode: bool = True) -> Path:
    """Install a peer plainly, with its bytecode unless told otherwise."""
    command = [find_uv_bin(), "pip", "install", "--quiet", "--python", sys.executable]
    run(*command, "--target", str(task), CLIENT, *requirements)
    (task / "main.py").write_text(source)
    if bytecode:
        run(sys.executable, "-m", "compileall", "-q", str(task))
    return task


def unpack(bundle: Path, task: Path) -> Path:
    """Unpack a zip."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(task)
    return task


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

    def build(self) -> float:
        """Build for this machine, and return the seconds that it took."""
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        began = time.perf_counter()
        run(
            *(sys.executable, "-m", "ferryman", "build", "-t", "lambda", "--python", python),
            *("--set", f"lambda.architecture={MACHINE}"),
            cwd=self.root,
            XDG_CACHE_HOME=str(self.root.with_name("cache")),
            UV_CACHE_DIR=run(find_uv_bin(), "cache", "dir").strip(),
        )
        return time.perf_counter() - began


def free_port() -> int:
    """Return a port of the loopback that nothing listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def emulated(function: Function) -> Iterator[str]:
    """Run a function under the emulator, and yield the URL that invokes it once it listens."""
    port = free_port()
    command = [
        *(str(EMULATOR), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
        *(sys.executable, "-I", "-S", "-B", "-c", BOOT),
        *(str(function.task), function.module, function.handler),
    ]
    version = f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}"
    process = subprocess.Popen(
        command,
        cwd=function.task,
        env={"PATH": os.environ["PATH"], "AWS_EXECUTION_ENV": version},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.01)
        yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def cold_start(function: Function) -> float:
    """Return the milliseconds from the request of a first invocation to its answer."""
    with emulated(function) as url:
        began = time.perf_counter()
        with urllib.request.urlopen(url, json.dumps(EVENT).encode(), timeout=30) as answer:
            result = json.load(answer)
        took = time.perf_counter() - began
    if json.loads(result.get("body", "{}")) != {"hello": "world"}:
        raise SystemExit(f"{function.name} answered {result}")
    return took * 1000


def zip_plainly(directory: Path, path: Path) -> int:
    """Zip a directory as it is, as small as deflate makes it, and return the bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(file for file in directory.rglob("*") if file.is_file()):
            archive.write(file, file.relative_to(directory))
    return path.stat().st_size


def drop_page_cache() -> None:
    """Have the kernel forget files that it has read. Only root may."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def measure_starts(
    functions: list[Function], rounds: int, before: Callable[[], None] | None
) -> dict[str, float]:
    """Return the median cold start of each function, in milliseconds."""
    taken: dict[str, list[float]] = {function.name: [] for function in functions}
    for number in range(rounds + 1):
        for function in functions:
            if before:
                before()
            took = cold_start(function)
            if number:  # the first round reads the files
                taken[function.name].append(took)
    return {name: median(values) for name, values in taken.items()}


def make_functions(project: Project, scratch: Path) -> list[Function]:
    """Build ours and the peers."""
    fastapi = install(scratch / "fastapi", FASTAPI, "fastapi", "mangum")
    sources = scratch / "fastapi-sources"
    shutil.copytree(fastapi, sources, ignore=shutil.ignore_patterns("__pycache__"))
    return [
        Function(
            "ferryman",
            unpack(project.bundle, scratch / "ours"),
            "ferryman.targets.lambda_.runtime",
            "ferryman.targets.lambda_.runtime.entry.handler",
        ),
        Function(
            "Mangum + Starlette", install(scratch / "starlette", STARLETTE, "starlette", "mangum")
        ),
        Function("Mangum + FastAPI", fastapi),
        Function("FastAPI, no bytecode", sources),
        Function("bare function", install(scratch / "bare", BARE)),
    ]


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


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--cold", action="store_true", help="drop the page cache before each start")
    parser.add_argument("--json", type=Path, help="write the figures to a file as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        project = Project(scratch / "project")
        first = project.build()
        again = []
        for number in range(5):
            project.edit(f"# {number}\n")
            again.append(project.build())
        ours, plain = measure_sizes(project, scratch)
        functions = make_functions(project, scratch)
        before = drop_page_cache if options.cold else None
        starts = measure_starts(functions, options.rounds, before)
    figures = {"starts": starts, "zip": [ours, plain], "builds": [first, median(again)]}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    state = "dropped before each start" if options.cold else "warm"
    print(f"page cache {state}; medians of {options.rounds} rounds, in turns")
    for row in table(figures):
        print(row)


def table(figures: dict) -> Iterator[Row]:
    """Yield the lines of the table."""
    starts = figures["starts"]
    bounds = {
        "Mangum + Starlette": 1.0,
        "Mangum + FastAPI": 0.5,
        "bare function": 2.0,
        "FastAPI, no bytecode": 0.2,
    }
    for peer, bound in bounds.items():
        yield Row("cold start", starts["ferryman"], peer, starts[peer], "ms", bound)
    yield Row("zip", figures["zip"][0], "pip install -t, zipped", figures["zip"][1], "MB", 0.6)
    first, again = figures["builds"]
    yield Row(
        "rebuild after an edit", again, "the bound; the first build took", first, "s", 2 / first
    )


if __name__ == "__main__":
    main()
