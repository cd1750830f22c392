"""Several applications of one account: what they share on servers, against a function for each.

On servers they share a load balancer, a cluster and its nodes, on which their pods are packed; as
functions they share the free tiers. So an application crosses over earlier among others than alone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Line
from ferryman.cost.platforms.catalog import Choices, make_platforms
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.platforms.sizes import price
from ferryman.cost.pooling import Pool
from ferryman.cost.portfolio_model import PortfolioModel, Volumes
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Workload

__all__ = (
    *("App", "Crossover", "Growth", "Move", "Portfolio", "Together"),
    *("find_portfolio", "with_copies"),
)

LARGEST = 1e10
PLACES = 64

FACTORS = (1e-4, 1e3)
"""How much less and how much more traffic is looked at, in times that of today."""

SHOWN, MOST_SHOWN, SHOWN_PLACES = (0.1, 10.0), (0.01, 100.0), 40
"""The traffic that the bill is followed over, in times that of today: at least, at most where an
application's crossover lies farther off, and in how many steps."""


@dataclass(frozen=True, slots=True)
class App:
    """One application.

    Args:
        name: Its name.
        workload: Its traffic and what a request needs.
        pod: What a pod of it asks for; ``None`` for what the workload needs.
        origins: Where a field of the workload comes from, such as ``given`` or ``measured``; a
            field that is missing here is assumed.
        doubts: Why its figures may not be trusted, where they were measured with --force.
    """

    name: str
    workload: Workload
    pod: Pod | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Together:
    """All applications in one way.

    Args:
        name: The way.
        usd: USD a month.
        servers: Servers in all; ``None`` where there are none to count.
        size: Which.
        lines: What is billed, all together; empty where each has its own bill.
        highly_available: Whether the loss of one zone leaves something that answers.
    """

    name: str
    usd: Decimal
    servers: int | None
    size: str
    lines: tuple[Line, ...]
    highly_available: bool


@dataclass(frozen=True, slots=True)
class Crossover:
    """From how much traffic on an application is cheaper on servers.

    Args:
        app: Its name.
        requests: Its own traffic, requests a month.
        alone: The crossover with servers and a balancer of its own; ``None`` for never.
        among: The crossover where the others are on shared servers already.
    """

    app: str
    requests: Decimal
    alone: float | None
    among: float | None


@dataclass(frozen=True, slots=True)
class Move:
    """One step of moving applications to shared servers, one after the other.

    Args:
        app: What is moved.
        usd: USD a month of all after it.
    """

    app: str
    usd: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What all cost if all traffic were so many times that of today.

    Args:
        factor: How many times.
        functions: USD a month as functions.
        shared: USD a month on shared EC2 instances; ``None`` where they would be too many.
    """

    factor: float
    functions: float
    shared: float | None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The answer.

    Args:
        apps: The applications.
        ways: All of them in each way, the functions first.
        factor: By how much all traffic must grow, or may shrink, until shared servers are as cheap
            as functions; ``None`` for never.
        crossovers: Those of each application.
        moves: The order in which to move, the most expensive last.
        start: USD a month before the first move, all as functions.
        growth: The bill against traffic, from less to more than today's; empty where no
            application has any.
        book: The prices.
    """

    apps: tuple[App, ...]
    ways: tuple[Together, ...]
    factor: float | None
    crossovers: tuple[Crossover, ...]
    moves: tuple[Move, ...]
    start: float
    growth: tuple[Growth, ...]
    book: PriceBook

    @property
    def doubtful(self) -> tuple[App, ...]:
        """The applications whose figures may not be trusted."""
        return tuple(app for app in self.apps if app.doubts)

    @property
    def cheapest(self) -> Together:
        """The way that costs least."""
        return min(self.ways, key=lambda way: way.usd)

    @property
    def worth_moving(self) -> int:
        """How many of the moves to make: those up to the lowest total."""
        totals = [self.start, *(move.usd for move in self.moves)]
        return totals.index(min(totals))


