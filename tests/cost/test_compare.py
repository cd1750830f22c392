from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost import Workload, compare, load_book
from ferryman.cost.platforms.catalog import ALL, USUAL, Choices, make_platforms, platform_names
from ferryman.cost.platforms.ec2 import Ec2
from ferryman.cost.platforms.fargate import Fargate
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import bill

WORK = Workload.of(requests=10_000_000, wall_ms=80, cpu_ms=8, log_bytes=0)
FUNCTION = LambdaFunction(platform_logs=False)
TASKS = Fargate()


def total(platform: Platform, requests: Decimal, work: Workload) -> Decimal:
    return bill(platform, replace(work, requests=requests), load_book()).total


def test_the_workload_is_one_of_the_levels_and_they_are_in_order() -> None:
    levels = compare(replace(WORK, requests=Decimal(5_000_000))).levels
    assert [level.requests for level in levels] == [10**6, 5 * 10**6, 10**7, 10**8]
    assert compare(WORK).levels[0].cheapest.platform == FUNCTION.name


def test_at_each_change_the_bills_change_places() -> None:
    """Three crossings close together: a task more makes Lambda the cheaper one again."""
    (duel,) = compare(WORK, [FUNCTION, TASKS]).duels
    assert duel.cheaper_at_first == FUNCTION.name
    names = [change.cheaper for change in duel.changes]
    assert names == [TASKS.name, FUNCTION.name, TASKS.name]
    assert [change.jump for change in duel.changes] == [False, True, False]
    assert [change.servers for change in duel.changes] == [4, 4, 5]
    for change in duel.changes:
        for side, cheaper in (
            (-1, change.cheaper != TASKS.name),
            (1, change.cheaper == TASKS.name),
        ):
            there = change.requests + side
            tasks_are = total(TASKS, there, WORK) < total(FUNCTION, there, WORK)
            assert tasks_are == cheaper


def test_a_wait_makes_servers_cheaper_sooner_and_cpu_later() -> None:
    def first_change(wall_ms: int, cpu_ms: int) -> Decimal:
        work = replace(WORK, wall_ms=Decimal(wall_ms), cpu_ms=Decimal(cpu_ms))
        return compare(work, [FUNCTION, TASKS]).duels[0].changes[0].requests

    assert first_change(400, 4) < first_change(80, 4) < first_change(80, 8)


def test_never_is_an_answer() -> None:
    (duel,) = compare(WORK, [FUNCTION, TASKS], horizon=Decimal(50_000_000)).duels
    assert duel.changes == ()
    assert duel.cheaper_at_first == FUNCTION.name


def test_the_stretches_cover_everything_and_name_the_lowest_bill() -> None:
    platforms: tuple[Platform, ...] = (FUNCTION, LambdaFunction("http-api"), TASKS, Ec2())
    found = compare(WORK, platforms)
    assert found.stretches[0].start == 0
    assert found.stretches[-1].end == found.horizon
    assert all(one.end == two.start for one, two in pairwise(found.stretches))
    for stretch in found.stretches:
        middle = (stretch.start + stretch.end) / 2
        bills = {platform.name: total(platform, middle, WORK) for platform in platforms}
        assert bills[stretch.platform] == min(bills.values())


def test_only_platforms_of_different_kinds_duel() -> None:
    duels = compare(WORK).duels
    assert [(d.first, d.second) for d in duels] == [
        ("Lambda arm64, Function URL", "Fargate arm64 0.5 vCPU 1 GB"),
        ("Lambda arm64, Function URL", "EC2 m7g.large"),
        ("Lambda arm64, HTTP API", "Fargate arm64 0.5 vCPU 1 GB"),
        ("Lambda arm64, HTTP API", "EC2 m7g.large"),
    ]


def test_the_usual_platforms_follow_the_architecture() -> None:
    chosen = make_platforms(USUAL, Choices(architecture="x86_64"))
    names = [platform.name for platform in chosen]
    assert names == [
        "Lambda x86_64, Function URL",
        "Lambda x86_64, HTTP API",
        "Fargate x86_64 0.5 vCPU 1 GB",
        "EC2 m6i.large",
    ]


FULL = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1", "ap-northeast-2")


