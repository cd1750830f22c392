from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill, Line
from ferryman.cost.figures import exact
from ferryman.cost.platforms.ec2 import Ec2
from ferryman.cost.platforms.fargate import Fargate
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.load_balancer import LoadBalancer, lcu_hours
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.prices.book import load_book
from ferryman.cost.workload import Workload

BOOK = load_book()
WORK = Workload.of(requests=10_000_000, wall_ms=80, cpu_ms=8)
HORIZON = Decimal(10**9)

PLATFORMS: list[Platform] = [
    LambdaFunction(),
    LambdaFunction("http-api", "x86_64", "eu-west-1", ephemeral_mib=1024),
    LambdaFunction(free_tier=False),
    Fargate(),
    Fargate(Decimal(1), Decimal(4), "x86_64", "ap-northeast-1", disk_gb=20),
    Ec2("m7g.large"),
    Ec2("t3.nano", minimum=1),
    Ec2("t4g.small", "eu-central-1"),
]


def line(bill: Bill, item: str) -> Line:
    return next(line for line in bill.lines if line.item == item)


def at(requests: int | str, work: Workload = WORK) -> Workload:
    return replace(work, requests=Decimal(requests))


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_the_curve_is_the_bill_at_every_volume(platform: Platform) -> None:
    """Breakpoints, the points just after them and others, up to far beyond the tiers."""
    curve = platform.cost_curve(WORK, BOOK, HORIZON)
    points = {Fraction(0), Fraction(HORIZON), *(Fraction(7**power) for power in range(1, 11))}
    for segment in curve.segments[:40]:
        points |= {segment.start.__ceil__() + Fraction(0), segment.start + 1}
    for point in points:
        bill = platform.bill(replace(WORK, requests=exact(point)), BOOK)
        assert abs(Fraction(bill.total) - curve.at(point)) < Fraction(1, 10**30)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_only_what_bills_requests_is_free_without_them(platform: Platform) -> None:
    assert (platform.bill(at(0), BOOK).total == 0) == platform.pays_per_request


def test_lambda_bills_the_wait_and_a_server_does_not() -> None:
    waiting = replace(WORK, wall_ms=Decimal(800))
    function, tasks = LambdaFunction(free_tier=False), Fargate()
    short, long = (
        line(function.bill(work, BOOK), "Lambda duration").quantity
        for work in (
            replace(WORK, cold_start_share=Decimal(0)),
            replace(waiting, cold_start_share=Decimal(0)),
        )
    )
    assert long == 10 * short
    assert tasks.bill(waiting, BOOK).total == tasks.bill(WORK, BOOK).total


def test_cpu_time_fills_servers_and_not_lambda() -> None:
    busy = replace(at(100_000_000), cpu_ms=Decimal(20))
    idle = replace(busy, cpu_ms=Decimal(5))
    servers = [Fargate().bill(work, BOOK).servers for work in (idle, busy)]
    # 38.05 requests a second, 1.75 times that in the busy hour, on 0.6 x 0.25 vCPU.
    assert servers == [3, 9]
    assert LambdaFunction().bill(idle, BOOK).total == LambdaFunction().bill(busy, BOOK).total


def test_lambda_cannot_be_faster_than_the_cpu_its_memory_brings() -> None:
    """60 ms of CPU on 512 of 1,769 MiB take 207.3 ms, whatever was measured elsewhere."""
    busy = replace(WORK, cpu_ms=Decimal(60), cold_start_share=Decimal(0))
    bill = LambdaFunction().bill(busy, BOOK)
    seconds = Decimal(60) * 1769 / 512 / 1000
    assert line(bill, "Lambda duration").quantity == WORK.requests * seconds / 2
    assert any("take 207 ms" in note for note in bill.notes)


def test_cold_starts_are_billed_for_their_share() -> None:
    cold = replace(WORK, cold_start_share=Decimal("0.01"), init_ms=Decimal(500))
    quantity = line(LambdaFunction().bill(cold, BOOK), "Lambda duration").quantity
    assert quantity == WORK.requests * Decimal("0.085") / 2


def test_without_the_free_tier_the_first_request_costs_money() -> None:
    bill = LambdaFunction(free_tier=False).bill(at(1_000_000), BOOK)
    assert line(bill, "Lambda requests").amount == Decimal("0.2")


def test_more_environments_than_an_account_has_is_said() -> None:
    notes = LambdaFunction().bill(at(20_000_000_000), BOOK).notes
    assert any("an account has 1,000" in note for note in notes)


