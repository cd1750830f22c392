"""The command itself: the answer in the form that was asked for."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ferryman.cli.cost import options, platform_options
from ferryman.cli.cost.further import look_further, ranges_of
from ferryman.cli.cost.question import Question, ask
from ferryman.cli.tables import show, show_csv, show_markdown
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.core.tables import Table
from ferryman.cost import findings, report
from ferryman.cost.compare import Comparison, compare
from ferryman.cost.figures import usd, volume

if TYPE_CHECKING:
    from ferryman.cost.page.study import Study

__all__ = ("command",)

_SUBCOMMANDS = {
    "cold-starts": "How many requests start cold, and how many environments there are.",
    "prices": "The price book: show it, hold it against AWS, bring it up to date.",
    "selfcheck": "Hold the model against AWS's own worked examples.",
    "serve": "The calculator: the same as a page with sliders, on this machine.",
}


class _Lazy(click.Group):
    """Loads the subcommands, which few runs need, when one is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if {"--logs", "--reconcile"} & set(args):
            from ferryman.cli.cost.logs import spread

            args = spread(args, _SUBCOMMANDS)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_SUBCOMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        from ferryman.cli.cost import subcommands

        return subcommands.COMMANDS.get(name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUBCOMMANDS.items()))


@click.command("cost", cls=_Lazy, invoke_without_command=True)
@options.source_options
@options.workload_options
@platform_options.platform_options
@platform_options.server_options
@platform_options.lambda_options
@options.answer_options
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Compare what a month costs on Lambda and on servers, and say where to cross over.

    Every duration and size that is not given is assumed, and marked so. Flags may stand in
    pyproject.toml under [tool.ferryman.cost].

    \b
    Example:
      ferryman cost --requests 20M --wall-ms 120 --cpu-ms 6 --memory 512
    """
    if context.invoked_subcommand:
        return
    # One thread is enough for ten thousand draws, and starting others takes longer.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with _unswept():
        _check_form(flags)
        _run(ask(flags, _given(context, flags)), flags)


@contextmanager
def _unswept() -> Iterator[None]:
    """Keep Python from looking for cycles: a run is short, and keeps nearly all it makes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _check_form(flags: dict[str, Any]) -> None:
    chosen = [flag for name, flag in _FORMS.items() if flags[name]]
    pages = [flag for name, flag in _PAGES.items() if flags[name]]
    if flags["reconcile"]:
        chosen = ["--reconcile", *(flag for flag in (*chosen, *pages) if flag != "--json")]
    if len(chosen) > 1:
        raise ConfigError(
            f"{' and '.join(chosen[:2])} exclude each other", hint="ask for them one by one"
        )
    least = flags["fail_above"]
    if least is not None and least < 0:
        raise ConfigError(f"--fail-above: {least} USD is below 0", hint="no bill is")


_FORMS = {"as_json": "--json", "as_csv": "--csv", "base": "--compare"}
"""Flags that say in which form the answer is printed."""

_PAGES = {"html": "--html", "picture": "--picture", "plot": "--plot"}
"""Flags that draw the answer besides."""


def _run(question: Question, flags: dict[str, Any]) -> None:
    if flags["reconcile"]:
        from ferryman.cli.cost.reconcile import answer

        answer(question, flags)
        return
    comparison = compare(
        question.workload,
        question.platforms,
        levels=flags["levels"] or None,
        horizon=flags["horizon"],
        pairs="all" if flags["pairs"] else "kinds",
        book=question.book,
    )
    if flags["picture"]:
        _draw(comparison, flags["picture"])
    if flags["html"]:
        _write(comparison, question, flags)
    _answer(comparison, question, flags)
    for note in (*question.notes, *comparison.notes):
        click.echo(f"note: {note}", err=True)
    _guard(comparison, flags["fail_above"])


def _given(context: click.Context, flags: dict[str, Any]) -> frozenset[str]:
    default = ParameterSource.DEFAULT
    return frozenset(name for name in flags if context.get_parameter_source(name) is not default)


def _draw(comparison: Comparison, path: Path) -> None:
    from ferryman.cost.picture import save

    save(comparison, path)
    click.echo(f"drew {path}", err=True)


def _write(comparison: Comparison, question: Question, flags: dict[str, Any]) -> None:
    from ferryman.cli.cost.html import write_page

    write_page(_study(comparison, question, flags), flags["html"])
    click.echo(f"wrote {flags['html']}", err=True)


def _study(comparison: Comparison, question: Question, flags: dict[str, Any]) -> Study:
    from ferryman.cost.page.study import make_study

    return make_study(
        comparison,
        ranges=ranges_of(question, flags),
        draws=flags["draws"],
        origins=question.origins,
        measured=question.measured,
    )


def _plots(comparison: Comparison, question: Question, flags: dict[str, Any]) -> Iterator[str]:
    from ferryman.cli.cost.plot import plot_curves, plot_week

    yield from plot_curves(_study(comparison, question, flags))
    yield ""
    if question.workload.shape and question.workload.requests:
        yield from plot_week(comparison, question.workload.shape)
        yield ""


def _answer(comparison: Comparison, question: Question, flags: dict[str, Any]) -> None:
    if flags["as_json"]:
        click.echo(json.dumps(_data(comparison, question, flags), indent=2))
    elif flags["as_csv"]:
        show_csv(findings.line_table(comparison))
    elif flags["base"]:
        from ferryman.cost.difference import difference_table, read_base

        show_markdown(difference_table(read_base(flags["base"]), comparison))
    else:
        _print(comparison, question, flags)


def _data(comparison: Comparison, question: Question, flags: dict[str, Any]) -> dict[str, Any]:
    from ferryman.cost.data import as_data

    data = as_data(comparison) | {"origins": dict(question.origins)}
    data["notes"] = [*question.notes, *comparison.notes]
    if question.found:
        from ferryman.cost.traffic.summary import found_data

        data["found"] = found_data(question.found)
    return data | look_further(comparison, question, flags).as_data()


def _print(comparison: Comparison, question: Question, flags: dict[str, Any]) -> None:
    """Print the answer; all of it is there before the first line is."""
    parts = list(_parts(comparison, question, flags))
    if not {"wall_ms", "cpu_ms"} <= question.origins.keys():
        click.echo(
            "note: the durations are assumed; `ferryman measure` finds them, and --measured"
            " takes its file",
            err=True,
        )
    for part in parts:
        if isinstance(part, Table):
            show(part)
        else:
            click.echo(part)


def _parts(
    comparison: Comparison, question: Question, flags: dict[str, Any]
) -> Iterator[Table | str]:
    if question.found:
        from ferryman.cli.cost.logs import found_table

        yield found_table(question.found)
    yield report.assumption_table(comparison, question.origins)
    yield report.level_table(comparison)
    if flags["lines"]:
        yield from map(report.bill_table, comparison.own.bills)
    yield report.stretch_table(comparison)
    further = look_further(comparison, question, flags)
    yield from further.before_crossovers()
    if flags["plot"]:
        yield from _plots(comparison, question, flags)
    yield from further.crossovers()


def _guard(comparison: Comparison, most: Decimal | None) -> None:
    if most is None:
        return
    cheapest = comparison.own.cheapest
    if not cheapest.carried:
        raise FerrymanError(
            f"none of the platforms carries {volume(cheapest.requests)} requests a month",
            hint="choose others by --platform, or larger servers",
        )
    if cheapest.total > most:
        raise FerrymanError(
            f"the cheapest of the platforms, {cheapest.platform}, costs"
            f" {usd(cheapest.total)} USD a month, more than {usd(most)}",
            hint="--lines shows what it is made of",
        )
