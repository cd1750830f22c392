"""Starts HAProxy, Redis and the sides on free ports of loopback, and ends what it started."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from scripts.ports import free_port

__all__ = (
    "FERRYMAN",
    "answers",
    "haproxy",
    "haproxy_configuration",
    "redis",
    "running",
)

FERRYMAN = (sys.executable, "-m", "ferryman")


@asynccontextmanager
async def running(
    *command: str, log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program until the block ends, with all that it starts."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=output,
            stderr=output,
            env=os.environ | dict(environment or {}),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def answers(port: int, process: asyncio.subprocess.Process, target: str = "/") -> None:
    """Return once something answers 200 at a port.

    Raises:
        RuntimeError: It ended, or did not answer within a minute.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.returncode is not None:
            raise RuntimeError(f"what was to listen at {port} ended")
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {target} HTTP/1.0\r\nHost: a\r\n\r\n".encode())
                if b" 200 " in await reader.readline():
                    return
            finally:
                writer.close()
        await asyncio.sleep(0.1)
    raise RuntimeError(f"nothing answers 200 at {port}")


@asynccontextmanager
async def redis(scratch: Path) -> AsyncIterator[str]:
    """Run Redis, which keeps nothing on disk, and yield its URL."""
    port = free_port()
    command = ("redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "")
    async with running(*command, log=scratch / "redis.log") as process:
        while process.returncode is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"


def haproxy_configuration(
    front: int, control: Path, log: int, servers: Mapping[str, int], check: str, most: int
) -> str:
    """Return a configuration with one backend; all traffic goes to its first server.

    What waits for a side does so for as long as a client would: a machine that stands still for
    some seconds is not a loss of a migration's.
    """
    lines = [
        f"    server {name} 127.0.0.1:{port} check inter 300ms fall 5 maxconn {most} "
        f"weight {0 if number else 100}"
        for number, (name, port) in enumerate(servers.items())
    ]
    return (
        f"""global
    stats socket {control} mode 600 level admin
    log 127.0.0.1:{log} len 8192 format raw local0
    nbthread 1
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout queue 60s
    timeout check 5s
    timeout client 60s
    timeout server 60s
frontend front
    bind 127.0.0.1:{front}
    default_backend app
backend app
    balance roundrobin
    option httpchk GET {check}
    http-check expect status 200
"""
        + "\n".join(lines)
        + "\n"
    )


@asynccontextmanager
async def haproxy(
    scratch: Path, servers: Mapping[str, int], check: str = "/", most: int = 1000
) -> AsyncIterator[tuple[int, Path, int]]:
    """Run HAProxy; yield its port, its stats socket, and the port that its log goes to.

    No server gets more than `most` requests at a time; the others wait.
    """
    front, log, control = free_port(), free_port(socket.SOCK_DGRAM), scratch / "admin.sock"
    configuration = scratch / "haproxy.cfg"
    configuration.write_text(haproxy_configuration(front, control, log, servers, check, most))
    command = ("haproxy", "-db", "-f", str(configuration))
    async with running(*command, log=scratch / "haproxy.log") as process:
        await answers(front, process, check)
        yield front, control, log
