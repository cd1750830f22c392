"""Builds an application for Lambda and for a server, and runs what was built, side by side."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from scripts.ports import free_port
from uv import find_uv_bin

from ferryman.local.emulator import host_python
from ferryman.local.gateway.http_server import start_gateway
from ferryman.local.lambda_.artifact_function import build_function
from ferryman.local.lambda_.function import LocalFunction
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.protocols import Address
from ferryman.targets.registry import installed_targets
from ferryman.targets.server.image import build_context

__all__ = ("answering", "project_at")


def project_at(root: Path) -> Project:
    """Return a project as its own settings have it, for the Python of this machine."""
    models = {name: target.options for name, target in installed_targets().items()}
    return resolve_project(root, models, flags={"python": host_python()})


@asynccontextmanager
async def answering(
    root: Path, scratch: Path, variables: Mapping[str, str]
) -> AsyncIterator[dict[str, str]]:
    """Yield the URL of each target's artifact, built of the project in a directory."""
    project = project_at(root)
    async with (
        _function(project, scratch / "lambda", variables) as function,
        _server(project, scratch / "server", variables) as server,
    ):
        yield {"lambda": function, "server": server}


@asynccontextmanager
async def _function(
    project: Project, scratch: Path, variables: Mapping[str, str]
) -> AsyncIterator[str]:
    """Run the zip as Lambda does, behind the gateway of a Function URL."""
    settings = build_function(project, scratch, lambda _: None, variables=variables)
    address = Address("127.0.0.1", free_port())
    async with LocalFunction(settings, lambda _: None) as function:

        async def invoke(event: object) -> object:
            return (await function.invoke(json.dumps(event).encode())).document()

        runner = await start_gateway(invoke, address)
        try:
            yield f"http://{address}"
        finally:
            await runner.cleanup()


@asynccontextmanager
async def _server(
    project: Project, scratch: Path, variables: Mapping[str, str]
) -> AsyncIterator[str]:
    """Run the server's build with what its Dockerfile installs, and nothing of this machine's."""
    context = Path(build_context(project, scratch / "dist", lambda _: None).path)
    packages = scratch / "packages"
    command = (
        *(find_uv_bin(), "pip", "install", "--quiet", "--require-hashes", "--python"),
        *(sys.executable, "--target", packages, "-r", context / "requirements.txt"),
    )
    await asyncio.to_thread(subprocess.run, command, check=True, cwd=context)
    url = f"127.0.0.1:{free_port()}"
    settings = scratch / "ferryman.json"
    built = (context / "app" / "ferryman.json").read_text()
    settings.write_text(built.replace("0.0.0.0:8000", url))
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        **variables,
        "PYTHONPATH": os.pathsep.join((str(context / "app"), str(packages))),
        "FERRYMAN_SETTINGS": str(settings),
    }
    # -S: of this machine's packages none is on the path, as in the image.
    program = (sys.executable, "-S", "-m", "ferryman.targets.server.runtime")
    log = scratch / "server.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *program, cwd=context / "app", env=environment, stdout=output, stderr=output
        )
    try:
        await _wait_for(url, process, log)
        yield f"http://{url}"
    finally:
        process.terminate()
        assert await process.wait() == 0, log.read_text()


async def _wait_for(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            assert process.returncode is None, log.read_text()
            try:
                async with session.get(f"http://{url}/livez"):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
