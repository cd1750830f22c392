"""The question itself: which platform is cheapest for this workload, and from where on.

Builds every bill and cost curve once and keeps the results as plain values, for a table,
JSON or a picture. It does not know how any of them is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill
from ferryman.cost.crossover import reigns, settle
from ferryman.cost.curve import Curve
from ferryman.cost.figures import exact
from ferryman.cost.platforms.ec2 import Ec2
from ferryman.cost.platforms.fargate import Fargate
from ferryman.cost.platforms.lambda_ import FrontDoor, LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.prices.book import PriceBook, load_book
from ferryman.cost.workload import Workload

__all__ = (
    "HORIZON",
    "LEVELS",
    "Change",
    "Comparison",
    "Duel",
    "Level",
    "Stretch",
    "compare",
    "usual_platforms",
)

HORIZON = Decimal(10**10)
"""How far crossovers are looked for, requests a month: 3,805 a second."""

LEVELS = (Decimal(10**6), Decimal(10**7), Decimal(10**8))
"""The volumes that are priced side by side unless others are asked for."""

_USUAL_INSTANCE = {"arm64": "m7g.large", "x86_64": "m6i.large"}


@dataclass(frozen=True, slots=True)
class Level:
    """Every platform's bill at one volume.

    Args:
        requests: Requests a month.
        bills: One per platform, in the order of the comparison.
    """

    requests: Decimal
    bills: tuple[Bill, ...]

    @property
    def cheapest(self) -> Bill:
        """The lowest bill; of equal ones the first."""
        return min(self.bills, key=lambda bill: bill.total)


@dataclass(frozen=True, slots=True)
class Change:
    """A volume above which another of two platforms is the cheaper one.

    Args:
        requests: Requests a month.
        cheaper: The name of the platform that is cheaper from there on.
        jump: Whether the cause is a server more or less, not two lines that meet.
        usd: The lower of the two costs up to there, USD a month.
        servers: Servers that the platform with servers runs up to there.
    """

    requests: Decimal
    cheaper: str
    jump: bool
    usd: Decimal
    servers: int | None


@dataclass(frozen=True, slots=True)
class Duel:
    """A platform that bills each request against one that bills capacity.

    Args:
        per_request: The name of the first.
        capacity: The name of the second.
        cheaper_at_first: Which of them is cheaper from the start on; where they cost the
            same, the one that is cheaper once they differ.
        changes: Every crossing up to the horizon, in order; empty if there is none.
    """

    per_request: str
    capacity: str
    cheaper_at_first: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of volumes in which one platform is the cheapest of all.

    Args:
        start: Where it begins, requests a month.
        end: Where it ends.
        platform: Its name.
    """

    start: Decimal
    end: Decimal
    platform: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The whole answer.

    Args:
        workload: What was compared.
        book: The prices that were used.
        platforms: What was compared, in order.
        horizon: How far the curves reach, requests a month.
        curves: USD a month by requests a month, one per platform.
        levels: Bills side by side, by rising volume.
        duels: Each platform that bills requests against each that bills capacity.
        stretches: The cheapest platform from zero to the horizon.
    """

    workload: Workload
    book: PriceBook
    platforms: tuple[Platform, ...]
    horizon: Decimal
    curves: tuple[Curve, ...]
    levels: tuple[Level, ...]
    duels: tuple[Duel, ...]
    stretches: tuple[Stretch, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the bills say must be known: each note once, with the platforms it is on."""
        found: dict[str, dict[str, None]] = {}
        for bill in (bill for level in self.levels for bill in level.bills):
            for note in bill.notes:
                found.setdefault(note, {})[bill.platform] = None
        return tuple(f"{note} ({'; '.join(names)})" for note, names in found.items())


