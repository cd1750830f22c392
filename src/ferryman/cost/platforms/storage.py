"""EBS gp3 volumes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.curve import Number
from ferryman.cost.prices.book import PriceBook

__all__ = ("gp3_volumes",)

FREE_IOPS = 3000
FREE_THROUGHPUT = 125


def gp3_volumes(
    count: Usage,
    gigabytes: int,
    book: PriceBook,
    region: str,
    *,
    iops: int = FREE_IOPS,
    throughput: int = FREE_THROUGHPUT,
    month_share: Number = 1,
) -> Iterator[Charge]:
    """Yield what gp3 volumes cost (https://aws.amazon.com/ebs/pricing/).

    Args:
        count: How many: fixed, or one per server.
        gigabytes: Size of each, GB.
        book: The prices.
        region: An AWS region.
        iops: Operations a second of each; 3,000 are included.
        throughput: MB/s of each; 125 are included.
        month_share: The part of the month for which they exist.
    """
    parts = (
        ("EBS gp3", "ebs.gp3", gigabytes, f"{gigabytes} GB each"),
        ("EBS gp3 IOPS", "ebs.gp3.iops", iops - FREE_IOPS, f"{iops} each, 3000 included"),
        (
            "EBS gp3 throughput",
            "ebs.gp3.throughput",
            throughput - FREE_THROUGHPUT,
            f"{throughput} MB/s each, 125 included",
        ),
    )
    for item, id, units, formula in parts:
        if units > 0:
            each = units * Fraction(month_share)
            usage = Usage(fixed=count.fixed * each, per_server=count.per_server * each)
            yield Charge(item, usage, book.rate(id, region), formula)
