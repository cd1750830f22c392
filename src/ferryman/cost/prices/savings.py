"""Which rows of AWS's list of Compute Savings Plans are which rates of the book.

A row discounts a usage type of another list. The same usage type is discounted by plans of
one and three years, paid in three ways, and by plans for one instance family: the book has
Compute Savings Plans with nothing upfront.
"""

from __future__ import annotations

from collections.abc import Collection

from ferryman.cost.prices.offers import USAGE, Row, usage_type

__all__ = ("SAVINGS", "savings_id")

SAVINGS = "AWSComputeSavingsPlan"
"""The list's name."""


def savings_id(row: Row, region: str, instances: Collection[str]) -> str | None:
    """Return the rate of the book that a row prices, ``None`` for any other row.

    Args:
        row: The row, by the names of its columns in lower case, without spaces.
        region: The AWS region that is asked for; a list has rows of others as well.
        instances: The EC2 instance types that are wanted.
    """
    here = row.get("discountedregioncode", "") == region
    if not here or row.get("productfamily") != "ComputeSavingsPlans":
        return None
    years = row.get("leasecontractlength")
    if row.get("purchaseoption") != "No Upfront" or years not in ("1", "3"):
        return None
    found = _discounted(row, instances)
    return f"savings.{years}y.{found}" if found else None


def _discounted(row: Row, instances: Collection[str]) -> str | None:
    service, usage = row.get("discountedservicecode", ""), row.get("discountedusagetype", "")
    if service in ("AWSLambda", "AmazonECS"):
        found = USAGE[service].get(usage_type(usage), "")
        return found if found.startswith(("lambda.duration", "fargate.")) else None
    kind, _, name = usage_type(usage).partition(":")
    # `RunInstances` alone is Linux; `RunInstances:0002` and the like are other systems.
    linux = row.get("discountedoperation") == "RunInstances"
    if service == "AmazonEC2" and kind == "BoxUsage" and linux and name in instances:
        return f"ec2.{name}"
    return None
