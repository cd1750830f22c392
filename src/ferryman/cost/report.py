"""A comparison as rows of text and as sentences. Pure: it prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ferryman.core.tables import Row, Table
from ferryman.cost.bill import Bill
from ferryman.cost.compare import Change, Comparison, Duel
from ferryman.cost.figures import plain, rate_per_second, usd, volume
from ferryman.cost.prices.book import Rate

__all__ = (
    "assumption_table",
    "bill_table",
    "level_table",
    "regions_of",
    "sentence",
    "sentences",
    "stretch_table",
)

_ASSUMPTIONS = {
    "requests": ("requests", "a month"),
    "wall_ms": ("wall time", "ms a request, as Lambda bills it"),
    "cpu_ms": ("CPU time", "ms a request"),
    "memory_mib": ("Lambda memory", "MiB"),
    "response_bytes": ("response", "bytes"),
    "request_bytes": ("request", "bytes"),
    "peak_to_mean": ("busy hour", "times the mean rate"),
    "cold_start_share": ("cold starts", "of the requests"),
    "init_ms": ("cold start", "ms billed"),
    "resident_mib": ("server process", "MiB at rest"),
    "in_flight_mib": ("request in flight", "MiB on a server"),
    "burst": ("busy minute", "times its hour's mean"),
    "cpu_variation": ("spread of CPU time", "squared coefficient of variation"),
    "arrival_variation": ("spread of arrivals", "squared coefficient of variation"),
    "log_bytes": ("logs", "bytes a request"),
    "cross_zone_bytes": ("between zones", "bytes a request"),
    "nat_bytes": ("through NAT", "bytes a request"),
    "growth": ("growth", "a month"),
}

_SILENT = {"burst": "1", "cross_zone_bytes": "0", "nat_bytes": "0", "growth": "0"}
"""Values that say that something plays no part, which a reader need not be told."""


def assumption_table(comparison: Comparison, given: frozenset[str] | Mapping[str, str]) -> Table:
    """Return the workload and the prices, and which of it was given and which is assumed.

    Args:
        comparison: The comparison.
        given: Names of the workload's fields that did not come from a default; as a mapping,
            with the word for where each came from.
    """
    origins = given if isinstance(given, Mapping) else dict.fromkeys(given, "given")
    rows: list[Row] = []
    for name, (label, unit) in _ASSUMPTIONS.items():
        value = plain(getattr(comparison.workload, name))
        if name not in given and value == _SILENT.get(name):
            continue
        rows.append((label, origins.get(name, "assumed"), f"{value} {unit}"))
    rows += [(x.name, "", x.assumptions) for x in comparison.platforms]
    seen = sorted(rate.seen for rate in _rates(comparison))
    places = ", ".join(regions_of(comparison))
    book = f"book of {comparison.book.date}, its rates seen {seen[0]} to {seen[-1]}"
    return Table("Assumptions", (), (*rows, ("prices", "", f"USD in {places}; {book}")))


def level_table(comparison: Comparison) -> Table:
    """Return a row per platform: availability, and servers and USD a month at each level."""
    header = ("platform", "HA", *(f"{volume(x.requests)} requests" for x in comparison.levels))
    rows: list[Row] = []
    for index, platform in enumerate(comparison.platforms):
        bills = [level.bills[index] for level in comparison.levels]
        cells = []
        for level, bill in zip(comparison.levels, bills, strict=True):
            servers = f"{_servers(bill.servers)}  " if bill.servers else ""
            cells.append(f"{servers}{usd(bill.total)}{'*' if bill is level.cheapest else ' '}")
        rows.append((platform.name, "yes" if bills[0].highly_available else "no", *cells))
    right = frozenset(range(2, len(header)))
    return Table("USD a month, * the cheapest", header, tuple(rows), right)


def bill_table(bill: Bill) -> Table:
    """Return a row per line of the bill, and its total."""
    rows = [
        (
            line.item,
            plain(line.quantity, 2),
            line.unit,
            plain(line.rate.value) + ("..." if len(line.rate.tiers) > 1 else ""),
            usd(line.amount),
            line.formula,
        )
        for line in bill.lines
    ]
    return Table(
        f"{bill.platform} at {volume(bill.requests)} requests a month",
        ("item", "quantity", "unit", "USD a unit", "USD", "how"),
        (*rows, ("total", "", "", "", usd(bill.total), "")),
        frozenset({1, 3, 4}),
    )


def stretch_table(comparison: Comparison) -> Table:
    """Return a row per range of volumes: the cheapest platform in it."""
    rows: list[Row] = []
    for stretch in comparison.stretches:
        low, high = volume(stretch.start), volume(stretch.end)
        rates = f"{rate_per_second(stretch.start)} to {rate_per_second(stretch.end)}"
        rows.append((f"{low} to {high}", rates, stretch.platform))
    title = f"Cheapest, up to {volume(comparison.horizon)} requests a month"
    return Table(title, ("requests a month", "a second", "platform"), tuple(rows))


def sentences(comparison: Comparison) -> list[str]:
    """Return one sentence per pair of platforms: where the one becomes cheaper, if ever."""
    return [sentence(duel, comparison.horizon) for duel in comparison.duels]


def sentence(duel: Duel, horizon: Decimal) -> str:
    """Return where one platform becomes cheaper than the other, if ever."""
    leader = duel.cheaper_at_first
    other = duel.second if leader == duel.first else duel.first
    if not duel.changes:
        return f"{other} is never cheaper than {leader} within {_volume_and_rate(horizon)}."
    first, last, times = duel.changes[0], duel.changes[-1], len(duel.changes)
    text = f"{other} becomes cheaper than {leader} above {_where(first, duel)}"
    if times == 1:
        return f"{text}."
    # A single box does not change places by adding servers but by being full.
    why = "as servers are added" if last.servers != 1 else "until it is full"
    text += f"; they change places {times} times in all, {why},"
    return f"{text} and {last.cheaper} stays cheaper above {_where(last, duel)}."


def _where(change: Change, duel: Duel) -> str:
    servers = (
        f" on {_servers(change.servers)}"
        if change.cheaper == duel.second and change.servers
        else ""
    )
    return f"{_volume_and_rate(change.requests)}{servers}"


def _servers(count: int | None) -> str:
    return "1 server" if count == 1 else f"{count} servers"


def _volume_and_rate(requests: Decimal) -> str:
    return f"{volume(requests)} requests a month ({rate_per_second(requests)} a second)"


def regions_of(comparison: Comparison) -> list[str]:
    """Return the regions whose rates were used."""
    return sorted({rate.region for rate in _rates(comparison)} - {"*"})


def _rates(comparison: Comparison) -> Iterator[Rate]:
    for bill in comparison.levels[0].bills:
        yield from (line.rate for line in bill.lines)
