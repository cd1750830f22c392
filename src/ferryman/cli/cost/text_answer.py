"""The answer as text for a terminal: the decision first, what it rests on last."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from ferryman.cli.cost.question import CostOptions
from ferryman.cost import answer_tables as tables
from ferryman.cost import sentences
from ferryman.cost.input_labels import INPUT_LABELS
from ferryman.cost.number_format import plain, volume
from ferryman.cost.study import Study, shown_duels
from ferryman.records.table import Table

__all__ = ("text_parts",)


def text_parts(study: Study, options: CostOptions) -> Iterator[Table | str]:
    """Yield the tables and lines of the answer, in the order in which they are printed."""
    comparison, output = study.comparison, options.output
    yield f"{sentences.headline(study)} {sentences.outlook(study)}\n"
    yield tables.level_table(comparison)
    if study.money:
        yield tables.money_table(comparison, study.money)
    if output.lines:
        yield from map(tables.bill_table, comparison.own.bills)
    yield tables.stretch_table(comparison)
    if study.advice:
        yield tables.memory_table(study.advice)
    if study.growth:
        yield tables.growth_table(study.growth)
        yield f"{sentences.growth_sentence(study.growth)}\n"
    yield from _scans(study)
    if output.plot == Path("-"):
        yield from _charts(study)
    yield from _crossovers(study)
    if study.logs:
        from ferryman.cli.cost.logs import log_table

        yield ""
        yield log_table(study.logs)
    yield from _assumptions(study, shown=output.assumptions)


def _scans(study: Study) -> Iterator[str]:
    if study.scans:
        name, requests = study.scanned_input, volume(study.comparison.workload.requests)
        yield f"Crossovers over {name}, at {requests} requests a month"
        yield from (f"  {sentences.scan_sentence(scan, name)}" for scan in study.scans)
        yield ""


def _charts(study: Study) -> Iterator[str]:
    from ferryman.cli.cost.text_chart import plot_curves, plot_week

    work = study.comparison.workload
    yield from plot_curves(study)
    yield ""
    if work.shape and work.requests:
        yield from plot_week(study.comparison, work.shape)
        yield ""


def _crossovers(study: Study) -> Iterator[str]:
    """Yield a sentence for each shown pair, with its band and the inputs that move it."""
    yield "Crossovers"
    for duel in shown_duels(study.comparison):
        text = sentences.duel_sentence(duel, study.comparison.horizon)
        band = study.band_of(duel.first, duel.second)
        yield f"  {text} {sentences.band_sentence(study, band)}" if band else f"  {text}"
    if study.pair:
        yield f"  {sentences.influence_sentence(study)}"
    for saving in study.savings:
        requests = study.comparison.workload.requests
        yield f"  {sentences.saving_sentence(saving, requests)}"


def _assumptions(study: Study, *, shown: bool) -> Iterator[Table | str]:
    """Yield the assumptions: all of them if asked for, else one line."""
    yield ""
    comparison, prices = study.comparison, tables.price_row(study.comparison)
    if shown:
        workload = tables.workload_table(comparison, study.origins)
        platforms = ((name, "", told) for name, told in tables.platform_table(comparison).rows)
        rows = tuple(chain(workload.rows, platforms, [("prices", "", prices)]))
        yield Table("Assumptions", (), rows)
        return
    for origin, lead in (("measured", "Measured"), ("logs", "From logs"), ("", "Assumed")):
        names = [name for name in INPUT_LABELS if study.origins.get(name, "") == origin]
        if told := [text for name in names if (text := _short(study, name))]:
            yield f"{lead}: {', '.join(told)}."
    yield f"Prices: {prices}. `--assumptions` shows all."


def _short(study: Study, name: str) -> str:
    """Return an input and its value; empty for an input that changes few bills."""
    label = INPUT_LABELS[name]
    value = plain(getattr(study.comparison.workload, name), 3)
    return f"{label.name} {value} {label.unit}".rstrip() if name in _SHORT else ""


_SHORT = ("requests", "wall_ms", "cpu_ms", "memory_mib", "response_bytes", "peak_to_mean")
"""The inputs that move a bill most."""
