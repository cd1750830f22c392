"""Measures what the local Lambda adds to a request, and how it takes fifty at once.

Prints medians in milliseconds. The floor is the same environment asked by the same client
without a gateway, without freezing and without a log: its Runtime API alone. AWS's emulator,
which freezes nothing and makes no event of a request, is asked in the same rounds.

Run it from the root of the repository: `python -m benchmarks.local_lambda`.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp

from ferryman.local.lambda_.event_source import start_front
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.local.lambda_.invocation import Invocation
from ferryman.local.lambda_.process_group import start_process
from ferryman.local.lambda_.runtime_api import RuntimeApi
from ferryman.targets.protocols import Address

SOURCE = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'fine'}\n"
COUNT = 300
ROUNDS = 5
MACHINE = platform.machine().replace("aarch64", "arm64")
EMULATOR = Path(".tools/aws-sam-cli/samcli/local/rapid", f"aws-lambda-rie-{MACHINE}").absolute()


async def median(once: Callable[[], Awaitable[object]]) -> float:
    """Return the median of many calls, in milliseconds."""
    spent = []
    for _ in range(COUNT):
        start = time.perf_counter()
        await once()
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent)


async def measure_floor(settings: FunctionSettings) -> float:
    """Return the median of an invocation by the Runtime API alone."""
    api = RuntimeApi(settings, lambda: None)
    await api.open()
    variables = {"AWS_LAMBDA_RUNTIME_API": api.address}
    process = await start_process(settings.command, settings.directory, variables, lambda _: None)
    await api.ready
    event = json.dumps({"version": "2.0"}).encode()

    async def once() -> None:
        invocation = Invocation(event, 30.0)
        api.offer(invocation)
        await invocation.answer
        await invocation.done
        api.forget(invocation)

    try:
        return await median(once)
    finally:
        await process.end(0)
        await api.close()


async def measure_front(settings: FunctionSettings) -> float:
    """Return the median of a request through the gateway of a Function URL."""
    async with LocalFunction(settings, lambda _: None) as function:
        runner = await start_front(function, Address("127.0.0.1", 0))
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession() as session:

            async def once() -> None:
                async with session.get(f"http://{host}:{port}/") as answer:
                    await answer.read()

            await once()
            spent = await median(once)
        await runner.cleanup()
    return spent


async def measure_emulator(settings: FunctionSettings, program: Path) -> float:
    """Return the median of an invocation under AWS's emulator."""
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind(("127.0.0.1", 0))
        front, api = (f"127.0.0.1:{probe.getsockname()[1]}" for probe in (first, second))
    process = subprocess.Popen(
        [
            str(program),
            *("--runtime-interface-emulator-address", front, "--runtime-api-address", api),
            *settings.command,
        ],
        cwd=settings.directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://{front}/2015-03-31/functions/function/invocations"
    try:
        async with aiohttp.ClientSession() as session:

            async def once() -> None:
                async with session.post(url, data=b"{}") as answer:
                    await answer.read()

            while True:
                try:
                    await once()
                    break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)
            return await median(once)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def measure_fifty(settings: FunctionSettings) -> float:
    """Return how long fifty environments take to start and answer, in milliseconds."""
    many = replace(settings, environments=50, init_timeout=60.0)
    async with LocalFunction(many, lambda _: None) as function:
        start = time.perf_counter()
        outcomes = await asyncio.gather(*[function.invoke(b"{}") for _ in range(50)])
        spent = (time.perf_counter() - start) * 1000
        assert not any(outcome.fault for outcome in outcomes)
    return spent


def measure_round(settings: FunctionSettings) -> tuple[float, float, float, float]:
    """Return one figure of each kind, in milliseconds."""
    return (
        asyncio.run(measure_floor(settings)),
        asyncio.run(measure_front(settings)),
        asyncio.run(measure_emulator(settings, EMULATOR)),
        asyncio.run(measure_fifty(settings)),
    )


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "plain.py").write_text(SOURCE)
        command = (sys.executable, "-m", "awslambdaric", "plain.handler")
        settings = FunctionSettings(command, directory, memory=512)
        rounds = [measure_round(settings) for _ in range(ROUNDS)]
        floor, front, emulator, fifty = (
            statistics.median(column) for column in zip(*rounds, strict=True)
        )
        more = statistics.median(each[1] - each[0] for each in rounds)
        print(f"load {os.getloadavg()[0]:.1f}; medians of {ROUNDS} rounds of {COUNT}")
        print(f"Runtime API alone       {floor:6.2f} ms")
        print(f"through a Function URL  {front:6.2f} ms, {more:.2f} ms more")
        print(f"AWS's emulator          {emulator:6.2f} ms, {front / emulator:.2f} is ours of it")
        print(f"fifty environments      {fifty:6.0f} ms until all have answered")


if __name__ == "__main__":
    main()
