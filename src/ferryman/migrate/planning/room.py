"""Checks capacity: on the new side, on the old side for a rollback, and in the database."""

from __future__ import annotations

from collections.abc import Iterator

from ferryman.migrate.planning.facts import Facts, Side

__all__ = ("SCALING_STEP", "check_database", "check_sides", "most_connections")

SCALING_STEP = 1000
"""The most environments that one function can add in ten seconds.

Source: "Understanding Lambda function scaling", concurrency scaling rate."""


def check_sides(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield `refused` or `warned`, and the reason, for the capacity of both sides."""
    why = {
        facts.new.name: "at the end it gets all the traffic",
        facts.old.name: "it must be able to take all of it back until `finish`",
    }
    for side in (facts.new, facts.old):
        needed, has = side.needs(1.0), side.units
        unit = side.load.unit
        if has is None:
            yield (
                "warned",
                f"{side.name} needs {needed:,} {unit} for all the traffic of the busiest hour "
                f"({why[side.name]}): make sure that it has them, and set sides.{side.name}.units",
            )
        elif has < needed:
            yield (
                "refused",
                f"{side.name} has {has:,} {unit}, and all the traffic of the busiest hour needs "
                f"{needed:,}: {why[side.name]}",
            )
    if facts.old.load.unit == "environments" and facts.old.needs(1.0) > SCALING_STEP:
        yield (
            "warned",
            f"a rollback starts {facts.old.needs(1.0):,} environments, and a function adds only "
            f"{SCALING_STEP:,} in ten seconds: keep a part of the traffic there with --stop-at",
        )


def most_connections(facts: Facts, share: float) -> int | None:
    """Return the most database connections of both sides together, at a share of the new side.

    The old side's connections stay open: it is not scaled down, and idle environments keep theirs.
    """
    parts = facts.old.opened(1.0), _standing(facts.new, share)
    if None in parts:
        return None
    return sum(part for part in parts if part is not None)


def check_database(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield `refused` or `warned`, and the reason, for the connections of both sides together."""
    most, limit = most_connections(facts, 1.0), facts.database_connections
    if most is None or (limit is None and most):
        counted = "" if most is None else f", {most:,} at most"
        yield (
            "warned",
            f"both sides open database connections at the same time{counted}: make sure that the "
            "database accepts them, and set portability.database_connections and each side's "
            "connections",
        )
    elif limit is not None and most > limit:
        old, new = facts.old.opened(1.0), _standing(facts.new, 1.0)
        yield (
            "refused",
            f"both sides together open {most:,} database connections ({facts.old.name} {old:,}, "
            f"{facts.new.name} {new:,}), and the database accepts {limit:,}: use smaller pools, "
            "or put PgBouncer or RDS Proxy in front",
        )


def _standing(side: Side, share: float) -> int | None:
    """Return the connections of a side's servers, which run before they have traffic."""
    if side.load.unit == "environments" or side.units is None:
        return side.opened(share)
    if side.connections is None:
        return None
    return max(side.needs(share), side.units) * side.load.processes * side.connections
