"""The plan of a migration, and the function that makes it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.core.judge import answers_needed
from ferryman.migrate.options import MigrateOptions
from ferryman.migrate.planning.differences import Difference, differences, refused_bodies
from ferryman.migrate.planning.facts import Facts, Side
from ferryman.migrate.planning.front import Front, front_of
from ferryman.migrate.planning.room import check_database, check_sides, most_connections

__all__ = ("PATIENCE", "Money", "Plan", "Stage", "as_data", "make_plan")

PATIENCE = 1800.0
"""Seconds that the first step may take."""

_BAD_UNTIL_FOUND = ((1, 4), (5, 6), (25, 11), (100, 21))
"""Upper weights, each with the 99th percentile of bad answers before a fault of 5 % is found.

Source: docs/explanation/judging.md, the simulation at an old rate of 0.1 %.
"""

_FAULT = 0.05

_DELAYS = {"haproxy": 0.5, "metrics": 1.5, "command": 5.0, "cloudwatch": 180.0}
"""Seconds until an observer shows a response."""

_MONTH_HOURS = 730


@dataclass(frozen=True, slots=True)
class Stage:
    """One step.

    Attributes:
        weight: The new side's percentage.
        hours: How long it takes to count enough responses.
        bad: The most bad responses, 99 times in 100, if the new side fails one in twenty.
        units: Servers or environments that the new side needs for it in the busiest hour.
        connections: Database connections of both sides together at most; None if unknown.
        usd: The cost of both sides in that time.
    """

    weight: int
    hours: float
    bad: int
    units: int
    connections: int | None
    usd: float


@dataclass(frozen=True, slots=True)
class Money:
    """The costs of the sides, USD a day.

    Attributes:
        before: The old side, with all the traffic.
        both: Both sides, each able to take all traffic, at the weight of the last step.
        after: The new side, with all the traffic.
    """

    before: float
    both: float
    after: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A migration before it begins.

    Attributes:
        old: The side that the traffic leaves.
        new: The side that it goes to.
        old_platform: The platform whose prices apply to the old side.
        new_platform: The platform whose prices apply to the new side.
        unit: The unit of the new side's capacity.
        rate: Requests a second at the quietest time.
        needed: How many responses of the new side a step needs.
        stages: The steps.
        money: The costs of both sides.
        front: How the address that clients use is moved.
        differences: What differs between the sides.
        refusals: Why it cannot work; empty if it can.
        warnings: What to check before it begins.
    """

    old: str
    new: str
    old_platform: str
    new_platform: str
    unit: str
    rate: float
    needed: int
    stages: tuple[Stage, ...]
    money: Money
    front: Front
    differences: tuple[Difference, ...]
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def hours(self) -> float:
        """How long all steps take together."""
        return sum(stage.hours for stage in self.stages)

    @property
    def steps(self) -> tuple[int, ...]:
        """The weights of the steps."""
        return tuple(stage.weight for stage in self.stages)


def make_plan(options: MigrateOptions, facts: Facts) -> Plan:
    """Return the plan of a migration, with its obstacles.

    Args:
        options: The settings.
        facts: Both sides and their traffic.

    Raises:
        ConfigError: There is no traffic, or both sides are the same: there is nothing to plan.
    """
    old, new, rate = facts.old, facts.new, facts.traffic.rate
    if not rate > 0:
        raise ConfigError(
            "ferryman cannot judge a side without traffic",
            hint="pass --rate above 0, the requests a second at the quietest time",
        )
    if old.name == new.name:
        raise ConfigError(f"both sides are {old.name}", hint="pass --from and --to")
    needed = answers_needed(options.tolerated_rate)
    steps = _steps(options.steps, needed, rate)
    front = front_of(options.address, options.shifter, old.name)
    found = [*check_sides(facts), *check_database(facts)]
    refusals = [why for kind, why in found if kind == "refused"]
    refusals += refused_bodies(facts, options.shifter)
    refusals += [f"on {new.name} {finding}" for finding in facts.findings]
    refusals += [front.refusal] if front.refusal else []
    warnings = [*_warnings(options, facts, steps)]
    warnings += [why for kind, why in found if kind == "warned"]
    return Plan(
        old=old.name,
        new=new.name,
        old_platform=old.load.platform,
        new_platform=new.load.platform,
        unit=new.load.unit,
        rate=rate,
        needed=needed,
        stages=tuple(_stage(options, facts, step, needed) for step in steps),
        money=_money(old, new, steps[-1] / 100),
        front=front,
        differences=differences(old, new),
        refusals=tuple(dict.fromkeys(refusals)),
        warnings=tuple(warnings),
    )


