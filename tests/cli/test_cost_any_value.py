"""Whatever value a flag is given, the answer is an answer or says what is wrong."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from ferryman.cli.cost import command
from ferryman.core.errors import FerrymanError

VALUES = (
    *("0", "1", "-1", "0.5", "2", "10", "128", "1000", "10240", "10M", "1e13", "1e14", "1e30"),
    *("1e-9", "1e999999", "NaN", "inf", "-inf", "", "abc", "1/2", "0.25/0.5", "wall-ms=1:2"),
    *("office", "m7g.large", "eu-west-1", "fargate", "lambda-cloudfront-plan", "memory", "1y"),
)

FILES = {"project", "usage_file", "prices", "measured", "logs", "log_group", "profile", "since"}
FILES |= {"plot", "html", "overlay", "base", "reconcile", "log_format", "draws"}

OPTIONS = [
    each
    for each in command.params
    if isinstance(each, click.Option) and each.name not in FILES and each.name != "help"
]


@st.composite
def flags(draw: st.DrawFn) -> list[str]:
    option = draw(st.sampled_from(OPTIONS))
    names = [*option.opts, *option.secondary_opts]
    if option.is_flag:
        return [draw(st.sampled_from(names))]
    return [names[0], draw(st.sampled_from(VALUES))]


@settings(max_examples=100, deadline=None)
@given(st.lists(flags(), min_size=1, max_size=4))
def test_a_run_ends_in_an_answer_or_in_an_error_that_is_told(found: list[list[str]]) -> None:
    arguments = ["-C", "/", "--draws", "20", *(part for flag in found for part in flag)]
    result = CliRunner().invoke(command, arguments)
    if isinstance(result.exception, FerrymanError):
        too_dear = "--fail-above" in arguments and "costs" in result.exception.message
        assert result.exception.exit_code == (1 if too_dear else 2), arguments
        assert result.stdout == "" or too_dear
    else:
        assert result.exit_code in (0, 2), arguments
        assert result.exception is None or isinstance(result.exception, SystemExit), arguments


@pytest.mark.parametrize("horizon", ["0", "1e14", "1e30", "1e308", "1e999999", "-1"])
def test_a_horizon_beyond_what_can_be_asked_for_is_refused(horizon: str) -> None:
    result = CliRunner().invoke(command, ["-C", "/", "--draws", "0", "--horizon", horizon])
    told = isinstance(result.exception, FerrymanError) and result.exception.exit_code == 2
    assert told or result.exit_code == 2
    assert result.stdout == ""
