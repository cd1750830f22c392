"""Crossovers worked out by hand: Lambda on arm with 512 MB against stacks of fixed cost.

With the free tier, requests cost N x $0.20/M + N x d x 0.5 GB x $0.0000133334 - $5.53336,
so N = (F + 5.53336) / (0.0000002 + 0.0000066667 x d); an HTTP API adds $1.00/M. Egress and
LCUs are left out on both sides.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from ferryman.cost.crossover import settle
from ferryman.cost.curve import constant
from ferryman.cost.platforms.ec2 import Ec2
from ferryman.cost.platforms.fargate import Fargate
from ferryman.cost.platforms.front_door import FrontDoor
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import bill, curve
from ferryman.cost.prices.book import load_book
from ferryman.cost.stepped_curve import SteppedCurve
from ferryman.cost.workload import Workload

BOOK = load_book()
HORIZON = Decimal(10**9)

CASES: tuple[tuple[FrontDoor, int], ...] = (
    ("function-url", 50),
    ("function-url", 100),
    ("function-url", 300),
    ("http-api", 100),
)
STACKS = [
    pytest.param(Fargate(), "45.4425", ("95.6", "58.8", "23.2", "27.3"), id="Fargate .25/.5"),
    pytest.param(Ec2("t4g.small"), "56.833", ("117", "72", "28", "33"), id="t4g.small"),
    pytest.param(
        Fargate(Decimal(1), Decimal(2)), "88.695", ("177", "109", "43", "50"), id="Fargate 1/2"
    ),
    pytest.param(Ec2("m7g.large"), "151.441", ("294", "181", "71", "84"), id="m7g.large"),
]


def workload(wall_ms: int) -> Workload:
    return Workload.of(
        requests=1, wall_ms=wall_ms, cpu_ms=1, response_bytes=0, cold_start_share=0, log_bytes=0
    )


@pytest.mark.parametrize(("stack", "usd", "millions"), STACKS)
def test_a_stack_of_two_servers_and_a_load_balancer(
    stack: Platform, usd: str, millions: tuple[str, ...]
) -> None:
    lines = bill(stack, workload(100), BOOK).lines
    fixed = sum(line.amount for line in lines if line.item != "Load balancer capacity")
    assert fixed == Decimal(usd)
    for (door, wall_ms), printed in zip(CASES, millions, strict=True):
        function = LambdaFunction(door, platform_logs=False)
        ours = curve(function, workload(wall_ms), BOOK, HORIZON)
        (crossing,) = settle(ours, SteppedCurve(constant(Decimal(usd))), HORIZON).crossings
        places = len(printed.partition(".")[2])
        assert f"{float(crossing.at) / 1e6:.{places}f}" == printed
        assert not crossing.first_becomes_lower
