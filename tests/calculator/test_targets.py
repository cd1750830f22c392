"""The calculator is an app like any other: it is built, and runs, on every target.

It is part of ferryman, so its project is this repository.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ferryman.calculator.app import create_app
from ferryman.local.emulator import host_architecture, host_python
from ferryman.local.lambda_.event_server import event_server
from ferryman.project.resolution import resolve_project
from ferryman.targets.registry import find_target, installed_targets

QUESTION = "/?requests=40M&cpu=8&wait=50&chosen=yes&fargate=on&ec2=on"


def settings(repository: Path, emulator: Path) -> dict[str, str]:
    return {
        "app": "ferryman.calculator.app:create_app",
        "name": "calculator",
        "requirements": "src/ferryman/calculator/requirements.txt",
        "python": host_python(),
        "lambda.architecture": host_architecture(),
        "lambda.emulator": str(emulator),
    }


async def ask(server: type[TestServer]) -> tuple[int, str, str]:
    async with TestClient(server(create_app())) as client, client.get(QUESTION) as answer:
        return answer.status, answer.headers["Content-Security-Policy"], await answer.text()


@pytest.mark.parametrize("source", ["function-url", "http-api", "rest-api", "alb"])
async def test_lambda_answers_as_a_server_does(source: str) -> None:
    expected = await ask(TestServer)
    assert expected[0] == 200
    assert await ask(event_server(source)) == expected


@pytest.fixture(params=["server", "lambda"])
def served(
    request: pytest.FixtureRequest, repository: Path, emulator: Path, unused_tcp_port: int
) -> Iterator[str]:
    """Serve it as a target does: under gunicorn; as the built zip under AWS's emulator."""
    flags = settings(repository, emulator)
    app = flags.pop("app")
    command = [
        *(sys.executable, "-m", "ferryman", "serve", "-t", request.param, "-C", str(repository)),
        *("--app", app, "--bind", f"127.0.0.1:{unused_tcp_port}"),
        *(part for name, value in flags.items() for part in ("--set", f"{name}={value}")),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{unused_tcp_port}"
    finally:
        process.terminate()
        process.wait(30)


async def test_what_is_built_answers_the_same(served: str) -> None:
    _, _, expected = await ask(TestServer)
    deadline = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(served + QUESTION, timeout=30) as answer:
                assert answer.read().decode() == expected
                return
        except OSError:
            assert time.monotonic() < deadline, f"{served} does not answer"
            time.sleep(0.2)


def test_kubernetes_has_valid_manifests_for_it(
    repository: Path, emulator: Path, tmp_path: Path
) -> None:
    options = {name: target.options for name, target in installed_targets().items()}
    flags = {n: v for n, v in settings(repository, emulator).items() if "." not in n}
    project = resolve_project(repository, options, flags=flags)
    find_target("k8s").build(project, tmp_path / "k8s", lambda _: None)
    written = sorted(path.name for path in (tmp_path / "k8s").rglob("*.yaml"))
    assert "deployment.yaml" in written, written
