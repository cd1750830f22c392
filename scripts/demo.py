"""Takes one real application through all three targets: `make demo`.

It builds the example for Lambda, runs the zip under AWS's own emulator and the same
code under gunicorn, sends both the same table of requests, builds and validates the
Kubernetes manifests, measures what a request costs, and says what each platform would cost
and when to cross over. It ends all that it starts, and leaves the report.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from scripts.ports import free_port

from ferryman.core.errors import FerrymanError
from ferryman.local.emulator import emulated, host_architecture, host_python, unpack
from ferryman.local.gateway.http_server import start_gateway
from ferryman.migrate.parity import MAY_DIFFER, compare, open_session, read_table, send
from ferryman.project.resolution import resolve_project
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.protocols import Address
from ferryman.targets.registry import installed_targets

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "postcards"
FERRYMAN = (sys.executable, "-m", "ferryman")
TIMED_REQUESTS = 200
REPORT = ROOT / "dist" / "demo" / "report.html"


async def main() -> int:
    """Run the demonstration and return the exit status."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ferryman-demo-") as folder:
        scratch = Path(folder)
        bundle = await build_bundle(scratch)
        async with lambda_gateway(bundle, scratch) as on_lambda, gunicorn(scratch) as on_server:
            agreed = await show_parity({"lambda": on_lambda, "server": on_server})
            await show_timings({"lambda": on_lambda, "server": on_server}, scratch)
        await show_manifests(scratch)
        measured = await show_measurement(scratch)
        await show_cost(measured)
    say(f"\ndone in {time.monotonic() - began:.0f} seconds; nothing is left running")
    return 0 if agreed else 1


async def build_bundle(scratch: Path) -> Path:
    """Build the zip for a managed runtime of this machine's Python and architecture."""
    title("Lambda: build the zip")
    described = await ferryman(
        *("build", "-t", "lambda", "-C", str(EXAMPLE), "-o", str(scratch / "lambda"), "--json"),
        *("--python", host_python(), "--set", f"lambda.architecture={host_architecture()}"),
    )
    artifact = json.loads(described)
    say(f"{Path(artifact['path']).name}: {artifact['size'] / 2**20:.1f} MiB, {artifact['digest']}")
    say(f"handler: {artifact['start']}")
    return Path(artifact["path"])


@asynccontextmanager
async def lambda_gateway(bundle: Path, scratch: Path) -> AsyncIterator[str]:
    """Run the zip under AWS's emulator, behind the gateway of a Function URL."""
    title("Lambda: run it under AWS's Runtime Interface Emulator")
    unpack(bundle, scratch / "task")
    project = resolve_project(EXAMPLE, {n: t.options for n, t in installed_targets().items()})
    options = project.section("lambda", LambdaOptions)
    with (scratch / "lambda.log").open("w") as log:
        async with emulated(scratch / "task", options, output=log) as function:
            address = Address("127.0.0.1", free_port())
            gateway = await start_gateway(function.invoke, address)
            try:
                seconds = await first_answer(f"http://{address}")
                say(f"the first request, with the cold start: {seconds * 1000:.0f} ms")
                yield f"http://{address}"
            finally:
                await gateway.cleanup()


@asynccontextmanager
async def gunicorn(scratch: Path) -> AsyncIterator[str]:
    """Run the same code under gunicorn, on loopback."""
    title("server: run the same code under gunicorn")
    address = Address("127.0.0.1", free_port())
    with (scratch / "server.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *FERRYMAN,
            *("serve", "-t", "server", "-C", str(EXAMPLE), "--bind", str(address)),
            stdout=log,
            stderr=log,
        )
        try:
            seconds = await first_answer(f"http://{address}", process)
            say(f"from start to the first answer: {seconds * 1000:.0f} ms")
            yield f"http://{address}"
        finally:
            await stop(process)


