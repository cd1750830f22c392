"""The same requests to the example on every target: status, headers and bytes agree.

The Lambda side is the built zip under AWS's emulator, behind a Function URL's gateway;
the server side is the same code under gunicorn. The table is the one that the demo shows.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp
import pytest

from ferryman.migrate.parity import (
    Difference,
    ParityRequest,
    compare,
    open_session,
    read_table,
    send,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "postcards"
TABLE = read_table(EXAMPLE / "requests.toml")


@pytest.fixture(scope="module")
def differences(
    emulator: Path, tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: object
) -> dict[str, tuple[Difference, ...]]:
    """Send the whole table to both targets, in order, and return where they differ."""
    logs = tmp_path_factory.mktemp("logs")
    ports = {name: unused_tcp_port_factory() for name in ("lambda", "server")}  # type: ignore[operator]
    with ExitStack() as stack:
        for name, port in ports.items():
            stack.enter_context(served(name, port, emulator, logs / f"{name}.log"))
        return asyncio.run(send_table({n: f"http://127.0.0.1:{p}" for n, p in ports.items()}))


@pytest.mark.parametrize("request_", TABLE, ids=lambda request: request.name)
def test_every_target_answers_alike(
    request_: ParityRequest, differences: dict[str, tuple[Difference, ...]]
) -> None:
    assert [str(difference) for difference in differences[request_.name]] == []


def test_the_table_is_worth_its_name() -> None:
    assert len(TABLE) >= 40
    assert {r.status for r in TABLE} >= {200, 201, 204, 206, 302, 304, 404, 405, 413, 416, 422, 500}
    assert {r.method for r in TABLE} >= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


async def send_table(targets: dict[str, str]) -> dict[str, tuple[Difference, ...]]:
    async with open_session() as session:
        for url in targets.values():
            await wait_for(session, url)
        found = {}
        for request in TABLE:
            answers = {name: await send(session, url, request) for name, url in targets.items()}
            found[request.name] = compare(request, answers)
        return found


async def wait_for(session: aiohttp.ClientSession, url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            async with session.get(url):
                return
        except aiohttp.ClientConnectionError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            await asyncio.sleep(0.1)


@contextmanager
def served(target: str, port: int, emulator: Path, log: Path) -> Iterator[None]:
    command = [
        *(sys.executable, "-m", "ferryman", "serve", "-t", target, "-C", str(EXAMPLE)),
        *("--bind", f"127.0.0.1:{port}", "--set", f"lambda.emulator={emulator}"),
    ]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)
