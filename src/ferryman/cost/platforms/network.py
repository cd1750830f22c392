"""What every platform pays for the network: egress to the internet and public addresses."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ferryman.cost.bill import Charge
from ferryman.cost.curve import Curve, linear
from ferryman.cost.figures import MONTH_HOURS, plain
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Workload

__all__ = ("internet_egress", "public_addresses")


def internet_egress(workload: Workload, book: PriceBook, region: str) -> Iterator[Charge]:
    """Yield the transfer of the responses to the internet, if they have any bytes.

    A GB is 2**30 bytes, as in AWS's worked example of the REST API. Headers, TLS and the
    other uses that an account has for its free 100 GB are left out.
    """
    if workload.response_bytes:
        yield Charge(
            "Egress to the internet",
            linear(Fraction(workload.response_bytes) / 2**30),
            book.rate("egress", region),
            f"requests x {plain(workload.response_bytes)} bytes / 2**30",
            book.rate("egress.free", region).value,
        )


def public_addresses(
    of: str, count: Curve, book: PriceBook, region: str, hours: int = MONTH_HOURS
) -> Charge:
    """Return the charge for public IPv4 addresses that are held all month.

    Args:
        of: What holds them.
        count: How many, by requests a month.
        book: The prices.
        region: An AWS region.
        hours: Hours in the month.
    """
    return Charge(
        f"Public IPv4 of {of}",
        count.scaled(hours),
        book.rate("ipv4.hours", region),
        f"one each x {hours} h",
    )
