"""Memory advice: how long a request takes at each Lambda memory size, and what that costs.

Memory brings CPU: 1,769 MiB are one vCPU. A request is its wait, which memory does not
change, and its CPU time, which takes longer on a part of a vCPU. One Python thread has no use
for more than one.
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
"""Sizes that are compared, MiB. Lambda sells every whole number from 128 to 10,240."""


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
    """The sizes that hold the application.

    Args:
        options: By rising size.
    """

    options: tuple[Option, ...]

    @property
    def cheapest(self) -> Option:
        """The lowest bill; of equal ones the fastest."""
        return min(self.options, key=lambda option: (option.usd, option.wall_ms))

    @property
    def fastest(self) -> Option:
        """The shortest duration; of equal ones the cheapest."""
        return min(self.options, key=lambda option: (option.wall_ms, option.usd))


def at_memory(workload: Workload, memory_mib: int | Decimal) -> Workload:
    """Return the workload as it would be with another memory setting.

    Raises:
        ConfigError: Lambda does not sell that much, or a request would take too long.
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
        needs_mib: The least memory that the application runs in; by default what a server
            process takes at rest and one request.

    Raises:
        ConfigError: No size holds the application.
    """
    needs = workload.resident_mib + workload.in_flight_mib if needs_mib is None else needs_mib
    options = tuple(_options(workload, function, book, needs))
    if not options:
        raise ConfigError(
            f"no size that is compared holds {needs} MiB", hint=f"the largest is {SIZES[-1]} MiB"
        )
    return Advice(options)


def _options(
    workload: Workload, function: LambdaFunction, book: PriceBook, needs: Decimal
) -> Iterator[Option]:
    for size in SIZES:
        if size >= needs:
            there = at_memory(workload, size)
            yield Option(size, there.wall_ms, bill(function, there, book).total)
