"""Maps rows of AWS's list of Compute Savings Plans to rates of the book.

A row discounts a usage type of another list. Plans of one and of three years, with three ways
to pay, and plans for one instance family discount the same usage type. The book has Compute
Savings Plans without an upfront payment.
"""

from __future__ import annotations

from collections.abc import Collection

from ferryman.cost.prices.offers import USAGE, Row, usage_type

__all__ = ("SAVINGS", "savings_id")

SAVINGS = "AWSComputeSavingsPlan"
"""The list's name."""


def savings_id(row: Row, region: str, instances: Collection[str]) -> str | None:
    """Return the id of the rate that a row prices; ``None`` if the book has no such rate.

    Args:
        row: The row, by the names of its columns in lower case, without spaces.
        region: The requested AWS region; a list has rows of other regions too.
        instances: The wanted EC2 instance types.
    """
    here = row.get("discountedregioncode", "") == region
    if not here or row.get("productfamily") != "ComputeSavingsPlans":
        return None
    years = row.get("leasecontractlength")
    if row.get("purchaseoption") != "No Upfront" or years not in ("1", "3"):
        return None
    id = _discounted(row, instances)
    return f"savings.{years}y.{id}" if id else None


def _discounted(row: Row, instances: Collection[str]) -> str | None:
    service, usage = row.get("discountedservicecode", ""), row.get("discountedusagetype", "")
    if service in ("AWSLambda", "AmazonECS"):
        id = USAGE[service].get(usage_type(usage), "")
        return id if id.startswith(("lambda.duration", "fargate.")) else None
    kind, _, name = usage_type(usage).partition(":")
    # `RunInstances` alone is Linux; with a suffix, such as `:0002`, it is another system.
    linux = row.get("discountedoperation") == "RunInstances"
    if service == "AmazonEC2" and kind == "BoxUsage" and linux and name in instances:
        return f"ec2.{name}"
    return None
