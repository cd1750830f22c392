from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from ferryman.cli.cost import command
from ferryman.cli.cost.text_chart import CROSSOVER, HEIGHT, WIDTH

QUESTION = ("--wall-ms", "80", "--cpu-ms", "8", "--requests", "400M", "--plot")


def run(*arguments: str) -> str:
    return CliRunner().invoke(command, (*QUESTION, *arguments)).stdout


def rows(text: str, title: str) -> list[str]:
    """Return the rows of a plot, without their labels."""
    after = text[text.index(title) :].split(" +-")[0]
    return [line.partition("|")[2] for line in after.splitlines()[1:-1]]


def test_without_the_flag_there_is_no_plot() -> None:
    assert "both logarithmic" not in CliRunner().invoke(command, QUESTION[:-1]).stdout


def test_every_platform_has_a_line_and_a_letter() -> None:
    out = run()
    curves = rows(out, "USD a month by requests")
    drawn = "".join(curves)
    assert len(curves) == HEIGHT
    for letter, name in re.findall(r"^  ([A-D]) (.+)$", out, re.MULTILINE):
        assert letter in drawn
        assert f"  {letter} {name}" in out
    assert max(map(len, curves)) <= WIDTH


def test_crossovers_are_marked_where_lines_meet() -> None:
    curves = rows(run("--platform", "lambda-url", "--platform", "ec2"), "USD a month by requests")
    (row,) = (row for row in curves if CROSSOVER in row)
    column = row.index(CROSSOVER)
    near = {cell for line in curves for cell in line[column - 6 : column + 7]}
    assert {"A", "B"} <= near


def test_the_week_is_drawn_where_it_is_known() -> None:
    assert "Requests a second over a week" not in run()
    week = rows(run("--shape", "office", "--autoscale"), "Requests a second over a week")
    foot = week[-1]
    assert foot[: WIDTH * 5 // 7].count("█") > foot[WIDTH * 5 // 7 :].count("█")
    assert "C" in "".join(week)


def test_a_pipe_gets_no_colour() -> None:
    assert "\x1b" not in run("--shape", "office")


@pytest.mark.parametrize("flags", [("--json",), ("--csv",)])
def test_data_stays_data(flags: tuple[str, ...]) -> None:
    assert "both logarithmic" not in run(*flags)
