"""Runs a bundle under cargo-lambda's emulator, which knows nothing of ours nor of AWS's.

It is made for Rust: a stand-in for `cargo` tells it of one function, and what it sends to
runtimes is put right on the way, where it is not what Lambda sends (`Door`).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from ferryman.local.emulator import isolate_python
from ferryman.targets.lambda_.bundle import BOOTSTRAP

__all__ = ("emulated", "end", "start_emulator", "wait_until_listening")

_TARGET = {"kind": ["bin"], "crate_types": ["bin"], "name": "function", "edition": "2021"}
_PACKAGE = {
    **{"name": "function", "version": "0.1.0", "id": "function", "edition": "2021"},
    **{"dependencies": [], "features": {}},
}
_SECONDS = 30


class Door:
    """Stands between the emulator's Runtime API and the runtime.

    The emulator's `/next` has no Content-Type, of which AWS's client dies; its deadline is
    in 1970; its API has a path before it, which no variable of Lambda's has; and a result
    without a list of cookies, which Lambda takes, makes it answer 500. Nor does it say the
    scheme.

    Args:
        api: The emulator's Runtime API, with that path.
    """

    def __init__(self, api: str) -> None:
        self._api = api

    @asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[None]:
        """Listen at a port of loopback for the length of the block."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as self._session:
            runner = web.ServerRunner(web.Server(self._pass, access_log=None), shutdown_timeout=0)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            try:
                yield
            finally:
                await runner.cleanup()

    async def _pass(self, request: web.BaseRequest) -> web.Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("host", "transfer-encoding", "content-length", "connection")
        }
        body = await request.clone(client_max_size=0).read()
        if request.path.endswith("/response"):
            body = json.dumps({"cookies": []} | json.loads(body)).encode()
        url = self._api + request.raw_path
        async with self._session.request(request.method, url, headers=headers, data=body) as answer:
            passed = {n.lower(): v for n, v in answer.headers.items()}
            passed = {n: v for n, v in passed.items() if n.startswith("lambda-")}
            if request.path.endswith("/invocation/next"):
                passed["content-type"] = "application/json"
                passed["lambda-runtime-deadline-ms"] = str(int((time.time() + _SECONDS) * 1000))
                content = say_scheme(await answer.read())
            else:
                content = await answer.read()
            return web.Response(body=content, status=answer.status, headers=passed)


def say_scheme(event: bytes) -> bytes:
    """Return an event with the header by which a Function URL tells the scheme."""
    told = json.loads(event)
    told["headers"].setdefault("x-forwarded-proto", "http")
    return json.dumps(told).encode()


@asynccontextmanager
async def emulated(
    program: Path, task: Path, scratch: Path, ports: tuple[int, int]
) -> AsyncIterator[str]:
    """Run an unpacked bundle under the emulator, and give the URL at which it answers.

    Args:
        program: cargo-lambda.
        task: The directory of the unpacked bundle.
        scratch: A directory for the emulator's own files and both logs.
        ports: Where the emulator and the door are to listen.
    """
    port, door = ports
    api = f"http://127.0.0.1:{port}/.rt"
    with ExitStack() as stack:
        stack.callback(end, start_emulator(program, scratch, port))
        await wait_until_listening(port)
        async with Door(api).open(door):
            stack.callback(end, _start_runtime(task, scratch, f"127.0.0.1:{door}"))
            yield f"http://127.0.0.1:{port}"
            stack.close()


def start_emulator(
    program: Path, scratch: Path, port: int, *options: str
) -> subprocess.Popen[bytes]:
    """Start the emulator in a directory of its own, without a function."""
    stand_in = scratch / "bin" / "cargo"
    stand_in.parent.mkdir()
    stand_in.write_text(f"#!/bin/sh\ncat {scratch}/metadata.json\n", encoding="utf-8")
    stand_in.chmod(0o755)
    (scratch / "metadata.json").write_text(json.dumps(_metadata(scratch)), encoding="utf-8")
    (scratch / "Cargo.toml").write_text('[package]\nname = "function"\n', encoding="utf-8")
    command = [
        *(str(program), "lambda", "watch", "--only-lambda-apis", "--disable-cors"),
        *("--invoke-address", "127.0.0.1", "--invoke-port", str(port)),
        *options,
    ]
    environment = {"HOME": str(scratch), "PATH": f"{stand_in.parent}:{os.defpath}"}
    with (scratch / "emulator.log").open("w") as log:
        return subprocess.Popen(command, cwd=scratch, env=environment, stdout=log, stderr=log)


def _metadata(scratch: Path) -> dict[str, object]:
    """Return what `cargo metadata` says of a workspace of one function."""
    target = _TARGET | {"src_path": f"{scratch}/main.rs"}
    package = _PACKAGE | {"manifest_path": f"{scratch}/Cargo.toml", "targets": [target]}
    return {
        "packages": [package],
        "workspace_members": ["function"],
        "resolve": None,
        "target_directory": f"{scratch}/target",
        "workspace_root": str(scratch),
        "version": 1,
    }


def _start_runtime(task: Path, scratch: Path, api: str) -> subprocess.Popen[bytes]:
    environment = {
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
        "PATH": os.defpath,
    }
    with (scratch / "runtime.log").open("w") as log:
        return subprocess.Popen(
            [task / BOOTSTRAP, isolate_python(scratch)],
            cwd=task,
            env=environment,
            stdout=log,
            stderr=log,
        )


async def wait_until_listening(port: int) -> None:
    """Wait until a port of loopback can be connected to."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < deadline, "cargo-lambda does not listen"
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process, in order if it does so in time."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
