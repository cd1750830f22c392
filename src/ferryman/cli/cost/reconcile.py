"""The flag ``--reconcile``: what was predicted against what the logs say since."""

from __future__ import annotations

import json
from typing import Any

import click

from ferryman.cli.cost.logs import found_table, read_paths
from ferryman.cli.cost.question import Question
from ferryman.cli.tables import show
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.reconcile import cause_table, outcome_table, reconcile, reconciliation_data
from ferryman.cost.traffic.summary import found_data

__all__ = ("answer",)


def answer(question: Question, flags: dict[str, Any]) -> None:
    """Print predicted and actual, line by line, and which input was off.

    Raises:
        ConfigError: The logs cannot be read, or cover too little.
    """
    found = read_paths(flags["reconcile"], flags["log_format"])
    functions = (x for x in question.platforms if isinstance(x, LambdaFunction))
    function = next(functions, question.function)
    result = reconcile(question.workload, found, function, question.book)
    if flags["as_json"]:
        data = reconciliation_data(result) | {"found": found_data(found)}
        click.echo(json.dumps(data, indent=2))
        return
    for table in (found_table(found), outcome_table(result), cause_table(result)):
        show(table)
