"""Sums over the requests of a log, in constant memory."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from ferryman.cost.traffic.calendar import Calendar
from ferryman.cost.traffic.histogram import Histogram
from ferryman.cost.traffic.record import LambdaUse, Record
from ferryman.cost.traffic.response_sizes import LARGEST

__all__ = ("LambdaTally", "Tally")

SMALL = 2**16
"""Bytes. No charge depends on the size of a smaller response, so their mean is enough."""

LONGEST_MS = 1e9
"""The longest duration that a request can have: eleven days."""


@dataclass(slots=True)
class LambdaTally:
    """Sums over Lambda's reports.

    Attributes:
        used: The used memory, MiB.
        sizes: Invocations by the function's memory, MiB.
        billed_ms: Billed milliseconds.
        billed_mib_ms: Billed milliseconds times the function's MiB.
        init: Durations of the cold starts, ms.
        init_billed_ms: Milliseconds that Lambda billed for cold starts besides the requests.
        logged: Invocations whose log size is known.
        logged_bytes: Bytes that the function logged in those invocations.
    """

    used: Histogram = field(default_factory=Histogram)
    sizes: Counter[int] = field(default_factory=Counter)
    billed_ms: float = 0.0
    billed_mib_ms: float = 0.0
    init: Histogram = field(default_factory=Histogram)
    init_billed_ms: float = 0.0
    logged: int = 0
    logged_bytes: int = 0

    def add(self, use: LambdaUse, wall_ms: float) -> None:
        """Add an invocation of a duration in milliseconds."""
        if use.used_mib is not None:
            self.used.add(use.used_mib)
        self.sizes[use.memory_mib] += 1
        self.billed_ms += use.billed_ms
        self.billed_mib_ms += use.billed_ms * use.memory_mib
        if use.init_ms is not None:
            self.init.add(use.init_ms)
            self.init_billed_ms += max(0.0, use.billed_ms - math.ceil(wall_ms))
        if use.app_log_bytes is not None:
            self.logged += 1
            self.logged_bytes += use.app_log_bytes


@dataclass(slots=True)
class Tally:
    """Sums over all requests.

    Attributes:
        requests: The number of requests.
        calendar: When they came.
        wall: Their durations, ms.
        rounded_ms: The sum of their durations, each rounded up to a whole ms.
        judged: Requests whose outcome is known.
        failed: Requests that failed.
        sized_out: Requests with a known response size.
        bytes_out: The sum of the response sizes.
        large_out: The response sizes above `SMALL`, for charges that depend on each size.
        sized_in: Requests with a known request size.
        bytes_in: The sum of the request sizes.
        functions: Sums over Lambda's reports.
    """

    requests: int = 0
    calendar: Calendar = field(default_factory=Calendar)
    wall: Histogram = field(default_factory=Histogram)
    rounded_ms: int = 0
    judged: int = 0
    failed: int = 0
    sized_out: int = 0
    bytes_out: int = 0
    large_out: Histogram = field(default_factory=Histogram)
    sized_in: int = 0
    bytes_in: int = 0
    functions: LambdaTally = field(default_factory=LambdaTally)

    def add(self, record: Record) -> bool:
        """Add a request, and return whether it is the first of its hour.

        Raises:
            ValueError: Its time, duration or size is impossible; the request is not counted.
        """
        time, wall_ms, failed, bytes_out, bytes_in, use, _, requests = record
        if wall_ms is not None and not 0.0 <= wall_ms <= LONGEST_MS:
            raise ValueError(f"a duration of {wall_ms} ms")
        if (bytes_out is not None and bytes_out < 0) or (bytes_in is not None and bytes_in < 0):
            raise ValueError("a size below 0")
        opened = time is not None and self.calendar.add(time, requests)
        self.requests += requests
        if wall_ms is not None:
            self.wall.add(wall_ms)
            self.rounded_ms += math.ceil(wall_ms)
        if failed is not None:
            self.judged += 1
            self.failed += failed
        if bytes_out is not None:
            self.sized_out += 1
            self.bytes_out += bytes_out
            if bytes_out > SMALL:
                self.large_out.add(min(bytes_out, LARGEST))
        if bytes_in is not None:
            self.sized_in += 1
            self.bytes_in += bytes_in
        if use is not None:
            self.functions.add(use, wall_ms or 0.0)
        return opened
