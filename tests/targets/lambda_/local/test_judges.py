"""AWS's own emulator and the local Lambda agree on what comes of an invocation."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.targets.lambda_.local.functions import Log, plain

from ferryman.targets.lambda_.local.function import LocalFunction
from ferryman.targets.lambda_.local.settings import FunctionSettings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def judge(emulator: Path, settings: FunctionSettings) -> Iterator[str]:
    """Run a function under AWS's emulator."""
    address = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            str(emulator),
            *("--runtime-interface-emulator-address", address),
            *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
            *settings.command,
        ],
        cwd=settings.directory,
        env=os.environ | {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(int(settings.timeout))},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield f"http://{address}/2015-03-31/functions/function/invocations"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def verdict(url: str, event: dict[str, Any]) -> Any:
    text = ""
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while True:
            try:
                async with session.post(url, data=json.dumps(event)) as answer:
                    text = await answer.text()
                    break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.02)
    try:
        return json.loads(text)
    except ValueError:
        return text


def outline(answer: Any) -> Any:
    """Return what two answers must have in common."""
    if isinstance(answer, str):
        # The emulator tells of a time-out in plain text.
        return "Task timed out after 1.00 seconds" if "Task timed out" in answer else answer
    if "errorType" not in answer:
        return {"calls": answer["calls"]}
    if "Task timed out" in answer["errorMessage"]:
        return "Task timed out after 1.00 seconds"
    if answer["errorType"] == "ValueError":
        return {key: answer[key] for key in ("errorType", "errorMessage", "stackTrace")}
    return answer["errorType"]


@pytest.mark.parametrize("kind", ["fine", "raise", "exit", "hang", "big"])
async def test_aws_emulator_agrees(kind: str, emulator: Path, tmp_path: Path) -> None:
    settings = plain(tmp_path, timeout=1.0 if kind == "hang" else 10.0)
    with judge(emulator, settings) as url:
        theirs = await verdict(url, {"kind": kind})
    async with LocalFunction(settings, Log()) as function:
        ours = (await function.invoke(json.dumps({"kind": kind}).encode())).document()
    assert outline(ours) == outline(theirs), (ours, theirs)


async def test_aws_emulator_agrees_on_a_failed_init(emulator: Path, tmp_path: Path) -> None:
    settings = plain(tmp_path, source="raise OSError('no database')")
    with judge(emulator, settings) as url:
        theirs = await verdict(url, {})
    async with LocalFunction(settings, Log()) as function:
        ours = (await function.invoke(b"{}")).document()
    assert (ours["errorType"], ours["errorMessage"]) == (
        theirs["errorType"],
        theirs["errorMessage"],
    )
