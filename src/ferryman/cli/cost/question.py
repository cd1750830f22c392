"""The flags as a question: a workload, platforms and prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferryman.cli.cost import values
from ferryman.cli.cost.choices import make_choices
from ferryman.core.errors import ConfigError
from ferryman.cost.figures import MONTH_SECONDS, plain
from ferryman.cost.platforms.catalog import ALL, Choices, make_platforms, sold
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.prices.book import PriceBook, load_book
from ferryman.cost.ranges import Range, usual_ranges
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, LIMITS, Workload

if TYPE_CHECKING:
    from ferryman.cost.measured import MeasuredInputs
    from ferryman.cost.traffic.found import Found

__all__ = ("Question", "ask")


RARE = 1.0
"""Requests a second below which the share that starts cold is well above the assumed one, which
was measured at this rate."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Args:
        workload: The workload.
        platforms: What is compared.
        book: The prices.
        origins: Where the fields of the workload that are no defaults came from: ``given``,
            ``logs`` or ``measured``.
        function: The Lambda function that memory advice is for.
        left_out: Which of the platforms that nobody named cannot be priced, and why.
        found: What logs said, where there were any.
        measured: What a measurement said, where there was one.
    """

    workload: Workload
    platforms: tuple[Platform, ...]
    book: PriceBook
    origins: Mapping[str, str]
    function: LambdaFunction
    left_out: tuple[str, ...] = ()
    found: Found | None = None
    measured: MeasuredInputs | None = None

    @property
    def needs_mib(self) -> Decimal | None:
        """The least memory that the function runs in, where it was measured, MiB."""
        return self.measured.needs_mib if self.measured else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of where the workload came from, and what is left out."""
        return *self.left_out, *self._cold, *self._doubts

    @property
    def _cold(self) -> tuple[str, ...]:
        """Whether so little traffic starts cold more often than is assumed."""
        work, rate = self.workload, float(self.workload.requests) / MONTH_SECONDS
        bought = any(platform.name.startswith("Lambda ") for platform in self.platforms)
        if not bought or "cold_start_share" in self.origins or not 0 < rate < RARE:
            return ()
        from ferryman.cost.cold_starts import expected

        share = expected(rate, float(work.wall_ms) / 1000).share
        if share < 3 * float(work.cold_start_share):
            return ()
        return (
            f"at {rate:.2g} requests a second some {share:.1%} start cold, not the assumed"
            f" {work.cold_start_share:.2%}; --cold-starts {share:.2g} takes that into account",
        )

    @property
    def _doubts(self) -> tuple[str, ...]:
        if self.measured is None:
            return ()
        told = self.measured.values["cpu_ms"]
        if self.origins["cpu_ms"] == "measured" and told > self.workload.cpu_ms:
            short = f"{plain(told)} ms of CPU were measured, and {plain(self.workload.cpu_ms)} fit"
            return (*self.measured.notes, f"{short} into the duration: the servers may be too few")
        return self.measured.notes

    @property
    def ranges(self) -> dict[str, Range]:
        """How uncertain the inputs are: as measured, where they were, and else as usual."""
        told = self.measured.ranges if self.measured else {}
        own = {name: x for name, x in told.items() if self.origins[name] == "measured"}
        return usual_ranges(self.workload) | own


def ask(flags: dict[str, Any], given: frozenset[str]) -> Question:
    """Return the question that the flags ask.

    Args:
        flags: Every flag by its name.
        given: The names of those that did not come from a default.

    Raises:
        ConfigError: A flag is wrong, or a file cannot be read.
    """
    found = _found(flags, given)
    sources = [("logs", found.inputs)] if found else []
    measured = _measured(flags, _memory(flags, given, found))
    if measured:
        sources.append(("measured", measured.values))
    workload, origins = _workload(flags, given, sources, found)
    choices, book = make_choices(flags), _book(flags["prices"])
    platforms = _platforms(flags, choices)
    left_out: tuple[str, ...] = ()
    if "platforms" not in given or flags["everything"]:
        platforms, left_out = sold(platforms, workload, book)
    return Question(
        workload=workload,
        platforms=_with_stores(platforms, flags),
        book=book,
        origins=origins,
        left_out=left_out,
        function=choices.function,
        found=found,
        measured=measured,
    )


