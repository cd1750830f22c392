"""CloudFront's flat plans: steps, and an end."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy
import pytest

from ferryman.cost import Workload, compare, load_book
from ferryman.cost.platforms.catalog import make_platforms
from ferryman.cost.platforms.sizes import curve, price
from ferryman.cost.ranges import RANGED
from ferryman.cost.vector import costs_of
from ferryman.cost.workload import Inputs

(PLAN,) = make_platforms(["lambda-cloudfront-plan"])
BOOK = load_book()


def plan_usd(requests: int, response_bytes: int = 1000) -> Decimal | None:
    work = Workload.of(requests=requests, wall_ms=100, cpu_ms=10, response_bytes=response_bytes)
    made = price(PLAN, work, BOOK).bill(work.requests)
    if not made.carried:
        return None
    return sum(
        (line.amount for line in made.lines if line.item.startswith("CloudFront")), Decimal(0)
    )


@pytest.mark.parametrize(
    ("requests", "dollars"),
    [
        (0, 0),
        (1_000_000, 0),
        (1_000_001, 15),
        (10_000_000, 15),
        (10_000_001, 200),
        (125_000_000, 200),
        (125_000_001, 1000),
        (500_000_000, 1000),
        (500_000_001, None),
    ],
)
def test_the_smallest_plan_that_holds_the_requests_is_billed(
    requests: int, dollars: int | None
) -> None:
    # 50 TB would hold 55 G responses of 1,000 bytes, so their number decides; but 100 GB hold
    # more than a million of them.
    assert plan_usd(requests, 50) == (None if dollars is None else Decimal(dollars))


def test_bytes_decide_where_they_fill_a_plan_first() -> None:
    size = 1024 * 1024  # 100 GB hold 102,400 of them, 50 TB 52,428,800
    assert plan_usd(102_400, size) == 0
    assert plan_usd(102_401, size) == 15
    assert plan_usd(52_428_800, size) == 200
    assert plan_usd(52_428_801, size) is None


def test_beyond_the_largest_plan_another_platform_is_cheaper() -> None:
    work = Workload.of(requests=10**6, wall_ms=100, cpu_ms=10, response_bytes=5 * 2**20)
    (paid_by_use,) = make_platforms(["lambda-cloudfront"])
    (duel,) = compare(work, (PLAN, paid_by_use), pairs="all").duels
    assert duel.changes[-1].cheaper == paid_by_use.name
    assert duel.changes[-1].requests == 51_200 * 1024 / 5  # 50 TB of 5 MiB each


def test_arrays_agree_with_the_exact_curve() -> None:
    work = Workload.of(requests=1, wall_ms=100, cpu_ms=10, response_bytes=2000)
    exact = curve(PLAN, work, BOOK, Decimal(10**9))
    requests = numpy.array([0.0, 1e6, 1.1e6, 9e6, 1.1e7, 1.2e8, 1.3e8, 4.9e8, 5.1e8])
    inputs = Inputs(**{name: float(getattr(work, name)) for name in RANGED}, sizes=None)
    found = costs_of(PLAN, inputs, BOOK).at(requests)
    assert numpy.isinf(found[-1])
    expected = [float(exact.at(Fraction(int(each)))) for each in requests[:-1]]
    assert list(found[:-1]) == pytest.approx(expected)
