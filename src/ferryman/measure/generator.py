"""The load generator: a separate program, so that its cost does not count as the app's.

It reads jobs from standard input, one JSON line each, and answers each with a line. A job either
keeps a number of requests in flight, or sends each request at its time, without waiting for earlier
responses. Its argument is a socket's address, and it imports only the standard library.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from ferryman.measure.load_connection import Answer, Connection

__all__ = ("Generator", "main")


class Generator:
    """Sends requests over connections that it reuses from job to job.

    Args:
        host: The app's host.
        port: The app's port.
        requests: The bytes of each request, and whether its response has no body.
    """

    def __init__(self, host: str, port: int, requests: list[tuple[bytes, bool]]) -> None:
        self._address = (host, port)
        self._requests = requests
        self._idle: list[Connection] = []

    async def run(
        self, order: list[int], concurrency: int, seconds: float | None, patience: float
    ) -> dict[str, Any]:
        """Do a job, and return its outcome.

        Args:
            order: Which requests are sent, by their index, in this order.
            concurrency: How many are in flight at once.
            seconds: How long to repeat the order; None to send it once.
            patience: Seconds to wait for a response.
        """
        began, spent = time.perf_counter(), time.process_time()
        counted_from = began
        end = counted_from + seconds if seconds is not None else float("inf")
        work = _until(end, order) if seconds is not None else iter(order)
        samples: list[tuple[int, float, int, int]] = []
        failures: list[tuple[int, str]] = []
        in_time = 0

        async def serve_one() -> None:
            nonlocal in_time, counted_from
            for index in work:
                _note(index, *await self._send(index, patience), samples, failures)
                now = time.perf_counter()
                in_time += now <= end
                if seconds is not None and len(samples) + len(failures) == concurrency:
                    # Until each had been answered once, there were fewer answers to count.
                    in_time, counted_from = 0, now

        await asyncio.gather(*(serve_one() for _ in range(concurrency)))
        ended = time.perf_counter()
        return {
            "seconds": max(0.0, min(ended, end) - counted_from),
            "in_time": in_time,
            "samples": samples,
            "failures": failures,
            "took": ended - began,
            "busy": (time.process_time() - spent) / (ended - began),
        }

    async def arrive(
        self, order: list[int], offsets: list[float], patience: float
    ) -> dict[str, Any]:
        """Send each request at its time, and return the outcomes.

        Args:
            order: Which requests are sent, by their index, in this order, over and over.
            offsets: When each is sent, seconds from now.
            patience: Seconds to wait for a response.
        """
        began, spent = time.perf_counter(), time.process_time()
        indices = cycle(order)
        sent: list[tuple[int, asyncio.Task[tuple[Answer | str, float]]]] = []
        for offset in offsets:
            # Even if it is late: earlier requests need a turn of the event loop.
            await asyncio.sleep(max(0.0, began + offset - time.perf_counter()))
            index = next(indices)
            sent.append((index, asyncio.create_task(self._send(index, patience))))
        samples: list[tuple[int, float, int, int]] = []
        failures: list[tuple[int, str]] = []
        for index, task in sent:
            _note(index, *await task, samples, failures)
        ended = time.perf_counter()
        return {
            "seconds": ended - began,
            "in_time": len(sent),
            "samples": samples,
            "failures": failures,
            "took": ended - began,
            "busy": (time.process_time() - spent) / (ended - began),
        }

    async def _send(self, index: int, patience: float) -> tuple[Answer | str, float]:
        data, bodiless = self._requests[index]
        began = time.perf_counter()
        try:
            connection = await self._connection()
            answer = await connection.send(data, bodiless, patience)
        except TimeoutError:
            return f"no answer within {patience:g} seconds", 0.0
        except OSError as error:
            return f"the connection broke: {error.strerror or error}", 0.0
        took = (time.perf_counter() - began) * 1000
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer, took

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, *self._address)
        return connection


def _note(
    index: int,
    answer: Answer | str,
    milliseconds: float,
    samples: list[tuple[int, float, int, int]],
    failures: list[tuple[int, str]],
) -> None:
    if isinstance(answer, str):
        failures.append((index, answer))
    else:
        samples.append((index, milliseconds, answer.status, answer.size))


def _until(end: float, order: list[int]) -> Iterator[int]:
    for index in cycle(order):
        if time.perf_counter() >= end:
            return
        yield index


async def _serve(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    first = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    requests = [(base64.b64decode(data), bodiless) for data, bodiless in first]
    generator = Generator(host, port, requests)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        job = json.loads(line)
        work = generator.arrive if "offsets" in job else generator.run
        result = await work(**job)
        print(json.dumps(result, separators=(",", ":")), flush=True)


def main() -> None:
    """Do the jobs of standard input until it ends."""
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
