"""Several applications of one account: on shared servers, or one function each.

On servers they share a load balancer, a cluster and its nodes, onto which their pods are packed; as
functions they share the free tiers. So servers pay off earlier for an application that shares them
than for one alone.
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
"""The largest volume of the search for an application's crossover, requests a month."""

PLACES = 64
"""Steps of a search, at equal ratios, before the crossover is narrowed down."""

FACTORS = (1e-4, 1e3)
"""The range of the search for the crossover of all, as factors of today's traffic."""

SHOWN, MOST_SHOWN, SHOWN_PLACES = (0.1, 10.0), (0.01, 100.0), 40
"""The traffic for which the bill is shown, as factors of today's: the usual range, the widest range
(to include the applications' crossovers), and the number of steps."""


@dataclass(frozen=True, slots=True)
class App:
    """One application.

    Args:
        name: Its name.
        workload: Its traffic, and what a request needs.
        pod: What its pod requests; ``None`` for what the workload needs.
        origins: The source of fields of the workload, such as ``given`` or ``measured``; fields
            that are missing here are assumed.
        doubts: Reasons to doubt its figures if they were measured with --force.
    """

    name: str
    workload: Workload
    pod: Pod | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Together:
    """All applications on one kind of platform.

    Args:
        name: The kind, such as ``shared EC2 instances``.
        usd: USD a month.
        servers: The number of all servers; ``None`` for functions.
        size: The size of shared servers.
        lines: The lines of the common bill; empty if each application has its own bill.
        highly_available: Whether the platform still answers after the loss of one zone.
    """

    name: str
    usd: Decimal
    servers: int | None
    size: str
    lines: tuple[Line, ...]
    highly_available: bool


@dataclass(frozen=True, slots=True)
class Crossover:
    """The traffic above which an application is cheaper on servers.

    Args:
        app: The name of the application.
        requests: Its own traffic, requests a month.
        alone: The crossover with servers and a balancer of its own; ``None`` for never.
        among: The crossover if the other applications are already on shared servers.
    """

    app: str
    requests: Decimal
    alone: float | None
    among: float | None


@dataclass(frozen=True, slots=True)
class Move:
    """One step of moving applications to shared servers, one after the other.

    Args:
        app: The moved application.
        usd: USD a month of all applications after it.
    """

    app: str
    usd: float


@dataclass(frozen=True, slots=True)
class Growth:
    """The cost of all applications if all traffic grew by a factor.

    Args:
        factor: The factor of today's traffic.
        functions: USD a month as functions.
        shared: USD a month on shared EC2 instances; ``None`` if too many would be needed.
    """

    factor: float
    functions: float
    shared: float | None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The costs of several applications, and the order in which to move them to servers.

    Args:
        apps: The applications.
        ways: The costs of all on each kind of platform, functions first.
        factor: The factor of today's traffic at which shared servers cost as much as functions;
            ``None`` for never.
        crossovers: The crossovers of each application.
        moves: The order in which to move to shared servers.
        start: USD a month before the first move, all as functions.
        growth: The bill by traffic, from less to more than today's; empty without traffic.
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
        """The applications with doubtful figures."""
        return tuple(app for app in self.apps if app.doubts)

    @property
    def cheapest(self) -> Together:
        """The kind of platform that costs least for all."""
        return min(self.ways, key=lambda way: way.usd)

    @property
    def worth_moving(self) -> int:
        """How many moves to make: the moves up to the lowest total."""
        totals = [self.start, *(move.usd for move in self.moves)]
        return totals.index(min(totals))


def with_copies(apps: Sequence[App], copies: Sequence[tuple[str, Decimal]]) -> tuple[App, ...]:
    """Return the applications, and a copy of each for further environments.

    Args:
        apps: The applications.
        copies: For each environment its name, and its share of an application's traffic.
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
    """Return the applications' joint costs, and the order in which to move them.

    Args:
        apps: At least one, each with a name of its own.
        choices: The settings that all platforms share.
        book: The prices.

    Raises:
        ConfigError: A price is missing, or an application fits no server.
    """
    names = [app.name for app in apps]
    if not apps or len(set(names)) < len(names):
        raise ConfigError(f"give at least one application, each with its own name: {names}")
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


# The same platform object each time, for caches that are keyed by it.
@lru_cache(maxsize=32)
def _platform(name: str, choices: Choices) -> Platform:
    (platform,) = make_platforms([name], choices)
    return platform


def _factor(model: PortfolioModel, volumes: Volumes, type_: str) -> float | None:
    """Return the factor of all traffic at which shared servers cost as much as functions."""
    if not any(volumes.values()):
        return None

    def gap(factor: float) -> float | None:
        scaled = {name: x * Fraction(factor) for name, x in volumes.items()}
        nodes = model.nodes(scaled, cluster=False, only=type_)
        return nodes.usd - model.functions_usd(scaled) if nodes else None

    return _first_below(gap, *FACTORS)


def _shown(factor: float | None, crossovers: Sequence[Crossover]) -> list[float]:
    """Return the factors of today's traffic for which the bill is shown, with the crossovers."""
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
    """Yield the bill at each factor of today's traffic."""
    if not any(volumes.values()):
        return
    for factor in factors:
        scaled = {name: x * Fraction(factor) for name, x in volumes.items()}
        nodes = model.nodes(scaled, cluster=False, only=type_)
        yield Growth(factor, model.functions_usd(scaled), nodes.usd if nodes else None)


def _crossovers(
    apps: Sequence[App], model: PortfolioModel, volumes: Volumes, type_: str
) -> Iterator[Crossover]:
    """Yield the crossovers of each application, alone and among the others."""
    for app in apps:
        others = {name: x for name, x in volumes.items() if name != app.name}
        alone = _known_alone(app, model)
        among = _among(app, others, model, type_) if others else alone
        yield Crossover(app.name, app.workload.requests, alone, among)


def _known_alone(app: App, model: PortfolioModel) -> float | None:
    """Return an application's crossover alone; it is kept, as other applications do not move it."""
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
    """Return the traffic above which an application adds less to shared servers than as a function.

    The whole free tier is left for it, because the other applications are on servers.
    """
    without = model.nodes(others, cluster=False, only=type_)

    def gap(requests: float) -> float | None:
        own = {app.name: Fraction(round(requests))}
        nodes = model.nodes({**others, **own}, cluster=False, only=type_)
        if nodes is None or without is None:
            return None
        return nodes.usd - without.usd - model.functions_usd(own)

    return _first_below(gap, 1e4, LARGEST)


def _moves(model: PortfolioModel, volumes: Volumes, type_: str) -> Iterator[Move]:
    """Yield the moves; each step moves the application after which the total is the lowest."""
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
    """Return where a gap first falls below zero, to three digits; ``None`` if nowhere."""
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
