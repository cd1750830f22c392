"""The parity table to both images, each run as nobody, read-only and without capabilities.

The function's image runs under AWS's emulator, which is its entry point as it would be on a
developer's machine, and answers behind a Function URL's gateway.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from tests.containers import STRICT, Podman, image_project
from tests.parity.sending import TABLE, send_each, wait_for

from ferryman.core import serving
from ferryman.local.emulator import Emulator
from ferryman.local.gateway.http_server import start_gateway
from ferryman.migrate.parity import (
    Difference,
    ParityRequest,
    open_session,
)
from ferryman.targets.lambda_.bundle import HANDLER
from ferryman.targets.protocols import Address
from ferryman.targets.registry import installed_targets

INVOKE = "/2015-03-31/functions/function/invocations"
START = ("/usr/local/bin/python", "-m", "ferryman.targets.lambda_.runtime.start", HANDLER)


@pytest.fixture(scope="module")
def server(podman: Podman, server_image: Path, unused_tcp_port_factory: object) -> Iterator[str]:
    """Run the server's image, and yield its URL."""
    port = unused_tcp_port_factory()  # type: ignore[operator]
    options = ("--publish", f"127.0.0.1:{port}:{serving.PORT}")
    with podman.loaded(server_image) as image, podman.running(image, options=options):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def function(
    podman: Podman, lambda_image: Path, emulator: Path, unused_tcp_port_factory: object
) -> Iterator[str]:
    """Run the function's image under the emulator, and yield where it is invoked."""
    port = unused_tcp_port_factory()  # type: ignore[operator]
    options = (
        *("--publish", f"127.0.0.1:{port}:8080", "--volume", f"{emulator}:/emulator:ro"),
        *("--entrypoint", "/emulator"),
    )
    with (
        podman.loaded(lambda_image) as image,
        podman.running(image, *START, options=options),
    ):
        yield f"http://127.0.0.1:{port}{INVOKE}"


@pytest.fixture(scope="module")
def differences(
    server: str, function: str, unused_tcp_port_factory: object
) -> dict[str, tuple[Difference, ...]]:
    """Send the whole table to both images, in order, and return where they differ."""
    port = unused_tcp_port_factory()  # type: ignore[operator]
    return asyncio.run(send_table(server, function, port))


@pytest.mark.parametrize("request_", TABLE, ids=lambda request: request.name)
def test_both_images_answer_alike(
    request_: ParityRequest, differences: dict[str, tuple[Difference, ...]]
) -> None:
    assert [str(difference) for difference in differences[request_.name]] == []


async def send_table(server: str, function: str, port: int) -> dict[str, tuple[Difference, ...]]:
    async with aiohttp.ClientSession() as invoking, open_session() as session:
        emulator = Emulator(invoking, function)
        runner = await start_gateway(emulator.invoke, Address("127.0.0.1", port))
        targets = {"server": server, "lambda": f"http://127.0.0.1:{port}"}
        await wait_for(session, server)
        await wait_for(session, function.removesuffix(INVOKE))
        found = await send_each(session, targets)
        await runner.cleanup()
        return found


def test_the_images_share_what_is_not_their_own(server_image: Path, lambda_image: Path) -> None:
    server, function = layers(server_image), layers(lambda_image)
    assert server[:2] == function[:2]  # the interpreter, and what the app needs
    assert server[3] == function[3]  # the app
    assert server[2] != function[2]
    assert server[4] != function[4]


WHO = """
import os
rights = [line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")]
try:
    open("/app/written", "w")
except OSError as error:
    print(os.getuid(), os.getgid(), {int(right, 16) for right in rights}, error.strerror)
"""


@pytest.mark.parametrize("kind", ["server_image", "lambda_image"])
def test_they_run_as_nobody_who_may_do_nothing(
    kind: str, podman: Podman, request: pytest.FixtureRequest
) -> None:
    with podman.loaded(request.getfixturevalue(kind)) as image:
        command = ("run", "--rm", *STRICT, "--entrypoint", START[0], image, "-c", WHO)
        assert (
            podman(*command) == f"{serving.USER_ID} {serving.USER_ID} {{0}} Read-only file system"
        )


def test_two_builds_in_two_folders_are_the_same_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Build from two copies, the second with nothing cached, and compare the digests."""
    example = Path(__file__).parents[2] / "examples" / "postcards"
    digests = []
    for folder in ("here", "elsewhere/and/deeper"):
        root = tmp_path / folder / "postcards"
        shutil.copytree(example, root, ignore=shutil.ignore_patterns("dist", "__pycache__"))
        project = image_project(root)
        artifacts = {
            name: target.build(project, root / "dist" / name, lambda _: None)
            for name, target in installed_targets().items()
            if name != "k8s"
        }
        digests.append({name: artifact.digest for name, artifact in artifacts.items()})
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert digests[0] == digests[1]


def layers(layout: Path) -> list[str]:
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = layout / "blobs" / entry["digest"].replace(":", "/")
    return [layer["digest"] for layer in json.loads(manifest.read_text())["layers"]]
