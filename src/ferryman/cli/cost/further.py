"""What is found besides bills and crossovers: bands, growth, memory, other inputs.

Found once, and then told as text or as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferryman.cli.cost import values
from ferryman.cli.cost.question import Question
from ferryman.core.tables import Table
from ferryman.cost import data, findings, report
from ferryman.cost.compare import Comparison
from ferryman.cost.figures import volume

if TYPE_CHECKING:
    from ferryman.cost.growth import Forecast
    from ferryman.cost.memory import Advice
    from ferryman.cost.ranges import Range
    from ferryman.cost.sweep import Sweep
    from ferryman.cost.uncertainty import Band, Influence

__all__ = ("Further", "look_further", "ranges_of")


@dataclass(frozen=True, slots=True)
class Further:
    """What was found.

    Args:
        comparison: The comparison that it is about.
        bands: How sure the crossovers are.
        pair: The platforms whose crossover ``influences`` are about; ``None`` if there is none.
        influences: How far each input moves it.
        advice: The bill by memory size, if it was asked for.
        growth: When to move, if the traffic grows.
        over: The input of ``sweeps``, as it was named.
        sweeps: The first platform against each other one, over that input.
    """

    comparison: Comparison
    bands: tuple[Band, ...] = ()
    pair: tuple[str, str] | None = None
    influences: tuple[Influence, ...] = ()
    advice: Advice | None = None
    growth: Forecast | None = None
    over: str = ""
    sweeps: tuple[Sweep, ...] = ()

    def before_crossovers(self) -> Iterator[Table | str]:
        """Yield what is printed before the crossovers."""
        if self.advice:
            yield findings.memory_table(self.advice)
        if self.growth:
            yield f"Growth\n  {findings.growth_text(self.growth)}\n"
        if self.sweeps:
            requests = volume(self.comparison.workload.requests)
            yield f"Crossovers over {self.over}, at {requests} requests a month"
            yield from (f"  {findings.turn_text(found, self.over)}" for found in self.sweeps)
            yield ""

    def crossovers(self) -> Iterator[str]:
        """Yield a sentence for each pair that is told, with its band, and what moves one."""
        bands = {(x.per_request, x.capacity): x for x in self.bands}
        yield "Crossovers"
        for duel in findings.told(self.comparison):
            text = report.sentence(duel, self.comparison.horizon)
            found = bands.get((duel.first, duel.second))
            yield f"  {text}{findings.band_text(found) if found else ''}"
        if self.pair:
            yield f"  {findings.influence_text(self.influences, *self.pair)}"

    def as_data(self) -> dict[str, Any]:
        """Return the same for a machine."""
        names = dict(zip(("per_request", "capacity"), self.pair or (), strict=False))
        moved = {**names, "inputs": data.influence_data(self.influences)}
        return {
            "bands": [data.band_data(band) for band in self.bands],
            "influences": moved if self.pair else None,
            "memory": data.memory_data(self.advice) if self.advice else None,
            "growth": data.growth_data(self.growth) if self.growth else None,
            "over": data.sweep_data(self.over, self.sweeps) if self.sweeps else None,
        }


def look_further(comparison: Comparison, question: Question, flags: Mapping[str, Any]) -> Further:
    """Return what the flags ask for besides the comparison.

    Raises:
        ConfigError: One of them asks for something that there is not.
    """
    bands = _bands(comparison, question, flags)
    pair = next(((x.per_request, x.capacity) for x in bands if x.middle is not None), None)
    return Further(
        comparison,
        bands,
        pair,
        _influences(comparison, question, flags, pair) if pair else (),
        _advice(question) if flags["advise_memory"] else None,
        _growth(question, flags) if question.workload.growth else None,
        flags["over"] or "",
        tuple(_sweeps(question, flags["over"])) if flags["over"] else (),
    )


def ranges_of(question: Question, flags: Mapping[str, Any]) -> dict[str, Range]:
    """Return how uncertain the inputs are: as it was given, or else as the question has it."""
    from ferryman.cost.ranges import parse_range

    given = {name: parse_range(name, text) for name, text in flags["ranges"]}
    return given or question.ranges


def _bands(
    comparison: Comparison, question: Question, flags: Mapping[str, Any]
) -> tuple[Band, ...]:
    pairs = findings.told_pairs(comparison)
    if not pairs or flags["draws"] < 1:
        return ()
    from ferryman.cost.uncertainty import band

    ranges, book = ranges_of(question, flags), question.book
    return band(question.workload, ranges, pairs, book, comparison.horizon, flags["draws"])


def _influences(
    comparison: Comparison, question: Question, flags: Mapping[str, Any], names: tuple[str, str]
) -> tuple[Influence, ...]:
    from ferryman.cost.uncertainty import tornado

    named = {platform.name: platform for platform in comparison.platforms}
    pair, ranges = (named[names[0]], named[names[1]]), ranges_of(question, flags)
    return tornado(question.workload, ranges, pair, question.book, comparison.horizon)


def _advice(question: Question) -> Advice:
    from ferryman.cost.memory import advise

    return advise(question.workload, question.function, question.book, question.needs_mib)


def _growth(question: Question, flags: Mapping[str, Any]) -> Forecast:
    from ferryman.cost.growth import forecast

    platforms, book = question.platforms, question.book
    return forecast(question.workload, platforms, book, flags["current"], flags["months"])


def _sweeps(question: Question, over: str) -> Iterator[Sweep]:
    from ferryman.cost.sweep import sweep

    first, *others = question.platforms
    for other in others:
        yield sweep(question.workload, values.field_name(over), first, other, question.book)