def _platforms(flags: dict[str, Any], choices: Choices) -> tuple[Platform, ...]:
    names = ALL if flags["everything"] else flags["platforms"]
    return *make_platforms(names, choices), *values.hosts(flags["flat"], choices.sizing)


def _with_stores(platforms: tuple[Platform, ...], flags: dict[str, Any]) -> tuple[Platform, ...]:
    if not flags["stores"] or flags["reconcile"]:
        return platforms
    from ferryman.cost.platforms.store import WithStores, parse_store

    stores = tuple(parse_store(text) for text in flags["stores"])
    return tuple(WithStores(platform, stores, flags["region"]) for platform in platforms)


def _found(flags: dict[str, Any], given: frozenset[str]) -> Found | None:
    if not (flags["logs"] or flags["log_group"]):
        return None
    from ferryman.cli.cost.logs import find_workload

    return find_workload(flags, given)


def _book(path: Path | None) -> PriceBook:
    if path is None:
        return load_book()
    from ferryman.cost.prices.overlay import with_overlay

    return with_overlay(load_book(), path)


def _memory(flags: dict[str, Any], given: frozenset[str], found: Found | None) -> Decimal:
    told = found.inputs.get("memory_mib") if found and "memory_mib" not in given else None
    memory: Decimal = told or flags["memory_mib"]
    return memory


def _measured(flags: dict[str, Any], memory_mib: Decimal) -> MeasuredInputs | None:
    if flags["measured"] is None:
        return None
    from ferryman.core.measurement_file import read_measurement
    from ferryman.cost.measured import measured_inputs

    return measured_inputs(read_measurement(flags["measured"]), memory_mib)


def _workload(
    flags: dict[str, Any],
    given: frozenset[str],
    sources: Iterable[tuple[str, Mapping[str, Decimal]]],
    found: Found | None,
) -> tuple[Workload, dict[str, str]]:
    """Return the workload; each source stands between the ones before it and the defaults."""
    numbers: dict[str, Decimal] = {name: flags[name] for name in LIMITS}
    if numbers["memory_mib"] % 1:
        raise ConfigError(
            f"memory_mib: Lambda has no functions of {numbers['memory_mib']} MiB",
            hint="give a whole number",
        )
    origins = dict.fromkeys(given & LIMITS.keys(), "given")
    for origin, read in sources:
        told = {name: value for name, value in read.items() if name not in origins}
        numbers |= told
        origins |= dict.fromkeys(told, origin)
    if origins.get("cpu_ms") != "given" and origins.get("wall_ms") in ("logs", "measured"):
        numbers["cpu_ms"] = min(numbers["cpu_ms"], _cpu_room(numbers, found))
    elif "cpu_ms" not in origins:
        # What is assumed must not lengthen a duration that is what Lambda bills.
        vcpu = min(Decimal(1), numbers["memory_mib"] / LAMBDA_MIB_PER_VCPU)
        fitting = min(numbers["cpu_ms"], max(Decimal(0), numbers["wall_ms"] * vcpu))
        numbers["cpu_ms"] = fitting.quantize(Decimal("0.001"), ROUND_DOWN)
    shape = values.week(flags["shape"]) if flags["shape"] else None
    origin = "given" if shape else "logs"
    shape = shape or (found.shape if found else None)
    if shape and "peak_to_mean" not in origins:
        del numbers["peak_to_mean"]
        origins["peak_to_mean"] = origin
    return Workload.of(shape, **numbers), origins


def _cpu_room(numbers: dict[str, Decimal], found: Found | None) -> Decimal:
    """Return the CPU time that durations which were found leave room for, ms."""
    on_lambda = found is not None and found.use is not None
    vcpu = numbers["memory_mib"] / LAMBDA_MIB_PER_VCPU if on_lambda else Decimal(1)
    return numbers["wall_ms"] * min(Decimal(1), vcpu)
