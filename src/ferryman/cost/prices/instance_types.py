"""Instance types that a price list tells of and the book does not have."""

from __future__ import annotations

import re
from collections.abc import Container

from ferryman.cost.prices.book import InstanceType
from ferryman.cost.prices.offers import Row

__all__ = ("learned_type",)

_NAME = re.compile(r"[cmr]\d+[a-z]*(?:-flex)?\.(?:medium|(?:[24]?x)?large)")
"""Families for general purpose, with much CPU and with much memory, up to 4xlarge. Burstable ones
need a baseline, which no list tells."""


def learned_type(row: Row, known: Container[str]) -> InstanceType | None:
    """Return the instance type of a row, ``None`` where it is known or tells too little.

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