def with_copies(apps: Sequence[App], copies: Sequence[tuple[str, Decimal]]) -> tuple[App, ...]:
    """Return the applications and copies of each, with a share of its traffic.

    Args:
        apps: The applications.
        copies: The name of an environment, and its share of the traffic.
    """
    more = (
        replace(
            app,
            name=f"{app.name} ({name})",
            workload=replace(app.workload, requests=app.workload.requests * share),
        )
        for name, share in copies
        for app in apps
    )
    return (*apps, *more)


def find_portfolio(apps: Sequence[App], choices: Choices, book: PriceBook) -> Portfolio:
    """Return the applications' joint costs, and when to move which.

    Args:
        apps: At least one, each of a name of its own.
        choices: What the platforms have in common.
        book: The prices.

    Raises:
        ConfigError: A price is missing, or an application fits no server.
    """
    names = [app.name for app in apps]
    if not apps or len(set(names)) < len(names):
        raise ConfigError(f"applications must be distinct, and there must be one: {names}")
    every = replace(choices, every_size=True)
    workloads = {app.name: app.workload for app in apps}
    model = PortfolioModel(workloads, {app.name: app.pod for app in apps}, every, book)
    volumes = {name: Fraction(work.requests) for name, work in workloads.items()}
    nodes = model.nodes(volumes, cluster=False)
    type_ = nodes.type if nodes else ""
    factor = _factor(model, volumes, type_)
    crossovers = tuple(_crossovers(apps, model, volumes, type_))
    return Portfolio(
        apps=tuple(apps),
        ways=tuple(_ways(apps, model, volumes)),
        factor=factor,
        crossovers=crossovers,
        moves=tuple(_moves(model, volumes, type_)),
        start=model.functions_usd(volumes),
        growth=tuple(_growth(model, volumes, type_, _shown(factor, crossovers))),
        book=book,
    )


def _ways(apps: Sequence[App], model: PortfolioModel, volumes: Volumes) -> Iterator[Together]:
    available = model.choices.sizing.highly_available
    yield _together("a function each", model.functions(volumes), True)
    for name, label in (("fargate", "Fargate"), ("ec2", "EC2")):
        platform = _platform(name, model.choices)
        bills = [price(platform, x.workload, model.book).bill(x.workload.requests) for x in apps]
        if all(made.carried for made in bills):
            total = sum((made.total for made in bills), Decimal(0))
            servers = sum(made.servers or 0 for made in bills)
            yield Together(f"{label}, each by itself", total, servers, "", (), available)
    for label, cluster in (("shared EC2 instances", False), ("a shared EKS cluster", True)):
        if nodes := model.nodes(volumes, cluster=cluster):
            pool = model.on(nodes, volumes, cluster=cluster)
            yield _together(label, pool, available, nodes.count, nodes.type)


def _together(
    name: str, pool: Pool, available: bool, servers: int | None = None, size: str = ""
) -> Together:
    lines = tuple(pool.lines())
    total = sum((line.amount for line in lines), Decimal(0))
    return Together(name, total, servers, size, lines, available)


# The same platform each time: what was reckoned of it for an application is found again.
@lru_cache(maxsize=32)
def _platform(name: str, choices: Choices) -> Platform:
    (platform,) = make_platforms([name], choices)
    return platform


def _factor(model: PortfolioModel, volumes: Volumes, type_: str) -> float | None:
    """Return by how much all traffic must change for shared servers to be as cheap."""
    if not any(volumes.values()):
        return None

    def gap(factor: float) -> float | None:
        there = {name: x * Fraction(factor) for name, x in volumes.items()}
        nodes = model.nodes(there, cluster=False, only=type_)
        return nodes.usd - model.functions_usd(there) if nodes else None

    return _first_below(gap, *FACTORS)


def _shown(factor: float | None, crossovers: Sequence[Crossover]) -> list[float]:
    """Return the traffic that the bill is followed over, so that crossovers are seen."""
    least, most = MOST_SHOWN
    own = [each.among / float(each.requests) for each in crossovers if each.among and each.requests]
    seen = [min(max(each, least), most) for each in own] + ([factor] if factor else [])
    low, high = SHOWN
    low, high = min(low, *(x / 1.5 for x in [1, *seen])), max(high, *(x * 1.5 for x in [1, *seen]))
    steps = (low * (high / low) ** (place / SHOWN_PLACES) for place in range(SHOWN_PLACES + 1))
    return sorted([*steps, *([factor] if factor else [])])


