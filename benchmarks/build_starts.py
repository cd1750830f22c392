"""Cold starts under AWS's emulator: ours, and those of peers, in turns.

They go from an invocation's request to its answer, with the start of the process in between
and the emulator's own start before. All artifacts hold the runtime client and are unpacked.
Ours starts by its bootstrap, as `AWS_LAMBDA_EXEC_WRAPPER` has Lambda do it; the others by AWS's
client, as in AWS's own images; all by one interpreter that has nothing installed.
"""

from __future__ import annotations

import json
import os
import platform
import re
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
from random import Random
from statistics import median

from scripts.ports import free_port
from uv import find_uv_bin

from ferryman.targets.lambda_.bundle import BOOTSTRAP

__all__ = (
    "CLIENT",
    "MACHINE",
    "PYTHON",
    "Function",
    "bare_python",
    "count_instructions",
    "drop_page_cache",
    "make_functions",
    "measure_parts",
    "measure_starts",
    "run",
)

ROOT = Path(__file__).parents[1]

MACHINE = platform.machine().replace("aarch64", "arm64")

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

EMULATOR = ROOT / ".tools/aws-sam-cli/samcli/local/rapid" / f"aws-lambda-rie-{MACHINE}"

CLIENT = "awslambdaric>=4,<5"

HANDLER = "ferryman.targets.lambda_.runtime.entry.handler"


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


STANDARD = "standard library"
_AIOHTTP = "aiohttp and what it needs"
PARTS = {
    "asyncio": "asyncio",
    "awslambdaric": "AWS's client",
    "runtime_client": "AWS's client",
    "simplejson": "AWS's client",
    "ferryman": "ferryman",
    **dict.fromkeys(("aiohttp", "aiosignal", "attr", "frozenlist", "multidict"), _AIOHTTP),
    **dict.fromkeys(("propcache", "typing_extensions", "yarl"), _AIOHTTP),
}
"""What the modules of a start belong to, by their top-level names."""


@dataclass(frozen=True, slots=True)
class Function:
    """An unpacked artifact, and how it starts.

    Attributes:
        name: What the table calls it.
        task: Its directory.
        ours: Whether it brings a start of its own.
    """

    name: str
    task: Path
    ours: bool = False

    def command(self, python: Path) -> tuple[str, ...]:
        """Return what starts it; -B, because `/var/task` cannot be written to."""
        if self.ours:
            return (str(self.task / BOOTSTRAP), str(python), HANDLER)
        return (str(python), "-B", "-m", "awslambdaric", "main.handler")


def make_functions(bundle: Path, scratch: Path) -> list[Function]:
    """Build ours and the peers."""
    fastapi = install(scratch / "fastapi", FASTAPI, "fastapi", "mangum")
    sources = scratch / "fastapi-sources"
    shutil.copytree(fastapi, sources, ignore=shutil.ignore_patterns("__pycache__"))
    return [
        Function("ferryman", unpack(bundle, scratch / "ours"), ours=True),
        Function(
            "Mangum + Starlette", install(scratch / "starlette", STARLETTE, "starlette", "mangum")
        ),
        Function("Mangum + FastAPI", fastapi),
        Function("FastAPI, no bytecode", sources),
        Function("bare function", install(scratch / "bare", BARE)),
    ]


def install(task: Path, source: str, *requirements: str, bytecode: bool = True) -> Path:
    """Install a peer plainly, with its bytecode unless told otherwise."""
    command = [find_uv_bin(), "pip", "install", "--quiet", "--python", sys.executable]
    run(*command, "--target", str(task), CLIENT, *requirements)
    (task / "main.py").write_text(source)
    if bytecode:
        run(sys.executable, "-m", "compileall", "-q", str(task))
    return task


def unpack(bundle: Path, task: Path) -> Path:
    """Unpack a zip, with its modes."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(task)
    (task / BOOTSTRAP).chmod(0o755)
    return task


def bare_python(directory: Path) -> Path:
    """Return an interpreter that has nothing installed, as a managed runtime's has little."""
    run(sys.executable, "-m", "venv", "--without-pip", str(directory))
    return directory / "bin" / "python"


