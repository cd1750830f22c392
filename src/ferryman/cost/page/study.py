"""Everything that a page shows, found once: the comparison, how sure it is, what would move it.

It knows no HTML. Bands need numpy; where it is not installed the study goes without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.cost.compare import Comparison
from ferryman.cost.findings import told_pairs
from ferryman.cost.measured import MeasuredInputs
from ferryman.cost.memory import Advice, advise
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.ranges import Range, usual_ranges
from ferryman.cost.uncertainty import DRAWS, Band, Influence, band, tornado

__all__ = ("Study", "look_further", "make_study")

Pair = tuple[Platform, Platform]


@dataclass(frozen=True, slots=True)
class Study:
    """What a page shows.

    Args:
        comparison: The bills, curves and crossovers.
        bands: Where crossovers lie; empty where none was drawn.
        draws: How many workloads they were drawn from.
        pair: The platforms whose crossover `influences` are about, if there is one.
        influences: How far each input moves it, the strongest first.
        ranges: What each uncertain input may be.
        advice: Lambda by memory size; ``None`` where no Lambda function is compared.
        origins: Where a field of the workload comes from, such as ``given`` or
            ``measured``; what is not there is assumed.
        measured: What was measured of the application, if it was.
    """

    comparison: Comparison
    bands: tuple[Band, ...] = ()
    draws: int = 0
    pair: tuple[str, str] | None = None
    influences: tuple[Influence, ...] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    advice: Advice | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    measured: MeasuredInputs | None = None

    def band_of(self, first: str, second: str) -> Band | None:
        """Return where the crossover of two platforms lies, if it was drawn."""
        found = (x for x in self.bands if (x.per_request, x.capacity) == (first, second))
        return next(found, None)


def make_study(
    comparison: Comparison,
    *,
    ranges: Mapping[str, Range] | None = None,
    draws: int = DRAWS,
    origins: Mapping[str, str] | None = None,
    measured: MeasuredInputs | None = None,
) -> Study:
    """Return what a page shows of a comparison, but for what `look_further` finds.

    Args:
        comparison: The comparison.
        ranges: The uncertain inputs; by default `usual_ranges`.
        draws: How many workloads to draw for the bands; 0 for none.
        origins: As `Study` has it.
        measured: As `Study` has it.

    Raises:
        ConfigError: A price is missing.
    """
    uncertain = usual_ranges(comparison.workload) if ranges is None else ranges
    return Study(
        comparison=comparison,
        bands=_bands(comparison, uncertain, draws),
        draws=draws,
        ranges=uncertain,
        origins=origins or {},
        measured=measured,
    )


def look_further(study: Study) -> Study:
    """Return the study with what would move its first crossover, and the memory advice.

    Raises:
        ConfigError: A price is missing.
    """
    needs_mib = study.measured.needs_mib if study.measured else None
    study = replace(study, advice=_advice(study.comparison, needs_mib))
    crossing = next((x for x in study.bands if x.middle is not None), None)
    if crossing is None:
        return study
    names = crossing.per_request, crossing.capacity
    moved = _influences(study.comparison, study.ranges, _pair(study.comparison, *names))
    return replace(study, pair=names, influences=moved)


def _bands(comparison: Comparison, ranges: Mapping[str, Range], draws: int) -> tuple[Band, ...]:
    pairs = told_pairs(comparison)
    if not pairs or draws < 1:
        return ()
    try:
        return band(comparison.workload, ranges, pairs, comparison.book, comparison.horizon, draws)
    except FerrymanError as error:
        if isinstance(error, ConfigError):
            raise
        return ()


def _influences(
    comparison: Comparison, ranges: Mapping[str, Range], pair: Pair
) -> tuple[Influence, ...]:
    found = tornado(comparison.workload, ranges, pair, comparison.book, comparison.horizon)
    return tuple(x for x in found if x.swing > 1.005)


def _pair(comparison: Comparison, first: str, second: str) -> Pair:
    named = {platform.name: platform for platform in comparison.platforms}
    return named[first], named[second]


def _advice(comparison: Comparison, needs_mib: Decimal | None) -> Advice | None:
    functions = (x for x in comparison.platforms if isinstance(x, LambdaFunction))
    function = next(functions, None)
    if function is None:
        return None
    try:
        return advise(comparison.workload, function, comparison.book, needs_mib)
    except ConfigError:
        return None  # no size holds the application: the bills say so where it matters
