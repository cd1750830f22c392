"""The command itself: reads the options, and prints the answer in the chosen form."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ferryman.cli.cost.options import about, add_options, check_needs, declared
from ferryman.cli.cost.question import GROUPS, CostOptions, Question, answer, ask, read_options
from ferryman.cli.cost.source_options import SettingsContext, source_options
from ferryman.cli.garbage import without_garbage_collection
from ferryman.cli.printing import show, show_csv, show_markdown, write_file
from ferryman.core.errors import FerrymanError
from ferryman.cost import answer_tables as tables
from ferryman.cost.compare import Comparison
from ferryman.cost.number_format import usd, volume
from ferryman.cost.study import Study
from ferryman.records.table import Table

__all__ = ("command",)

# The headings of the groups of options in the help.
_TITLES = (
    "The traffic, and what a request needs",
    "Logs, measurements, the shape of a week and growth",
    "What is compared, and where it runs",
    "How servers are sized, bought and reached",
    "Further costs of the Lambda function",
    "Questions beside the bills",
    "Form of the answer",
)

_SUBCOMMANDS = {
    "cold-starts": "Estimate how many requests start cold, and how many environments run.",
    "portfolio": "Compare functions for several applications with servers that they share.",
    "prices": "Show the price book, compare it with AWS, or update it.",
    "selfcheck": "Compare the model with AWS's own worked examples.",
    "serve": "Serve the calculator, a page with sliders, on this machine.",
}


class _Lazy(click.Group):
    """Loads the subcommands only when one is named, because few runs need them."""

    context_class = SettingsContext

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].endswith(".toml"):
            args = ["portfolio", *args]
        if {"--logs", "--reconcile"} & set(args):
            from ferryman.cli.cost.logs import spread

            args = spread(args, _SUBCOMMANDS)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by group, each with its help."""
        records = {each.name: each.get_help_record(ctx) for each in self.get_params(ctx)}
        for group in GROUPS:
            names = [each.name for each in declared(group)]
            rows = [row for name in names if (row := records.pop(name, None))]
            with formatter.section(_TITLES[GROUPS.index(group)]):
                formatter.write_dl(rows)
        with formatter.section("Sources and help"):
            formatter.write_dl([row for row in records.values() if row])
        self.format_commands(ctx, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_SUBCOMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        from ferryman.cli.cost import subcommands

        return subcommands.COMMANDS.get(name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUBCOMMANDS.items()))


@click.command("cost", cls=_Lazy, invoke_without_command=True)
@source_options
@add_options(*GROUPS)
@click.pass_context
def command(context: click.Context, /, **values: Any) -> None:
    """Compare what a month costs on Lambda and on servers, and say where to cross over.

    The answer lists the durations and sizes that you do not give as assumed. You can also set
    options in [tool.ferryman.cost] of pyproject.toml, with _ for -, and in the variables
    FERRYMAN_COST__*.

    \b
    Example:
      ferryman cost --requests 20M --wall-ms 120 --cpu-ms 6 --memory 512
    """
    if context.invoked_subcommand:
        return
    # One thread is enough for ten thousand draws, and starting others takes longer.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with without_garbage_collection():
        options = read_options(values, _given(context, values))
        check_needs(context, *GROUPS)
        options.output.check()
        _run(ask(options), options, values["project"])
        if not (options.platforms.stores or options.output.as_json or options.output.reconcile):
            _tell_of_database(values["project"], values["overlay"])


def _tell_of_database(root: Path | None, overlay: str | None) -> None:
    from ferryman.cli.cost.database_note import database_note
    from ferryman.project.setting_sources import find_project

    if note := database_note(root or find_project(Path.cwd()), overlay):
        click.echo(f"note: {note}", err=True)


def _given(context: click.Context, values: dict[str, Any]) -> frozenset[str]:
    default = ParameterSource.DEFAULT
    return frozenset(name for name in values if context.get_parameter_source(name) is not default)


def _run(question: Question, options: CostOptions, root: Path | None) -> None:
    output = options.output
    if output.reconcile:
        from ferryman.cli.cost.actuals import print_actuals

        print_actuals(question, output.reconcile, options.traffic, as_json=output.as_json)
        return
    study = answer(question, options.question, whole=output.html is not None)
    # Compute everything before the first file is written or line printed.
    drawn, printed = [*_draw(study, options, root)], [*_print(study, options)]
    for path, text in drawn:
        write_file(path, text)
    for show_part in printed:
        show_part()
    for note in (*study.notes, *study.comparison.notes):
        click.echo(f"note: {note}", err=True)
    _fail_above(study.comparison, options.question.fail_above)


def _draw(study: Study, options: CostOptions, root: Path | None) -> Iterator[tuple[Path, str]]:
    """Yield the files to write."""
    plot, html = options.output.plot, options.output.html
    if plot and plot != Path("-"):
        from ferryman.cost.page.bill_chart import bill_chart
        from ferryman.cost.page.document import picture_file

        yield plot, picture_file(bill_chart(study))
    if html:
        from datetime import date

        from ferryman.cost.page.document import document
        from ferryman.project.setting_sources import project_name

        yield html, document(study, project_name(root), date.today())


def _print(study: Study, options: CostOptions) -> Iterator[Callable[[], None]]:
    """Yield what prints each part of the answer."""
    output = options.output
    if output.as_json:
        from ferryman.cost.answer_json import answer_json

        yield partial(click.echo, json.dumps(answer_json(study), indent=2))
    elif output.as_csv:
        yield partial(show_csv, tables.line_table(study.comparison))
    elif output.base:
        from ferryman.cost.earlier_answer import difference_table, read_base

        with about("--compare"):
            table = difference_table(read_base(output.base), study.comparison)
        yield partial(show_markdown, table)
    else:
        from ferryman.cli.cost.text_answer import text_parts

        if not {"wall_ms", "cpu_ms"} <= study.origins.keys():
            yield partial(click.echo, f"note: {_ASSUMED}", err=True)
        for part in text_parts(study, options):
            yield partial(show, part) if isinstance(part, Table) else partial(click.echo, part)


_ASSUMED = "the durations are assumed; run `ferryman measure`, and pass its file with --measured"


def _fail_above(comparison: Comparison, most: Decimal | None) -> None:
    if most is None:
        return
    cheapest = comparison.own.cheapest
    if not cheapest.carried:
        raise FerrymanError(
            f"no platform carries {volume(cheapest.requests)} requests a month",
            hint="choose others with --platform, or larger servers",
        )
    if cheapest.total > most:
        raise FerrymanError(
            f"the cheapest of the platforms, {cheapest.platform}, costs"
            f" {usd(cheapest.total)} USD a month, more than {usd(most)}",
            hint="--lines shows the lines of the bill",
        )
