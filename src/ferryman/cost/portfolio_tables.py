"""The answer for several applications in sentences and tables, for the terminal and the page."""

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
    """Return the decision in a sentence, which begins with the doubt where there is one."""
    doubtful = ", ".join(app.name for app in found.doubtful)
    doubt = f"Doubtful, by a forced measurement of {doubtful}: " if doubtful else ""
    count, worth = len(found.apps), found.worth_moving
    start = usd(Decimal(found.start))
    if not worth:
        each = "the function" if count == 1 else f"a function for each of {count} applications"
        return f"{doubt}Keep {each}: {start} USD a month."
    after = usd(Decimal(found.moves[worth - 1].usd))
    part = f"{worth} of " if worth < count else ""
    which = f"{part}{counted(count, 'application')}"
    where = "to shared EC2 instances"
    return f"{doubt}Move {which} {where}: {after} USD a month, as functions {start}."


def outlook(found: Portfolio) -> str:
    """Return from how much traffic on shared servers pay, and what else would cost less."""
    text = _change(found)
    best = found.cheapest
    if best is not found.ways[0] and best.usd < Decimal(_lowest(found)) - Decimal("0.01"):
        text += f" All on {best.name} cost {usd(best.usd)} USD."
    return text


def _lowest(found: Portfolio) -> float:
    return min(found.start, *(move.usd for move in found.moves))


def _change(found: Portfolio) -> str:
    """Return how much the traffic must change for all to cost the same both ways."""
    factor = found.factor
    if factor is None:
        return "Shared servers cost more at any traffic up to a thousand times as much."
    if factor > 1:
        times = three_digits(factor)
        return f"All on shared servers cost more until all traffic is {times} times as much."
    share = three_digits(factor * 100)
    return f"All on shared servers cost less down to {share} % of the traffic."


def way_table(found: Portfolio, *, star: bool = True) -> Table:
    """Return a row for each way in which all can run; the cheapest with a star, if wanted."""
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
    title = "USD a month, * the cheapest" if star else "USD a month, the cheapest marked"
    return Table(title, header, rows, frozenset({1, 3, 4}))


def servers_text(way: Together) -> str:
    """Return how many servers there are, and of which size."""
    if way.servers is None:
        return ""
    return f"{way.servers} x {way.size}" if way.size else str(way.servers)


def crossover_table(found: Portfolio) -> Table:
    """Return a row for each application: from where on it is cheaper on servers."""
    rows = tuple(
        (each.app, volume(each.requests), crossover_text(each.alone), crossover_text(each.among))
        for each in found.crossovers
    )
    header = ("application", "requests a month", "crosses over alone", "among the others")
    return Table("From how much traffic on servers are cheaper", header, rows, frozenset({1, 2, 3}))


def crossover_text(requests: float | None) -> str:
    """Return a volume to three digits, or that there is none."""
    return "never" if requests is None else volume(Decimal(round(requests)))


def move_table(found: Portfolio, *, star: bool = True) -> Table:
    """Return a row for each move; the one to the lowest total with a star, if wanted."""
    rows = [("", "all as functions", usd(Decimal(found.start)))]
    for number, move in enumerate(found.moves, 1):
        best = (" *" if number == found.worth_moving else "  ") if star else ""
        rows.append((plain(Decimal(number)), move.app, f"{usd(Decimal(move.usd))}{best}"))
    header = ("", "move", "USD a month of all after it")
    title = "In which order to move to shared EC2 instances"
    title += ", * the lowest total" if star else ", the lowest total marked"
    return Table(title, header, tuple(rows), frozenset({0, 2}))


def input_table(found: Portfolio) -> Table:
    """Return a row for each application: what a request of it needs, and how that is known."""
    figures = ("a request takes", "of it CPU", "Lambda memory", "response")
    header = ("application", *figures, "known by")
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
