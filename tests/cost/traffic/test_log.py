from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.log import read_log, summarise

MONDAY = 1_704_067_200  # 2024-01-01 00:00 UTC, a Monday
WEEK = 7 * 24 * 3600


def every(step: int, seconds: int, start: int = MONDAY) -> Iterator[str]:
    return (str(second) for second in range(start, start + seconds + 1, step))


def test_an_even_week() -> None:
    found = summarise(every(60, WEEK), "log")
    assert found.requests == pytest.approx(730 * 60, rel=0.001)
    assert found.shape is not None
    assert set(found.shape.weights) == {1}
    assert found.burst == 1
    assert found.wall_ms is None


def test_monday_is_the_first_day() -> None:
    """Twice the traffic on Monday from nine to ten."""
    nine = MONDAY + 9 * 3600
    lines = sorted([*every(60, WEEK), *every(60, 3599, nine)], key=int)
    shape = summarise(lines, "log").shape
    assert shape is not None
    assert shape.weights.index(max(shape.weights)) == 9
    assert max(shape.weights) / min(shape.weights) == 2


def test_durations_are_rounded_up_as_they_are_billed() -> None:
    lines = [f"{MONDAY + 60 * n},{10.2 + n % 2}" for n in range(61)]
    assert summarise(lines, "log").wall_ms == Decimal("11.492")


@pytest.mark.parametrize("separator", [",", "\t", " ", ", "])
def test_iso_times_and_any_separator(separator: str) -> None:
    lines = [
        "# time, ms",
        f"2024-01-01T00:00:00Z{separator}5",
        "",
        f"2024-01-01T02:00:00+01:00{separator}7",
    ]
    found = summarise(lines, "log")
    assert found.seconds == 3600
    assert found.lines == 2
    assert found.wall_ms == Decimal(6)
    assert found.shape is None


def test_a_minute_in_a_hundred_is_the_burst() -> None:
    quiet = [str(MONDAY + 60 * n) for n in range(600)]
    loud = [str(MONDAY + 600 * n + 1) for n in range(60) for _ in range(9)]
    found = summarise(sorted([*quiet, *loud], key=int), "log")
    assert found.burst == pytest.approx(Decimal(10) * 60 / (60 + 6 * 9), rel=Decimal("0.01"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "covers 0 seconds"),
        ([str(MONDAY)], "covers 0 seconds"),
        (["# nothing"], "covers 0 seconds"),
        ([str(MONDAY), str(MONDAY + 3599)], "covers 3599 seconds"),
        ([str(MONDAY), str(MONDAY - 301)], "line 2: the clock jumps back by 301 seconds"),
        ([str(MONDAY), str(MONDAY + WEEK + 1)], "line 2: the clock jumps ahead by 604,801"),
        (["yesterday"], "line 1: 'yesterday' does not begin with a time"),
        ([f"{MONDAY},fast"], "line 1: .* does not begin with a time and a duration"),
        ([f"{MONDAY},-5"], "line 1: .* is not a time and a duration"),
        (["nan"], "line 1: 'nan' is not a time and a duration"),
        (["inf"], "line 1"),
    ],
)
def test_a_log_that_says_nothing_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        summarise(lines, "log")


def test_lines_a_little_out_of_order_are_as_servers_write_them() -> None:
    lines = [str(MONDAY), str(MONDAY + 3700), str(MONDAY + 3500)]
    assert summarise(lines, "log").lines == 3


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_log(tmp_path / "none.log")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "traffic.log"
    path.write_text("\n".join(every(600, WEEK)))
    assert read_log(path).lines == WEEK // 600 + 1
