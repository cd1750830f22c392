"""The flags as a question: a workload, platforms and prices."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ferryman.cli.cost import values
from ferryman.cost.capacity import Objective
from ferryman.cost.platforms.catalog import ALL, Choices, make_platforms
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.prices.book import PriceBook, load_book
from ferryman.cost.traffic.log import read_log
from ferryman.cost.workload import LIMITS, Workload

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
    """

    workload: Workload
    platforms: tuple[Platform, ...]
    book: PriceBook
    given: frozenset[str]
    function: LambdaFunction


def ask(flags: dict[str, Any], given: frozenset[str]) -> Question:
    """Return the question that the flags ask.

    Args:
        flags: Every flag by its name.
        given: The names of those that did not come from a default.

    Raises:
        ConfigError: A flag is wrong, or a file cannot be read.
    """
    workload, given = _workload(flags, given)
    choices = _choices(flags)
    names = ALL if flags["everything"] else flags["platforms"]
    flat = values.hosts(flags["flat"], choices.sizing)
    return Question(
        workload=workload,
        platforms=(*make_platforms(names, choices), *flat),
        book=_book(flags["prices"]),
        given=given & LIMITS.keys(),
        function=choices.function,
    )


def _book(path: Path | None) -> PriceBook:
    if path is None:
        return load_book()
    from ferryman.cost.prices.overlay import with_overlay

    return with_overlay(load_book(), path)


def _workload(flags: dict[str, Any], given: frozenset[str]) -> tuple[Workload, frozenset[str]]:
    """Return the workload; a log stands between a flag that is given and its default."""
    numbers: dict[str, Decimal] = {name: flags[name] for name in LIMITS}
    shape = values.week(flags["shape"]) if flags["shape"] else None
    if flags["traffic_log"]:
        traffic = read_log(flags["traffic_log"])
        seen = {
            "requests": traffic.requests,
            "peak_to_mean": traffic.peak_to_mean,
            "burst": traffic.burst,
            "wall_ms": traffic.wall_ms,
        }
        told = {n: v for n, v in seen.items() if v is not None and n not in given}
        numbers |= told
        given |= told.keys()
        shape = shape or traffic.shape
    if shape and "peak_to_mean" not in given:
        del numbers["peak_to_mean"]
        given |= {"peak_to_mean"}
    return Workload.of(shape, **numbers), given


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
