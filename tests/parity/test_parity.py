"""The same requests to the example on every target: status, headers and bytes agree.

The Lambda side is the built zip under AWS's emulator, behind a Function URL's gateway;
the server side is the same code under gunicorn, asked directly and through nginx. The table
is the one that the demo shows.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
from tests.parity.proxy import nginx
from tests.parity.sending import TABLE, send_each, wait_for

from ferryman.migrate.parity import (
    Difference,
    ParityRequest,
    open_session,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "postcards"


@pytest.fixture(scope="module")
def differences(
    emulator: Path, tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: object
) -> dict[str, tuple[Difference, ...]]:
    """Send the whole table to both targets, in order, and return where they differ."""
    logs = tmp_path_factory.mktemp("logs")
    names = ("lambda", "server", "nginx", "behind nginx")
    ports = {name: unused_tcp_port_factory() for name in names}  # type: ignore[operator]
    with ExitStack() as stack:
        for name, target in (
            ("lambda", "lambda"),
            ("server", "server"),
            ("behind nginx", "server"),
        ):
            stack.enter_context(served(target, ports[name], emulator, logs / f"{name}.log"))
        stack.enter_context(nginx(logs / "nginx", ports["nginx"], ports["behind nginx"]))
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        return asyncio.run(send_table(urls))


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
        # nginx last: before the server behind it answers, it would answer for it.
        await wait_for(session, targets.pop("behind nginx"))
        for url in targets.values():
            await wait_for(session, url)
        return await send_each(session, targets)


@contextmanager
def served(
    target: str,
    port: int,
    emulator: Path,
    log: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
    verb: str = "serve",
) -> Iterator[None]:
    """Run the example on a target, with variables of its own beside those of the tests."""
    command = [
        *(sys.executable, "-m", "ferryman", verb, "-t", target, "-C", str(EXAMPLE)),
        *("--bind", f"127.0.0.1:{port}", "--set", f"lambda.emulator={emulator}"),
        *("--set", 'server.trusted_proxies=["127.0.0.1"]', "--set", "server.proxy=nginx"),
    ]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=os.environ | dict(environment)
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)
