"""A server that runs, and clients that count what goes wrong with their requests."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from scripts.ports import free_port

from ferryman.core.aiohttp_version import VERSION
from ferryman.core.settings import RuntimeSettings
from ferryman.targets.server.runtime.sharing.process import COMMAND

# Before 3.10 aiohttp's own farewell, as the handler ends, may be quicker than ours.
FAREWELLS = {
    aiohttp.WSCloseCode.GOING_AWAY,
    *((aiohttp.WSCloseCode.OK,) if VERSION < (3, 10) else ()),
}

APP = """
import asyncio, os
from aiohttp import web

async def echo(request):
    return web.Response(text=request.query["n"], headers={"Worker": str(os.getpid())})

async def slow(request):
    await asyncio.sleep(float(request.query["for"]))
    return web.Response(text="slow")

async def upload(request):
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
    return web.Response(text=str(size))

async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket

async def grow(request):
    request.app["ballast"].append(bytearray(40 * 2**20))
    return web.Response(text="grown")

async def tidy(app):
    yield
    print("cleaned up", flush=True)

app = web.Application()
app["ballast"] = []
app.cleanup_ctx.append(tidy)
app.router.add_get("/echo", echo)
app.router.add_get("/slow", slow)
app.router.add_post("/upload", upload)
app.router.add_get("/talk", talk)
app.router.add_get("/grow", grow)
"""


class Server:
    """A server of its own, as an artifact would start it."""

    def __init__(
        self, root: Path, source: str = APP, *, files: int | None = None, **options: object
    ) -> None:
        self.port = free_port()
        self.log = root / "server.log"
        (root / "served.py").write_text(source)
        options = {"bind": f"127.0.0.1:{self.port}", "access_log": False, **options}
        settings = root / "settings.json"
        settings.write_text(RuntimeSettings("served:app", "s", "1", "server", options).to_json())
        environment = {
            **os.environ,
            "FERRYMAN_SETTINGS": str(settings),
            "PYTHONPATH": os.pathsep.join((str(root), os.environ.get("PYTHONPATH", ""))),
            "PYTHONUNBUFFERED": "1",
        }
        limit = ["prlimit", f"--nofile={files}:{files}"] if files else []
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*limit, sys.executable, "-m", "ferryman.targets.server.runtime"],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def signal(self, sent: signal.Signals) -> None:
        self.process.send_signal(sent)

    def workers(self) -> set[int]:
        return {pid for pid in self.children() if not self._is_keeper(pid)}

    def keeper(self) -> int:
        """The process that keeps idle connections, or 0 where there is none."""
        return next(filter(self._is_keeper, self.children()), 0)

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @staticmethod
    def _is_keeper(pid: int) -> bool:
        with suppress(OSError):
            return Path(f"/proc/{pid}/comm").read_text().strip() == COMMAND
        return False

    def wait_until(self, true: Callable[[], bool], timeout: float = 30) -> None:
        deadline = time.monotonic() + timeout
        while not true():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def wait_until_gone(self, workers: set[int], timeout: float = 30) -> None:
        """Wait until these workers have ended, whether or not the server goes on."""
        deadline = time.monotonic() + timeout
        while any(Path(f"/proc/{pid}").exists() for pid in workers):
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def is_listening(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as probe:
            probe.sendall(b"GET /echo?n=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return probe.recv(12) == b"HTTP/1.1 200"
        return False

    def send(self, data: bytes, *, timeout: float = 10) -> bytes:
        """Return all that the server answers to bytes until it closes the connection."""
        answer = b""
        with (
            suppress(ConnectionResetError),
            socket.create_connection(("127.0.0.1", self.port), timeout) as connection,
        ):
            connection.sendall(data)
            while piece := connection.recv(65536):
                answer += piece
        return answer


def get(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


@contextmanager
def running(
    root: Path, source: str = APP, *, plain: bool = True, **options: Any
) -> Iterator[Server]:
    """Start a server, and end it with the block."""
    root.mkdir(exist_ok=True)
    server = Server(root, source, **options)
    try:
        if plain:
            server.wait_until(server.is_listening)
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()


class Load:
    """Clients with connections that are kept, each of which checks every answer.

    Args:
        pick: Names the port for the next connection.
        keeps: Whether a connection to a port goes on to be used.
        clients: How many send at once.
    """

    def __init__(
        self,
        pick: Callable[[], int],
        keeps: Callable[[int], bool] = lambda _: True,
        clients: int = 16,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._pick = pick
        self._keeps = keeps
        self._clients = clients
        self._tls = tls
        self._going = True
        self.outcomes: Counter[str] = Counter()
        self.workers: set[str] = set()

    @property
    def failures(self) -> Counter[str]:
        return Counter({name: n for name, n in self.outcomes.items() if name != "right"})

    async def __aenter__(self) -> Load:
        self._tasks = [asyncio.create_task(self._client(n)) for n in range(self._clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._going = False
        await asyncio.gather(*self._tasks)

    async def sent(self, count: int) -> None:
        """Wait until so many more requests have been answered, one way or another."""
        until = self.outcomes.total() + count
        async with asyncio.timeout(60):
            while self.outcomes.total() < until:
                await asyncio.sleep(0.01)

    async def _client(self, number: int) -> None:
        while self._going:
            try:
                port = self._pick()
                host = "localhost" if self._tls else None
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=self._tls, server_hostname=host
                )
            except OSError as error:
                self.outcomes[f"not connected: {error!r}"] += 1
                await asyncio.sleep(0.01)
                continue
            await self._use(reader, writer, port, number)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _use(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, number: int
    ) -> None:
        turn = 0
        while self._going and self._keeps(port) and not reader.at_eof():
            turn += 1
            text = f"{number}-{turn}"
            try:
                writer.write(f"GET /echo?n={text} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(headers["Content-Length"]))
            except (OSError, EOFError) as error:
                self.outcomes[f"no answer: {error!r}"] += 1
                return
            right = head.startswith("HTTP/1.1 200") and body == text.encode()
            self.outcomes["right" if right else f"wrong: {head[:40]!r}"] += 1
            self.workers.add(headers.get("Worker", ""))
            if headers.get("Connection", "").lower() == "close":
                return
