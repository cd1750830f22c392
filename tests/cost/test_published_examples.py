"""AWS's own worked examples, to the cent."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import pytest

from ferryman.cost.bill import Charge, Servers, Usage, cost_curve
from ferryman.cost.number_format import exact, usd
from ferryman.cost.platforms.fargate import Fargate, task_charges
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.platforms.storage import Disk, gp3_volumes
from ferryman.cost.prices.book import load_book
from ferryman.cost.staircases import Staircase
from ferryman.cost.workload import Workload

BOOK = load_book()
NOTHING_ELSE = {
    "cpu_ms": 1,
    "response_bytes": 0,
    "request_bytes": 0,
    "cold_start_share": 0,
    "log_bytes": 0,
}


def price(charges: Iterable[Charge], requests: int = 1, servers: int = 0) -> Decimal:
    stairs = Servers((Staircase(Fraction(10**9), servers, Fraction(1)),)) if servers else Servers()
    return exact(cost_curve(tuple(charges), stairs).at(requests))


@pytest.mark.parametrize(
    ("requests", "wall_ms", "memory_mib", "ephemeral_mib", "total"),
    [
        pytest.param(3_000_000, 120, 1536, 512, "2.73", id="mobile backend"),
        pytest.param(6_000_000, 280, 4096, 2048, "106.41", id="ephemeral storage"),
    ],
)
def test_lambda(
    requests: int, wall_ms: int, memory_mib: int, ephemeral_mib: int, total: str
) -> None:
    """https://aws.amazon.com/lambda/pricing/, x86 with the free tier."""
    function = LambdaFunction(
        architecture="x86_64", ephemeral_mib=ephemeral_mib, platform_logs=False
    )
    workload = Workload.of(
        requests=requests, wall_ms=wall_ms, memory_mib=memory_mib, **NOTHING_ELSE
    )
    assert usd(bill(function, workload, BOOK).total) == total


@pytest.mark.parametrize(
    ("requests", "response_bytes", "metered"),
    [
        pytest.param(432_000_000, 4096, "432000000", id="as published"),
        pytest.param(432_000_000, 512 * 1024, "432000000", id="a whole step"),
        pytest.param(216_000_000, 600 * 1024, "432000000", id="two steps each"),
    ],
)
def test_http_api(requests: int, response_bytes: int, metered: str) -> None:
    """https://aws.amazon.com/api-gateway/pricing/: 300 M at $1.00 and 132 M at $0.90."""
    workload = Workload.of(
        **{
            **NOTHING_ELSE,
            "requests": requests,
            "wall_ms": 10,
            "response_bytes": response_bytes,
        }
    )
    made = bill(LambdaFunction(front_door="http-api"), workload, BOOK)
    line = next(line for line in made.lines if line.item == "HTTP API requests")
    assert line.quantity == Decimal(metered)
    assert line.amount == Decimal("418.80")


def test_fargate() -> None:
    """https://aws.amazon.com/fargate/pricing/: 5 tasks, 10 minutes a day, 30 days."""
    task = Fargate(Decimal(1), Decimal(2), "x86_64", disk_gb=30)
    hours = Decimal(10 * 30) / 60
    assert usd(price(task_charges(task, hours, BOOK), servers=5)) == "1.26"


def test_application_load_balancer() -> None:
    """https://aws.amazon.com/elasticloadbalancing/pricing/, a month of 720 hours.

    One connection a second that lasts two minutes, five requests a second, 300 KB a
    second, 60 rules; the page leaves out the public addresses.
    """
    hours = 720
    balancer = LoadBalancer(requests_per_connection=5, connection_seconds=120, rules=60)
    requests = 5 * hours * 3600
    workload = Workload.of(requests=requests, wall_ms=1, cpu_ms=1, response_bytes=60_000 - 1024)
    charges = list(balancer.charges(workload.inputs, BOOK, "us-east-1", hours))
    without_addresses = [charge for charge in charges if charge.rate.id != "ipv4.hours"]
    assert usd(price(without_addresses, requests)) == "22.42"


def test_gp3() -> None:
    """https://aws.amazon.com/ebs/pricing/: 12 hours of a 30-day month."""
    half_a_day = Fraction(12, 30 * 24)
    disk = Disk(2000, iops=10_000, throughput=500)
    volume = gp3_volumes(Usage(fixed=1), disk, BOOK, "us-east-1", half_a_day)
    assert price(volume) == Decimal("3.625")
