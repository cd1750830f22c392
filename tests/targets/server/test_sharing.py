"""Several workers share idle connections: none waits for a worker whose loop stands still."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.targets.server.running import Server, running

from ferryman.targets.server.runtime.sharing.passing import Note, receive, send
from ferryman.targets.server.runtime.sharing.process import KeeperProcess

APP = """
import asyncio, os, time
from aiohttp import web

async def work(request):
    body = await request.read()
    time.sleep(float(request.query["for"]))
    return web.Response(text=f"{os.getpid()} {len(body)} {request.query['n']}")

app = web.Application()
app.router.add_post("/work", work)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("sharing")
    with running(root, APP, plain=False, workers=2, drain_delay=0.3) as server:
        server.wait_until(lambda: starts(server) == 2)
        yield server


def starts(server: Server) -> int:
    return sum(1 for pid in server.workers() if listens(pid))


def listens(pid: int) -> bool:
    with suppress(FileNotFoundError):
        fds = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()]
        return any("eventpoll" in fd for fd in fds)
    return False


@dataclass
class Client:
    """One connection that is kept, on which requests are sent and answers read by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, n: int, seconds: float, body: bytes = b"", cut: int = 0) -> str:
        self.write(request(n, seconds, body), cut)
        return await self.answer()

    def write(self, data: bytes, cut: int = 0) -> None:
        self.writer.write(data[:cut])
        self.writer.write(data[cut:])

    async def answer(self) -> str:
        """Return the process that answered."""
        return (await self.read()).split()[0]

    async def read(self) -> str:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("http/1.1 200"), head
        length = int(head.partition("content-length: ")[2].partition("\r")[0])
        return (await self.reader.readexactly(length)).decode()


def request(n: int, seconds: float, body: bytes = b"", *, chunked: bool = False) -> bytes:
    head = f"POST /work?n={n}&for={seconds} HTTP/1.1\r\nHost: x\r\n"
    if chunked:
        pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + pieces + b"0\r\n\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@asynccontextmanager
async def clients(server: Server, count: int) -> AsyncIterator[list[Client]]:
    made = [Client(*await asyncio.open_connection("127.0.0.1", server.port)) for _ in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.writer.close()


async def stall(server: Server, made: list[Client]) -> None:
    """Have the workers learn that their loops stand still, and give all connections away."""
    async with asyncio.timeout(30):
        while kept(server) < len(made):
            for n, each in enumerate(made):
                await each.ask(n, 0.03)
            await asyncio.sleep(0.6)


def kept(server: Server) -> int:
    """How many connections of clients the keeper of the idle ones has."""
    own = {link.name for link in sockets(server.keeper())}
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f":{server.port:04X}"
    return sum(row[1].endswith(port) and f"socket:[{row[9]}]" in own for row in rows)


def sockets(pid: int) -> Iterator[Path]:
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield fd.readlink()


async def test_nobody_waits_for_a_worker_that_stands_still(server: Server) -> None:
    async with clients(server, 12) as made:
        await stall(server, made)
        blocked = asyncio.create_task(made[0].ask(0, 3))
        await asyncio.sleep(0.2)
        others = {await each.ask(1, 0) for each in made[1:]}
        assert not blocked.done()
        assert await blocked not in others


async def test_requests_that_come_at_once_wait_for_whoever_is_free_first(server: Server) -> None:
    async with clients(server, 8) as made:
        await stall(server, made)
        began = time.monotonic()
        answered = await asyncio.gather(*(each.ask(1, 0.5) for each in made))
        assert time.monotonic() - began < 8 * 0.5 * 0.75
        assert all(answered.count(pid) >= 3 for pid in set(answered)), answered


async def test_every_request_is_answered_however_it_is_cut_and_whoever_reads_it(
    server: Server,
) -> None:
    choose = random.Random(7)

    async def ask(client: Client, turns: int) -> set[str]:
        pids = set()
        for n in range(turns):
            body = bytes(choose.randrange(97, 122) for _ in range(choose.choice((0, 3, 300))))
            data = request(n, 0.004, body, chunked=bool(n % 3 == 2))
            second = request(n + 1000, 0) if n % 4 == 3 else b""
            cut = choose.randrange(len(data) + len(second))
            client.writer.write((data + second)[:cut])
            if n % 2:
                await asyncio.sleep(choose.random() * 0.02)
            client.writer.write((data + second)[cut:])
            pid, length, number = (await client.read()).split()
            assert (int(length), int(number)) == (len(body), n)
            if second:
                assert (await client.read()).split()[1:] == ["0", str(n + 1000)]
            pids.add(pid)
        return pids

    async with clients(server, 12) as made:
        await stall(server, made)
        seen = await asyncio.gather(*(ask(each, 40) for each in made))
    assert any(len(pids) > 1 for pids in seen), seen


async def test_idle_connections_outlive_the_workers(server: Server) -> None:
    async with clients(server, 6) as made:
        await stall(server, made)
        old = server.workers()
        server.signal(signal.SIGHUP)
        async with asyncio.timeout(30):
            while server.workers() & old or starts(server) != 2:
                await asyncio.sleep(0.05)
        for each in made:
            assert int(await each.ask(1, 0)) not in old


async def test_the_server_goes_on_when_the_keeper_is_killed(server: Server) -> None:
    async with clients(server, 3) as made:
        await stall(server, made)
        old = server.keeper()
        os.kill(old, signal.SIGKILL)
        for each in made:
            assert await each.reader.read() == b""
    server.wait_until(lambda: server.keeper() not in (0, old))
    assert "idle connections has ended" in server.log.read_text()
    async with clients(server, 3) as made:
        await stall(server, made)
        for each in made:
            await each.ask(1, 0)


async def test_the_end_of_the_server_answers_whoever_asks_before_the_port_closes(
    tmp_path: Path,
) -> None:
    with running(tmp_path, APP, plain=False, workers=2, drain_delay=1) as server:
        server.wait_until(lambda: starts(server) == 2)
        async with clients(server, 6) as made:
            await stall(server, made)
            server.signal(signal.SIGTERM)
            await asyncio.sleep(0.3)
            for each in made[:3]:
                await each.ask(1, 0)
                assert await each.reader.read() == b""
            async with asyncio.timeout(8):
                assert [await each.reader.read() for each in made[3:]] == [b""] * 3
        assert server.process.wait(10) == 0


class Kept:
    """A keeper without a server, and the clients whose connections it has.

    Args:
        most: How many connections it keeps.
    """

    def __init__(self, stack: ExitStack, most: int | None) -> None:
        self._stack = stack
        self.process = KeeperProcess(most=most, drain_delay=0)
        self.process.ensure(())
        stack.callback(self.process.idle.close)
        stack.callback(self.process.asked.close)
        stack.callback(self.process.end)

    def add(self, patience: float) -> socket.socket:
        """Have the keeper watch a connection, and return the client's end."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname(), 5)
            served = listener.accept()[0]
        while not send(self.process.idle, served.fileno(), Note(patience)):
            time.sleep(0.01)
        served.close()
        return self._stack.enter_context(client)

    def take(self) -> tuple[bytes, Note]:
        """Return what came on the next connection that a worker would take, and its note."""
        deadline = time.monotonic() + 10
        while (taken := receive(self.process.asked)) is None:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        with taken[0] as connection:
            return connection.recv(10), taken[1]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_who_idles_too_long_is_closed_by_the_keeper(stack: ExitStack) -> None:
    kept = Kept(stack, most=2)
    impatient, patient = kept.add(1), kept.add(60)
    began = time.monotonic()
    assert impatient.recv(1) == b""
    assert 0.9 < time.monotonic() - began < 4
    patient.setblocking(False)
    with pytest.raises(BlockingIOError):
        patient.recv(1)


def test_the_keeper_closes_who_idles_longest_when_there_are_too_many(stack: ExitStack) -> None:
    kept = Kept(stack, most=2)
    first, *others = (kept.add(60) for _ in range(3))
    assert first.recv(1) == b""
    for client in others:
        client.sendall(b"x")
        came, note = kept.take()
        assert came == b"x"
        assert 50 < note.patience <= 60


def test_requests_wait_while_no_worker_takes_any(stack: ExitStack) -> None:
    kept = Kept(stack, most=None)
    for n, client in enumerate([kept.add(60) for _ in range(400)]):
        client.sendall(b"%d" % n)
    assert sorted(int(kept.take()[0]) for _ in range(400)) == list(range(400))


# The last of those that use the server: it ends it.
def test_the_keeper_is_gone_soon_after_a_master_that_was_killed(server: Server) -> None:
    pid = server.keeper()
    server.process.kill()
    server.process.wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
