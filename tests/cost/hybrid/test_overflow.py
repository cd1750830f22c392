"""Servers with a function behind them: held to an event simulation, and to their parts."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from click.testing import CliRunner
from tests.cost.hybrid.overflow_simulation import minutes, play

from ferryman.cli.cost import command
from ferryman.core.errors import ConfigError
from ferryman.cost import Choices, Shape, Workload, bill, compare, load_book, make_platforms, preset
from ferryman.cost.bill import Servers, cost_curve
from ferryman.cost.capacity import Objective
from ferryman.cost.hybrid.overflow import Process, late_share, lost_share, most_at_once
from ferryman.cost.hybrid.overflowing import Hybrid, PricedHybrid
from ferryman.cost.platforms.sizes import price, size_at
from ferryman.cost.sentences import saving_sentence
from ferryman.cost.study import make_study

BOOK = load_book()
CHOICES = Choices(every_size=True)


def erlang_b(offered: float, places: int) -> float:
    blocked = 1.0
    for count in range(1, places + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def test_a_process_without_cpu_loses_what_erlang_says() -> None:
    assert lost_share(3.0, Process(0.0, 1.0, 4)) == pytest.approx(erlang_b(3.0, 4), rel=1e-12)


def test_a_process_without_waits_loses_what_a_short_queue_does() -> None:
    # M/M/1/K: (1 - r) r^K / (1 - r^(K+1)).
    load, places = 0.7, 5
    expected = (1 - load) * load**places / (1 - load ** (places + 1))
    assert lost_share(0.7, Process(1.0, 0.0, places)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("rate", "busy", "waiting", "at_once"),
    [(60, 0.01, 0.09, 12), (9, 0.05, 0.1, 3), (30, 0.02, 0.0, 4), (120, 0.01, 0.2, 60)],
)
def test_the_shares_are_those_of_an_event_simulation(
    rate: float, busy: float, waiting: float, at_once: int
) -> None:
    played = play(
        [(rate, 150_000 / rate)],
        busy=busy, waiting=waiting, at_once=at_once, patience=0.02, seed=1,
    )  # fmt: skip
    process = Process(busy, waiting, at_once)
    assert played.share == pytest.approx(lost_share(rate, process), rel=0.08, abs=0.001)
    kept = played.came - played.sent_on
    assert played.late / kept == pytest.approx(late_share(rate, process, 0.02), rel=0.05, abs=0.002)


def test_the_limit_is_the_largest_at_which_the_objective_is_met() -> None:
    objective = Objective(Decimal(100))
    limits = tuple(range(50, 0, -1))
    limit = most_at_once(80, 0.01, 0.09, objective, limits)
    met, missed = (late_share(80, Process(0.01, 0.09, count), 0.1) for count in (limit, limit + 1))
    assert met <= 0.05 < missed


PLAYED = [
    # wall, CPU, platform, requests a month, week, busy minute
    (100, 10, "fargate+lambda", 30, "", 1),
    (100, 10, "fargate+lambda", 50, "", 1),
    (100, 10, "fargate+lambda", 100, "", 1),
    (100, 10, "fargate+lambda", 500, "", 1),
    (150, 120, "ec2+lambda", 10, "", 1),
    (150, 120, "ec2+lambda", 30, "", 1),
    (150, 120, "ec2+lambda", 100, "", 1),
    (50, 50, "ec2+lambda", 50, "", 1),
    (50, 50, "ec2+lambda", 100, "office", 1),
    (50, 50, "fargate+lambda", 20, "", 1),
    (200, 5, "fargate+lambda", 100, "", 1),
    (200, 5, "fargate+lambda", 1000, "social", 1),
    (100, 10, "ec2+lambda", 500, "office", 1),
    (100, 10, "fargate+lambda", 100, "batch", 1),
    (100, 10, "box+lambda", 300, "", 1),
    (40, 20, "box+lambda", 100, "consumer", 1),
    (300, 20, "fargate+lambda", 60, "social", 1),
    (80, 30, "eks+lambda", 100, "", 1),
    (100, 10, "fargate+lambda", 50, "", 2),
    (150, 120, "ec2+lambda", 30, "", 2),
]


@pytest.mark.parametrize(("wall", "cpu", "name", "millions", "week", "burst"), PLAYED)
def test_the_bill_is_within_a_hundredth_of_the_simulation(
    wall: int, cpu: int, name: str, millions: int, week: str, burst: int
) -> None:
    shape = preset(week) if week else None
    work = Workload.of(shape, requests=millions * 10**6, wall_ms=wall, cpu_ms=cpu, burst=burst)
    (platform,) = make_platforms([name], CHOICES)
    priced = price(platform, work, BOOK)
    assert isinstance(priced, PricedHybrid)
    window = priced.window(work.requests)
    share = played_share(priced, work)
    function = cost_curve(priced.sent_on, Servers())
    requests = float(work.requests)
    sent = share * requests
    option = window.option
    simulated = option.moved(requests, window.servers, sent, function)
    simulated += option.flat.near(requests)
    assert float(priced.bill(work.requests).total) == pytest.approx(simulated, rel=0.01)


def played_share(priced: PricedHybrid, work: Workload) -> float:
    """The share that is sent on, by playing a week for a process of each kind."""
    window = priced.window(work.requests)
    fleet = size_at(priced.platform, work, BOOK).fleet(BOOK)
    assert fleet is not None
    mean = window.option.rate(float(work.requests), window.servers)
    limit = window.option.table.limit(mean) or 1
    weights = [float(x) for x in (work.shape or stretched(float(work.peak_to_mean))).weights]
    parts = minutes(weights, float(work.burst), 3) if work.burst > 1 else weights
    count = fleet.processes
    busiest = min(float(fleet.sizing.imbalance), count) if count > 1 else 1.0
    kinds = [(busiest, 1 / count)]
    kinds += [((count - busiest) / (count - 1), 1 - 1 / count)] if count > 1 else []
    busy, waiting = float(work.cpu_ms) / 1000, float(work.wall_ms - work.cpu_ms) / 1000
    total = 0.0
    for seed, (factor, mass) in enumerate(kinds):
        length = 120_000 / (mean * factor * len(parts))
        played = play(
            [(mean * factor * part, length) for part in parts],
            busy=busy / float(fleet.speed), waiting=waiting, at_once=limit,
            patience=0.1, seed=seed,
        )  # fmt: skip
        total += played.share * factor * mass
    return total


def stretched(peak: float) -> Shape:
    """The usual week with the swings of a peak, found by trying."""
    weights = [float(x) for x in preset("consumer").weights]
    power = min(
        (step / 1000 for step in range(1, 4000)),
        key=lambda p: abs(max(w**p for w in weights) * 168 / sum(w**p for w in weights) - peak),
    )
    return Shape.of("stretched", [w**power for w in weights])


def test_the_bill_is_the_curve() -> None:
    for name in ("fargate+lambda", "ec2+lambda", "box+lambda", "eks+lambda"):
        work = Workload.of(requests=10**7, wall_ms=120, cpu_ms=40)
        (platform,) = make_platforms([name], CHOICES)
        priced = price(platform, work, BOOK)
        for volume in (0, 1, 10**5, 2 * 10**6, 3 * 10**7, 77 * 10**6):
            total = priced.bill(Decimal(volume)).total
            assert float(total) == pytest.approx(
                float(priced.curve(Decimal(1)).at(volume)), abs=1e-5
            )


@pytest.mark.parametrize(
    ("name", "requests", "memory", "burst"),
    [("eks+lambda", 31_470_589, 3000, 2), ("ec2+lambda", 10**9, 512, 1)],
)
def test_no_other_number_of_servers_costs_less(
    name: str, requests: int, memory: int, burst: int
) -> None:
    # From some number of servers on each process may have two requests at once in place of one,
    # so the cost falls there once more.
    (platform,) = make_platforms([name], CHOICES)
    work = Workload.of(requests=requests, wall_ms=954, cpu_ms=97, memory_mib=memory, burst=burst)
    alone = bill(platform, work, BOOK)
    priced = price(platform, work, BOOK)
    assert isinstance(priced, PricedHybrid)
    assert alone == priced.bill(work.requests)
    function = cost_curve(priced.sent_on, Servers())
    least = min(
        option.moved(requests, count, option.sent_on(requests, count), function)
        + option.flat.near(requests)
        for option in {window.option.name: window.option for window in priced.windows}.values()
        for count in range(max(option.least, math.ceil(requests / option.full)), 1000)
    )
    assert float(alone.total) == pytest.approx(least, rel=0.01)


def test_over_another_input_it_is_compared_like_any_other() -> None:
    arguments = ["-C", "/", "--draws", "0", "--size", "0.25/0.5", "--requests", "50M"]
    arguments += ["--platform", "lambda-url", "--platform", "fargate+lambda", "--over", "cpu-ms"]
    found = CliRunner().invoke(command, [*arguments, "--json"])
    assert found.exit_code == 0, found.output
    (scan,) = json.loads(found.stdout)["over"]["pairs"]
    assert len(scan["changes"]) == 1
    turn = float(scan["changes"][0]["value"])
    for cpu_ms, cheaper in ((turn * 0.99, 1), (turn * 1.01, 0)):
        work = Workload.of(requests=5 * 10**7, wall_ms=100, cpu_ms=round(Decimal(cpu_ms), 6))
        choices = Choices(task=(Decimal("0.25"), Decimal("0.5")))
        totals = [
            bill(platform, work, BOOK).total
            for platform in make_platforms(["lambda-url", "fargate+lambda"], choices)
        ]
        assert totals.index(min(totals)) == cheaper


def test_past_the_crossover_it_costs_less_than_both_of_its_parts() -> None:
    work = Workload.of(requests=3 * 10**7, wall_ms=150, cpu_ms=120)
    names = ["lambda-url", "ec2", "ec2+lambda"]
    function, servers, both = (
        bill(platform, work, BOOK).total for platform in make_platforms(names, CHOICES)
    )
    assert both < Decimal("0.98") * min(function, servers)


def test_it_never_costs_more_than_its_servers_alone() -> None:
    for volume in (10**6, 10**7, 10**8, 10**9):
        work = Workload.of(requests=volume, wall_ms=100, cpu_ms=10)
        servers, both = make_platforms(["fargate", "fargate+lambda"], CHOICES)
        assert bill(both, work, BOOK).total <= bill(servers, work, BOOK).total + Decimal("0.01")


def test_the_bill_says_how_to_set_the_server() -> None:
    work = Workload.of(requests=5 * 10**7, wall_ms=100, cpu_ms=10)
    (platform,) = make_platforms(["fargate+lambda"], CHOICES)
    made = bill(platform, work, BOOK)
    assert made.sent_on
    (note,) = [note for note in made.notes if "max_in_flight" in note]
    assert "go to the function, with max_in_flight = " in note
    lines = {line.item: line.quantity for line in made.lines}
    assert lines["Overflow: Lambda requests"] == pytest.approx(Decimal(round(made.sent_on)), abs=1)
    assert not any("Egress" in item and "Overflow" in item for item in lines)


def test_a_box_with_a_function_says_where_it_is_full() -> None:
    work = Workload.of(requests=10**12, wall_ms=100, cpu_ms=50)
    (platform,) = make_platforms(["box+lambda"], CHOICES)
    made = bill(platform, work, BOOK)
    assert not made.carried


def test_too_many_servers_are_refused() -> None:
    work = Workload.of(requests=10**13, wall_ms=100, cpu_ms=50)
    (platform,) = make_platforms(["ec2+lambda"], Choices())
    with pytest.raises(ConfigError, match="need more than"):
        bill(platform, work, BOOK)


def test_it_is_compared_like_any_other() -> None:
    work = Workload.of(requests=3 * 10**7, wall_ms=150, cpu_ms=120)
    platforms = make_platforms(["lambda-url", "ec2", "ec2+lambda"], CHOICES)
    comparison = compare(work, platforms)
    assert comparison.own.cheapest.platform == "EC2 arm64 + Lambda"
    assert isinstance(platforms[2], Hybrid)
    crossing = next(x for x in comparison.duels if x.second == "EC2 arm64 + Lambda")
    assert crossing.changes
    assert Fraction(crossing.changes[0].requests) < 3 * 10**7
    assert size_at(platforms[2], work, BOOK).name == "EC2 t4g.nano"


def test_the_answer_says_where_it_pays_and_where_not() -> None:
    work = Workload.of(requests=5 * 10**6, wall_ms=150, cpu_ms=120)
    study = make_study(
        compare(work, make_platforms(["lambda-url", "ec2+lambda"], CHOICES)), draws=0
    )
    (saving,) = study.savings
    assert saving.own < 0
    assert saving.best is not None
    assert saving.most > 0.2
    text = saving_sentence(saving, work.requests)
    assert text.startswith("EC2 arm64 + Lambda pays off between ")
    assert text.endswith("at 5 M it does not pay off.")


def test_a_function_that_waits_leaves_nothing_to_save() -> None:
    work = Workload.of(requests=5 * 10**6, wall_ms=1000, cpu_ms=1)
    study = make_study(
        compare(work, make_platforms(["lambda-url", "ec2+lambda"], CHOICES)), draws=0
    )
    assert study.savings[0].most < 0.1


def test_the_command_line_tells_the_share_that_goes_to_the_function() -> None:
    arguments = ["-C", "/", "--draws", "0", "--platform", "lambda-url", "--platform"]
    arguments += ["fargate+lambda", "--requests", "50M"]
    text = CliRunner().invoke(command, arguments).stdout
    assert "2 x 0.25 vCPU 0.5 GB + 14.7 %" in text
    assert "Fargate arm64 + Lambda pays off between" in text
    found = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).stdout)
    made = next(x for x in found["levels"] if x["requests"] == "50000000")["bills"][1]
    assert float(made["sent_on"]) == pytest.approx(0.147 * 5e7, rel=0.01)
    assert found["hybrids"][0]["platform"] == "Fargate arm64 + Lambda"