def measure_starts(
    functions: list[Function], python: Path, rounds: int, before: Callable[[], None] | None
) -> dict[str, float]:
    """Return the median cold start of each function, in milliseconds."""
    taken: dict[str, list[float]] = {function.name: [] for function in functions}
    orders = Random(rounds)  # the one after the slowest would find the caches cold
    for number in range(rounds + 1):
        for function in orders.sample(functions, len(functions)):
            if before:
                before()
            took = cold_start(function, python)
            if number:  # the first round reads the files
                taken[function.name].append(took)
    return {name: median(values) for name, values in taken.items()}


def measure_parts(function: Function, python: Path, rounds: int) -> dict[str, float]:
    """Return the milliseconds that a start spends on the modules of each part, by Python's account.

    The account itself takes time; of each module the least of all rounds counts.
    """
    least: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as directory:
        account = Path(directory, "account")
        for _ in range(rounds):
            cold_start(function, python, account)
            for line in account.read_text().splitlines():
                if found := re.fullmatch(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", line):
                    took, name = int(found[1]), found[2]
                    least[name] = min(took, least.get(name, took))
    parts = dict.fromkeys(dict.fromkeys([*PARTS.values(), STANDARD]), 0.0)
    for name, took in least.items():
        parts[PARTS.get(name.partition(".")[0], STANDARD)] += took / 1000
    return parts


def cold_start(function: Function, python: Path, account: Path | None = None) -> float:
    """Return the milliseconds from the request of a first invocation to its answer.

    Args:
        function: The function.
        python: What runs it.
        account: A file for Python's account of its imports.
    """
    with emulated(function, python, account) as url:
        began = time.perf_counter()
        invoke(function, url)
        return (time.perf_counter() - began) * 1000


def count_instructions(function: Function, python: Path) -> float:
    """Return the millions of instructions, in user space, from a start to the first answer.

    Other processes do not disturb the count. It is valgrind's, which has to be installed.
    """
    with tempfile.TemporaryDirectory() as directory:
        counted = Path(directory, "python")
        pipes = f"--vgdb-prefix={directory}/pipe"  # by default in TMPDIR, which a function lacks
        options = f"--tool=callgrind --callgrind-out-file={directory}/count.%p {pipes}"
        counted.write_text(f'#!/bin/sh\nexec valgrind {options} {python} "$@"\n')
        counted.chmod(0o755)
        with emulated(function, counted) as url:
            invoke(function, url)
            run("callgrind_control", pipes, "--dump")
        lines = [line for file in Path(directory).glob("count.*") for line in file.open()]
    return max(int(line.split()[1]) for line in lines if line.startswith("totals:")) / 1e6


def invoke(function: Function, url: str) -> None:
    """Have a function answer."""
    with urllib.request.urlopen(url, json.dumps(EVENT).encode(), timeout=120) as answer:
        result = json.load(answer)
    if json.loads(result.get("body", "{}")) != {"hello": "world"}:
        raise SystemExit(f"{function.name} answered {result}")


@contextmanager
def emulated(function: Function, python: Path, account: Path | None = None) -> Iterator[str]:
    """Run a function under the emulator, and yield the URL that invokes it once it listens."""
    port = free_port()
    command = [
        *(str(EMULATOR), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
        *function.command(python),
    ]
    variables = {"PATH": os.environ["PATH"], "AWS_EXECUTION_ENV": f"AWS_Lambda_python{PYTHON}"}
    if account:
        variables["PYTHONPROFILEIMPORTTIME"] = "1"
    with (account or Path(os.devnull)).open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=function.task,
            env=variables,
            stdout=output,
            stderr=output,
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
        time.sleep(0.1)  # what the function held is given back behind our back


def drop_page_cache() -> None:
    """Have the kernel forget files that it has read. Only root may."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def run(*command: str, cwd: Path | None = None, **variables: str) -> str:
    """Run a command that has to succeed, and return what it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FERRYMAN_")}
    done = subprocess.run(
        command, cwd=cwd, env=environment | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout
