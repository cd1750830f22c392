from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import islice, pairwise
from math import ceil

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill, Line
from ferryman.cost.capacity import Objective
from ferryman.cost.hybrid.overflowing import Hybrid
from ferryman.cost.number_format import exact
from ferryman.cost.platforms.catalog import (
    ALL,
    Choices,
    make_platforms,
    platform_names,
    sold,
)
from ferryman.cost.platforms.ec2 import Ec2
from ferryman.cost.platforms.eks import Eks, EksFargate
from ferryman.cost.platforms.fargate import Fargate
from ferryman.cost.platforms.flat import FlatHost
from ferryman.cost.platforms.fleet import Scaling, Sizing
from ferryman.cost.platforms.front_door import FrontDoor
from ferryman.cost.platforms.gke import Gke
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.lambda_edge import EdgeFunction
from ferryman.cost.platforms.load_balancer import LoadBalancer, lcu_hours
from ferryman.cost.platforms.managed_instances import ManagedInstances
from ferryman.cost.platforms.platform import NotSoldError, Platform
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.platforms.sizes import bill as bill_of
from ferryman.cost.platforms.sizes import curve as curve_of
from ferryman.cost.prices.book import PriceBook, Tier, load_book
from ferryman.cost.stepped_curve import SteppedCurve
from ferryman.cost.workload import Workload

BOOK = load_book()
WORK = Workload.of(requests=10_000_000, wall_ms=80, cpu_ms=8, log_bytes=0)
HORIZON = Decimal(10**9)

PLATFORMS: list[Platform] = [
    LambdaFunction(),
    LambdaFunction("http-api", "x86_64", "eu-west-1", ephemeral_mib=1024),
    LambdaFunction(free_tiers=frozenset()),
    LambdaFunction("rest-api", streaming=True),
    LambdaFunction("alb", savings="1y", architecture="x86_64"),
    LambdaFunction("cloudfront", snapstart=True),
    LambdaFunction("websocket-api"),
    EdgeFunction(),
    LambdaFunction(provisioned=40, nat_zones=2),
    LambdaFunction(provisioned=3, provisioned_hours=Decimal(200)),
    ManagedInstances("c7g.xlarge"),
    ManagedInstances(purchase="savings-3y"),
    Eks("t4g.medium", pod=Pod(Decimal("0.25"), 512)),
    EksFargate(extended=True),
    Gke(),
    FlatHost("host", Decimal(5), Decimal(2), Decimal(4)),
    Fargate(purchase="spot", sizing=Sizing(objective=Objective(Decimal(50)), spare=1)),
    Fargate(purchase="savings-1y", private=True),
    Fargate(),
    Fargate(Decimal(1), Decimal(4), "x86_64", "ap-northeast-1", disk_gb=20),
    Ec2("m7g.large"),
    Ec2("t3.nano", sizing=Sizing(minimum=1)),
    Ec2("t4g.small", "eu-central-1"),
]


def line(bill: Bill, item: str) -> Line:
    return next(line for line in bill.lines if line.item == item)


def at(requests: int | str, work: Workload = WORK) -> Workload:
    return replace(work, requests=Decimal(requests))


@pytest.mark.parametrize(("instance", "usable"), [("m7g.large", 1), ("c7g.xlarge", 3)])
def test_lambda_keeps_a_vcpu_of_each_managed_instance(instance: str, usable: int) -> None:
    """At 60 % of the rest; 1,000 requests a second of 6 ms take six whole vCPUs."""
    sizing = Sizing(minimum=3)
    work = Workload.of(requests=2_628_000_000, wall_ms=12, cpu_ms=6, peak_to_mean=1)
    made = bill_of(ManagedInstances(instance, sizing=sizing), work, BOOK)
    assert made.servers == ceil(Fraction(6) / (usable * Fraction("0.6")))


@pytest.mark.parametrize("instance", ["t4g.small", "t3.large", "m7g.medium"])
def test_managed_instances_are_of_three_families_from_large_on(instance: str) -> None:
    with pytest.raises(NotSoldError, match=f"do not run on {instance}") as caught:
        bill_of(ManagedInstances(instance), WORK, BOOK)
    assert "--instance" in (caught.value.hint or "")


def test_managed_instances_are_not_bought_as_spot() -> None:
    with pytest.raises(NotSoldError, match="do not run on spot instances"):
        ManagedInstances(purchase="spot")
    assert "managed-instances-spot" not in platform_names()


@pytest.mark.parametrize("name", ["ec2-spot", "fargate-spot", "eks-spot"])
def test_a_bill_of_spot_capacity_says_that_all_of_it_may_go(name: str) -> None:
    (platform,) = make_platforms([name])
    assert any("take back all spot capacity" in note for note in platform.notes(WORK))
    (usual,) = make_platforms([name.removesuffix("-spot")])
    assert not any("spot" in note for note in usual.notes(WORK))


def test_a_bill_with_a_savings_plan_of_lambda_says_what_it_takes_for_granted() -> None:
    plan = LambdaFunction(architecture="x86_64", savings="1y")
    assert any("every hour, used or not" in note for note in plan.notes(WORK))
    assert not any("savings" in note for note in LambdaFunction().notes(WORK))


def test_what_is_not_sold_is_left_out_of_many_with_the_reason() -> None:
    choices = Choices(instance="t4g.small")
    platforms, notes = sold(make_platforms(ALL, choices), WORK, BOOK)
    assert len(platforms) == len(ALL) - 1
    assert notes == (
        "Managed Instances t4g.small, Function URL is left out: Managed Instances do not run on"
        " t4g.small; they run on the families C, M and R, in sizes from large up",
    )


def test_a_platform_is_left_out_without_a_cause_where_its_error_has_none() -> None:
    hybrid = Hybrid(ManagedInstances(), LambdaFunction())
    _, notes = sold((LambdaFunction(), hybrid), WORK, BOOK)
    assert len(notes) == 1
    assert notes[0].endswith("has no servers that send requests on")


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_the_curve_is_the_bill_at_every_volume(platform: Platform) -> None:
    """Breakpoints, the points just after them and others, up to far beyond the tiers."""
    curve = curve_of(platform, WORK, BOOK, HORIZON)
    assert isinstance(curve, SteppedCurve)
    points = {Fraction(0), Fraction(HORIZON), *(Fraction(7**power) for power in range(1, 11))}
    for segment in islice(curve.segments(Fraction(HORIZON)), 40):
        points |= {segment.start.__ceil__() + Fraction(0), segment.start + 1}
    for point in points:
        bill = bill_of(platform, replace(WORK, requests=exact(point)), BOOK)
        assert abs(Fraction(bill.total) - curve.at(point)) < Fraction(1, 10**30)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_only_what_bills_requests_is_free_without_them(platform: Platform) -> None:
    assert (bill_of(platform, at(0), BOOK).total == 0) == platform.pays_per_request


def test_lambda_bills_the_wait_and_a_server_does_not() -> None:
    waiting = replace(WORK, wall_ms=Decimal(800))
    function, tasks = LambdaFunction(free_tiers=frozenset()), Fargate()
    short, long = (
        line(bill_of(function, work, BOOK), "Lambda duration").quantity
        for work in (
            replace(WORK, cold_start_share=Decimal(0)),
            replace(waiting, cold_start_share=Decimal(0)),
        )
    )
    assert long == 10 * short
    assert bill_of(tasks, waiting, BOOK).total == bill_of(tasks, WORK, BOOK).total


def test_cpu_time_fills_servers_and_not_lambda() -> None:
    busy = replace(at(100_000_000), cpu_ms=Decimal(20))
    idle = replace(busy, cpu_ms=Decimal(5))
    servers = [bill_of(Fargate(), work, BOOK).servers for work in (idle, busy)]
    # 38.05 requests a second, 1.75 times that in the busy hour, on 0.6 x 0.25 vCPU.
    assert servers == [3, 9]
    assert (
        bill_of(LambdaFunction(), idle, BOOK).total == bill_of(LambdaFunction(), busy, BOOK).total
    )


