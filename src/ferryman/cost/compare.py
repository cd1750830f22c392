"""Compares platforms: which one is the cheapest for a workload, and above which traffic.

Builds every bill and cost curve once, and returns plain values for a table, JSON or a picture. It
does not know how they are shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from functools import cached_property
from itertools import combinations, product
from typing import Literal

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill
from ferryman.cost.crossover import reigns, settle
from ferryman.cost.envelope import CostCurve
from ferryman.cost.number_format import exact
from ferryman.cost.platforms.catalog import USUAL, make_platforms
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import AnyPriced, price
from ferryman.cost.prices.book import PriceBook, load_book
from ferryman.cost.workload import LIMITS, Workload

__all__ = (
    "HORIZON",
    "LEVELS",
    "Change",
    "Comparison",
    "Duel",
    "Level",
    "Pairs",
    "Stretch",
    "compare",
)

HORIZON = Decimal(10**10)
"""The usual largest volume of the search for crossovers, requests a month: 3,805 a second. It is
smaller if a platform cannot have enough servers for it."""

LEVELS = (Decimal(10**6), Decimal(10**7), Decimal(10**8))
"""The usual volumes of the bills side by side, up to the horizon."""

_TWO_DIGITS = Context(prec=2, rounding=ROUND_DOWN)

Pairs = Literal["kinds", "all"]
"""``kinds`` pairs each platform that bills requests with each that bills capacity; ``all`` pairs
every two platforms."""


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
        """The lowest bill; among equal bills the first."""
        return min(self.bills, key=lambda bill: bill.total)


@dataclass(frozen=True, slots=True)
class Change:
    """A volume above which the other of two platforms is cheaper.

    Args:
        requests: Requests a month.
        cheaper: The name of the platform that is cheaper above it.
        jump: Whether an added or removed server causes the change, not two lines that meet.
        usd: The lower of the two costs at this volume, USD a month.
        servers: The servers of the second platform at this volume.
        size: The size of these servers if the platform has several sizes.
    """

    requests: Decimal
    cheaper: str
    jump: bool
    usd: Decimal
    servers: int | None
    size: str = ""


@dataclass(frozen=True, slots=True)
class Duel:
    """A pair of platforms, and the volumes at which the cheaper one changes.

    Args:
        first: The name of one platform; in a pair of both kinds the one that bills requests.
        second: The name of the other platform.
        cheaper_at_first: The platform that is cheaper from zero on; if both cost the same there,
            the one that is cheaper once they differ.
        changes: Every crossover up to the horizon, in order; empty if there is none.
    """

    first: str
    second: str
    cheaper_at_first: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of volumes in which one platform is the cheapest of all.

    Args:
        start: The start of the range, requests a month.
        end: The end of the range.
        platform: The name of the platform.
    """

    start: Decimal
    end: Decimal
    platform: str


