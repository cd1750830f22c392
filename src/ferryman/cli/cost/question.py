"""The flags as a question: a workload, platforms and prices."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferryman.cli.cost import values
from ferryman.cost.capacity import Objective
from ferryman.cost.platforms.catalog import ALL, Choices, make_platforms
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.prices.book import PriceBook, load_book
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, LIMITS, Workload

if TYPE_CHECKING:
    from ferryman.cost.traffic.found import Found

__all__ = ("Question", "ask")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Args:
        workload: The workload.
        platforms: What is compared.
        book: The prices.
        given: The fields of the workload that did not come from a default.
        function: The Lambda function that memory advice is for.
        found: What logs said, where there were any.
    """

    workload: Workload
    platforms: tuple[Platform, ...]
    book: PriceBook
    given: frozenset[str]
    function: LambdaFunction
    found: Found | None = None


def ask(flags: dict[str, Any], given: frozenset[str]) -> Question:
    """Return the question that the flags ask.

    Args:
        flags: Every flag by its name.
        given: The names of those that did not come from a default.

    Raises:
        ConfigError: A flag is wrong, or a file cannot be read.
    """
    found = _found(flags, given)
    workload, given = _workload(flags, given, found)
    choices = _choices(flags)
    names = ALL if flags["everything"] else flags["platforms"]
    flat = values.hosts(flags["flat"], choices.sizing)
    return Question(
        workload=workload,
        platforms=_with_stores((*make_platforms(names, choices), *flat), flags),
        book=_book(flags["prices"]),
        given=given & LIMITS.keys(),
        function=choices.function,
        found=found,
    )


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


def _workload(
    flags: dict[str, Any], given: frozenset[str], found: Found | None
) -> tuple[Workload, frozenset[str]]:
    """Return the workload; a log stands between a flag that is given and its default."""
    numbers: dict[str, Decimal] = {name: flags[name] for name in LIMITS}
    shape = values.week(flags["shape"]) if flags["shape"] else None
    if found:
        told = {name: value for name, value in found.inputs.items() if name not in given}
        numbers |= told
        given |= told.keys()
        shape = shape or found.shape
        if "cpu_ms" not in given:
            numbers["cpu_ms"] = min(numbers["cpu_ms"], _cpu_room(numbers, found))
    if shape and "peak_to_mean" not in given:
        del numbers["peak_to_mean"]
        given |= {"peak_to_mean"}
    return Workload.of(shape, **numbers), given


def _cpu_room(numbers: dict[str, Decimal], found: Found) -> Decimal:
    """Return the CPU time that the durations of the log leave room for, ms."""
    vcpu = numbers["memory_mib"] / LAMBDA_MIB_PER_VCPU if found.use else Decimal(1)
    return numbers["wall_ms"] * min(Decimal(1), vcpu)


def _choices(flags: dict[str, Any]) -> Choices:
    objective = Objective(flags["wait_ms"], flags["wait_share"]) if flags["wait_ms"] else None
    vcpu, memory = flags["pod"]
    return Choices(
        region=flags["region"],
        architecture=flags["architecture"],
        free_tier=flags["free_tier"],
        task=flags["task"],
        instance=flags["instance"],
        box=flags["box"],
        sizing=Sizing(
            minimum=flags["minimum"],
            spare=flags["spare"],
            utilisation=flags["utilisation"],
            objective=objective,
            scaling="hourly" if flags["autoscale"] else "fixed",
        ),
        private=flags["private"],
        pod=Pod(vcpu, int(memory * 1024)),
        function=LambdaFunction(
            architecture=flags["architecture"],
            region=flags["region"],
            free_tier=flags["free_tier"],
            provisioned=flags["provisioned"],
            snapstart=flags["snapstart"],
            streaming=flags["streaming"],
            ephemeral_mib=flags["ephemeral_mib"],
            platform_logs=flags["platform_logs"],
        ),
    )