def usual_platforms(
    region: str = "us-east-1",
    architecture: str = "arm64",
    front_doors: Sequence[FrontDoor] = ("function-url", "http-api"),
    *,
    free_tier: bool = True,
    task: tuple[Decimal, Decimal] = (Decimal("0.25"), Decimal("0.5")),
    instance: str | None = None,
    minimum: int = 2,
) -> tuple[Platform, ...]:
    """Return the platforms that are compared unless others are named.

    Args:
        region: An AWS region.
        architecture: ``arm64`` or ``x86_64``, for Lambda and Fargate.
        front_doors: One Lambda platform for each.
        free_tier: Whether Lambda's free tier is left for this application.
        task: vCPUs and GB of a Fargate task.
        instance: The EC2 instance type; ``None`` for a usual one of the architecture.
        minimum: Fargate tasks and EC2 instances kept running whatever the load.
    """
    doors = dict.fromkeys(front_doors)
    return (
        *(LambdaFunction(door, architecture, region, free_tier=free_tier) for door in doors),
        Fargate(*task, architecture, region, minimum),
        Ec2(instance or _USUAL_INSTANCE[architecture], region, minimum),
    )


def compare(
    workload: Workload,
    platforms: Sequence[Platform] | None = None,
    *,
    levels: Iterable[Decimal] = LEVELS,
    horizon: Decimal = HORIZON,
    book: PriceBook | None = None,
) -> Comparison:
    """Price the workload on every platform and find where the cheapest one changes.

    Args:
        workload: The traffic and what a request needs.
        platforms: What to compare; by default `usual_platforms`.
        levels: Volumes to price side by side besides the workload's own, requests a month.
        horizon: How far to look for crossovers, requests a month.
        book: The prices; by default those that ship with ferryman.

    Raises:
        ConfigError: A price is missing, the workload does not fit a platform, a volume is
            out of range or two platforms have the same name.
    """
    chosen = tuple(usual_platforms() if platforms is None else platforms)
    prices = book or load_book()
    _check(chosen, horizon)
    curves = tuple(platform.cost_curve(workload, prices, horizon) for platform in chosen)
    volumes = sorted({workload.requests, *levels})
    return Comparison(
        workload=workload,
        book=prices,
        platforms=chosen,
        horizon=horizon,
        curves=curves,
        levels=tuple(_level(workload, chosen, prices, volume) for volume in volumes),
        duels=tuple(_duels(workload, chosen, prices, curves, horizon)),
        stretches=tuple(_stretches(chosen, curves, horizon)),
    )


def _check(platforms: Sequence[Platform], horizon: Decimal) -> None:
    names = [platform.name for platform in platforms]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"platforms must be distinct, and there must be one: {names}")
    if not horizon.is_finite() or horizon < 1:
        raise ConfigError(f"horizon: {horizon} is not a volume of at least 1 request a month")


def _level(
    workload: Workload, platforms: Sequence[Platform], book: PriceBook, volume: Decimal
) -> Level:
    there = replace(workload, requests=volume)
    return Level(volume, tuple(platform.bill(there, book) for platform in platforms))


def _stretches(
    platforms: Sequence[Platform], curves: Sequence[Curve], horizon: Decimal
) -> Iterator[Stretch]:
    for reign in reigns(curves, horizon):
        yield Stretch(exact(reign.start), exact(reign.end), platforms[reign.index].name)


def _duels(
    workload: Workload,
    platforms: Sequence[Platform],
    book: PriceBook,
    curves: Sequence[Curve],
    horizon: Decimal,
) -> Iterator[Duel]:
    pairs = tuple(zip(platforms, curves, strict=True))
    for (first, ours), (second, theirs) in product(pairs, pairs):
        if not first.pays_per_request or second.pays_per_request:
            continue
        contest = settle(ours, theirs, horizon)
        changes = []
        for crossing in contest.crossings:
            there = replace(workload, requests=Decimal(math.floor(crossing.at)))
            changes.append(
                Change(
                    requests=exact(crossing.at),
                    cheaper=(first if crossing.first_becomes_lower else second).name,
                    jump=crossing.jump,
                    usd=exact(min(ours.at(crossing.at), theirs.at(crossing.at))),
                    servers=second.bill(there, book).servers,
                )
            )
        at_first = (first if contest.first_leads else second).name
        yield Duel(first.name, second.name, at_first, tuple(changes))