def as_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON data."""
    return {**asdict(plan), "hours": plan.hours, "works": not plan.refusals}


def _steps(wanted: tuple[int, ...], needed: int, rate: float) -> tuple[int, ...]:
    """Return the steps; the first is the smallest that takes at most `PATIENCE`."""
    least = math.ceil(100 * needed / (rate * PATIENCE))
    first = min(max(wanted[0], least), wanted[-1])
    return (first, *(step for step in wanted if step > first))


def _stage(options: MigrateOptions, facts: Facts, step: int, needed: int) -> Stage:
    share, rate = step / 100, facts.traffic.rate
    hours = needed / (rate * share) / 3600
    found = next(bad for most, bad in _BAD_UNTIL_FOUND if step <= most)
    delay = _DELAYS[options.observer] + options.look
    return Stage(
        weight=step,
        hours=hours,
        bad=round(found + rate * share * _FAULT * delay),
        units=facts.new.needs(share),
        connections=most_connections(facts, share),
        usd=round(_both(facts.old, facts.new, share) * hours / _MONTH_HOURS, 2),
    )


def _both(old: Side, new: Side, share: float) -> float:
    """Return USD a month with both sides able to take all the traffic."""
    return float(old.load.usd(1 - share, kept=1.0) + new.load.usd(share, kept=1.0))


def _money(old: Side, new: Side, last: float) -> Money:
    day = 24 / _MONTH_HOURS
    return Money(
        before=round(float(old.load.usd(1.0)) * day, 2),
        both=round(_both(old, new, last) * day, 2),
        after=round(float(new.load.usd(1.0)) * day, 2),
    )


def _warnings(options: MigrateOptions, facts: Facts, steps: tuple[int, ...]) -> Iterator[str]:
    if steps[0] > options.steps[0]:
        yield (
            f"the first step is {steps[0]} %, because a smaller one takes more than "
            f"{PATIENCE / 60:.0f} minutes"
        )
    if steps[0] == options.steps[-1] and facts.traffic.rate * steps[0] / 100 * PATIENCE < 299:
        yield "there is so little traffic that even the last step takes more than half an hour"
    if facts.traffic.silent_hours:
        yield (
            f"in {facts.traffic.silent_hours} of the week's 168 hours there are no requests, and "
            "steps wait"
        )
    if facts.traffic.assumed:
        yield facts.traffic.assumed
    yield from _of_observer(options)
    if options.shifter == "route" and not all(
        options.sides.get(name) and options.sides[name].health
        for name in (facts.old.name, facts.new.name)
    ):
        yield "a route does not show whether a side is healthy: set health for both sides"
    if options.shifter == "alb" and facts.traffic.largest_body is None:
        yield (
            "no bodies are known: behind a load balancer a function's bodies have at most 1 MiB, "
            "and streams and WebSockets do not work; pass a HAR file, or run `ferryman measure`"
        )


def _of_observer(options: MigrateOptions) -> Iterator[str]:
    if options.observer == "haproxy" and not options.haproxy.log:
        yield "HAProxy's counters have no durations: set haproxy.log to judge durations, too"
    if options.observer == "cloudwatch":
        yield "CloudWatch is minutes late, so a rollback begins minutes late, too"
