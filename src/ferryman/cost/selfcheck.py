"""AWS's own worked examples, priced by the same code as every bill, beside AWS's figures.

Examples in which AWS's arithmetic does not follow from its prices are listed, not reproduced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import exact
from ferryman.cost.platforms.fargate import Fargate, task_charges, task_hours
from ferryman.cost.platforms.front_door import door_charges
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.lambda_extras import snapstart
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.managed_instances import fee
from ferryman.cost.platforms.storage import Disk, gp3_volumes
from ferryman.cost.prices.book import PriceBook, Tier, load_book
from ferryman.cost.workload import Workload

__all__ = ("ERRORS", "Check", "Example", "check_examples", "examples")

LAMBDA = "https://aws.amazon.com/lambda/pricing/"
GATEWAY = "https://aws.amazon.com/api-gateway/pricing/"
REGION = "us-east-1"

ERRORS = (
    (
        "https://aws.amazon.com/lambda/pricing/, Kafka event source",
        "it counts its requests in two ways",
    ),
    (
        "https://aws.amazon.com/api-gateway/pricing/, the largest REST API",
        "it charges all egress at the price of the first tier",
    ),
    (
        "https://aws.amazon.com/apprunner/pricing/, the $25.50 example",
        "the total does not follow from the rates above it",
    ),
)
"""Examples of AWS that contradict AWS's prices: the place and the contradiction."""


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example.

    Args:
        name: Its subject.
        source: Its page.
        printed: AWS's figure in USD, with as many decimals as AWS prints.
        cost: Returns the model's figure in USD.
    """

    name: str
    source: str
    printed: Decimal
    cost: Callable[[PriceBook], Decimal]


@dataclass(frozen=True, slots=True)
class Check:
    """An example beside the model's figure.

    Args:
        example: The example.
        reckoned: The model's figure in USD, rounded like AWS's.
    """

    example: Example
    reckoned: Decimal

    @property
    def is_equal(self) -> bool:
        """Whether the two agree to the last digit that AWS prints."""
        return self.reckoned == self.example.printed


def check_examples(book: PriceBook | None = None) -> tuple[Check, ...]:
    """Return every example beside the model's figure."""
    prices = book or load_book()
    return tuple(Check(x, x.cost(prices).quantize(x.printed, ROUND_HALF_UP)) for x in examples())


def examples() -> tuple[Example, ...]:
    """Return AWS's worked examples; all are in us-east-1."""
    return (
        Example("Lambda: 3 M x 120 ms x 1,536 MB", LAMBDA, Decimal("2.73"), _mobile_backend),
        Example("Lambda: 2 GB of ephemeral storage", LAMBDA, Decimal("106.41"), _ephemeral),
        Example("Lambda: provisioned concurrency", LAMBDA, Decimal("19.96"), _provisioned),
        Example("Lambda: SnapStart", LAMBDA, Decimal("263.92"), _snapstart),
        Example("Lambda: Managed Instances", LAMBDA, Decimal("160.36"), _managed),
        Example("HTTP API: 432 M requests", GATEWAY, Decimal("418.80"), _http_api),
        Example("REST API: 5 M responses of 3 KB", GATEWAY, Decimal("18.79"), _rest_api),
        Example(
            "Fargate: 5 tasks, 10 minutes a day",
            "https://aws.amazon.com/fargate/pricing/",
            Decimal("1.26"),
            _fargate,
        ),
        Example(
            "Application Load Balancer",
            "https://aws.amazon.com/elasticloadbalancing/pricing/",
            Decimal("22.42"),
            _load_balancer,
        ),
        Example(
            "EBS gp3: 2,000 GB for 12 hours",
            "https://aws.amazon.com/ebs/pricing/",
            Decimal("3.625"),
            _gp3,
        ),
    )


def _work(requests: int, wall_ms: int, memory_mib: int, **more: object) -> Workload:
    nothing_else = {
        "cpu_ms": 1,
        "response_bytes": 0,
        "request_bytes": 0,
        "cold_start_share": 0,
        "log_bytes": 0,
        **more,
    }
    return Workload.of(requests=requests, wall_ms=wall_ms, memory_mib=memory_mib, **nothing_else)  # type: ignore[arg-type]


