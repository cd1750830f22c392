from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferryman.core.errors import ConfigError
from ferryman.cost import Workload, compare, load_book
from ferryman.cost.hybrid.overflowing import Hybrid
from ferryman.cost.platforms.catalog import ALL, USUAL_SIZING, Choices, make_platforms
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.ranges import RANGED, Range, parse_range, usual_ranges
from ferryman.cost.traffic.shape import preset
from ferryman.cost.uncertainty import band, tornado
from ferryman.cost.vector import costs_of
from ferryman.cost.workload import Inputs

numpy = pytest.importorskip("numpy")

BOOK = load_book()
WORK = Workload.of(preset("office"), requests=10_000_000, wall_ms=100, cpu_ms=10)
HORIZON = Decimal(10**10)

# What a hybrid sends on is found for one workload and not for many.
HYBRIDS = [platform for platform in make_platforms(ALL) if isinstance(platform, Hybrid)]
DRAWN = [platform for platform in make_platforms(ALL) if not isinstance(platform, Hybrid)]

ONE_OF_EACH = (
    *DRAWN,
    *make_platforms(["ec2", "fargate"], Choices(sizing=replace(USUAL_SIZING, scaling="hourly"))),
    LambdaFunction(provisioned=2, provisioned_hours=Decimal(100)),
    *make_platforms(["ec2-savings-1y", "fargate-savings-3y", "eks"], Choices(private=True)),
    *make_platforms(["ec2"], Choices(instance="m7i-flex.large")),
)


def as_arrays(works: list[Workload]) -> Inputs:
    columns = {name: numpy.array([float(getattr(w, name)) for w in works]) for name in RANGED}
    return Inputs(**columns, shape=works[0].shape)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    wall = draw(st.integers(1, 1000))
    return Workload.of(
        WORK.shape,
        requests=draw(st.integers(0, 10**8)),
        wall_ms=wall,
        cpu_ms=draw(st.integers(1, min(wall, 100))),
        memory_mib=draw(st.sampled_from([128, 512, 1769, 3008])),
        response_bytes=draw(st.integers(0, 2_000_000)),
        log_bytes=draw(st.integers(0, 5000)),
        cross_zone_bytes=draw(st.integers(0, 5000)),
        cold_start_share=draw(st.sampled_from(["0", "0.001", "0.2"])),
        cpu_variation=draw(st.integers(0, 8)),
        in_flight_mib=draw(st.integers(0, 2)),
    )


@pytest.mark.parametrize("platform", ONE_OF_EACH, ids=lambda platform: platform.name)
@settings(max_examples=3, deadline=None)
@given(st.lists(workloads(), min_size=2, max_size=2))
def test_an_array_of_bills_is_the_bills(platform: Platform, works: list[Workload]) -> None:
    """But for a server more or less, where a float lands on the other side of a step."""
    requests = numpy.array([float(work.requests) for work in works])
    found = costs_of(platform, as_arrays(works), BOOK).at(requests)
    for usd, work in zip(found, works, strict=True):
        exact = float(bill(platform, work, BOOK).total)
        beside = [
            float(bill(platform, replace(work, requests=work.requests * Decimal(x)), BOOK).total)
            for x in ("0.99999", "1.00001")
        ]
        assert min(exact, *beside) * (1 - 1e-5) <= usd <= max(exact, *beside) * (1 + 1e-5)


@pytest.mark.parametrize("hybrid", HYBRIDS, ids=lambda platform: platform.name)
def test_a_hybrid_is_not_taken_for_its_servers_alone(hybrid: Hybrid) -> None:
    with pytest.raises(ValueError, match="cannot be priced for many workloads at once"):
        band(WORK, {}, [(make_platforms(["lambda-url"])[0], hybrid)], BOOK, HORIZON, draws=2)


