"""Whatever value a flag is given, the answer is an answer or says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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


NONSENSE = {"html": "nowhere/answer.html", "path": "nowhere/prices.json"}
"""What no value means, where that is not `\\x01nonsense`; by the name of the parameter."""

ANY = {"profile", "log_group", "reason"}
"""What only an account of AWS can refuse, and what may be any words."""


def verbs() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and each verb below it, with the words that it needs."""
    yield (), command
    context = click.Context(command)
    for name in command.list_commands(context):
        verb = command.get_command(context, name)
        assert verb is not None
        if isinstance(verb, click.Group):
            yield from (((name, below), each) for below, each in verb.commands.items())
        else:
            yield (name,), verb


CASES = [
    (words, option.opts[0], option.name)
    for words, verb in verbs()
    for option in verb.params
    if isinstance(option, click.Option) and not option.is_flag and option.name not in ANY
]
ARGUMENTS = {
    ("portfolio",): ("apps.toml",),
    ("prices", "set"): ("ec2.m7g.large", "0.07", "--reason", "agreed"),
}


@pytest.mark.parametrize(("words", "flag", "name"), CASES)
def test_an_option_that_is_given_nonsense_is_named(
    words: tuple[str, ...],
    flag: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("apps.toml").write_text("[apps.shop]\nrequests = '1M'\n")
    place = ("-C", str(tmp_path)) if not words and name != "project" else ()
    more = ARGUMENTS.get(words, ())
    value = NONSENSE.get(name, "\x01nonsense")
    if name == "discount":
        more = more[:1] + more[2:]
    result = CliRunner().invoke(command, [*place, *words, *more, flag, value])
    error = result.exception
    told = error.message if isinstance(error, FerrymanError) else result.output
    assert flag in told
    assert result.stdout == "" or not isinstance(error, FerrymanError)
    assert getattr(error, "exit_code", result.exit_code) == 2
    assert isinstance(error, FerrymanError | SystemExit)
    assert [each.name for each in tmp_path.iterdir()] == ["apps.toml"]


@pytest.mark.parametrize("horizon", ["0", "1e14", "1e30", "1e308", "1e999999", "-1"])
def test_a_horizon_beyond_what_can_be_asked_for_is_refused(horizon: str) -> None:
    result = CliRunner().invoke(command, ["-C", "/", "--draws", "0", "--horizon", horizon])
    told = isinstance(result.exception, FerrymanError) and result.exception.exit_code == 2
    assert told or result.exit_code == 2
    assert result.stdout == ""
