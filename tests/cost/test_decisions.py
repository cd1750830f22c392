"""Growth, memory and scans: what is decided from the bills."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost import Workload, compare, load_book
from ferryman.cost.growth import forecast
from ferryman.cost.input_scan import scan_input
from ferryman.cost.memory import advise, at_memory
from ferryman.cost.platforms.catalog import make_platforms
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.sentences import growth_sentence, scan_sentence

BOOK = load_book()
WORK = Workload.of(requests=60_000_000, wall_ms=100, cpu_ms=10, growth="0.1")
PAIR = make_platforms(["lambda-url", "ec2"])


def test_the_month_to_move_is_the_first_beyond_the_crossover() -> None:
    found = forecast(WORK, PAIR, BOOK)
    crossing = compare(WORK, PAIR).duels[0].changes[-1].requests
    assert found.current == PAIR[0].name
    assert found.move is not None
    assert found.move.cheapest == PAIR[1].name
    before = found.months[found.move.number - 1]
    assert before.requests <= crossing < found.move.requests
    assert before.cheapest == PAIR[0].name


def test_staying_costs_what_the_bills_differ_by() -> None:
    found = forecast(WORK, PAIR, BOOK, months=24)
    extra = Decimal(0)
    for number in range(24):
        there = replace(WORK, requests=WORK.requests * Decimal("1.1") ** number)
        stay, other = (bill(platform, there, BOOK).total for platform in PAIR)
        extra += stay - min(stay, other)
    assert found.staying_costs == pytest.approx(extra)


def test_traffic_that_nothing_carries_is_said_and_costs_nothing_more() -> None:
    """A box carries some 180 M of these requests a month: 60 M x 1.1^12 are more."""
    found = forecast(WORK, make_platforms(["box"]), BOOK)
    assert found.move is None
    assert found.staying_costs == 0
    assert found.overrun is not None
    assert found.overrun.number == 12
    assert "From month 12 on, none of them can serve the traffic" in growth_sentence(found)


def test_without_growth_nobody_moves() -> None:
    found = forecast(replace(WORK, growth=Decimal(0)), PAIR, BOOK)
    assert found.move is None
    assert found.staying_costs == 0


def test_who_is_on_the_wrong_platform_today_moves_now() -> None:
    found = forecast(WORK, PAIR, BOOK, current=PAIR[1].name, months=3)
    assert found.move is not None
    assert found.move.number == 0


@pytest.mark.parametrize(("current", "months"), [("Heroku", 3), (None, 0)])
def test_a_forecast_that_cannot_be_is_refused(current: str | None, months: int) -> None:
    with pytest.raises(ConfigError):
        forecast(WORK, PAIR, BOOK, current, months)


def test_more_memory_shortens_the_work_and_not_the_wait() -> None:
    # At 1,769 MiB 10 ms of CPU take 10 ms; the other 65.449 ms of 100 at 512 MiB are wait.
    fast = at_memory(WORK, 1769)
    assert float(fast.wall_ms) == pytest.approx(100 - 10 * 1769 / 512 + 10)
    slow = at_memory(WORK, 128)
    assert float(slow.wall_ms) == pytest.approx(100 - 10 * 1769 / 512 + 10 * 1769 / 128)
    assert at_memory(WORK, 3008).wall_ms == fast.wall_ms
    assert at_memory(WORK, 512).wall_ms == WORK.wall_ms


def test_the_fastest_is_one_vcpu_and_the_cheapest_holds_the_application() -> None:
    advice = advise(WORK, LambdaFunction(), BOOK)
    assert advice.fastest.memory_mib == 1769
    assert advice.cheapest.memory_mib == 192
    assert advice.cheapest.usd < advice.fastest.usd
    assert {option.memory_mib for option in advice.options}.isdisjoint({128})


def test_for_work_without_waits_memory_costs_nothing_up_to_one_vcpu() -> None:
    busy = Workload.of(requests=10_000_000, wall_ms=1769, cpu_ms=512, memory_mib=512, init_ms=0)
    options = [x for x in advise(busy, LambdaFunction(), BOOK).options if x.memory_mib <= 1769]
    assert float(options[0].usd) == pytest.approx(float(options[-1].usd), rel=1e-9)
    assert advise(busy, LambdaFunction(), BOOK).fastest.memory_mib == 1769


def test_an_application_that_no_size_holds() -> None:
    with pytest.raises(ConfigError, match="the application needs 9000 MiB"):
        advise(WORK, LambdaFunction(), BOOK, Decimal(9000))


@pytest.mark.parametrize("name", ["memory_mib", "wall_ms"])
def test_at_each_turn_the_bills_change_places(name: str) -> None:
    first, second = make_platforms(["lambda-url", "fargate"])
    found = scan_input(WORK, name, first, second, BOOK)
    changes = found.changes
    assert found.leader == first.name
    for change in changes:
        for step, expected in ((Decimal("0.998"), False), (Decimal("1.002"), True)):
            value = (
                change.value * step
                if name != "memory_mib"
                else change.value + (2 if expected else -2)
            )
            there = (
                at_memory(WORK, value) if name == "memory_mib" else replace(WORK, **{name: value})  # type: ignore[arg-type]
            )
            one, two = (bill(platform, there, BOOK).total for platform in (first, second))
            assert ((one < two) == (change.cheaper == first.name)) == expected
    assert len(changes) == 1


def test_a_scan_over_nothing_known_is_refused() -> None:
    with pytest.raises(ConfigError, match="no input 'colour'"):
        scan_input(WORK, "colour", PAIR[0], PAIR[1], BOOK)
    large = replace(WORK, resident_mib=Decimal(60_000))
    with pytest.raises(ConfigError, match="no value of wall_ms fits"):
        scan_input(large, "wall_ms", PAIR[0], PAIR[1], BOOK)


def test_two_that_cost_the_same_are_said_to() -> None:
    found = scan_input(WORK, "wall_ms", PAIR[0], PAIR[0], BOOK)
    assert found.leader is None
    name = PAIR[0].name
    assert (
        scan_sentence(found, "wall-ms")
        == f"{name} and {name} cost the same at every value of wall-ms."
    )