def _sum(charges: Iterable[Charge], requests: int = 0, servers: int = 0) -> Decimal:
    costs = (
        charge.rate.tariff(charge.allowance).at(
            charge.usage.at(Fraction(requests), Fraction(servers))
        )
        for charge in charges
    )
    return exact(sum(costs, Fraction(0)))


def _function(work: Workload, book: PriceBook, function: LambdaFunction, *items: str) -> Decimal:
    """Return the cost of some items of a function's bill; of all items if none is named."""
    chosen = (x for x in function.charges(work.inputs, book) if not items or x.item in items)
    return _sum(chosen, int(work.requests))


def _x86(**more: object) -> LambdaFunction:
    return LambdaFunction(architecture="x86_64", platform_logs=False, **more)  # type: ignore[arg-type]


def _mobile_backend(book: PriceBook) -> Decimal:
    return _function(_work(3_000_000, 120, 1536), book, _x86())


def _ephemeral(book: PriceBook) -> Decimal:
    return _function(_work(6_000_000, 280, 4096), book, _x86(ephemeral_mib=2048))


def _provisioned(book: PriceBook) -> Decimal:
    """100 environments for 8 hours serve 500,000 requests; 2.5 M more run on demand."""
    ready = _x86(provisioned=100, provisioned_hours=Decimal(8), provisioned_share=Decimal(1))
    on_demand = _x86()
    return (
        _function(_work(3_000_000, 120, 1536), book, on_demand, "Lambda requests")
        + _function(_work(2_500_000, 120, 1536), book, on_demand, "Lambda duration")
        + _function(
            _work(500_000, 100, 1536),
            book,
            ready,
            "Lambda provisioned concurrency",
            "Lambda duration on provisioned concurrency",
        )
    )


def _snapstart(book: PriceBook) -> Decimal:
    """Take a month of 31 days; one request in a hundred restores a snapshot; no free tier."""
    work = _work(7_440_000, 2000, 1024, cold_start_share="0.01", init_ms=0)
    cached = _sum(snapstart(work.inputs, book, REGION, 744 * 3600), int(work.requests))
    return cached + _function(work, book, _x86(free_tiers=frozenset()))


def _managed(book: PriceBook) -> Decimal:
    """2,000 hours of m7g.xlarge at AWS's three-year figure, and the fee on the list price."""
    list_price = book.rate("ec2.m7g.xlarge", REGION)
    committed = replace(list_price, tiers=(Tier(Decimal(0), Decimal("0.0457")),))
    requests = book.rate("lambda.requests.arm64", REGION)
    return _sum(
        (
            Charge("requests", Usage(per_request=1), requests, ""),
            Charge("instances", Usage(fixed=2000), committed, ""),
            fee("m7g.xlarge", Usage(fixed=2000), REGION, book),
        ),
        100_000_000,
    )


def _http_api(book: PriceBook) -> Decimal:
    door = door_charges(
        "http-api", _work(1, 1, 128).inputs, book, REGION, LoadBalancer(), free_tiers=frozenset()
    )
    return _sum(door, 432_000_000)


def _rest_api(book: PriceBook) -> Decimal:
    work = _work(5_000_000, 1, 128, response_bytes=3 * 1024)
    door = door_charges(
        "rest-api", work.inputs, book, REGION, LoadBalancer(), free_tiers=frozenset()
    )
    return _sum(door, int(work.requests))


def _fargate(book: PriceBook) -> Decimal:
    task = Fargate(Decimal(1), Decimal(2), "x86_64", disk_gb=30)
    return _sum(task_charges(task, task_hours(30, 600), book), servers=5)


def _load_balancer(book: PriceBook) -> Decimal:
    """Take a month of 720 hours; AWS's page leaves the public addresses out."""
    balancer = LoadBalancer(requests_per_connection=5, connection_seconds=120, rules=60)
    work = _work(5 * 720 * 3600, 1, 128, response_bytes=60_000)
    charges = balancer.charges(work.inputs, book, REGION, 720)
    return _sum((x for x in charges if x.rate.id != "ipv4.hours"), int(work.requests))


def _gp3(book: PriceBook) -> Decimal:
    share = Fraction(12, 30 * 24)
    return _sum(gp3_volumes(Usage(fixed=1), Disk(2000, 10_000, 500), book, REGION, share))
