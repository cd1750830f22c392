"""A new side that fails, or is slow, or is well, behind a real HAProxy: what it costs visitors."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.demo_migrate.processes import haproxy
from scripts.ports import free_port

from ferryman.core.judge import ENOUGH
from ferryman.migrate.book import Book
from ferryman.migrate.carrying import Carrier
from ferryman.migrate.observers.haproxy_log import HAProxyLog
from ferryman.migrate.shifters.haproxy import HAProxy, HAProxyShifter
from ferryman.migrate.state import Migration
from ferryman.migrate.stores.file import FileStore

__all__ = ("FAILS", "SLOW", "WELL", "Fault", "Outcome", "run", "show_faults")

CONNECTIONS = 32
TIME = 0.15
"""Seconds that a side takes at the median; a lognormal distribution. It is long, so that what a
busy machine adds is little beside it."""

PATIENCE = 20
"""Looks, of a tenth of a second, in which the old side's times are learned."""

LANES = 6
"""Runs at a time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the new side.

    Attributes:
        name: What it is called.
        fails: The part of its answers that are 500.
        slower: How many times as long it takes.
    """

    name: str
    fails: float = 0.0
    slower: float = 1.0

    @property
    def slug(self) -> str:
        """The name as part of a path that HAProxy's configuration can hold."""
        return self.name.replace(" ", "-").replace("%", "percent")


WELL = Fault("well")
FAILS = Fault("fails 5 %", fails=0.05)
SLOW = Fault("twice as slow", slower=2.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        migration: Its state at the end.
        bad: Answers of 500 that visitors got.
        requests: All that they sent.
        lost: Requests without an answer.
    """

    migration: Migration
    bad: int
    requests: int
    lost: int

    @property
    def answers(self) -> int:
        """Answers of the new side until the end."""
        return self.migration.weighed().trial.new.answers


async def show_faults(scratch: Path, runs: int) -> bool:
    """Run each fault many times and print what it cost; return whether that is as promised."""
    print(f"\n== a new side with faults, {runs} runs each", flush=True)
    failing = await _runs(scratch, FAILS, runs)
    slow = await _runs(scratch, SLOW, runs)
    # A fifth of the answers for each step, or they would take two minutes.
    well = await _runs(scratch, WELL, runs, needed=59)
    worst = max(outcome.bad for outcome in failing)
    found = max(outcome.answers for outcome in slow)
    print(f"fails 5 %: {_returned(failing)} of {runs} went back, {worst} bad answers at most")
    print(f"twice as slow: {_returned(slow)} of {runs} went back, after {found} answers at most")
    print(f"well: {_returned(well)} of {runs} went back", flush=True)
    lost = sum(outcome.lost for outcome in (*failing, *slow, *well))
    print(f"lost: {lost} of {sum(o.requests for o in (*failing, *slow, *well)):,}")
    return (
        (_returned(failing), _returned(slow), _returned(well), lost) == (runs, runs, 0, 0)
        and worst <= 5
        and found <= 150
    )


async def run(scratch: Path, fault: Fault, seed: int, needed: int = ENOUGH) -> Outcome:
    """Carry traffic to a side with a fault, and return how that ended."""
    scratch.mkdir()
    seen: Counter[str] = Counter()
    async with (
        side(Fault("old"), random.Random(seed)) as old,  # noqa: S311 not a secret
        side(fault, random.Random(seed + 1)) as new,  # noqa: S311
        haproxy(scratch, {"old": old, "new": new}) as (front, control, log),
        visitors(front, seen),
    ):
        migration = await asyncio.to_thread(_carry, scratch, control, log, needed)
    return Outcome(migration, seen["500"], seen.total(), seen["lost"])


def _carry(scratch: Path, control: Path, log: int, needed: int) -> Migration:
    proxy = HAProxy(str(control), "app")
    shifter = HAProxyShifter(proxy, ("old",), ("new",))
    observer = HAProxyLog(
        ("127.0.0.1", log), "app", ("old",), ("new",), by_client=False, patience=PATIENCE
    )
    book = Book(FileStore(scratch / "migration.json"))
    book.read()
    fresh = Migration(id="run", old="old", new="new", steps=(5, 25, 50, 95), needed=needed)
    try:
        return Carrier(book, shifter, observer, 0.1, lambda _: None).carry(book.write(fresh))
    finally:
        observer.close()


@asynccontextmanager
async def side(fault: Fault, dice: random.Random) -> AsyncIterator[int]:
    """Run a side on loopback; yield its port."""
    port = free_port()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Side(fault, dice), "127.0.0.1", port)
    try:
        yield port
    finally:
        server.close()


class _Side(asyncio.Protocol):
    """Answers requests without a body, one at a time, after a while."""

    def __init__(self, fault: Fault, dice: random.Random) -> None:
        self._fault, self._dice = fault, dice
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer.endswith(b"\r\n\r\n"):
            check, self._buffer = self._buffer.startswith(b"GET / "), b""
            failed = not check and self._dice.random() < self._fault.fails
            seconds = self._dice.lognormvariate(0, 0.3) * TIME * self._fault.slower
            asyncio.get_running_loop().call_later(seconds, self._answer, failed)

    def _answer(self, failed: bool) -> None:
        status = b"500 Internal Server Error" if failed else b"200 OK"
        self._transport.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")


@asynccontextmanager
async def visitors(port: int, seen: Counter[str]) -> AsyncIterator[None]:
    """Keep requests coming until the block ends, and count their answers."""
    gone = asyncio.Event()
    tasks = [asyncio.create_task(_visit(port, seen, gone.is_set)) for _ in range(CONNECTIONS)]
    try:
        yield
    finally:
        gone.set()
        await asyncio.gather(*tasks)


async def _visit(port: int, seen: Counter[str], gone: Callable[[], bool]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not gone():
        writer.write(b"GET /wall HTTP/1.1\r\nHost: wall.example\r\n\r\n")
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, EOFError):
            seen["lost"] += 1
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
        seen[head[9:12].decode()] += 1
    writer.close()


async def _runs(scratch: Path, fault: Fault, runs: int, needed: int = ENOUGH) -> list[Outcome]:
    lanes = asyncio.Semaphore(LANES)

    async def one(number: int) -> Outcome:
        async with lanes:
            return await run(scratch / f"{fault.slug}-{number}", fault, number, needed)

    return await asyncio.gather(*(one(number) for number in range(runs)))


def _returned(outcomes: list[Outcome]) -> int:
    return sum(outcome.migration.phase == "returned" for outcome in outcomes)
