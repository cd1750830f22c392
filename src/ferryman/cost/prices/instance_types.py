"""Instance types that a price list has and the book does not."""

from __future__ import annotations

import re
from collections.abc import Container

from ferryman.cost.prices.book import InstanceType
from ferryman.cost.prices.offers import Row

__all__ = ("learned_type",)

_NAME = re.compile(r"[cmr]\d+[a-z]*(?:-flex)?\.(?:medium|(?:[24]?x)?large)")
"""General purpose, compute and memory families, up to 4xlarge. Burstable types need a baseline,
which no list has."""


def learned_type(row: Row, known: Container[str]) -> InstanceType | None:
    """Return the instance type of a row; ``None`` if the book has it, or the row lacks a field.

    Args:
        row: A row of the list AmazonEC2.
        known: The types that the book has.
    """
    name = row.get("instancetype", "")
    if name in known or not _NAME.fullmatch(name):
        return None
    memory = re.fullmatch(r"([\d,.]+) GiB", row.get("memory", ""))
    vcpu = row.get("vcpu", "")
    if row.get("currentgeneration", "Yes") != "Yes" or not memory or not vcpu.isdigit():
        return None
    arm = "graviton" in row.get("physicalprocessor", "").lower()
    size = round(float(memory[1].replace(",", "")) * 1024)
    return InstanceType(name, int(vcpu), size, "arm64" if arm else "x86_64")
