"""Memory advice: the duration of a request at each Lambda memory size, and its cost.

Lambda allocates CPU in proportion to memory: one vCPU at 1,769 MiB. A request consists of waiting,
which memory does not change, and of CPU time, which takes longer on a part of a vCPU. One Python
thread cannot use more than one vCPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from ferryman.core.errors import ConfigError
from ferryman.cost.number_format import exact
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, Workload

__all__ = ("SIZES", "Advice", "Option", "advise", "at_memory")

SIZES = (128, 192, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1769, 2048, 3008)
"""The compared sizes, MiB. Lambda sells every whole number from 128 to 10,240."""


@dataclass(frozen=True, slots=True)
class Option:
    """One memory size.

    Args:
        memory_mib: The size, MiB.
        wall_ms: The duration of a request, ms.
        usd: The month's bill, USD.
    """

    memory_mib: int
    wall_ms: Decimal
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Advice:
    """The sizes that are large enough for the application.

    Args:
        options: The sizes, smallest first.
    """

    options: tuple[Option, ...]

    @property
    def cheapest(self) -> Option:
        """The size with the lowest bill; among equal bills the fastest."""
        return min(self.options, key=lambda option: (option.usd, option.wall_ms))

    @property
    def fastest(self) -> Option:
        """The size with the shortest duration; among equal durations the cheapest."""
        return min(self.options, key=lambda option: (option.wall_ms, option.usd))

    def marks(self, option: Option) -> str:
        """Return whether a size is the cheapest or the fastest, in words; often empty."""
        bests = (("cheapest", self.cheapest), ("fastest", self.fastest))
        return ", ".join(name for name, best in bests if option == best)


def at_memory(workload: Workload, memory_mib: int | Decimal) -> Workload:
    """Return the workload with another memory setting, and the duration that follows from it.

    Raises:
        ConfigError: Lambda does not sell this size, or a request would take too long.
    """
    wait = max(Fraction(0), Fraction(workload.wall_ms) - _busy(workload, workload.memory_mib))
    wall = wait + _busy(workload, Decimal(memory_mib))
    return replace(
        workload,
        memory_mib=Decimal(memory_mib),
        wall_ms=max(exact(wall), Decimal("0.001")),
    )


def _busy(workload: Workload, memory_mib: Decimal) -> Fraction:
    slower = max(Fraction(1), LAMBDA_MIB_PER_VCPU / Fraction(memory_mib))
    return Fraction(workload.cpu_ms) * slower


def advise(
    workload: Workload, function: LambdaFunction, book: PriceBook, needs_mib: Decimal | None = None
) -> Advice:
    """Return the duration and the bill at each memory size.

    Args:
        workload: The workload, measured at its own ``memory_mib``.
        function: The function and its front door.
        book: The prices.
        needs_mib: The least memory that the application runs in; by default the memory of a
            server process at rest and of one request.

    Raises:
        ConfigError: No size is large enough for the application.
    """
    needs = workload.resident_mib + workload.in_flight_mib if needs_mib is None else needs_mib
    options = tuple(_options(workload, function, book, needs))
    if not options:
        raise ConfigError(
            f"the application needs {needs} MiB, more than any compared size",
            hint=f"the largest compared size is {SIZES[-1]} MiB",
        )
    return Advice(options)


def _options(
    workload: Workload, function: LambdaFunction, book: PriceBook, needs: Decimal
) -> Iterator[Option]:
    for size in SIZES:
        if size >= needs:
            resized = at_memory(workload, size)
            yield Option(size, resized.wall_ms, bill(function, resized, book).total)
