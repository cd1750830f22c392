"""Formats an answer as sentences: the decision, each crossover, its uncertainty and its causes.

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
"""An input that moves a crossover by a smaller factor counts as without influence."""


def headline(study: Study) -> str:
    """Return the decision in one sentence: the platform, its bill and the volume.

    It begins with a warning if the figures were measured with --force.
    """
    doubt = "Doubtful (measured with --force): " if study.doubts else ""
    return f"{doubt}{_decision(study)}"


def _decision(study: Study) -> str:
    comparison = study.comparison
    best, where = comparison.own.cheapest, f"{volume(comparison.workload.requests)} requests"
    if not best.carried:
        return f"None of the compared platforms can serve {where} a month."
    if study.growth:
        verb = "Stay on" if study.growth.current == best.platform else "Move to"
    else:
        verb = "Stay on" if comparison.stretches[0].platform == best.platform else "Run on"
    return f"{verb} {best.platform}: {usd(best.total)} USD a month at {where}."


def stretches_from_here(comparison: Comparison) -> tuple[Stretch | None, Sequence[Stretch]]:
    """Return the stretch of traffic that contains the workload's, and the stretches above it."""
    own, stretches = comparison.workload.requests, comparison.stretches
    here = next((x for x in stretches if x.start <= own <= x.end), None)
    return here, stretches[stretches.index(here) + 1 :] if here else ()


def outlook(study: Study) -> str:
    """Return the volume above which another platform is cheaper, and the month of it."""
    here, after = stretches_from_here(study.comparison)
    if here is None or not after:
        horizon = volume(study.comparison.horizon)
        return f"It stays the cheapest up to {horizon} requests, the limit of the search."
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
    """Return the month in which growth makes another platform cheaper, for good if possible."""
    months = growth.months if growth else ()
    first = next((month for month in months if month.requests > here.end), None)
    beyond = (growth.move if growth else None) or first
    return f"; with your growth, in {beyond.name}" if beyond else ""


def duel_sentence(duel: Duel, horizon: Decimal) -> str:
    """Return the volume above which one platform is cheaper than the other, if there is one."""
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
        f"{other} becomes cheaper than {leader} between {ends}: each additional server makes"
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
    """Return the range of nine draws in ten, or why all draws are the same."""
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
    if "Lambda duration" in free:
        covered = " and ".join(free)
        return f"there {covered} stay within the free tier, so durations and sizes do not matter"
    paid = ", ".join(x.item for x in lines if x.amount)
    names = ", ".join(INPUT_LABELS[name].name for name in study.ranges)
    return f"the bill there consists of {paid}, which {names} do not change"


def influence_sentence(study: Study) -> str:
    """Return the inputs that move a crossover most; the study must have a pair."""
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
    """Return when to move, the cost of staying, and when no platform can serve the traffic."""
    end = growth.overrun
    if end and not end.number:
        return "None of the platforms can serve the traffic."
    limit = f" From {end.name} on, none of them can serve the traffic." if end else ""
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
    """Return the volumes at which a hybrid pays off, and its saving at the workload's volume."""
    name = saving.platform
    if saving.start is None or saving.end is None or saving.best is None:
        return f"{name} pays off at no volume: one of its two parts alone costs no more."
    ends = f"{volume(saving.start)} and {volume(saving.end)} requests a month"
    here = f"at {volume(requests)} it saves {saving.own:.0%}"
    if saving.own < 0.01:
        here = f"at {volume(requests)} it does not pay off"
    return (
        f"{name} pays off between {ends}: at {volume(saving.best)} it costs {saving.most:.0%} less"
        f" than the cheaper of its two parts alone; {here}."
    )


def scan_sentence(scan: InputScan, name: str) -> str:
    """Return the values of an input at which the cheaper of two platforms changes."""
    leader = scan.leader
    if leader is None:
        return f"{scan.first} and {scan.second} cost the same at every value of {name}."
    if not scan.changes:
        other = scan.second if leader == scan.first else scan.first
        return f"{other} is not cheaper than {leader} at any value of {name}."
    parts = [f"{x.cheaper} is cheaper above {plain(x.value, 3)}" for x in scan.changes]
    return f"{leader} is cheaper at first; {'; '.join(parts)}."
