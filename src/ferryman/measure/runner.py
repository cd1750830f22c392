"""The protocols of a running app that can be measured, the same for all targets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

__all__ = ("PATIENCE", "Batch", "ConcurrentlyRunning", "Runner", "Running", "Sample")

PATIENCE = 10.0
"""Seconds to wait for a response."""


class Sample(NamedTuple):
    """One answered request.

    Attributes:
        which: Which of the scenario's requests, by its place.
        milliseconds: From the request to the end of the response.
        status: The status code.
        size: Bytes of the response's body.
    """

    which: int
    milliseconds: float
    status: int
    size: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The responses to requests, and their failures.

    Attributes:
        seconds: How long responses were counted.
        in_time: How many responses there were in that time.
        samples: The answered requests.
        failures: The failed requests, and why.
        cpu_seconds: CPU time that the app's processes took meanwhile.
        took: Seconds from the first request to the last response.
        waited_seconds: Time that they spent ready to run, while others had the CPU.
        generator_busy: Share of that time in which the load generator was busy, 0 to 1.
    """

    seconds: float
    in_time: int
    samples: tuple[Sample, ...]
    failures: tuple[tuple[int, str], ...]
    cpu_seconds: float
    took: float = 0.0
    waited_seconds: float = 0.0
    generator_busy: float = 0.0

    @property
    def requests(self) -> int:
        """How many were sent."""
        return len(self.samples) + len(self.failures)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.in_time / self.seconds if self.seconds else 0.0

    @property
    def vcpus(self) -> float:
        """How many vCPUs the app's processes kept busy."""
        return self.cpu_seconds / self.took if self.took else 0.0

    @property
    def wanted_vcpus(self) -> float:
        """How many they would have kept busy, without waiting for a CPU."""
        return (self.cpu_seconds + self.waited_seconds) / self.took if self.took else 0.0


class Running(Protocol):
    """A started app.

    Attributes:
        rest_mib: Memory before the first request, MiB.
    """

    rest_mib: float

    async def send(
        self, order: Sequence[int], concurrency: int = 1, seconds: float | None = None
    ) -> Batch:
        """Send requests, each when an earlier one is answered.

        Args:
            order: Which of the scenario's requests, in this order.
            concurrency: How many are in flight at once.
            seconds: How long to repeat the order; None to send it once.
        """

    def errors(self) -> list[str]:
        """Return the tracebacks that the app has logged, the app's frames of each."""

    def memory_mib(self) -> float:
        """Return the memory of its processes, MiB."""

    def peak_mib(self) -> float:
        """Return the peak memory of its processes, MiB."""

    def init_ms(self) -> float:
        """Return how long the start took, in milliseconds; on Lambda known after a request."""


class ConcurrentlyRunning(Running, Protocol):
    """An app that serves several requests at once."""

    async def arrive(self, order: Sequence[int], offsets: Sequence[float]) -> Batch:
        """Send each request at its time, without waiting for the answers to earlier ones.

        Args:
            order: Which of the scenario's requests, in this order, over and over.
            offsets: When each is sent, seconds from now.
        """


class Runner(Protocol):
    """Starts an app the way a target runs it."""

    name: ClassVar[str]
    concurrent: ClassVar[bool]
    """Whether one process serves several requests at once."""

    def start(self) -> AbstractAsyncContextManager[Running]:
        """Start the app, and end it with the block.

        Raises:
            AppError: The app did not start.
        """
