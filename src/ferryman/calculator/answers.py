"""Computes the page's answer from its settings, fast enough to follow a slider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from ferryman.calculator.state import State, busy_ms
from ferryman.core.errors import ConfigError
from ferryman.cost.compare import Level, compare
from ferryman.cost.platforms.catalog import USUAL_SIZING, Choices, make_platforms, platform_names
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import price
from ferryman.cost.prices.book import load_book
from ferryman.cost.ranges import usual_ranges
from ferryman.cost.study import (
    Study,
    with_bands,
    with_influences,
    with_memory_advice,
    with_savings,
)
from ferryman.cost.workload import Workload

__all__ = ("Answer", "find_answer", "find_whole_answer")

DRAWS = 500
"""Fewer than in the report: the bands differ by a per cent or two, but the page answers faster."""

ANY_VOLUME = Decimal(10**6)
"""The volume in the keys of the cache: its values do not depend on the volume."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The data of the page.

    Args:
        study: The comparison and its further results.
        missing: The platforms that cannot be compared, each with the reason.
    """

    study: Study
    missing: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def find_answer(state: State) -> Answer:
    """Return the data of the first part of the page: the curves, the bills, the week.

    Raises:
        ConfigError: No chosen platform can serve the workload, or a price is missing.
    """
    # Curves, crossovers and bands do not depend on the volume, so the cache keeps them.
    found = _at_any_volume(replace(state, requests=ANY_VOLUME))
    work, comparison = workload_of(state), found.study.comparison
    if work.requests > comparison.horizon:
        comparison = compare(work, comparison.platforms, levels=())
    bills = tuple(each.bill(work.requests) for each in comparison.priced)
    own = replace(comparison, workload=work, levels=(Level(work.requests, bills),))
    return replace(found, study=replace(found.study, comparison=own))


def find_whole_answer(state: State) -> Answer:
    """Return the data of the whole page; influences and memory take as long again.

    Raises:
        ConfigError: For the reasons of `find_answer`.
    """
    found = find_answer(state)
    return replace(found, study=with_memory_advice(with_influences(found.study)))


@lru_cache(maxsize=8)
def _at_any_volume(state: State) -> Answer:
    work = workload_of(state)
    platforms, missing = _platforms(state, work)
    if not platforms:
        raise ConfigError("there is nothing to compare", cause="; ".join(missing))
    names = ("requests", "wall_ms", "cpu_ms", "memory_mib", *dict(state.more))
    origins = dict.fromkeys(names, "given") | {"wall_ms": "the wait and the memory"}
    origins |= {"peak_to_mean": "the week"} if work.shape else {}
    study = Study(
        compare(work, platforms, levels=()),
        origins=origins,
        ranges=usual_ranges(work),
        doubts=(state.doubt,) if state.doubt else (),
    )
    return Answer(with_savings(with_bands(study, DRAWS)), missing)


def workload_of(state: State) -> Workload:
    """Return the workload; CPU grows with memory, so memory determines a request's duration.

    Raises:
        ConfigError: A number is out of range.
    """
    shape, more = state.chosen_shape(), dict(state.more)
    if shape:
        more.pop("peak_to_mean", None)
    return Workload.of(
        shape,
        requests=state.requests,
        wall_ms=max(state.wait + busy_ms(state.cpu, state.memory), Decimal("0.001")),
        cpu_ms=state.cpu,
        memory_mib=state.memory,
        **more,
    )


def _platforms(state: State, work: Workload) -> tuple[tuple[Platform, ...], tuple[str, ...]]:
    found: list[Platform] = []
    missing = []
    for name in _names(state):
        try:
            (platform,) = make_platforms([name], _choices(state))
            price(platform, work, load_book())
        except ConfigError as error:
            missing.append(f"{name} is left out: {error}")
        else:
            found.append(platform)
    return tuple(found), tuple(missing)


def _names(state: State) -> Iterator[str]:
    yield f"lambda-{state.door}"
    for name in state.against:
        servers, plus, function = name.partition("+")
        bought = f"{servers}-{state.purchase}{plus}{function}"
        yield bought if bought in platform_names() else name


def _choices(state: State) -> Choices:
    scaling = "hourly" if state.autoscale else "fixed"
    return Choices(
        region=state.region,
        architecture=state.architecture,
        free_tiers=ALL_FREE_TIERS if state.free_tier else frozenset(),
        sizing=replace(USUAL_SIZING, scaling=scaling),  # type: ignore[arg-type]
        every_size=True,
    )