@dataclass(frozen=True)
class Comparison:
    """Platforms compared for a workload.

    Args:
        workload: The workload.
        book: The prices.
        platforms: The compared platforms, in order.
        horizon: The largest volume of the curves, requests a month.
        curves: USD a month by requests a month, one per platform.
        levels: Bills side by side, by rising volume.
        priced: The platforms with their charges.
        pairs: The compared pairs, each as two indices of ``platforms``.
        stretches: The cheapest platform from zero to the horizon.
    """

    workload: Workload
    book: PriceBook
    platforms: tuple[Platform, ...]
    horizon: Decimal
    curves: tuple[CostCurve, ...]
    levels: tuple[Level, ...]
    priced: tuple[AnyPriced, ...]
    pairs: tuple[tuple[int, int], ...]
    stretches: tuple[Stretch, ...]

    @cached_property
    def duels(self) -> tuple[Duel, ...]:
        """The pairs of platforms, each with its crossovers."""
        return (*self.first_duels, *self._settled(self.pairs[len(self.first_duels) :]))

    @cached_property
    def first_duels(self) -> tuple[Duel, ...]:
        """The pairs of the first platform."""
        return tuple(self._settled([pair for pair in self.pairs if pair[0] == self.pairs[0][0]]))

    @property
    def own(self) -> Level:
        """The bills at the workload's own volume."""
        return next(x for x in self.levels if x.requests == self.workload.requests)

    def _settled(self, pairs: Sequence[tuple[int, int]]) -> Iterator[Duel]:
        for one, two in pairs:
            names = self.platforms[one].name, self.platforms[two].name
            first, second, priced = self.curves[one], self.curves[two], self.priced[two]
            contest = settle(first, second, self.horizon)
            changes = tuple(
                Change(
                    requests=exact(crossing.at),
                    cheaper=names[not crossing.first_becomes_lower],
                    jump=crossing.jump,
                    usd=exact(min(first.at(crossing.at), second.at(crossing.at))),
                    servers=priced.servers(Decimal(math.floor(crossing.at))),
                    size=priced.size_of(Decimal(math.floor(crossing.at))),
                )
                for crossing in contest.crossings
            )
            yield Duel(*names, names[not contest.first_leads], changes)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of all bills: each note once, with the platforms that it is about."""
        found: dict[str, dict[str, None]] = {}
        for bill in (bill for level in self.levels for bill in level.bills):
            for note in bill.notes:
                found.setdefault(note, {})[bill.platform] = None
        return tuple(f"{note} ({'; '.join(names)})" for note, names in found.items())


def compare(
    workload: Workload,
    platforms: Sequence[Platform] | None = None,
    *,
    levels: Iterable[Decimal] | None = None,
    horizon: Decimal | None = None,
    pairs: Pairs = "kinds",
    book: PriceBook | None = None,
) -> Comparison:
    """Price the workload on every platform, and find where the cheapest platform changes.

    Args:
        workload: The traffic, and what a request needs.
        platforms: The platforms to compare; by default the usual ones of Lambda, Fargate and EC2.
        levels: Volumes to price side by side besides the workload's own, requests a month; by
            default 1 M, 10 M and 100 M, up to the horizon.
        horizon: The largest volume of the search for crossovers, requests a month; by default
            10,000 M, or less if a platform cannot have enough servers for it.
        pairs: ``kinds`` pairs each platform that bills requests with each that bills capacity;
            ``all`` pairs every two platforms.
        book: The prices; by default those that ship with ferryman.

    Raises:
        ConfigError: A price is missing, the workload does not fit a platform, a volume is out of
            range, or two platforms have the same name.
    """
    chosen = tuple(make_platforms(USUAL) if platforms is None else platforms)
    prices = book or load_book()
    _check(chosen, horizon)
    priced = tuple(price(platform, workload, prices) for platform in chosen)
    horizon = _reach(priced, workload.requests) if horizon is None else horizon
    curves = tuple(platform.curve(horizon) for platform in priced)
    usual = (level for level in LEVELS if level <= horizon)
    volumes = {workload.requests, *(usual if levels is None else levels)}
    _check_volumes(volumes)
    return Comparison(
        workload=workload,
        book=prices,
        platforms=chosen,
        horizon=horizon,
        curves=curves,
        levels=tuple(_level(priced, volume) for volume in sorted(volumes)),
        priced=priced,
        pairs=tuple(_pairs(chosen, pairs)),
        stretches=tuple(_stretches(chosen, curves, horizon)),
    )


def _reach(priced: Sequence[AnyPriced], requests: Decimal) -> Decimal:
    """Return the usual horizon, or the volume that the most servers can serve if that is less."""
    wanted = max(HORIZON, requests)
    limits = [limit for each in priced if (limit := each.reach) is not None]
    nearest = exact(min(limits)) if limits else wanted
    if nearest >= wanted:
        return wanted
    own = requests if requests <= nearest else Decimal(1)
    return max(Decimal(1), own, _TWO_DIGITS.create_decimal(nearest))


def _check(platforms: Sequence[Platform], horizon: Decimal | None) -> None:
    names = [platform.name for platform in platforms]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"give at least one platform, and none twice: {names}")
    most = LIMITS["requests"][1]
    if horizon is not None and not (horizon.is_finite() and 1 <= horizon <= most):
        raise ConfigError(
            f"horizon: {horizon} is out of range",
            hint=f"give a number from 1 to {most:f} (requests a month)",
        )


def _check_volumes(volumes: Iterable[Decimal]) -> None:
    low, high, unit = LIMITS["requests"]
    for volume in volumes:
        if not volume.is_finite() or not low <= volume <= high:
            raise ConfigError(
                f"requests: {volume} is out of range",
                hint=f"give a number from {low:f} to {high:f} ({unit})",
            )


def _level(priced: Sequence[AnyPriced], volume: Decimal) -> Level:
    return Level(volume, tuple(each.bill(volume) for each in priced))


def _stretches(
    platforms: Sequence[Platform], curves: Sequence[CostCurve], horizon: Decimal
) -> Iterator[Stretch]:
    for reign in reigns(curves, horizon):
        yield Stretch(exact(reign.start), exact(reign.end), platforms[reign.index].name)


def _pairs(platforms: Sequence[Platform], pairs: Pairs) -> Iterator[tuple[int, int]]:
    places = range(len(platforms))
    if pairs == "all":
        yield from combinations(places, 2)
        return
    for one, two in product(places, places):
        if platforms[one].pays_per_request and not platforms[two].pays_per_request:
            yield one, two
