"""What comes of an invocation, here and under two emulators that are not of our making.

AWS's own emulator and cargo-lambda's run the same processes on the same events. Where one of
them says something else than the local Lambda, it is listed with what it says and why ours
is right, and it must go on saying so.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
from tests.local.lambda_.cargo_judge import cargo_judge
from tests.local.lambda_.functions import Log, own, plain
from tests.parity.cargo_lambda import wait_until_listening

from ferryman.local.lambda_.event_source import start_front
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.targets.protocols import Address

INVOKE = "/2015-03-31/functions/{}/invocations"


class Case(NamedTuple):
    """An event, what it is given to, and what must come of it."""

    name: str
    expected: str
    event: dict[str, Any]
    make: Callable[..., FunctionSettings] = plain
    options: dict[str, Any] = {}  # noqa: RUF012 - none of the tests changes it


def url_event(target: str) -> dict[str, Any]:
    path, _, query = target.partition("?")
    context = {"http": {"method": "GET", "path": path, "sourceIp": "192.0.2.1"}}
    return {"version": "2.0", "rawPath": path, "rawQueryString": query, "requestContext": context}


STREAMING = {"streaming": True, "timeout": 10.0}
CASES = (
    Case("success", "answer of call 1", {}),
    Case("handled error", "ValueError: no such order, line 12", {"kind": "raise"}),
    Case("unhandled error", "Runtime.ExitError", {"kind": "exit"}),
    Case("time-out", "timed out after 1.00 seconds", {"kind": "hang"}, options={"timeout": 1.0}),
    Case("oversized answer", "Function.ResponseSizeTooLarge", {"kind": "big"}),
    Case(
        "init failure",
        "OSError: no database, line 1",
        {},
        options={"source": "raise OSError('no database')"},
    ),
    Case("streaming", "200 'one two three' to the end", url_event("/drip"), own, STREAMING),
    Case(
        "streaming that breaks off",
        "200 and cut off",
        url_event("/drip?fail=1"),
        own,
        STREAMING,
    ),
)

DIFFERS: dict[tuple[str, str], tuple[str, str]] = {
    ("cargo", "unhandled error"): (
        "408 and nothing else",
        "it owns no process, so that it hears of no exit and waits; Lambda, and AWS's emulator, "
        "answer at once",
    ),
    ("cargo", "time-out"): (
        "408 and nothing else",
        "the limit is that of its own waiting; AWS's emulator says what the function's log does",
    ),
    ("cargo", "oversized answer"): (
        "an answer of 7000002 bytes",
        "it has no limit; Lambda's is 6 MB, and AWS's emulator keeps to it",
    ),
    ("aws", "streaming that breaks off"): (
        "200 'one two three' to the end",
        "it buffers, and reads no trailers, in which a runtime says that a stream broke off",
    ),
    ("cargo", "streaming that breaks off"): (
        "200 'one two three' to the end",
        "it passes the pieces on, and reads no trailers either",
    ),
}
"""What a judge says where it differs, and why that is not what Lambda does."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_ours_is_what_lambda_says(case: Case, tmp_path: Path) -> None:
    settings = settings_of(case, tmp_path)
    async with LocalFunction(settings, Log()) as function:
        runner = await start_front(function, Address("127.0.0.1", 0))
        host, port = runner.addresses[0][:2]
        try:
            assert await verdict(f"http://{host}:{port}", case) == case.expected
        finally:
            await runner.cleanup()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_aws_emulator_agrees(
    case: Case, emulator: Path, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    ports = (unused_tcp_port_factory(), unused_tcp_port_factory())
    async with aws_judge(emulator, settings_of(case, tmp_path), ports) as url:
        said = await verdict(url, case, knows_urls=False)
    assert said == DIFFERS.get(("aws", case.name), (case.expected, ""))[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_cargo_lambda_agrees(
    case: Case, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    ports = (unused_tcp_port_factory(), unused_tcp_port_factory())
    settings = settings_of(case, tmp_path)
    async with cargo_judge(settings, tmp_path / "cargo-lambda", ports) as url:
        said = await verdict(url, case, name="_")
    assert said == DIFFERS.get(("cargo", case.name), (case.expected, ""))[0]


def settings_of(case: Case, directory: Path) -> FunctionSettings:
    return case.make(directory, **{"timeout": 3.0, **case.options})


@asynccontextmanager
async def aws_judge(
    emulator: Path, settings: FunctionSettings, ports: tuple[int, int]
) -> AsyncIterator[str]:
    """Run a function under AWS's emulator."""
    address, api = (f"127.0.0.1:{port}" for port in ports)
    limit = {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(int(settings.timeout))}
    process = subprocess.Popen(
        [
            str(emulator),
            *("--runtime-interface-emulator-address", address, "--runtime-api-address", api),
            *settings.command,
        ],
        cwd=settings.directory,
        env={**os.environ, **settings.variables, **limit},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield f"http://{address}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def verdict(base: str, case: Case, *, name: str = "function", knows_urls: bool = True) -> str:
    """Return what an emulator makes of a case, in a few words.

    Args:
        base: Its address.
        case: The case.
        name: What it calls the function.
        knows_urls: Whether it makes an event of a request, as a Function URL does.
    """
    http = case.event.get("requestContext")
    await wait_until_listening(int(base.rpartition(":")[2]))
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        if http and knows_urls:
            target = f"{case.event['rawPath']}?{case.event['rawQueryString']}"
            return await read_stream(session, base + target)
        data = json.dumps(case.event)
        async with session.post(base + INVOKE.format(name), data=data) as answer:
            body = await answer.read()
            return split_stream(body) if http else outline(answer.status, body)


async def read_stream(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as answer:
        try:
            return f"{answer.status} {await answer.text()!r} to the end"
        except aiohttp.ClientError:
            return f"{answer.status} and cut off"


def split_stream(body: bytes) -> str:
    head, _, text = body.partition(bytes(8))
    return f"{json.loads(head)['statusCode']} {text.decode()!r} to the end"


def outline(status: int, body: bytes) -> str:
    """Return what answers must have in common."""
    text = body.decode()
    if timed_out := re.search(r"Task (timed out after .* seconds)", text):
        return timed_out[1]
    if not body:
        return f"{status} and nothing else"
    document = json.loads(text)
    if isinstance(document, str):
        return f"an answer of {len(body)} bytes"
    if "calls" in document:
        return f"answer of call {document['calls']}"
    if "stackTrace" not in document:
        return str(document["errorType"])
    line = re.findall(r"plain\.py\\*\", line (\d+)", "".join(document["stackTrace"]))[-1]
    return f"{document['errorType']}: {document['errorMessage']}, line {line}"