def _growth(
    model: PortfolioModel, volumes: Volumes, type_: str, factors: Sequence[float]
) -> Iterator[Growth]:
    """Yield the bill against traffic."""
    if not any(volumes.values()):
        return
    for factor in factors:
        there = {name: x * Fraction(factor) for name, x in volumes.items()}
        nodes = model.nodes(there, cluster=False, only=type_)
        yield Growth(factor, model.functions_usd(there), nodes.usd if nodes else None)


def _crossovers(
    apps: Sequence[App], model: PortfolioModel, volumes: Volumes, type_: str
) -> Iterator[Crossover]:
    """Yield from where on each is cheaper on servers, alone and among the others."""
    for app in apps:
        others = {name: x for name, x in volumes.items() if name != app.name}
        alone = _known_alone(app, model)
        among = _among(app, others, model, type_) if others else alone
        yield Crossover(app.name, app.workload.requests, alone, among)


def _known_alone(app: App, model: PortfolioModel) -> float | None:
    """Return where an application crosses over alone, which no change of another one moves."""
    question = app.workload.of_any_volume, model.choices
    for asked, book, found in tuple(_recent):
        if book is model.book and asked == question:
            return found
    made = _alone(app, model)
    _recent.append((question, model.book, made))
    return made


_recent: deque[tuple[tuple[Workload, Choices], PriceBook, float | None]] = deque(maxlen=64)


def _alone(app: App, model: PortfolioModel) -> float | None:
    horizon = Decimal(10**10)
    function = price(model.function, app.workload, model.book).curve(horizon)
    curve = price(_platform("ec2", model.choices), app.workload, model.book).curve(horizon)

    def gap(requests: float) -> float | None:
        ended = curve.end is not None and requests > curve.end
        return None if ended else float(curve.near(requests) - function.near(requests))

    return _first_below(gap, 1e4, LARGEST)


def _among(app: App, others: Volumes, model: PortfolioModel, type_: str) -> float | None:
    """Return from where on an application adds less to shared servers than it costs as a function.

    The free tiers are taken as left for it alone, for the others are on servers.
    """
    without = model.nodes(others, cluster=False, only=type_)

    def gap(requests: float) -> float | None:
        there = {app.name: Fraction(round(requests))}
        nodes = model.nodes({**others, **there}, cluster=False, only=type_)
        if nodes is None or without is None:
            return None
        return nodes.usd - without.usd - model.functions_usd(there)

    return _first_below(gap, 1e4, LARGEST)


def _moves(model: PortfolioModel, volumes: Volumes, type_: str) -> Iterator[Move]:
    """Yield the moves, each the one after which all cost least."""
    left, moved = dict(volumes), dict[str, Fraction]()
    while left:
        usd, name = min(_step(model, moved, left, name, type_) for name in left)
        moved[name] = left.pop(name)
        yield Move(name, usd)


def _step(
    model: PortfolioModel, moved: Volumes, left: Volumes, name: str, type_: str
) -> tuple[float, str]:
    rest = {each: x for each, x in left.items() if each != name}
    nodes = model.nodes({**moved, name: left[name]}, cluster=False, only=type_)
    return (nodes.usd if nodes else float("inf")) + model.functions_usd(rest), name


def _first_below(gap: Callable[[float], float | None], low: float, high: float) -> float | None:
    """Return where a gap first falls below zero, to three digits; ``None`` for nowhere."""
    before = low
    for place in range(PLACES + 1):
        here: float = low * (high / low) ** (place / PLACES)
        value = gap(here)
        if value is None:
            return None
        if value < 0:
            for _ in range(12):
                middle = math.sqrt(before * here)
                found = gap(middle)
                if found is not None and found < 0:
                    here = middle
                else:
                    before = middle
            return here
        before = here
    return None
