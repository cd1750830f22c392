"""All results of an answer, computed once for the terminal, JSON, the page and the calculator.

A study begins with a comparison. Each `with_` function adds a result: the uncertainty of the
crossovers, the inputs that move them, the cheapest memory size, the month in which growth makes
another platform cheaper. It knows no text and no HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from ferryman.core.errors import ConfigError
from ferryman.cost.compare import Comparison, Duel
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform

if TYPE_CHECKING:
    from ferryman.cost.growth import Forecast
    from ferryman.cost.hybrid.saving import HybridSaving
    from ferryman.cost.input_scan import InputScan
    from ferryman.cost.measured import MeasuredInputs
    from ferryman.cost.memory import Advice
    from ferryman.cost.money import Money
    from ferryman.cost.ranges import Range
    from ferryman.cost.traffic.log_summary import LogSummary
    from ferryman.cost.uncertainty import Band, Influence

__all__ = (
    "DRAWS",
    "Study",
    "make_study",
    "shown_duels",
    "with_bands",
    "with_growth",
    "with_influences",
    "with_input_scans",
    "with_memory_advice",
    "with_savings",
)

DRAWS = 4000
"""The usual number of draws for a band."""

MOST_SHOWN = 6
"""Up to this many pairs of platforms are described one by one; else those of the first platform."""


@dataclass(frozen=True, slots=True)
class Study:
    """A comparison with further results.

    Args:
        comparison: The bills, curves and crossovers.
        origins: The source of fields of the workload, such as ``given``, ``logs`` or ``measured``;
            fields that are missing here are assumed.
        ranges: The range of each uncertain input.
        measured: The application's measurement, or None.
        doubts: Reasons to doubt measured figures; empty unless `measure` ran with --force.
        logs: The summary of the logs, if any were read.
        notes: Remarks for a reader on inputs and on platforms that are left out.
        draws: The number of draws of the bands.
        bands: The uncertainty of the crossovers; empty if it was not computed.
        influences: How far each input moves the crossover of ``pair``, the strongest first.
        pair: The names of the platforms of ``influences``.
        advice: The Lambda bill by memory size, if it was asked for.
        growth: The coming months, if the traffic grows.
        scanned_input: The input of ``scans``, as the user named it.
        scans: The first platform against each other one, over that input.
        savings: The volumes at which servers with a function behind them cost less than either
            alone.
        money: The other currency or the tax of the bills, if asked for.
    """

    comparison: Comparison
    origins: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    measured: MeasuredInputs | None = None
    doubts: tuple[str, ...] = ()
    logs: LogSummary | None = None
    notes: tuple[str, ...] = ()
    draws: int = 0
    bands: tuple[Band, ...] = ()
    influences: tuple[Influence, ...] = ()
    pair: tuple[str, str] | None = None
    advice: Advice | None = None
    growth: Forecast | None = None
    scanned_input: str = ""
    scans: tuple[InputScan, ...] = ()
    savings: tuple[HybridSaving, ...] = ()
    money: Money | None = None

    def band_of(self, first: str, second: str) -> Band | None:
        """Return the uncertainty of the crossover of two platforms, if it was computed."""
        found = (x for x in self.bands if (x.per_request, x.capacity) == (first, second))
        return next(found, None)

    def platform(self, name: str) -> Platform:
        """Return the compared platform with a name."""
        return next(x for x in self.comparison.platforms if x.name == name)


def make_study(
    comparison: Comparison,
    *,
    ranges: Mapping[str, Range] | None = None,
    draws: int = DRAWS,
    origins: Mapping[str, str] | None = None,
    measured: MeasuredInputs | None = None,
) -> Study:
    """Return a comparison with the uncertainty of its crossovers, and the inputs that move them.

    Args:
        comparison: The comparison.
        ranges: The range of each uncertain input; by default the usual ones around its value.
        draws: How many workloads to draw at random; 0 for no bands.
        origins: See `Study`.
        measured: See `Study`.

    Raises:
        ConfigError: A price is missing.
    """
    from ferryman.cost.ranges import usual_ranges

    uncertain = usual_ranges(comparison.workload) if ranges is None else ranges
    study = Study(
        comparison,
        origins=origins or {},
        ranges=uncertain,
        measured=measured,
        doubts=measured.measurement.doubts if measured else (),
    )
    return with_savings(with_influences(with_bands(study, draws)))


def shown_duels(comparison: Comparison) -> tuple[Duel, ...]:
    """Return the pairs to describe: all if they are few, else those of the first platform."""
    few = len(comparison.pairs) <= MOST_SHOWN
    return comparison.duels if few else comparison.first_duels


def with_bands(study: Study, draws: int = DRAWS) -> Study:
    """Return the study with the uncertainty of each first crossover, if ``draws`` is above 0.

    Drawing needs numpy; without it the study has a note instead of bands.

    Raises:
        ConfigError: A price is missing.
    """
    comparison = study.comparison
    pairs = _drawn_pairs(study)
    if not pairs or draws < 1:
        return study
    from ferryman.cost.uncertainty import MissingNumpyError, band

    work, book, horizon = comparison.workload, comparison.book, comparison.horizon
    try:
        bands = band(work, study.ranges, pairs, book, horizon, draws)
    except MissingNumpyError as error:
        note = f"crossovers have no bands: {error.message}; {error.hint}"
        return replace(study, notes=(*study.notes, note))
    return replace(study, bands=bands, draws=draws)


def _drawn_pairs(study: Study) -> list[tuple[Platform, Platform]]:
    """Return the pairs for bands: the first platform bills requests and is cheaper at first.

    Hybrids are left out: the requests that they forward are computed for one workload at a time.
    """
    from ferryman.cost.hybrid.overflowing import Hybrid

    duels = [x for x in shown_duels(study.comparison) if x.cheaper_at_first == x.first]
    pairs = [(study.platform(duel.first), study.platform(duel.second)) for duel in duels]
    plain = [(a, b) for a, b in pairs if not isinstance(b, Hybrid)]
    return [(a, b) for a, b in plain if a.pays_per_request and not b.pays_per_request]


def with_influences(study: Study) -> Study:
    """Return the study with how far each input alone moves the first crossover with a band.

    Raises:
        ConfigError: A price is missing.
    """
    band = next((x for x in study.bands if x.middle is not None), None)
    if band is None:
        return study
    from ferryman.cost.uncertainty import tornado

    comparison, names = study.comparison, (band.per_request, band.capacity)
    pair = study.platform(names[0]), study.platform(names[1])
    influences = tornado(
        comparison.workload, study.ranges, pair, comparison.book, comparison.horizon
    )
    return replace(study, pair=names, influences=influences)


def with_savings(study: Study) -> Study:
    """Return the study with the volumes at which each compared hybrid pays off.

    Raises:
        ConfigError: A price is missing.
    """
    from ferryman.cost.hybrid.overflowing import Hybrid

    if not any(isinstance(each, Hybrid) for each in study.comparison.platforms):
        return study
    from ferryman.cost.hybrid.saving import find_savings

    return replace(study, savings=tuple(find_savings(study.comparison)))


def with_memory_advice(study: Study, function: LambdaFunction | None = None) -> Study:
    """Return the study with the Lambda bill by memory size.

    Args:
        study: The study.
        function: The function; by default the first compared one. Then the study stays without
            advice if there is none, or if no size is large enough for the application.

    Raises:
        ConfigError: A ``function`` is given, and no size is large enough for the application.
    """
    from ferryman.cost.memory import advise

    comparison = study.comparison
    functions = (x for x in comparison.platforms if isinstance(x, LambdaFunction))
    chosen = function or next(functions, None)
    if chosen is None:
        return study
    needs_mib = study.measured.needs_mib if study.measured else None
    try:
        advice = advise(comparison.workload, chosen, comparison.book, needs_mib)
    except ConfigError:
        if function is not None:
            raise
        return study
    return replace(study, advice=advice)


def with_growth(
    study: Study, months: int, current: str | None = None, start: date | None = None
) -> Study:
    """Return the study with the coming months, if the traffic grows.

    Args:
        study: The study.
        months: How many months to project.
        current: The name of today's platform; by default the cheapest for today's traffic.
        start: A day of the first month; without it, months have numbers for names.

    Raises:
        ConfigError: The current platform is not compared.
    """
    comparison = study.comparison
    if not comparison.workload.growth:
        return study
    from ferryman.cost.growth import forecast

    platforms, book = comparison.platforms, comparison.book
    growth = forecast(comparison.workload, platforms, book, current, months, start)
    return replace(study, growth=growth)


def with_input_scans(study: Study, name: str, field_name: str) -> Study:
    """Return the study with the first platform against each other one, over one input.

    Args:
        study: The study.
        name: The input, as the user named it.
        field_name: Its field of `Workload`.

    Raises:
        ConfigError: The input is unknown, or no value of it fits the workload.
    """
    from ferryman.cost.input_scan import scan_input

    comparison = study.comparison
    first, *others = comparison.platforms
    known: dict[tuple[str, Decimal], Decimal] = {}
    scans = tuple(
        scan_input(comparison.workload, field_name, first, other, comparison.book, known)
        for other in others
    )
    return replace(study, scanned_input=name, scans=scans)