async def show_parity(targets: dict[str, str]) -> bool:
    """Send each target the table of requests, and print whether the answers agree."""
    title("parity: the same requests to both, in the same order")
    table = read_table(EXAMPLE / "requests.toml")
    agreed = 0
    async with open_session() as session:
        for request in table:
            answers = {name: await send(session, url, request) for name, url in targets.items()}
            differences = compare(request, answers)
            agreed += not differences
            for difference in differences:
                say(f"differs: {difference}")
    say("compared: status, the bytes of the body, and every header but")
    for header, reason in MAY_DIFFER.items():
        say(f"  {header}: {reason}")
    say(f"parity: {agreed} of {len(table)} requests answered alike by {' and '.join(targets)}")
    return agreed == len(table)


async def show_timings(targets: dict[str, str], scratch: Path) -> None:
    """Print the median time of one request on each target."""
    title(f"time per request: the median of {TIMED_REQUESTS} reads of one card")
    async with open_session() as session:
        for name, url in targets.items():
            say(f"{name}: {await median_time(session, url) * 1000:.2f} ms round trip")
    report = re.findall(r"\tDuration: ([\d.]+) ms", (scratch / "lambda.log").read_text())
    durations = [float(text) for text in report[-TIMED_REQUESTS:]]
    say(f"lambda: {statistics.median(durations):.2f} ms of it in the function, says the emulator")


async def show_manifests(scratch: Path) -> None:
    """Build the manifests, which are validated as they are built, and list them."""
    title("k8s: build the manifests")
    out = scratch / "k8s"
    await ferryman("build", "-t", "k8s", "-C", str(EXAMPLE), "-o", str(out))
    for path in sorted(out.rglob("*.yaml")):
        say(f"{path.relative_to(out)}: {len(path.read_text().splitlines())} lines")
    say("valid against the Kubernetes schemas; `kubectl apply -k` takes the directory")


async def show_measurement(scratch: Path) -> Path:
    """Measure the application on both targets, and print what its requests cost."""
    title("measure: what a request costs, on each target")
    file = scratch / "ferryman-measure.json"
    # A demonstration goes on where the machine is too busy for a decision; doubts are shown.
    say(
        await ferryman(
            *("measure", "--quick", "--force", "-C", str(EXAMPLE), "-o", str(file)),
            *("--scenario", str(EXAMPLE / "traffic.toml")),
        )
    )
    return file


async def show_cost(measured: Path) -> None:
    """Print the monthly bill at three levels of traffic and the crossover, and write the report."""
    title("cost: the monthly bill by what was measured, and when to cross over")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    asked = "cost", "--measured", str(measured), "--html", str(REPORT)
    say(await ferryman(*asked, "--at", "1M", "--at", "30M", "--at", "300M"))
    say(f"the same as a page, with pictures: {REPORT}")


async def ferryman(*arguments: str) -> str:
    """Run the command line, show what was run, and return what it printed."""
    shown = [a.replace(str(ROOT) + "/", "") for a in arguments]
    say(f"$ ferryman {' '.join(shown)}")
    process = await asyncio.create_subprocess_exec(
        *FERRYMAN, *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await process.communicate()
    finally:
        await stop(process)
    if process.returncode:
        raise SystemExit(process.returncode)
    return output.decode().rstrip()


async def first_answer(url: str, process: asyncio.subprocess.Process | None = None) -> float:
    """Wait until a server answers, and return how many seconds that took."""
    began = time.monotonic()
    async with aiohttp.ClientSession() as session:
        while time.monotonic() - began < 60:
            if process is not None and process.returncode is not None:
                break
            try:
                async with session.get(url):
                    return time.monotonic() - began
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)
    raise SystemExit(f"{url} does not answer")


async def median_time(session: aiohttp.ClientSession, url: str) -> float:
    """Return the median time of one request, in seconds."""
    times = []
    for _ in range(TIMED_REQUESTS):
        began = time.perf_counter()
        async with session.get(f"{url}/api/cards/1") as answer:
            await answer.read()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a process that was started here, with patience first."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()


def title(text: str) -> None:
    """Print a heading."""
    say(f"\n== {text}")


def say(text: str) -> None:
    """Print a line at once, so that it stands before what a child prints."""
    print(text, flush=True)


async def interruptible() -> int:
    """Run the demonstration so that a signal ends it in order."""
    task = asyncio.ensure_future(main())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        say("\ninterrupted; everything that was started has been ended")
        return 130
    except FerrymanError as error:
        say(f"\nerror: {error}")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(interruptible()))
