"""EBS gp3 volumes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.curve import Number
from ferryman.cost.prices.book import PriceBook

__all__ = ("Disk", "gp3_volumes")

FREE_IOPS = 3000
FREE_THROUGHPUT = 125

LIMITS = {
    "gigabytes": (1, 65_536),
    "iops": (FREE_IOPS, 80_000),
    "throughput": (FREE_THROUGHPUT, 2000),
}
"""What AWS sells. Source: Amazon EBS User Guide, General Purpose SSD volumes."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A gp3 volume (https://aws.amazon.com/ebs/pricing/).

    Args:
        gigabytes: Its size, GB.
        iops: Operations a second; at least 3,000, which are included.
        throughput: MB/s; at least 125, which are included.

    Raises:
        ConfigError: AWS does not sell such a volume.
    """

    gigabytes: int
    iops: int = FREE_IOPS
    throughput: int = FREE_THROUGHPUT

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            if not least <= getattr(self, name) <= most:
                raise ConfigError(
                    f"disk: AWS does not sell {getattr(self, name)} {name}",
                    hint=f"a gp3 volume has {least} to {most}",
                )


def gp3_volumes(
    count: Usage, disk: Disk, book: PriceBook, region: str, month_share: Number = 1
) -> Iterator[Charge]:
    """Yield what gp3 volumes cost.

    Args:
        count: How many volumes: fixed, or per server.
        disk: What each volume is.
        book: The prices.
        region: An AWS region.
        month_share: The part of the month for which the volumes exist.
    """
    size, iops, throughput = disk.gigabytes, disk.iops, disk.throughput
    for item, id, units, formula in (
        ("EBS gp3", "ebs.gp3", size, f"{size} GB each"),
        ("EBS gp3 IOPS", "ebs.gp3.iops", iops - FREE_IOPS, f"{iops} each, 3000 included"),
        (
            "EBS gp3 throughput",
            "ebs.gp3.throughput",
            throughput - FREE_THROUGHPUT,
            f"{throughput} MB/s each, 125 included",
        ),
    ):
        if units > 0:
            each = units * Fraction(month_share)
            usage = Usage(fixed=count.fixed * each, per_server=count.per_server * each)
            yield Charge(item, usage, book.rate(id, region), formula)