def test_lambda_cannot_be_faster_than_the_cpu_its_memory_brings() -> None:
    """60 ms of CPU on 512 of 1,769 MiB take 207.3 ms, whatever was measured elsewhere."""
    busy = replace(WORK, cpu_ms=Decimal(60), cold_start_share=Decimal(0))
    bill = bill_of(LambdaFunction(), busy, BOOK)
    seconds = Decimal(60) * 1769 / 512 / 1000
    assert line(bill, "Lambda duration").quantity == WORK.requests * seconds / 2
    assert any("take 207 ms" in note for note in bill.notes)


def test_cold_starts_are_billed_for_their_share() -> None:
    cold = replace(WORK, cold_start_share=Decimal("0.01"), init_ms=Decimal(500))
    quantity = line(bill_of(LambdaFunction(), cold, BOOK), "Lambda duration").quantity
    assert quantity == WORK.requests * Decimal("0.085") / 2


def test_without_the_free_tier_the_first_request_costs_money() -> None:
    bill = bill_of(LambdaFunction(free_tiers=frozenset()), at(1_000_000), BOOK)
    assert line(bill, "Lambda requests").amount == Decimal("0.2")


def test_more_environments_than_an_account_has_is_said() -> None:
    notes = bill_of(LambdaFunction(), at(20_000_000_000), BOOK).notes
    assert any("the default quota of an account is 1,000" in note for note in notes)


def test_a_response_that_lambda_cannot_buffer_is_said() -> None:
    large = replace(WORK, response_bytes=Decimal(7_000_000))
    assert any("must stream" in note for note in bill_of(LambdaFunction(), large, BOOK).notes)


@pytest.mark.parametrize(
    ("door", "wall_ms", "response_bytes", "note"),
    [
        ("http-api", 31_000, 0, "HTTP API times out after 30 seconds"),
        ("rest-api", 29_500, 0, "REST API times out after 29 seconds"),
        ("alb", 100, 2_000_000, "ALB rejects bodies above 1 MiB"),
        ("http-api", 100, 11_000_000, "HTTP API rejects bodies above 10 MiB"),
    ],
)
def test_what_a_door_does_not_let_through_is_said(
    door: FrontDoor, wall_ms: int, response_bytes: int, note: str
) -> None:
    work = replace(WORK, wall_ms=Decimal(wall_ms), response_bytes=Decimal(response_bytes))
    assert note in bill_of(LambdaFunction(door), work, BOOK).notes
    assert note not in bill_of(LambdaFunction("function-url"), work, BOOK).notes


def test_the_hidden_lines_are_on_the_bill() -> None:
    amounts = {x.item: x.amount for x in bill_of(Ec2(), at(200_000_000), BOOK).lines}
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
    items = [line.item for line in bill_of(LambdaFunction(), quiet, BOOK).lines]
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
    bill = bill_of(Ec2("t4g.small"), busy, BOOK)
    assert bill.servers == 2
    amount = line(bill, "EC2 surplus CPU credits").amount
    assert amount == pytest.approx(surplus, abs=Decimal("1e-20"))


def test_one_server_is_not_highly_available() -> None:
    assert not bill_of(Ec2(sizing=Sizing(minimum=1)), WORK, BOOK).highly_available
    assert bill_of(Ec2(sizing=Sizing(minimum=2)), WORK, BOOK).highly_available
    assert bill_of(LambdaFunction(), WORK, BOOK).highly_available


def test_a_rate_that_is_not_verified_is_said_on_the_bill() -> None:
    bill = bill_of(Ec2("t4g.small", "eu-west-1"), WORK, BOOK)
    assert "the rate ebs.gp3 in eu-west-1 is unverified" in bill.notes
    assert not bill_of(Ec2("t4g.small"), WORK, BOOK).notes


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
    most, name = max(lcu_hours(balancer, work.inputs), key=lambda pair: pair[0])
    assert name == dimension
    assert f"{float(most * 10**6):.4f}".rstrip("0").rstrip(".") == lcu_hours_a_million


