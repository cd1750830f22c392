"""The verbs below `ferryman cost`."""

from __future__ import annotations

import json

import click

from ferryman.cli.cost.cold_starts import cold_starts
from ferryman.cli.cost.portfolio import portfolio
from ferryman.cli.cost.prices import prices
from ferryman.cli.cost.serve import serve
from ferryman.cli.printing import show
from ferryman.core.errors import FerrymanError
from ferryman.records.table import Table

__all__ = ("COMMANDS",)


@click.command("selfcheck")
@click.option("--json", "as_json", is_flag=True, help="Print the examples as JSON.")
def selfcheck(as_json: bool) -> None:
    """Compare the model with AWS's own worked examples, to the last digit that AWS prints.

    \b
    Example:
      ferryman cost selfcheck
    """
    from ferryman.cost.selfcheck import ERRORS, check_examples

    checks = check_examples()
    if as_json:
        rows = [
            {
                "example": check.example.name,
                "source": check.example.source,
                "aws": str(check.example.printed),
                "ferryman": str(check.reckoned),
                "equal": check.is_equal,
            }
            for check in checks
        ]
        click.echo(json.dumps({"examples": rows, "errors_of_aws": [list(e) for e in ERRORS]}))
    else:
        table = tuple(
            (
                check.example.name,
                f"{check.example.printed}",
                f"{check.reckoned}",
                "equal" if check.is_equal else "DIFFERENT",
                check.example.source,
            )
            for check in checks
        )
        header = ("example", "AWS", "ferryman", "", "page")
        show(Table("AWS's worked examples, USD", header, table, frozenset({1, 2})))
        show(Table("Errors on AWS's pages, not reproduced", ("where", "what"), ERRORS))
    wrong = [check.example.name for check in checks if not check.is_equal]
    if wrong:
        raise FerrymanError(f"the model differs from AWS on: {', '.join(wrong)}")


COMMANDS: dict[str, click.Command] = {
    "cold-starts": cold_starts,
    "portfolio": portfolio,
    "prices": prices,
    "selfcheck": selfcheck,
    "serve": serve,
}
