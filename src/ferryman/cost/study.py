"""Everything that an answer shows, found once, for the terminal, JSON, the page and the calculator.

A study begins with a comparison. Each `with_` function returns it with one thing more: how
certain its crossovers are, which inputs move them, how much memory is cheapest, when growth
makes another platform cheaper. It knows no text and no HTML.
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
"""Workloads that a band is drawn from unless another number is asked for."""

MOST_SHOWN = 6
"""Pairs of platforms that are described one by one; of more, those of the first platform."""


@dataclass(frozen=True, slots=True)
class Study:
    """A comparison and what follows from it.

    Args:
        comparison: The bills, curves and crossovers.
        origins: Where a field of the workload comes from, such as ``given``, ``logs`` or
            ``measured``; a field that is missing here is assumed.
        ranges: What each uncertain input may be.
        measured: The application's measurement, or None.
        doubts: Why measured figures may not be trusted; empty unless `measure` was forced.
        logs: What logs say of the traffic, if any were read.
        notes: What a reader must know of the inputs and of platforms that are left out.
        draws: How many workloads the bands were drawn from.
        bands: Where crossovers lie; empty where none was drawn.
        influences: How far each input moves the crossover of ``pair``, the strongest first.
        pair: The names of the platforms that ``influences`` are about.
        advice: The Lambda bill by memory size, if it was asked for.
        growth: The months to come, if the traffic grows.
        scanned_input: The input of ``scans``, as the user named it.
        scans: The first platform against each other one, over that input.
        savings: Where servers with a function behind them cost less than either alone.
        money: The currency and the tax that the bills are also given in, if others are asked for.
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
        """Return where the crossover of two platforms lies, if it was drawn."""
        found = (x for x in self.bands if (x.per_request, x.capacity) == (first, second))
        return next(found, None)

    def platform(self, name: str) -> Platform:
        """Return the platform of a name."""
        return next(x for x in self.comparison.platforms if x.name == name)


def make_study(
    comparison: Comparison,
    *,
    ranges: Mapping[str, Range] | None = None,
    draws: int = DRAWS,
    origins: Mapping[str, str] | None = None,
    measured: MeasuredInputs | None = None,
) -> Study:
    """Return a comparison with how certain its crossovers are and which inputs move them.

    Args:
        comparison: The comparison.
        ranges: What each uncertain input may be; by default `usual_ranges`.
        draws: How many workloads to draw; 0 for no bands.
        origins: As `Study` has it.
        measured: As `Study` has it.

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
    """Return the duels worth a sentence: all if they are few, else those of the first platform."""
    few = len(comparison.pairs) <= MOST_SHOWN
    return comparison.duels if few else comparison.first_duels


def with_bands(study: Study, draws: int = DRAWS) -> Study:
    """Return the study with where each first crossover lies, if ``draws`` is above 0.

    Drawing needs numpy: without it the study has a note in place of bands.

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
    """Return the pairs that can be drawn: one bills requests and is cheaper at first.

    What a hybrid sends on is found for one workload and not for ten thousand.
    """
    from ferryman.cost.hybrid.overflowing import Hybrid

    duels = [x for x in shown_duels(study.comparison) if x.cheaper_at_first == x.first]
    pairs = [(study.platform(duel.first), study.platform(duel.second)) for duel in duels]
    plain = [(a, b) for a, b in pairs if not isinstance(b, Hybrid)]
    return [(a, b) for a, b in plain if a.pays_per_request and not b.pays_per_request]


def with_influences(study: Study) -> Study:
    """Return the study with how far each input alone moves the first crossover that has a band.

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
    """Return the study with where each hybrid that is compared pays.

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
        function: The function; by default the first that is compared. Without one there is
            no advice, and none where no size holds the application.

    Raises:
        ConfigError: A ``function`` is given and no size holds the application.
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
    """Return the study with the months to come, if the traffic grows.

    Args:
        study: The study.
        months: How far to look.
        current: The name of the platform of today; by default the cheapest of today.
        start: A day of the first month; without it months are numbered.

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
        field_name: The field of `Workload` that it is.

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
