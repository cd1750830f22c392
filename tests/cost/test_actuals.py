from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.actuals import Actuals, compare_with_logs
from ferryman.cost.actuals_tables import input_table, item_table
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.prices.book import load_book
from ferryman.cost.traffic.log_summary import LogSummary, from_tally
from ferryman.cost.traffic.record import LambdaUse, Record
from ferryman.cost.traffic.tally import Tally
from ferryman.cost.workload import Workload

PREDICTED = Workload.of(requests=10_000_000, wall_ms=80, cpu_ms=5, memory_mib=512)
HOURS = 2


def logs(
    *, a_minute: int = 240, wall_ms: float = 80.0, memory: int = 512, cold_every: int = 100
) -> LogSummary:
    """Two hours of Lambda reports."""
    tally = Tally()
    for second in range(0, HOURS * 3600 + 1, 60):
        for number in range(a_minute):
            init = 700.0 if number % cold_every == 0 else None
            billed = wall_ms + (init or 0)
            use = LambdaUse(billed, memory, 90, init)
            tally.add(Record(second, wall_ms, False, use=use))
    return from_tally(tally, ("Lambda log",), "log")


def held(found: LogSummary, *, predicted: Workload = PREDICTED) -> Actuals:
    return compare_with_logs(predicted, found, LambdaFunction(), load_book())


def inputs(result: Actuals) -> dict[str, Decimal]:
    return {each.name: each.usd for each in result.inputs}


def test_the_parts_add_up_to_the_difference_exactly() -> None:
    result = held(logs(a_minute=300, wall_ms=120, memory=1024, cold_every=7))
    assert result.difference > 0
    parts = sum((Fraction(usd) for usd in inputs(result).values()), Fraction(0))
    assert abs(parts - Fraction(result.difference)) < Fraction(1, 10**30)


@pytest.mark.parametrize(
    ("changed", "culprit"),
    [
        ({"a_minute": 900}, "requests"),
        ({"wall_ms": 400.0}, "wall_ms"),
        ({"memory": 2048}, "memory_mib"),
        ({"cold_every": 2}, "cold_start_share"),
    ],
)
def test_the_input_that_was_off_is_named(changed: dict[str, float], culprit: str) -> None:
    found = logs()
    right = Workload.of(**(found.inputs | {"cpu_ms": Decimal(5)}))
    result = held(logs(**changed), predicted=right)  # type: ignore[arg-type]
    worst = max(result.inputs, key=lambda each: abs(each.usd))
    assert worst.name == culprit
    assert worst.usd == pytest.approx(result.difference, rel=Decimal("0.05"))


def test_a_prediction_that_came_true_has_no_difference() -> None:
    found = logs()
    right = Workload.of(**(found.inputs | {"cpu_ms": Decimal(5)}))
    result = held(found, predicted=right)
    assert result.difference == 0
    assert set(inputs(result).values()) == {0}
    assert input_table(result).rows[-1][-1] == "-"


def test_gb_seconds_are_what_lambda_billed() -> None:
    found = logs(wall_ms=123.0, cold_every=5)
    assert found.use is not None
    assert found.period is not None
    result = held(found)
    actual = {line.item: line.actual for line in result.items}
    month = found.use.billed_gb_seconds * 730 * 3600 / found.period.seconds
    assert float(actual["Lambda duration"]) == pytest.approx(month, rel=1e-6)
    assert float(actual["including cold starts"]) == pytest.approx(
        found.use.cold_starts * 730 * 3600 / found.period.seconds, rel=1e-6
    )
    assert actual["including initialization"] < actual["Lambda duration"]


def test_a_log_of_two_sizes_of_memory_is_held_against_what_was_billed() -> None:
    """As after a change of the setting: neither size alone would give the GB-seconds."""
    tally = Tally()
    for second in range(0, HOURS * 3600 + 1, 60):
        memory = 512 if second < 3600 else 2048
        tally.add(Record(second, 100.0, False, use=LambdaUse(100, memory, 90)))
    found = from_tally(tally, ("Lambda log",), "log")
    assert found.use is not None
    (line,) = (x for x in held(found).items if x.item == "Lambda duration")
    a_month = found.use.billed_gb_seconds / (HOURS * 3600) * 730 * 3600
    assert float(line.actual) == pytest.approx(a_month, rel=1e-5)


def test_a_duration_that_the_cpu_time_sets_is_predicted_as_it_is_billed() -> None:
    """50 ms of CPU take 177 ms at 512 MiB; a log that says so agrees with the prediction."""
    busy = Workload.of(requests=20_000_000, wall_ms=60, cpu_ms=50, memory_mib=512)
    (wall,) = [x for x in held(logs(), predicted=busy).inputs if x.name == "wall_ms"]
    assert float(wall.predicted) == pytest.approx(50 * 1769 / 512)


def test_what_the_log_does_not_say_is_taken_as_predicted_and_marked() -> None:
    result = held(logs())
    (logged,) = [each for each in result.inputs if each.name == "log_bytes"]
    assert logged.actual is None
    assert logged.usd == 0
    rows = {row[0]: row for row in input_table(result).rows}
    assert rows["logs"][3] == "not in the log"


def test_the_free_tier_does_not_hide_what_was_off() -> None:
    small = Workload.of(requests=20_000, wall_ms=80, cpu_ms=5, memory_mib=512)
    result = held(logs(a_minute=1), predicted=small)
    assert "without free tiers" in result.platform
    assert inputs(result)["requests"] > 0


def test_the_table_has_every_line_and_a_total() -> None:
    result = held(logs(a_minute=900))
    table = item_table(result)
    items = [row[0] for row in table.rows]
    assert items[:4] == [
        "Lambda requests",
        "including cold starts",
        "Lambda duration",
        "including initialization",
    ]
    assert {"Egress to the internet", "Logs", "total"} <= set(items)
    assert table.rows[-1][-1].startswith("+")


def test_less_than_an_hour_cannot_be_held_against_a_month() -> None:
    tally = Tally()
    tally.add(Record(0.0, 80.0))
    with pytest.raises(ConfigError, match="covers only 0 seconds"):
        held(from_tally(tally, (), "log"))
