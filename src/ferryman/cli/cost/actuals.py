"""The flag `--reconcile`: compares the prediction with the logs written since."""

from __future__ import annotations

import json
from collections.abc import Iterable

import click

from ferryman.cli.cost.logs import log_table, read_paths
from ferryman.cli.cost.options import about
from ferryman.cli.cost.question import Question
from ferryman.cli.cost.workload_options import TrafficOptions
from ferryman.cli.printing import show
from ferryman.cost.actuals import compare_with_logs
from ferryman.cost.actuals_tables import actuals_json, input_table, item_table
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.traffic.log_tables import log_json

__all__ = ("print_actuals",)


def print_actuals(
    question: Question, paths: Iterable[str], traffic: TrafficOptions, *, as_json: bool
) -> None:
    """Print predicted and actual figures, line by line, and which input was off.

    Raises:
        ConfigError: The logs cannot be read, or cover too little.
    """
    with about("--reconcile"):
        logs = read_paths(paths, traffic)
    functions = (x for x in question.platforms if isinstance(x, LambdaFunction))
    function = next(functions, question.function)
    actuals = compare_with_logs(question.workload, logs, function, question.book)
    if as_json:
        click.echo(json.dumps(actuals_json(actuals) | {"found": log_json(logs)}, indent=2))
        return
    for table in (log_table(logs), item_table(actuals), input_table(actuals)):
        show(table)
