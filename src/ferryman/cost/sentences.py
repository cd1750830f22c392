"""An answer in sentences: the decision, each crossover, how certain it is and what moves it.

Pure functions from values to text. They know no table and no HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ferryman.cost.compare import Change, Comparison, Duel, Stretch
from ferryman.cost.input_labels import INPUT_LABELS
from ferryman.cost.number_format import plain, rate_per_second, usd, volume
from ferryman.cost.platforms.sizes import bill as bill_of
from ferryman.cost.study import Study
from ferryman.records.wording import counted

if TYPE_CHECKING:
    from ferryman.cost.growth import Forecast
    from ferryman.cost.hybrid.saving import HybridSaving
    from ferryman.cost.input_scan import InputScan
    from ferryman.cost.uncertainty import Band

__all__ = (
    "band_sentence",
    "duel_sentence",
    "growth_sentence",
    "headline",
    "influence_sentence",
    "outlook",
    "saving_sentence",
    "scan_sentence",
    "stretches_from_here",
)

MOVES = 1.005
"""An input that moves a crossover by a smaller factor does not move it."""


def headline(study: Study) -> str:
    """Return the decision in one sentence: the platform, its bill and the volume.

    It begins with the doubt where the figures were measured with --force.
    """
    doubt = "Doubtful, by a forced measurement: " if study.doubts else ""
    return f"{doubt}{_decision(study)}"


def _decision(study: Study) -> str:
    comparison = study.comparison
    best, where = comparison.own.cheapest, f"{volume(comparison.workload.requests)} requests"
    if not best.carried:
        return f"No platform that is compared carries {where} a month."
    if study.growth:
        verb = "Stay on" if study.growth.current == best.platform else "Move to"
    else:
        verb = "Stay on" if comparison.stretches[0].platform == best.platform else "Run on"
    return f"{verb} {best.platform}: {usd(best.total)} USD a month at {where}."


def stretches_from_here(comparison: Comparison) -> tuple[Stretch | None, Sequence[Stretch]]:
    """Return the stretch of traffic that the workload lies in, and those above it."""
    own, stretches = comparison.workload.requests, comparison.stretches
    here = next((x for x in stretches if x.start <= own <= x.end), None)
    return here, stretches[stretches.index(here) + 1 :] if here else ()


def outlook(study: Study) -> str:
    """Return above which volume another platform becomes cheaper, and when growth gets there."""
    here, after = stretches_from_here(study.comparison)
    if here is None or not after:
        return f"It stays cheapest up to {volume(study.comparison.horizon)} requests, the horizon."
    text = f"{after[0].platform} becomes cheaper above {volume(here.end)}"
    returns = [x for x in after if x.platform == here.platform]
    if returns and returns[-1] is not after[-1]:
        text += f", for good above {volume(returns[-1].end)}"
    if _is_last_of_several(after, here):
        text += f"; {after[-1].platform} above {volume(after[-1].start)}"
    return f"{text}{_when(study.growth, here)}."


def _is_last_of_several(after: Sequence[Stretch], here: Stretch) -> bool:
    return after[-1].platform not in (after[0].platform, here.platform)


def _when(growth: Forecast | None, here: Stretch) -> str:
    """Return when growth makes another platform cheaper, for good where it does."""
    months = growth.months if growth else ()
    first = next((month for month in months if month.requests > here.end), None)
    beyond = (growth.move if growth else None) or first
    return f"; at your growth in {beyond.name}" if beyond else ""


def duel_sentence(duel: Duel, horizon: Decimal) -> str:
    """Return where one platform becomes cheaper than the other, if ever."""
    leader = duel.cheaper_at_first
    other = duel.second if leader == duel.first else duel.first
    if not duel.changes:
        return f"{other} is not cheaper than {leader} up to {_volume_and_rate(horizon)}."
    first, last = duel.changes[0], duel.changes[-1]
    if len(duel.changes) == 1:
        return f"{other} becomes cheaper than {leader} above {_where(first, duel)}."
    ends = f"{_ends(first, last)} requests a month"
    if last.cheaper == leader:
        full = ", where it is full" if last.servers == 1 else ""
        return f"{other} is cheaper than {leader} only between {ends}{full}."
    return (
        f"{other} becomes cheaper than {leader} between {ends}: each server that is added makes"
        f" {leader} cheaper again for a while."
    )


def _ends(first: Change, last: Change) -> str:
    return f"{volume(first.requests)} and {volume(last.requests)}"


def _where(change: Change, duel: Duel) -> str:
    servers = ""
    if change.servers and change.cheaper == duel.second:
        servers = f" on {_servers(change)}"
    return f"{_volume_and_rate(change.requests)}{servers}"


def _servers(change: Change) -> str:
    if change.size:
        return f"{change.servers} x {change.size}"
    return counted(change.servers or 0, "server")


def _volume_and_rate(requests: Decimal) -> str:
    return f"{volume(requests)} requests a month ({rate_per_second(requests)} a second)"


def band_sentence(study: Study, band: Band) -> str:
    """Return where nine draws in ten lie, and what makes it certain where they do not differ."""
    if band.never > 0.95:
        return f"In {band.never:.0%} of the draws there is no crossover."
    chance = f"in {band.never:.0%} of the draws there is no crossover"
    if band.low is None:
        return f"{chance[0].upper()}{chance[1:]}."
    low = volume(Decimal(band.low))
    if band.high is None:
        return f"One draw in twenty lies below {low}; {chance}."
    high = volume(Decimal(band.high))
    more = f"; {chance}" if band.never >= 0.005 else ""
    if low == high:
        return f"It is certain: {_reason(study, band.per_request, band.low)}."
    return f"Nine draws in ten lie between {low} and {high}{more}."


def _reason(study: Study, platform: str, requests: float) -> str:
    """Return why no uncertain input moves a crossover at this volume."""
    comparison = study.comparison
    if not study.ranges:
        return "no input is given as a range"
    work = replace(comparison.workload, requests=Decimal(round(requests)))
    lines = bill_of(study.platform(platform), work, comparison.book).lines
    free = [x.item for x in lines if x.quantity and x.quantity <= x.allowance]
    paid = [x.item for x in lines if x.amount]
    names = ", ".join(INPUT_LABELS[name].name for name in study.ranges)
    if "Lambda duration" in free:
        covered = " and ".join(free)
        return f"there {covered} stay within the free tier, so durations and sizes do not count"
    return f"there {', '.join(paid)} are billed, and {names} do not change them"


def influence_sentence(study: Study) -> str:
    """Return which inputs move a crossover most; the study must have a pair."""
    assert study.pair
    first, second = study.pair
    strongest = [x for x in study.influences if x.swing > MOVES][:3]
    if not strongest:
        band = study.band_of(first, second)
        why = _reason(study, first, band.middle) if band and band.middle else "it is certain"
        return f"No uncertain input moves the crossover of {first} and {second}: {why}."
    parts = []
    for x in strongest:
        ends = [volume(Decimal(end)) if end else "never" for end in (x.at_low, x.at_high)]
        parts.append(f"{INPUT_LABELS[x.name].name} ({ends[0]} to {ends[1]})")
    return f"What moves the crossover of {first} and {second} most: {', '.join(parts)}."


def growth_sentence(growth: Forecast) -> str:
    """Return when to move, what staying costs, and when nothing carries the traffic."""
    end = growth.overrun
    if end and not end.number:
        return "None of the platforms carries the traffic."
    limit = f" From {end.name} on none of them carries the traffic." if end else ""
    months = end.number if end else len(growth.months)
    move = growth.move
    if move is None:
        return f"{growth.current} stays the cheapest for {counted(months, 'month')}.{limit}"
    extra = growth.staying_costs
    more = f"costs {usd(extra)} USD more" if extra.is_finite() else "is not possible"
    when = "now" if not move.number else f"in {move.name}"
    return (
        f"Move from {growth.current} to {move.cheapest} {when}, at"
        f" {volume(move.requests)} requests a month; staying for"
        f" {counted(months, 'month')} {more}.{limit}"
    )


def saving_sentence(saving: HybridSaving, requests: Decimal) -> str:
    """Return where a hybrid pays, and whether it does at the workload's own volume."""
    name = saving.platform
    if saving.start is None or saving.end is None or saving.best is None:
        return f"{name} does not pay at any volume: its servers or its function alone cost as much."
    ends = f"{volume(saving.start)} and {volume(saving.end)} requests a month"
    here = f"at {volume(requests)} it saves {saving.own:.0%}"
    if saving.own < 0.01:
        here = f"at {volume(requests)} it does not pay"
    return (
        f"{name} pays between {ends}: {saving.most:.0%} less than the cheaper of its parts alone at"
        f" {volume(saving.best)}; {here}."
    )


def scan_sentence(scan: InputScan, name: str) -> str:
    """Return where the cheaper of two platforms changes over an input."""
    leader = scan.leader
    if leader is None:
        return f"{scan.first} and {scan.second} cost the same, whatever {name} is."
    if not scan.changes:
        other = scan.second if leader == scan.first else scan.first
        return f"{other} is not cheaper than {leader}, whatever {name} is."
    parts = [f"{x.cheaper} is cheaper above {plain(x.value, 3)}" for x in scan.changes]
    return f"{leader} is cheaper at first; {'; '.join(parts)}."


def sentences(comparison: Comparison) -> list[str]:
    """Return one sentence per pair of platforms: where the one becomes cheaper, if ever."""
    return [duel_sentence(duel, comparison.horizon) for duel in comparison.duels]
