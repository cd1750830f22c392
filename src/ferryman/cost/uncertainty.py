"""The uncertainty of a crossover: its range over many draws of the inputs, and its causes.

The draws are a low-discrepancy sequence: evenly spread and always the same, so the same question
has the same answer. A draw needs numpy, which is imported only then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ferryman.core.errors import FerrymanError
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import PricedSizes, SizedPlatform, price
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.quantity import Quantity
from ferryman.cost.ranges import RANGED, Range
from ferryman.cost.vector import Costs, costs_of, first_crossing
from ferryman.cost.workload import LIMITS, Inputs, Workload

__all__ = (
    "Band",
    "Influence",
    "MissingNumpyError",
    "band",
    "tornado",
)


class MissingNumpyError(FerrymanError):
    """A band or an influence is asked for, and numpy is not installed."""


@dataclass(frozen=True, slots=True)
class Band:
    """The uncertainty of a crossover.

    Args:
        per_request: The platform that bills requests.
        capacity: The platform with servers.
        low: Requests a month; one draw in twenty has its crossover below. ``None`` beyond the
            horizon.
        middle: Half of the draws have their crossover below.
        high: One draw in twenty has its crossover above, or none.
        never: Share of the draws without a crossover up to the horizon.
    """

    per_request: str
    capacity: str
    low: float | None
    middle: float | None
    high: float | None
    never: float


@dataclass(frozen=True, slots=True)
class Influence:
    """How far one input alone moves a crossover.

    Args:
        name: The input.
        at_low: The crossover with the input at the low end of its range; ``None`` for never.
        at_high: The crossover with the input at the high end.
    """

    name: str
    at_low: float | None
    at_high: float | None

    @property
    def swing(self) -> float:
        """The ratio of the larger crossover to the smaller; infinite if only one is never."""
        if not self.at_low or not self.at_high:
            return 1.0 if self.at_low == self.at_high else float("inf")
        return max(self.at_low, self.at_high) / min(self.at_low, self.at_high)


def band(
    workload: Workload,
    ranges: Mapping[str, Range],
    pairs: Sequence[tuple[Platform, Platform]],
    book: PriceBook,
    horizon: Decimal,
    draws: int,
) -> tuple[Band, ...]:
    """Return the uncertainty of the first crossover of each pair.

    Args:
        workload: The inputs without a range.
        ranges: The ranges of the other inputs.
        pairs: In each pair a platform that bills only requests, and a platform with servers that
            is no hybrid.
        book: The prices.
        horizon: The largest volume of the search, requests a month.
        draws: How many workloads to draw.

    Raises:
        ConfigError: A price is missing.
        MissingNumpyError: numpy is not installed.
        ValueError: One of the platforms is a hybrid.
    """
    inputs = _draw(workload, ranges, draws)
    likely = {p.name: _likely_sizes(p, workload, book) for pair in pairs for p in pair}
    made: Any = {name: costs_of(p, inputs, book) for name, p in likely.items()}
    found = []
    for first, second in pairs:
        crossings = first_crossing(made[first.name], made[second.name], float(horizon), draws)
        found.append(_band(first.name, second.name, crossings))
    return tuple(found)


def _likely_sizes(platform: Platform, workload: Workload, book: PriceBook) -> Platform:
    """Return a platform with only the sizes that are the cheapest at some volume."""
    priced = price(platform, workload, book)
    if not isinstance(priced, PricedSizes):
        return platform
    envelope, names = priced.curve(Decimal(1)), list(priced.sizes)
    volumes = (10.0 ** (step / 4) for step in range(16, 41))
    likely = {
        min(range(len(names)), key=lambda place: envelope.curves[place].near(volume))
        for volume in volumes
        if envelope.end is None or volume <= envelope.end
    }
    chosen = [names[place] for place in sorted(likely)] or names
    return SizedPlatform(platform.name, {name: priced.platform.sizes[name] for name in chosen})


def _band(first: str, second: str, crossings: Any) -> Band:
    import numpy

    ordered = numpy.sort(crossings)
    places = [min(int(share * len(ordered)), len(ordered) - 1) for share in (0.05, 0.5, 0.95)]
    low, middle, high = (_finite(ordered[place]) for place in places)
    return Band(first, second, low, middle, high, float(numpy.isinf(ordered).mean()))


def tornado(
    workload: Workload,
    ranges: Mapping[str, Range],
    pair: tuple[Platform, Platform],
    book: PriceBook,
    horizon: Decimal,
) -> tuple[Influence, ...]:
    """Return how far each input moves a crossover by itself, the strongest first.

    Args:
        workload: The inputs while another one is moved.
        ranges: For each moved input the range whose ends it is moved to.
        pair: As in `band`.
        book: The prices.
        horizon: The largest volume of the search, requests a month.
    """
    numpy = _numpy()
    names = list(ranges)
    table = {}
    for place, name in enumerate(names):
        column = numpy.full(2 * len(names), float(getattr(workload, name)))
        column[2 * place : 2 * place + 2] = float(ranges[name].low), float(ranges[name].high)
        table[name] = column
    inputs = _inputs(workload, table)
    first, second = (
        costs_of(_likely_sizes(platform, workload, book), inputs, book) for platform in pair
    )
    assert isinstance(first, Costs)
    found = first_crossing(first, second, float(horizon), 2 * len(names))
    moved = [
        Influence(name, _finite(found[2 * i]), _finite(found[2 * i + 1]))
        for i, name in enumerate(names)
    ]
    return tuple(sorted(moved, key=lambda influence: -influence.swing))


def _draw(workload: Workload, ranges: Mapping[str, Range], draws: int) -> Inputs:
    numpy = _numpy()
    table = {}
    steps = _steps(len(ranges))
    for step, (name, given) in zip(steps, ranges.items(), strict=True):
        shares = (0.5 + step * numpy.arange(1, draws + 1)) % 1.0
        least, most, _ = LIMITS[name]
        table[name] = numpy.clip(given.quantile(shares), float(least), float(most))
    if not table:
        table["wall_ms"] = numpy.full(draws, float(workload.wall_ms))
    if "wall_ms" in table or "cpu_ms" in table:
        # A draw of CPU time above the wall time is impossible: limit it.
        wall = table.get("wall_ms", float(workload.wall_ms))
        table["cpu_ms"] = numpy.minimum(table.get("cpu_ms", float(workload.cpu_ms)), wall)
    return _inputs(workload, table)


def _steps(dimensions: int) -> list[float]:
    """Return the step of each input from draw to draw, modulo 1.

    The steps are powers of the inverse of the generalised golden ratio, the root of
    x^(d+1) = x + 1. With them the draws fill the space evenly (M. Roberts, The Unreasonable
    Effectiveness of Quasirandom Sequences, 2018).
    """
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dimensions + 1))
    return [root**-power % 1.0 for power in range(1, dimensions + 1)]


def _inputs(workload: Workload, table: Mapping[str, Quantity]) -> Inputs:
    values = {name: float(getattr(workload, name)) for name in RANGED}
    return Inputs(**{**values, **table}, shape=workload.shape, sizes=workload.sizes)


def _finite(value: Any) -> float | None:
    return float(value) if value < float("inf") else None


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise MissingNumpyError(
            "numpy is not installed", cause=str(error), hint='pip install "ferryman[cost]"'
        ) from error
    return numpy