@pytest.mark.parametrize(
    ("vcpu", "memory", "message"),
    [("3", "8", "no tasks of 3 vCPU"), ("0.25", "4", r"no tasks of 0\.25 vCPU with 4 GB")],
)
def test_a_task_size_that_fargate_lacks_is_refused(vcpu: str, memory: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Fargate(Decimal(vcpu), Decimal(memory))


def test_a_disk_priced_in_one_region_only_is_computed_in_others() -> None:
    made = bill_of(Fargate(region="eu-west-1", disk_gb=30), WORK, BOOK)
    assert any(
        "not read from a price list: " in note and "fargate.disk" in note for note in made.notes
    )


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_more_traffic_never_costs_less(platform: Platform) -> None:
    curve = curve_of(platform, WORK, BOOK, HORIZON)
    assert isinstance(curve, SteppedCurve)
    lines = list(islice(curve.segments(Fraction(HORIZON)), 60))
    assert all(line.slope >= 0 for line in lines)
    assert all(two.value >= one.at(two.start) for one, two in pairwise(lines))


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_a_dearer_price_never_makes_a_cheaper_bill(platform: Platform) -> None:
    before = bill_of(platform, at(50_000_000), BOOK)
    for used in before.lines:
        key = (used.rate.id, used.rate.region)
        if key not in BOOK.rates or not used.amount:
            continue
        rate = BOOK.rates[key]
        dearer = replace(rate, tiers=tuple(Tier(t.start, t.price * 2) for t in rate.tiers))
        book = PriceBook({**BOOK.rates, key: dearer}, BOOK.instances)
        assert bill_of(platform, at(50_000_000), book).total > before.total


def test_what_lambda_can_buy_besides_is_on_the_bill() -> None:
    work = replace(WORK, response_bytes=Decimal(10 * 2**20), nat_bytes=Decimal(100))
    function = LambdaFunction("alb", streaming=True, nat_zones=2, provisioned=10)
    items = {line.item for line in bill_of(function, work, BOOK).lines}
    assert items >= {
        "Lambda provisioned concurrency",
        "Lambda duration on provisioned concurrency",
        "Lambda response streaming",
        "NAT gateways",
        "NAT gateway bytes",
        "Public IPv4 of the NAT gateways",
        "Public IPv4 of the load balancer",
        "Load balancer capacity",
    }


def test_provisioned_concurrency_serves_first_and_the_rest_runs_on_demand() -> None:
    function = LambdaFunction(provisioned=1, free_tiers=frozenset())
    made = bill_of(function, replace(at(100_000_000), cold_start_share=Decimal(0)), BOOK)
    ready = line(made, "Lambda duration on provisioned concurrency").quantity
    assert ready == Decimal(730 * 3600) / 2
    assert ready + line(made, "Lambda duration").quantity == Decimal(100_000_000) * 8 / 100 / 2


def test_snapstart_and_provisioned_concurrency_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        LambdaFunction(provisioned=1, snapstart=True)


def test_spot_is_a_range_and_says_so() -> None:
    made = bill_of(Ec2(purchase="spot"), WORK, BOOK)
    assert made.low < made.total < made.high
    assert any("its price is a range" in note for note in made.notes)


def test_a_savings_plan_that_is_not_in_the_book_is_told() -> None:
    key = "savings.1y.ec2.c7g.large", "us-east-1"
    rates = {place: rate for place, rate in BOOK.rates.items() if place != key}
    book = PriceBook(rates, BOOK.instances)
    with pytest.raises(ConfigError, match=r"savings\.1y\.ec2\.c7g\.large"):
        bill_of(Ec2("c7g.large", purchase="savings-1y"), WORK, book)
    discount = bill_of(Ec2(purchase="savings-3y"), WORK, BOOK).lines[0].amount
    assert discount == Decimal("0.0414") * 730 * 2


@pytest.mark.parametrize(
    ("peak", "scaling", "vcpu"),
    [
        ("1", "fixed", "0.8"),
        ("1.25", "fixed", "1"),
        ("1.75", "fixed", "1.2"),
        ("2", "hourly", "0.8"),
    ],
)
def test_a_flex_type_is_used_no_more_than_aws_gives_for_ever(
    peak: str, scaling: Scaling, vcpu: str
) -> None:
    """Two vCPUs at 60 % in the busy hour, and at 40 % on the mean."""
    work = replace(WORK, peak_to_mean=Decimal(peak))
    server = Ec2("m7i-flex.large", sizing=Sizing(scaling=scaling))
    assert server.fleet(BOOK).usable_vcpu(work.inputs) == Fraction(vcpu)
    assert "m7i-flex.large: AWS provides all of its CPU" in next(iter(server.notes(work)))
    assert not list(Ec2("m7i.large").notes(work))


def test_a_flex_type_is_compared_where_it_is_named() -> None:
    every = Choices(architecture="x86_64", every_size=True)
    assert "m8i.large" in every.instances
    assert not any("flex" in name for name in (*every.instances, *every.boxes))
    assert replace(every, instance="m7i-flex.large").instances == ("m7i-flex.large",)


def test_before_a_function_a_flex_type_counts_at_what_it_gives_for_ever() -> None:
    """Such servers are full for hours, so 40 % of the CPU is all that is sure."""
    busy = replace(WORK, requests=Decimal(1_000_000_000))
    flex, other = (
        bill_of(make_platforms(["ec2+lambda"], Choices(instance=name))[0], busy, BOOK)
        for name in ("m7i-flex.large", "m7i.large")
    )
    assert (flex.servers, other.servers) == (6, 3)


def test_pods_fill_nodes_and_what_does_not_fit_is_refused() -> None:
    assert Pod(Decimal("0.25"), 512).per_node("m7g.large", Decimal(2), 8192) == 6
    assert Pod(Decimal("0.1"), 2048).per_node("m7g.large", Decimal(2), 8192) == 3
    with pytest.raises(ConfigError, match="no pod of 2 vCPU"):
        bill_of(Eks(pod=Pod(Decimal(2), 512)), WORK, BOOK)


def test_a_message_of_33_kb_is_two_and_an_open_connection_costs_by_the_minute() -> None:
    # https://aws.amazon.com/api-gateway/pricing/: by 32 KB, 1.00 USD and 0.25 USD a million.
    work = Workload.of(
        requests=10**6, wall_ms=10, cpu_ms=1, request_bytes=33 * 1024, response_bytes=100
    )
    lines = {x.item: x for x in bill_of(LambdaFunction("websocket-api"), work, BOOK).lines}
    assert lines["WebSocket API messages"].quantity == 3_000_000
    assert lines["WebSocket API messages"].amount == 3
    # Five messages on a connection that is open for two minutes.
    assert lines["WebSocket API connections"].quantity == 400_000
    assert lines["WebSocket API connections"].amount == Decimal("0.1")


def test_a_message_that_no_websocket_api_lets_through_is_told() -> None:
    work = Workload.of(requests=10**6, wall_ms=10, cpu_ms=1, response_bytes=200_000)
    notes = bill_of(LambdaFunction("websocket-api"), work, BOOK).notes
    assert "WebSocket API rejects bodies above 128 KiB" in notes


def test_lambda_at_the_edge_is_billed_by_the_millisecond_from_the_first_one_on() -> None:
    # AWS's price list: 0.60 USD a million requests, 0.00005001 USD a GB-second, none of it free.
    work = Workload.of(requests=10**7, wall_ms=10, cpu_ms="0.5", memory_mib=128, cold_start_share=0)
    lines = {x.item: x.amount for x in bill_of(EdgeFunction(), work, BOOK).lines}
    assert lines["Lambda@Edge requests"] == 6
    assert lines["Lambda@Edge duration"] == Decimal("0.625125")
    assert "lambda-edge" in platform_names()
    assert "lambda-edge" not in ALL