def test_a_response_that_lambda_cannot_buffer_is_said() -> None:
    large = replace(WORK, response_bytes=Decimal(7_000_000))
    assert any("must be streamed" in note for note in LambdaFunction().bill(large, BOOK).notes)


def test_the_hidden_lines_are_on_the_bill() -> None:
    amounts = {x.item: x.amount for x in Ec2().bill(at(200_000_000), BOOK).lines}
    assert amounts == {
        "EC2 m7g.large": Decimal("119.136"),
        "EBS gp3": Decimal("1.28"),
        "Public IPv4 of the instances": Decimal("7.3"),
        "Load balancer": Decimal("16.425"),
        "Load balancer capacity": Decimal("8.192"),
        "Public IPv4 of the load balancer": Decimal("7.3"),
        "Egress to the internet": Decimal("59.6645507812500"),
    }


def test_nothing_is_charged_for_egress_that_there_is_not() -> None:
    quiet = replace(WORK, response_bytes=Decimal(0))
    items = [line.item for line in LambdaFunction().bill(quiet, BOOK).lines]
    assert "Egress to the internet" not in items


@pytest.mark.parametrize(
    ("cpu_ms", "surplus"),
    [
        # 0.4 of two vCPUs of a t4g.small are the baseline: 292 vCPU-hours a month each.
        (8, 0),
        (21, 0),
        (22, Decimal("0.04") * (Decimal(100_000_000) * 22 / 3_600_000 - 2 * 292)),
    ],
)
def test_cpu_above_the_baseline_of_a_burstable_type_is_billed(
    cpu_ms: int, surplus: Decimal | int
) -> None:
    busy = replace(at(100_000_000), cpu_ms=Decimal(cpu_ms))
    bill = Ec2("t4g.small").bill(busy, BOOK)
    assert bill.servers == 2
    amount = line(bill, "EC2 surplus CPU credits").amount
    assert amount == pytest.approx(surplus, abs=Decimal("1e-20"))


def test_one_server_is_not_highly_available() -> None:
    assert not Ec2(minimum=1).bill(WORK, BOOK).highly_available
    assert Ec2(minimum=2).bill(WORK, BOOK).highly_available
    assert LambdaFunction().bill(WORK, BOOK).highly_available


def test_a_rate_that_is_not_verified_is_said_on_the_bill() -> None:
    bill = Ec2("t4g.small", "eu-west-1").bill(WORK, BOOK)
    assert "the rate alb.hours in eu-west-1 is unverified" in bill.notes
    assert not Ec2("t4g.small").bill(WORK, BOOK).notes


@pytest.mark.parametrize(
    ("balancer", "response_bytes", "dimension", "lcu_hours_a_million"),
    [
        (LoadBalancer(requests_per_connection=1), 0, "new connections", "11.1111"),
        (LoadBalancer(connection_seconds=1200), 0, "open connections", "22.2222"),
        (LoadBalancer(), 99_000, "bytes", "100"),
        (LoadBalancer(rules=110), 0, "rule evaluations", "27.7778"),
        (LoadBalancer(rules=10), 0, "new connections", "2.2222"),
    ],
)
def test_a_load_balancer_bills_the_largest_of_four_dimensions(
    balancer: LoadBalancer, response_bytes: int, dimension: str, lcu_hours_a_million: str
) -> None:
    work = Workload.of(
        requests=1, wall_ms=1, cpu_ms=0, request_bytes=1000, response_bytes=response_bytes
    )
    most, name = max(lcu_hours(balancer, work), key=lambda pair: pair[0])
    assert name == dimension
    assert f"{float(most * 10**6):.4f}".rstrip("0").rstrip(".") == lcu_hours_a_million


@pytest.mark.parametrize(
    ("vcpu", "memory", "message"),
    [("3", "8", "no tasks of 3 vCPU"), ("0.25", "4", r"no tasks of 0\.25 vCPU with 4 GB")],
)
def test_a_task_size_that_fargate_lacks_is_refused(vcpu: str, memory: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Fargate(Decimal(vcpu), Decimal(memory))


def test_a_disk_priced_in_one_region_only_names_that_region() -> None:
    with pytest.raises(ConfigError, match=r"fargate\.disk in eu-west-1") as caught:
        Fargate(region="eu-west-1", disk_gb=30).bill(WORK, BOOK)
    assert "us-east-1" in (caught.value.cause or "")
