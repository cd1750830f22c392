"""Compares an answer with an earlier one, for a comment on a pull request."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError, reason_of
from ferryman.cost.answer_json import SCHEMA
from ferryman.cost.compare import Comparison
from ferryman.cost.number_format import usd, volume
from ferryman.records.table import Table

__all__ = ("difference_table", "read_base")


def read_base(path: Path) -> dict[str, Decimal]:
    """Return each platform's cost at the workload's own volume in an earlier answer.

    Args:
        path: A file with the output of ``ferryman cost --json``.

    Raises:
        ConfigError: The file cannot be read, or is not such an output.
    """
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        schema = data["schema"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} cannot be read as output of `ferryman cost --json`", cause=reason_of(error)
        ) from error
    if schema != SCHEMA:
        raise ConfigError(
            f"{path} has schema {schema}, not {SCHEMA}",
            hint="write it again with this version of ferryman",
        )
    try:
        own = data["workload"]["requests"]
        level = next(level for level in data["levels"] if level["requests"] == own)
        bills = {bill["platform"]: bill["usd"] for bill in level["bills"]}
        return {name: Decimal(amount) for name, amount in bills.items() if amount is not None}
    except (KeyError, TypeError, StopIteration, InvalidOperation) as error:
        raise ConfigError(f"{path} has no bills", cause=repr(error)) from error


def difference_table(base: dict[str, Decimal], comparison: Comparison) -> Table:
    """Return a row per platform: the old cost, the new cost and the change, USD a month."""
    rows = []
    for bill in comparison.own.bills:
        before = base.get(bill.platform)
        if before is None or not bill.carried:
            rows.append(
                (bill.platform, "-" if before is None else usd(before), usd(bill.total), "-")
            )
            continue
        change = bill.total - before
        share = f" ({change / before:+.0%})" if before else ""
        rows.append((bill.platform, usd(before), usd(bill.total), f"{_signed(change)}{share}"))
    gone = base.keys() - {bill.platform for bill in comparison.own.bills}
    rows += [(name, usd(base[name]), "-", "-") for name in sorted(gone)]
    title = f"USD a month at {volume(comparison.workload.requests)} requests"
    return Table(title, ("platform", "before", "now", "change"), tuple(rows))


def _signed(amount: Decimal) -> str:
    text = usd(abs(amount))
    if text == "0.00":
        return "no change"
    return f"{'+' if amount > 0 else '-'}{text}"