def test_without_uncertainty_the_band_is_the_exact_crossover() -> None:
    named = {platform.name: platform for platform in DRAWN}
    duels = [x for x in compare(WORK, DRAWN).duels if x.cheaper_at_first == x.first]
    exact = {(duel.first, duel.second): duel.changes for duel in duels}
    pairs = [(named[one], named[two]) for one, two in exact]
    for found in band(WORK, {}, pairs, BOOK, HORIZON, draws=2):
        changes = exact[found.per_request, found.capacity]
        if found.middle is None:
            assert not changes
        else:
            # Platforms whose bills run beside each other change places many times.
            first, last = float(changes[0].requests), float(changes[-1].requests)
            assert first * 0.999 <= found.middle <= last * 1.005


def test_a_band_is_the_same_each_time_and_holds_the_crossover() -> None:
    pair = make_platforms(["lambda-http-api", "ec2"])
    first, again = (
        band(WORK, usual_ranges(WORK), [(pair[0], pair[1])], BOOK, HORIZON, 4000) for _ in range(2)
    )
    assert first == again
    (found,) = first
    assert found.low is not None
    assert found.high is not None
    assert found.middle is not None
    exact = float(compare(WORK, pair).duels[0].changes[0].requests)
    assert found.low < exact < found.high
    assert found.middle == pytest.approx(exact, rel=0.05)
    assert found.never == 0


def test_wider_ranges_make_wider_bands() -> None:
    pair = make_platforms(["lambda-url", "ec2"])

    def width(low: int, high: int) -> float:
        ranges = {"wall_ms": Range(Decimal(low), Decimal(100), Decimal(high))}
        (found,) = band(WORK, ranges, [(pair[0], pair[1])], BOOK, HORIZON, 4000)
        assert found.low
        assert found.high
        return found.high / found.low

    assert 1 < width(95, 105) < width(50, 200)


def test_the_tornado_puts_the_strongest_first() -> None:
    pair = make_platforms(["lambda-url", "ec2"])
    ranges = {
        name: parse_range(name, text)
        for name, text in (
            ("log_bytes", "200:250:300"),
            ("wall_ms", "80:100:200"),
            ("response_bytes", "4000:4096:4200"),
        )
    }
    found = tornado(WORK, ranges, (pair[0], pair[1]), BOOK, HORIZON)
    assert found[0].name == "wall_ms"
    assert found[0].at_low is not None
    assert found[0].at_high is not None
    assert found[0].at_low > found[0].at_high
    assert [x.swing for x in found] == sorted((x.swing for x in found), reverse=True)


@pytest.mark.parametrize("kind", ["triangular", "uniform", "normal", "lognormal"])
def test_draws_follow_their_range(kind: str) -> None:
    given_range = parse_range("wall_ms", f"50:100:200:{kind}")
    shares = (numpy.arange(100_000) + 0.5) / 100_000
    values = given_range.quantile(shares)
    assert (numpy.diff(values) >= 0).all()
    if kind in ("triangular", "uniform"):
        assert values.min() >= 50
        assert values.max() <= 200
        mean = {"triangular": (50 + 100 + 200) / 3, "uniform": 125.0}[kind]
        assert values.mean() == pytest.approx(mean, rel=1e-4)
    else:
        assert numpy.quantile(values, [0.05, 0.5, 0.95]) == pytest.approx([50, 100, 200], rel=0.01)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wall_ms", "fast"),
        ("wall_ms", "1"),
        ("wall_ms", "1:2:3:4"),
        ("wall_ms", "3:2:1"),
        ("wall_ms", "-1:2:3"),
        ("wall_ms", "nan:2:3"),
        ("wall_ms", "1:5:3"),
        ("cold_start_share", "0:0.5:2"),
        ("cold_start_share", "0:0.1:0.2:lognormal"),
        ("speed", "1:2:3"),
    ],
)
def test_a_range_that_is_none_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError):
        parse_range(name, text)


@pytest.mark.parametrize("name", [name for name in RANGED if name != "memory_mib"])
def test_any_input_may_be_the_only_uncertain_one(name: str) -> None:
    pair = make_platforms(["lambda-http-api", "fargate"])
    value = float(getattr(WORK, name)) or 1.0
    given = Range(Decimal(str(value)), Decimal(str(value * 1.01)), Decimal(str(value * 1.02)))
    (found,) = band(WORK, {name: given}, [(pair[0], pair[1])], BOOK, HORIZON, draws=50)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.high < found.low * 2
