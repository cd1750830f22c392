"""Formats the answer for several applications as sentences and tables."""

from __future__ import annotations

from decimal import Decimal

from ferryman.cost.number_format import plain, usd, volume
from ferryman.cost.portfolio import App, Portfolio, Together
from ferryman.records.table import Table
from ferryman.records.wording import counted, size_text, three_digits

__all__ = (
    "crossover_table",
    "crossover_text",
    "headline",
    "input_table",
    "move_table",
    "outlook",
    "servers_text",
    "way_table",
)


def headline(found: Portfolio) -> str:
    """Return the decision in a sentence, which begins with a warning if figures are doubtful."""
    doubtful = ", ".join(app.name for app in found.doubtful)
    doubt = f"Doubtful ({doubtful} measured with --force): " if doubtful else ""
    count, worth = len(found.apps), found.worth_moving
    start = usd(Decimal(found.start))
    if not worth:
        kept = "the function" if count == 1 else f"a function for each of {count} applications"
        return f"{doubt}Keep {kept}: {start} USD a month."
    after = usd(Decimal(found.moves[worth - 1].usd))
    part = f"{worth} of " if worth < count else ""
    which = f"{part}{counted(count, 'application')}"
    where = "to shared EC2 instances"
    return f"{doubt}Move {which} {where}: {after} USD a month instead of {start} as functions."


def outlook(found: Portfolio) -> str:
    """Return the traffic at which shared servers pay off, and a platform that costs even less."""
    text = _change(found)
    best = found.cheapest
    if best is not found.ways[0] and best.usd < Decimal(_lowest(found)) - Decimal("0.01"):
        text += f" All applications on {best.name} cost {usd(best.usd)} USD."
    return text


def _lowest(found: Portfolio) -> float:
    return min(found.start, *(move.usd for move in found.moves))


def _change(found: Portfolio) -> str:
    """Return the traffic at which functions and shared servers for all cost the same."""
    factor = found.factor
    if factor is None:
        return "Shared servers for all cost more, even with a thousand times the traffic."
    if factor > 1:
        times = three_digits(factor)
        return f"Shared servers for all cost more until all traffic grows to {times} times today's."
    share = three_digits(factor * 100)
    return f"Shared servers for all cost less as long as traffic is above {share} % of today's."


def way_table(found: Portfolio, *, star: bool = True) -> Table:
    """Return a row for each kind of platform; the cheapest has a star, unless ``star`` is false."""
    best = found.cheapest
    rows = tuple(
        (
            way.name,
            servers_text(way),
            "yes" if way.highly_available else "no",
            usd(way.usd) + (("*" if way is best else " ") if star else ""),
            usd(way.usd * 12),
        )
        for way in found.ways
    )
    header = ("all applications on", "servers", "HA", "USD a month", "a year")
    title = f"USD a month; {'* marks the cheapest' if star else 'the cheapest is marked'}"
    return Table(title, header, rows, frozenset({1, 3, 4}))


def servers_text(way: Together) -> str:
    """Return the number and the size of the servers; empty for functions."""
    if way.servers is None:
        return ""
    return f"{way.servers} x {way.size}" if way.size else str(way.servers)


def crossover_table(found: Portfolio) -> Table:
    """Return a row for each application: the traffic above which it is cheaper on servers."""
    rows = tuple(
        (x.app, volume(x.requests), crossover_text(x.alone), crossover_text(x.among))
        for x in found.crossovers
    )
    header = ("application", "requests a month", "crossover alone", "among the others")
    title = "Requests a month above which servers are cheaper"
    return Table(title, header, rows, frozenset({1, 2, 3}))


def crossover_text(requests: float | None) -> str:
    """Return a volume with three digits, or ``never``."""
    return "never" if requests is None else volume(Decimal(round(requests)))


def move_table(found: Portfolio, *, star: bool = True) -> Table:
    """Return a row for each move; the last worthwhile one has a star, unless ``star`` is false."""
    rows = [("", "all as functions", usd(Decimal(found.start)))]
    for number, move in enumerate(found.moves, 1):
        best = (" *" if number == found.worth_moving else "  ") if star else ""
        rows.append((plain(Decimal(number)), move.app, f"{usd(Decimal(move.usd))}{best}"))
    header = ("", "move", "total USD a month after it")
    title = "Order of moves to shared EC2 instances; "
    title += "* marks the lowest total" if star else "the lowest total is marked"
    return Table(title, header, tuple(rows), frozenset({0, 2}))


def input_table(found: Portfolio) -> Table:
    """Return a row for each application: what its requests need, and the source of that."""
    figures = ("duration", "CPU time", "Lambda memory", "response")
    header = ("application", *figures, "source")
    rows = tuple(_inputs(app) for app in found.apps)
    return Table("What the applications need", header, rows, frozenset({1, 2, 3, 4}))


def _inputs(app: App) -> tuple[str, ...]:
    work = app.workload
    return (
        app.name,
        f"{three_digits(work.wall_ms)} ms",
        f"{three_digits(work.cpu_ms)} ms",
        f"{plain(work.memory_mib)} MiB",
        size_text(float(work.response_bytes)),
        app.origins.get("wall_ms", "assumed"),
    )
