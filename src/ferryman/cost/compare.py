"""The question itself: which platform is cheapest for this workload, and from where on.

Builds every bill and cost curve once and keeps the results as plain values, for a table,
JSON or a picture. It does not know how any of them is shown.
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
from ferryman.cost.platforms.catalog import USUAL, Choices, make_platforms
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
    "usual_platforms",
)

HORIZON = Decimal(10**10)
"""How far crossovers are looked for, requests a month: 3,805 a second. Nearer where no platform
could have so many servers, unless it is asked for."""

LEVELS = (Decimal(10**6), Decimal(10**7), Decimal(10**8))
"""The volumes that are priced side by side unless others are asked for, as far as the horizon."""

_TWO_DIGITS = Context(prec=2, rounding=ROUND_DOWN)

Pairs = Literal["kinds", "all"]
"""``kinds`` holds each platform that bills requests against each that bills capacity, ``all``
every platform against every other."""


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
        return min(self.bills, key=lambda made: made.total)


@dataclass(frozen=True, slots=True)
class Change:
    """A volume above which another of two platforms is the cheaper one.

    Args:
        requests: Requests a month.
        cheaper: The name of the platform that is cheaper from there on.
        jump: Whether the cause is a server more or less, not two lines that meet.
        usd: The lower of the two costs up to there, USD a month.
        servers: Servers that the second platform keeps up to there.
        size: Of which size, where it has several.
    """

    requests: Decimal
    cheaper: str
    jump: bool
    usd: Decimal
    servers: int | None
    size: str = ""


@dataclass(frozen=True, slots=True)
class Duel:
    """One platform against another.

    Args:
        first: The name of the one; where they differ, the one that bills each request.
        second: The name of the other.
        cheaper_at_first: Which of them is cheaper from the start on; where they cost the
            same, the one that is cheaper once they differ.
        changes: Every crossing up to the horizon, in order; empty if there is none.
    """

    first: str
    second: str
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


@dataclass(frozen=True)
class Comparison:
    """The whole answer.

    Args:
        workload: What was compared.
        book: The prices that were used.
        platforms: What was compared, in order.
        horizon: How far the curves reach, requests a month.
        curves: USD a month by requests a month, one per platform.
        levels: Bills side by side, by rising volume.
        priced: The platforms with their charges.
        pairs: The places of those that are held against each other.
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
        """The pairs of platforms, and where they change places."""
        return (*self.first_duels, *self._settled(self.pairs[len(self.first_duels) :]))

    @cached_property
    def first_duels(self) -> tuple[Duel, ...]:
        """Those of the first platform that is held against others."""
        return tuple(self._settled([pair for pair in self.pairs if pair[0] == self.pairs[0][0]]))

    @property
    def own(self) -> Level:
        """The bills at the workload's own volume."""
        return next(x for x in self.levels if x.requests == self.workload.requests)

    def _settled(self, pairs: Sequence[tuple[int, int]]) -> Iterator[Duel]:
        for one, two in pairs:
            names = self.platforms[one].name, self.platforms[two].name
            ours, theirs, servers = self.curves[one], self.curves[two], self.priced[two]
            contest = settle(ours, theirs, self.horizon)
            changes = tuple(
                Change(
                    requests=exact(crossing.at),
                    cheaper=names[not crossing.first_becomes_lower],
                    jump=crossing.jump,
                    usd=exact(min(ours.at(crossing.at), theirs.at(crossing.at))),
                    servers=servers.servers(Decimal(math.floor(crossing.at))),
                    size=servers.size_of(Decimal(math.floor(crossing.at))),
                )
                for crossing in contest.crossings
            )
            yield Duel(*names, names[not contest.first_leads], changes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the bills say must be known: each note once, with the platforms it is on."""
        found: dict[str, dict[str, None]] = {}
        for made in (made for level in self.levels for made in level.bills):
            for note in made.notes:
                found.setdefault(note, {})[made.platform] = None
        return tuple(f"{note} ({'; '.join(names)})" for note, names in found.items())


def usual_platforms(choices: Choices | None = None) -> tuple[Platform, ...]:
    """Return the platforms that are compared unless others are named."""
    return make_platforms(USUAL, choices)


def compare(
    workload: Workload,
    platforms: Sequence[Platform] | None = None,
    *,
    levels: Iterable[Decimal] | None = None,
    horizon: Decimal | None = None,
    pairs: Pairs = "kinds",
    book: PriceBook | None = None,
) -> Comparison:
    """Price the workload on every platform and find where the cheapest one changes.

    Args:
        workload: The traffic and what a request needs.
        platforms: What to compare; by default `usual_platforms`.
        levels: Volumes to price side by side besides the workload's own, requests a month; by
            default `LEVELS`, up to the horizon.
        horizon: How far to look for crossovers, requests a month; by default `HORIZON`, or as
            far as the servers that there can be reach.
        pairs: Which platforms to hold against each other.
        book: The prices; by default those that ship with ferryman.

    Raises:
        ConfigError: A price is missing, the workload does not fit a platform, a volume is
            out of range or two platforms have the same name.
    """
    chosen = tuple(usual_platforms() if platforms is None else platforms)
    prices = book or load_book()
    _check(chosen, horizon)
    priced = tuple(price(platform, workload, prices) for platform in chosen)
    horizon = _reach(priced, workload.requests) if horizon is None else horizon
    curves = tuple(each.curve(horizon) for each in priced)
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
    """Return the usual horizon, or as far as all the servers that there can be reach."""
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
        raise ConfigError(f"platforms must be distinct, and there must be one: {names}")
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
