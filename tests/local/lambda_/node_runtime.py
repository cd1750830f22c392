"""Another language's runtime on our Runtime API: AWS's own for Node.js, as it is published.

npm compiles it, which takes a minute: `make test-node` does, and runs these tests.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.local.lambda_.functions import Log, alive, bills, call

from ferryman.local.lambda_.event_source import start_front
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.targets.protocols import Address

RUNTIME = Path(__file__).parents[3] / ".tools/aws-lambda-ric/node_modules/aws-lambda-ric"

SOURCE = """
let calls = 0;
exports.handler = async (event, context) => {
  calls += 1;
  console.log("handling", event.kind);
  if (event.kind === "raise") throw new RangeError("no such order");
  if (event.kind === "exit") process.exit(3);
  if (event.kind === "hang") await new Promise((resolve) => setTimeout(resolve, 60000));
  if (event.kind === "big") return "x".repeat(7000000);
  return { calls, pid: process.pid, left: context.getRemainingTimeInMillis() };
};
exports.drip = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, {
    statusCode: 201,
    headers: { "Content-Type": "text/plain" },
    cookies: ["a=1", "b=2"],
  });
  for (const piece of ["one ", "two ", "three"]) stream.write(piece);
  stream.end();
});
"""


def node(directory: Path, name: str = "handler", **options: Any) -> FunctionSettings:
    assert (RUNTIME / "dist/rapid-client.node").is_file(), (
        "there is no client: run `make test-node`"
    )
    (directory / "index.js").write_text(SOURCE)
    command = (shutil.which("node") or "node", str(RUNTIME / "bin/index.mjs"), f"index.{name}")
    variables = {"LAMBDA_TASK_ROOT": str(directory)}
    # One, for on a busy machine a second call may come before the first one's is free again.
    options = {"memory": 1024, "environments": 1, **options}
    return FunctionSettings(command, directory, variables, **options)


async def test_it_answers_again_and_again_and_is_billed(tmp_path: Path) -> None:
    log = Log()
    async with LocalFunction(node(tmp_path), log) as function:
        first = (await call(function)).document()
        second = (await call(function)).document()
    assert (first["calls"], second["calls"], first["pid"]) == (1, 2, second["pid"])
    assert 0 < first["left"] <= 30_000
    assert [bill.init_ms is not None for bill in bills(log)] == [True, False]
    assert not alive(first["pid"])


@pytest.mark.parametrize(
    ("kind", "fault", "said", "survives"),
    [
        ("raise", "Function.Error", "no such order", True),
        ("exit", "Runtime.ExitError", "exit status 3", False),
        ("hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds", False),
        ("big", "Function.ResponseSizeTooLarge", "(6291556 bytes)", True),
    ],
)
async def test_its_faults_are_told_as_pythons_are(
    kind: str, fault: str, said: str, survives: bool, tmp_path: Path
) -> None:
    settings = node(tmp_path, timeout=1.0 if kind == "hang" else 20.0)
    async with LocalFunction(settings, Log()) as function:
        before = (await call(function)).document()
        outcome = await call(function, kind=kind)
        after = (await call(function)).document()
    assert outcome.fault == fault
    assert said in outcome.document()["errorMessage"]
    assert (before["pid"] == after["pid"]) == survives


async def test_a_module_that_is_not_there_is_an_init_failure(tmp_path: Path) -> None:
    settings = node(tmp_path)
    (tmp_path / "index.js").unlink()
    async with LocalFunction(settings, Log()) as function:
        outcome = await call(function)
    assert outcome.fault == "Runtime.InitError"
    assert "index" in outcome.document()["errorMessage"]


async def test_its_stream_arrives_with_status_headers_and_cookies(tmp_path: Path) -> None:
    async with LocalFunction(node(tmp_path, "drip"), Log()) as function:
        outcome = await asyncio.wait_for(function.invoke(json.dumps({}).encode()), 20)
        assert outcome.prelude is not None
        assert outcome.stream is not None
        assert (outcome.prelude["statusCode"], outcome.prelude["cookies"]) == (201, ["a=1", "b=2"])
        assert await outcome.stream.read() == b"one two three"


async def test_its_stream_is_no_result_to_an_event_source_that_has_none(tmp_path: Path) -> None:
    async with LocalFunction(node(tmp_path, "drip"), Log()) as function:
        runner = await start_front(function, Address("127.0.0.1", 0), "http-api")
        host, port = runner.addresses[0][:2]
        try:
            async with aiohttp.request("GET", f"http://{host}:{port}/") as answer:
                assert answer.status == 500
                assert await answer.json() == {"message": "Internal Server Error"}
        finally:
            await runner.cleanup()