@pytest.mark.parametrize("region", FULL)
@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_every_region_can_be_compared_behind_a_function_url(region: str, architecture: str) -> None:
    found = compare(
        WORK,
        make_platforms(["lambda-url", "fargate", "ec2"], Choices(region, architecture)),
        horizon=Decimal(10**8),
    )
    assert all(bill.total > 0 for level in found.levels[1:] for bill in level.bills)


def test_a_note_is_said_once_with_every_platform_that_it_is_on() -> None:
    notes = compare(
        WORK, make_platforms(["lambda-url", "fargate", "ec2"], Choices("us-west-2"))
    ).notes
    egress = [note for note in notes if "egress" in note]
    assert egress == [
        "the rate egress in us-west-2 is unverified (Lambda arm64, Function URL;"
        " Fargate arm64 0.5 vCPU 1 GB; EC2 m7g.large)"
    ]


@pytest.mark.parametrize("platforms", [[], [TASKS, TASKS]])
def test_platforms_must_be_told_apart(platforms: list[Fargate]) -> None:
    with pytest.raises(ConfigError, match="at least one platform, and none twice"):
        compare(WORK, platforms)


@pytest.mark.parametrize("horizon", ["0", "NaN", "-5"])
def test_a_horizon_must_be_ahead(horizon: str) -> None:
    with pytest.raises(ConfigError, match="horizon"):
        compare(WORK, horizon=Decimal(horizon))


def test_one_of_each_is_compared_and_only_what_can_lose_a_zone_says_so() -> None:
    found = compare(WORK, make_platforms(ALL))
    available = {bill.platform for bill in found.own.bills if bill.highly_available}
    others = {bill.platform for bill in found.own.bills} - available
    assert others == {"GKE e2-standard-2", "One t4g.small"}
    assert all(bill.total > 0 for bill in found.own.bills)


def test_every_pair_can_be_held_against_each_other() -> None:
    duels = compare(WORK, pairs="all").duels
    assert (duels[0].first, duels[0].second) == (
        "Lambda arm64, Function URL",
        "Lambda arm64, HTTP API",
    )
    assert len(duels) == 6


def test_a_box_is_cheapest_until_it_is_full() -> None:
    found = compare(WORK, make_platforms(["lambda-http-api", "box"]))
    (duel,) = found.duels
    full = duel.changes[-1]
    assert full.cheaper == "Lambda arm64, HTTP API"
    assert full.jump
    box = make_platforms(["box"])[0]
    below, above = (
        bill(box, replace(WORK, requests=full.requests.quantize(1) + step), load_book())
        for step in (-2, 2)
    )
    assert below.carried
    assert not above.carried
    assert "carries at most" in above.notes[0]


def test_an_unknown_platform_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="no platform 'fargat'") as caught:
        make_platforms(["fargat"])
    assert "did you mean fargate?" in (caught.value.hint or "")


@pytest.mark.parametrize("name", platform_names())
def test_every_name_makes_a_platform_or_says_which_price_is_missing(name: str) -> None:
    platform = make_platforms([name])[0]
    assert bill(platform, WORK, load_book()).total > 0


def test_heavy_requests_shorten_the_horizon_and_not_the_answer() -> None:
    """Half a second of CPU fills 10,000 servers before the usual horizon."""
    heavy = Workload.of(requests=10_000_000, wall_ms=600, cpu_ms=500)
    found = compare(heavy)
    assert found.horizon == Decimal(810_000_000)
    assert [level.requests for level in found.levels] == [10**6, 10**7, 10**8]
    with pytest.raises(ConfigError, match="900 M requests a month need more than 10,000"):
        compare(replace(heavy, requests=Decimal(900_000_000)))
    with pytest.raises(ConfigError, match="5,000 M requests a month need more than 10,000"):
        compare(heavy, horizon=Decimal(5 * 10**9))


def test_volumes_beyond_a_short_horizon_are_not_priced_unless_they_are_asked_for() -> None:
    huge = Workload.of(requests=100_000, wall_ms=60_000, cpu_ms=59_000, memory_mib=3008)
    assert [level.requests for level in compare(huge).levels] == [10**5, 10**6]
    with pytest.raises(ConfigError, match="need more than 10,000 servers"):
        compare(huge, levels=[Decimal(10**8)])
