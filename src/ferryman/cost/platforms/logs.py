"""CloudWatch Logs: what the application writes for each request, and what Lambda adds."""

from __future__ import annotations

from collections.abc import Iterator

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import plain
from ferryman.cost.platforms.free_tier import allowance
from ferryman.cost.platforms.network import GIGABYTE
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.quantity import Quantity, is_array

__all__ = ("LAMBDA_LOG_BYTES", "log_charges")

LAMBDA_LOG_BYTES = 390
"""Bytes of the START, END and REPORT lines that Lambda writes for each request in its text
format, measured in a log, with the 26 bytes that CloudWatch adds to each line. A function with
the JSON format and the system log level WARN writes none of these lines."""


def log_charges(
    size: Quantity, rate: str, book: PriceBook, region: str, *, free_tiers: frozenset[str]
) -> Iterator[Charge]:
    """Yield the ingestion of the logs, and their storage for one month.

    Args:
        size: Bytes logged per request.
        rate: ``logs.lambda``, which has tiers, or ``logs.ingest``.
        book: The prices.
        region: An AWS region.
        free_tiers: The account's free tiers that are left for it.
    """
    if not is_array(size) and not size:
        return
    usage = Usage(per_request=size / GIGABYTE)
    formula = f"requests x {plain(size)} bytes / 2**30"
    free = allowance("logs", "logs.free", book, region, free_tiers)
    yield Charge("Logs", usage, book.rate(rate, region), formula, free)
    yield Charge("Logs kept for a month", usage, book.rate("logs.storage", region), formula)
